"""Responses of the awards."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.events.funding import AmountKind, EntitlementStatus
from contracts.values import Money
from services.funding.awards.deciding import EndReason
from services.funding.rule_files import Note, Texts
from shared.rules.provenance import Verification


class SubtypeRead(BaseModel):
    """The amount for one kind of title holder."""

    name: Texts = Field(title="类型")
    amount_cny: Money = Field(title="金额")


class AmountRead(BaseModel):
    """What is offered for titles that took effect between two days (奖补标准)."""

    since: date | None = Field(title="施行日期", description="Null: the source gives none.")
    until: date | None = Field(title="截止日期", description="Null: the source gives none.")
    kind: AmountKind = Field(title="金额类型")
    min_cny: Money | None = Field(title="金额下限")
    max_cny: Money | None = Field(title="金额上限")
    subtypes: list[SubtypeRead] = Field(title="分类金额")
    printed: str = Field(title="来源原文", examples=["10万-50万"])
    source: str = Field(title="来源")
    verification: Verification = Field(title="核验程度")


class AwardSchemeRead(BaseModel):
    """One award for one kind of title (奖补项目)."""

    scheme_id: str = Field(title="奖补项目编号", examples=["guangzhou-little-giant-one-off"])
    name: Texts = Field(title="奖补项目")
    title: str = Field(title="称号类别", examples=["little_giant"])
    payer: str = Field(title="奖补主体", description="Authority code.", examples=["440100"])
    payer_name: str = Field(title="奖补主体名称")
    payer_level: str = Field(title="奖补层级")
    automatic: bool = Field(title="免申即享")
    occasions: list[str] | None = Field(
        title="适用情形", description="new 新认定, moved_in 迁入; null: the source does not say."
    )
    period: str = Field(title="期间", examples=["once"])
    stacking: str = Field(title="叠加规则", description="unknown: the source does not say.")
    amounts: list[AmountRead] = Field(title="奖补标准")
    notes: list[Note] = Field(title="说明")
    contact: Texts = Field(title="咨询单位")


class AwardSchemeList(BaseModel):
    """Every scheme of the rule files."""

    schemes: list[AwardSchemeRead]


class EntitlementRead(BaseModel):
    """What the enterprise may have, from whom and why (奖补权益)."""

    entitlement_id: UUID = Field(title="权益编号")
    scheme_id: str = Field(title="奖补项目编号")
    name: Texts = Field(title="奖补项目")
    period: str = Field(title="期间")
    status: EntitlementStatus = Field(title="状态")
    automatic: bool = Field(title="免申即享")
    amount_kind: AmountKind = Field(title="金额类型")
    amount_min_cny: Money | None = Field(title="金额下限")
    amount_max_cny: Money | None = Field(title="金额上限")
    payable_cny: Money | None = Field(
        title="应付金额", description="Null until the payer sets it, unless the law fixes it."
    )
    payer: str = Field(title="奖补主体")
    payer_name: str = Field(title="奖补主体名称")
    payer_level: str = Field(title="奖补层级")
    title: str = Field(title="称号类别")
    document_no: str = Field(title="文号")
    effective_on: date = Field(title="称号生效日期")
    reason: Texts = Field(title="依据")
    deadline_on: date | None = Field(
        title="截止日期", description="Null: no application, or the source gives none."
    )
    when: Texts = Field(title="办理与发放")
    contact: Texts = Field(title="咨询单位")
    stacking: str = Field(title="叠加规则")
    source: str = Field(title="来源")
    verification: Verification = Field(title="核验程度")
    appeared_at: datetime = Field(title="产生时间")
    ended_at: datetime | None = Field(title="终止时间")
    end_reason: EndReason | None = Field(title="终止原因")


class EntitlementList(BaseModel):
    """Every entitlement of one enterprise, the largest payable first, ended ones last."""

    uscc: str = Field(title="统一社会信用代码")
    payable_cny: Money = Field(title="应付金额合计")
    entitlements: list[EntitlementRead]


class SchemeTotal(BaseModel):
    """The entitlements of one scheme within the caller's authority."""

    scheme_id: str = Field(title="奖补项目编号")
    name: Texts = Field(title="奖补项目")
    automatic: bool = Field(title="免申即享")
    count: int = Field(title="权益数", description="Without the ended ones.")
    ended: int = Field(title="已终止")
    payable_cny: Money = Field(title="应付金额合计")


class EntitlementSummary(BaseModel):
    """Entitlements of the enterprises within the caller's authority (奖补汇总)."""

    authority: str = Field(title="主管部门")
    automatic: int = Field(title="免申即享权益数", description="Without the ended ones.")
    to_be_set: int = Field(
        title="待核定权益数", description="The payer has not set an amount; in no total."
    )
    ended: int = Field(title="已终止")
    payable_cny: Money = Field(
        title="应付金额合计",
        description="Of all that have a payable amount. What was due before a title was revoked"
        " stays in; under an annulled one nothing is payable.",
    )
    schemes: list[SchemeTotal]
