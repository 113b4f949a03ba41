"""Responses of the awards."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.events.funding import AmountKind, EntitlementStatus
from contracts.values import Instant, Money
from services.funding.awards.deciding import EndReason
from services.funding.awards.schemes import Benefit, OfferKind
from services.funding.claims.machine import ClaimState
from services.funding.claims.schemas import PercentRead
from services.funding.rule_files import Note, Texts
from shared.rules.provenance import Verification


class SubtypeRead(BaseModel):
    """The amount for one kind of title holder."""

    name: Texts = Field(title="类型")
    amount_cny: Money = Field(title="金额")


class OfferRead(BaseModel):
    """What is offered for titles that took effect between two days (奖补标准)."""

    since: date | None = Field(title="施行日期", description="Null: the source gives none.")
    until: date | None = Field(title="截止日期", description="Null: the source gives none.")
    kind: OfferKind = Field(title="金额类型")
    min_cny: Money | None = Field(title="金额下限")
    max_cny: Money | None = Field(title="金额上限")
    subtypes: list[SubtypeRead] = Field(title="分类金额")
    share_percent: int | None = Field(
        title="补助比例", description="Percent of the eligible cost; null: the payer sets it."
    )
    quantity: int | None = Field(title="数量", description="Of a benefit without money.")
    unit: str = Field(title="单位", examples=["cny", "vehicle"])
    printed: str = Field(title="来源原文", examples=["10万-50万"])
    source: str = Field(title="来源")
    verification: Verification = Field(title="核验程度")


class ConditionRead(BaseModel):
    """What must hold beside the title (条件)."""

    id: str = Field(title="条件编号")
    text: Texts = Field(title="条件")
    needed: Texts = Field(title="要求")
    source: str = Field(title="来源")
    verification: Verification = Field(title="核验程度")


class AwardSchemeRead(BaseModel):
    """One award, aid or benefit of one payer (奖补项目)."""

    scheme_id: str = Field(title="奖补项目编号", examples=["guangzhou-little-giant-one-off"])
    name: Texts = Field(title="奖补项目")
    titles: list[str] = Field(
        title="称号类别", description="One of them is needed; none: no title is asked for."
    )
    payee: str = Field(title="奖补对象", examples=["enterprise", "park_operator"])
    benefit: Benefit = Field(title="奖补内容")
    origin: str = Field(title="产生方式", description="title 依称号, claim 经申报。")
    payer: str = Field(title="奖补主体", description="Authority code.", examples=["440100"])
    payer_name: str = Field(title="奖补主体名称")
    payer_level: str = Field(title="奖补层级")
    automatic: bool = Field(title="免申即享")
    occasions: list[str] | None = Field(
        title="适用情形",
        description="new 新认定, moved_in 迁入, renewed 复核通过; null: the source does not say.",
    )
    period: str = Field(title="期间", examples=["once"])
    stacking: str = Field(title="叠加规则", description="unknown: the source does not say.")
    shortage: str = Field(title="预算不足时", description="unknown: the source does not say.")
    claw_back: list[str] = Field(title="追回情形")
    amounts: list[OfferRead] = Field(title="奖补标准")
    conditions: list[ConditionRead] = Field(title="其他条件")
    also_checked: list[Texts] = Field(
        title="另行核查", description="What the payer checks itself; the platform does not hold it."
    )
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
    payee_kind: str = Field(title="奖补对象")
    origin: str = Field(title="产生方式")
    benefit: Benefit = Field(title="奖补内容")
    period: str = Field(title="期间")
    status: EntitlementStatus = Field(title="状态")
    automatic: bool = Field(title="免申即享")
    amount_kind: AmountKind = Field(title="金额类型")
    amount_min_cny: Money | None = Field(title="金额下限")
    amount_max_cny: Money | None = Field(title="金额上限")
    granted_cny: Money | None = Field(
        title="核定金额", description="What the scheme alone gives; null until it is known."
    )
    payable_cny: Money | None = Field(
        title="应付金额", description="Null until the payer sets it, unless the law fixes it."
    )
    quantity: int | None = Field(title="数量", description="Of a benefit without money.")
    unit: str | None = Field(title="单位")
    subtype: str | None = Field(title="类型", description="The kind of title holder, as set.")
    payer: str = Field(title="奖补主体")
    payer_name: str = Field(title="奖补主体名称")
    payer_level: str = Field(title="奖补层级")
    title: str | None = Field(title="称号类别")
    document_no: str | None = Field(title="文号")
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


class AmountWrite(BaseModel):
    """What the payer grants (核定金额): an amount within the bounds, or a kind of title holder."""

    model_config = ConfigDict(extra="forbid")

    amount_cny: Money | None = Field(None, title="金额")
    subtype: str | None = Field(
        None,
        title="类型",
        max_length=64,
        description="Where the scheme has an amount by kind of title holder: which kind.",
        examples=["省级专精特新冠军企业"],
    )
    reason: str = Field(title="理由", min_length=2, max_length=1000)
    document_no: str | None = Field(None, title="依据文号", min_length=2, max_length=200)


class AmountDecisionRead(BaseModel):
    """An amount that the payer set (核定记录)."""

    number: int = Field(title="序号")
    amount_cny: Money = Field(title="金额")
    subtype: str | None = Field(title="类型")
    reason: str = Field(title="理由")
    document_no: str | None = Field(title="依据文号")
    decided_by: str = Field(title="核定人")
    decided_at: Instant = Field(title="核定时间")


class EntitlementDetail(EntitlementRead):
    """An entitlement with every amount that its payer set."""

    uscc: str = Field(title="统一社会信用代码")
    decisions: list[AmountDecisionRead] = Field(title="核定记录")


class EntitlementPage(BaseModel):
    """A page of entitlements; the next one is in the Link header."""

    entitlements: list[EntitlementRead]


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


class Combination(BaseModel):
    """Another payer's award for the same title, and whether both can be had (叠加)."""

    scheme_id: str = Field(title="奖补项目编号")
    name: Texts = Field(title="奖补项目")
    payer: str = Field(title="奖补主体")
    clause: str = Field(title="叠加规则", description="Of the award it stands with.")
    combinable: bool | None = Field(
        title="可叠加", description="Null: a source does not say; it is never guessed."
    )
    text: Texts = Field(title="说明")


class PaymentBrief(BaseModel):
    """How far the payment of an entitlement has come (拨付进度)."""

    state: str = Field(
        title="状态", description="listed, withdrawn, paid, refused, reversed, clawed_back."
    )
    amount_cny: Money = Field(title="拨付金额")
    list_no: str = Field(title="名单编号")
    notice_until: date | None = Field(title="公示止", description="Null: not published yet.")
    settled_on: date | None = Field(title="银行处理日期")


class AwardRead(EntitlementRead):
    """An entitlement, how far its payment has come, and what else may be had for its title."""

    payment: PaymentBrief | None = Field(
        title="拨付进度", description="Null: on no list of intended payees yet."
    )
    combinations: list[Combination] = Field(title="叠加")


class UnmetRead(BaseModel):
    """One thing that is not met, and how far it is (未满足条件)."""

    id: str = Field(title="条件编号")
    met: bool | None = Field(title="是否满足", description="Null: cannot be judged yet.")
    text: Texts = Field(title="条件")
    seen: Texts | None = Field(title="现值")
    needed: Texts = Field(title="要求")
    short_by: str | None = Field(title="差距", description="For a number: what lacks to it.")
    missing: list[str] = Field(title="缺失事实", description="Facts to add to the dossier.")
    source: str | None = Field(title="来源", description="Null: the scheme's own.")
    verification: str | None = Field(title="核验程度")


class NotYetRead(BaseModel):
    """A scheme the enterprise does not have, what is missing, and how it comes (尚未享受)."""

    scheme_id: str = Field(title="奖补项目编号")
    name: Texts = Field(title="奖补项目")
    benefit: Benefit = Field(title="奖补内容")
    payer: str = Field(title="奖补主体")
    payer_name: str = Field(title="奖补主体名称")
    offer: OfferRead = Field(title="奖补标准")
    share_percent: PercentRead | None = Field(
        title="现行补助比例",
        description="The payer's, where it set one; else the source's. Null: not set yet.",
    )
    origin: str = Field(title="产生方式")
    how: Texts = Field(title="办理方式")
    claimable: bool = Field(title="可申报", description="A claim may be filed now.")
    claim_id: UUID | None = Field(title="申报编号", description="Of this period's claim.")
    claim_state: ClaimState | None = Field(title="申报状态")
    unmet: list[UnmetRead] = Field(title="未满足条件")
    also_checked: list[Texts] = Field(title="另行核查")
    notes: list[Note] = Field(title="说明")
    combinations: list[Combination] = Field(title="叠加")
    contact: Texts = Field(title="咨询单位")


class AwardAnswer(BaseModel):
    """What the enterprise gets, how much, by when, from whom and why; what is missing for the rest.

    Both lists have the largest first; ended ones come last. How far a missing title is, says
    `/v1/enterprises/{uscc}/outlook`.
    """

    uscc: str = Field(title="统一社会信用代码")
    judged_on: date = Field(title="评价日期")
    payable_cny: Money = Field(title="应付金额合计")
    to_be_set: int = Field(title="待核定权益数", description="In no total.")
    awards: list[AwardRead] = Field(title="已享受")
    not_yet: list[NotYetRead] = Field(title="尚未享受")
