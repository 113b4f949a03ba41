"""What a self-test takes and gives."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from contracts.values import Day, RegionCode
from services.certification.outlooks.gaps import GapRead
from services.certification.outlooks.schemas import TierVerdictRead
from services.certification.selftests.draft import SelfTestDossier
from shared.rules.select import ChosenBy, Filing

DOSSIERS_MAX = 1000
GAP_DOSSIERS_MAX = 20


class SelfTestCreate(BaseModel):
    """Dossiers to judge, and by which law (自评)."""

    model_config = ConfigDict(extra="forbid")

    dossiers: list[SelfTestDossier] = Field(title="自评档案", min_length=1, max_length=DOSSIERS_MAX)
    rule_set: str | None = Field(
        None,
        max_length=64,
        title="规则集",
        description="An edition of /v1/rule-sets; without it, as the filing's batch or day says.",
        examples=["miit-2022-63"],
    )
    region: RegionCode | None = Field(
        None,
        title="行政区划代码",
        description="Judge as this region's province does; without it, each dossier's own region.",
    )
    as_of: Day | None = Field(
        None, title="评价日期", description="The filing day; without it, today."
    )
    filing: Filing = Field(
        Filing.NEW, title="申报类型", description="new (新申报) or review (复核)."
    )
    notice: str | None = Field(None, max_length=100, title="申报通知文号")
    batch: str | None = Field(None, max_length=64, title="批次")
    criteria: Literal["all", "open"] = Field(
        "all", title="返回条件", description="all, or open: only those that are not met."
    )
    gap: bool | None = Field(
        None,
        title="差距分析",
        description="Add the least set of changes to each tier: up to 20 dossiers, each counting"
        " ten times against the allowance. Without it, for a single dossier.",
    )

    @property
    def wants_gap(self) -> bool:
        """Whether the gap is to be found."""
        return len(self.dossiers) == 1 if self.gap is None else self.gap

    @model_validator(mode="after")
    def _few_gaps(self) -> Self:
        if self.gap and len(self.dossiers) > GAP_DOSSIERS_MAX:
            raise ValueError(f"with gap, send at most {GAP_DOSSIERS_MAX} dossiers")
        return self


class SelfTestTier(TierVerdictRead):
    """What the law says of one tier (自评结果)."""

    chosen_by: ChosenBy | None = Field(
        title="规则集选择依据", description="Null: the request named the rule set."
    )
    gap: GapRead | None = Field(title="差距分析", description="Null: it was not asked for.")


class SelfTestResult(BaseModel):
    """The verdict on one dossier, in the order they were sent."""

    index: int = Field(title="序号")
    uscc: str | None = Field(title="统一社会信用代码")
    name: str | None = Field(title="企业名称")
    region: str | None = Field(title="行政区划代码", description="As it was judged.")
    missing: list[str] = Field(title="缺失事实", description="What would let every tier be judged.")
    tiers: list[SelfTestTier] = Field(title="各梯度结果")


class SelfTestRead(BaseModel):
    """The verdicts (自评结果). Nothing of the request is stored."""

    as_of: Day = Field(title="评价日期")
    filing: Filing = Field(title="申报类型")
    results: list[SelfTestResult] = Field(title="自评结果")
