"""Requests and responses of performance."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.values import Day, Instant, Whole
from services.catalog.periods import Period
from services.catalog.providers.schemas import AuthorityCode


class RatingWrite(BaseModel):
    """What the enterprise says of an accepted case (服务评价)."""

    model_config = ConfigDict(extra="forbid")

    stars: Annotated[Whole, Field(ge=1, le=5)] = Field(title="评分")
    comment: str = Field("", title="评语", max_length=1000)


class RatingRead(BaseModel):
    """A rating (服务评价)."""

    case_id: UUID = Field(title="案件编号")
    provider: str = Field(title="服务商编号")
    stars: int = Field(title="评分")
    comment: str = Field(title="评语")
    rated_at: Instant = Field(title="时间")


class FiguresRead(BaseModel):
    """What finished cases amount to. Ratios in basis points; null: no case says it."""

    finished: int = Field(title="办结案件数", description="Accepted or aborted after the pick.")
    accepted: int = Field(title="验收通过数")
    acceptance_bp: int | None = Field(title="验收通过率", description="Basis points.")
    days: int | None = Field(title="验收用时中位数 (天)")
    outcome_bp: int | None = Field(
        title="成效率",
        description="Accepted cases after which the enterprise reached a tier; basis points.",
    )
    stars_hundredths: int | None = Field(title="平均评分", description="Hundredths of a star.")


class PerformanceRead(BaseModel):
    """A provider's performance until now (绩效)."""

    provider: str = Field(title="服务商编号")
    figures: FiguresRead
    points: int | None = Field(title="得分", description="Null: too few finished cases.")
    source: str = Field(title="依据")
    verification: str = Field(title="核验程度")


class ReviewPeriod(BaseModel):
    """A review of an authority's providers over a period (绩效评价)."""

    model_config = ConfigDict(extra="forbid")

    authority: AuthorityCode
    period: Period


class RankedProvider(BaseModel):
    """A provider in a review (绩效结果)."""

    provider: str = Field(title="服务商编号")
    figures: FiguresRead
    points: int | None = Field(title="得分")
    rank: int | None = Field(title="名次")
    warned: bool = Field(title="预警")
    suspended: bool = Field(title="暂停")


class ReviewResult(BaseModel):
    """A review with every provider, the best first (绩效排名)."""

    authority: str = Field(title="评价机关")
    period: str = Field(title="期间")
    begins_on: Day = Field(title="开始日期")
    ends_on: Day = Field(title="结束日期")
    reviewed_at: Instant = Field(title="时间")
    providers: list[RankedProvider]
