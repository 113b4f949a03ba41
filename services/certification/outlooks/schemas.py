"""Responses of the outlook routes."""

from datetime import date

from pydantic import BaseModel, Field

from contracts.events.certification import Attainment
from contracts.values import Instant, Tier
from shared.rules.model import Programme


class CriterionRead(BaseModel):
    """One criterion of a verdict (评价条件): what was seen, what is needed, where it is written."""

    id: str = Field(title="条件编号", examples=["rd_to_revenue"])
    kind: str = Field(
        title="条件类型",
        description="precondition, condition, score, category, indicator or direct_route.",
    )
    parent: str | None = Field(title="上级条件")
    met: bool | None = Field(
        title="是否满足",
        description="Null: cannot be judged. An indicator is met when it earns points.",
    )
    text: str = Field(title="条件内容")
    seen: str | None = Field(title="当前值")
    needed: str = Field(title="要求")
    points: int | None = Field(title="得分", description="Null where none apply or none is known.")
    points_min: int | None = Field(title="最低可能得分")
    points_max: int | None = Field(title="最高可能得分")
    points_full: int | None = Field(title="满分")
    source: str = Field(title="依据")
    verification: str = Field(
        title="核实程度", description="v2, v1, mem, unverified or seed; see the glossary."
    )
    missing: list[str] = Field(title="缺失事实")
    reason: str | None = Field(title="说明", description="Why it cannot be judged.")


class StepRead(BaseModel):
    """The ladder (逐级申报): titles a filing needs, apart from the tier's criteria."""

    requires_tier: Tier | None = Field(
        title="申报前须持有的称号", description="Null: this tier requires none."
    )
    requires_held: bool | None = Field(
        title="已持有所需称号", description="Null: none is required, or titles are not known."
    )
    held: bool | None = Field(
        title="已持有本梯度称号", description="Null: the titles are not known."
    )
    may_file: bool | None = Field(
        title="可申报",
        description="Reached, the required title held, its own not. Null: not known.",
    )


class TierVerdictRead(BaseModel):
    """What one edition says of one tier (梯度评价结果)."""

    tier: Tier = Field(title="梯度")
    name: str = Field(title="梯度名称")
    rule_set: str = Field(title="规则集", examples=["miit-2022-63"])
    rule_set_name: str = Field(title="规则集名称")
    document_no: str = Field(title="文号")
    effective_from: date = Field(title="施行日期")
    effective_to: date | None = Field(title="失效日期")
    rules_digest: str = Field(title="规则文本摘要", description="SHA-256 of the rule file.")
    decided_by: str = Field(title="认定层级")
    attainment: Attainment = Field(title="是否达到")
    points: int | None = Field(title="得分")
    points_min: int | None = Field(title="最低可能得分")
    points_max: int | None = Field(title="最高可能得分")
    unmet: list[str] = Field(title="未满足条件")
    missing: list[str] = Field(title="缺失事实")
    ladder: StepRead = Field(title="逐级申报")
    criteria: list[CriterionRead] = Field(title="全部条件")


class OutlookRead(BaseModel):
    """The whole verdict on an enterprise by the law of the day (梯度评价)."""

    uscc: str = Field(title="统一社会信用代码")
    name: str = Field(title="企业名称")
    judged_on: date = Field(title="评价日期", description="The day whose law judged.")
    dossier_version: int = Field(title="档案版本")
    known_at: Instant | None = Field(
        title="档案知悉时间", description="When this version of the dossier became known."
    )
    tiers: list[TierVerdictRead] = Field(title="各梯度结果")


class TierCount(BaseModel):
    """How many enterprises stand where (梯度汇总)."""

    tier: Tier = Field(title="梯度")
    rule_set: str = Field(title="规则集")
    attainment: Attainment = Field(title="是否达到")
    enterprises: int = Field(title="企业数")


class OutlookSummary(BaseModel):
    """Outlooks within the caller's authority (评价汇总)."""

    authority: str | None = Field(title="主管部门")
    evaluated: int = Field(title="已评价企业数")
    counts: list[TierCount] = Field(title="分梯度")


class RuleSetRead(BaseModel):
    """An edition of the law (规则集)."""

    id: str = Field(title="规则集")
    name: str = Field(title="名称")
    document_no: str = Field(title="文号")
    issued_on: date = Field(title="发布日期")
    effective_from: date = Field(title="施行日期")
    effective_to: date | None = Field(title="失效日期")
    in_force: bool = Field(title="现行有效")
    dates_verification: dict[str, str] = Field(title="日期核实程度")
    tiers: list[Tier | Programme] = Field(
        title="梯度或项目", description="What it judges: tiers, or programmes beside them."
    )
    digest: str = Field(title="规则文本摘要", description="SHA-256 of the rule file.")
