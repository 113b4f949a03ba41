"""Tables of ratings and performance reviews."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.catalog.models import Base, instant


class CaseRating(Base, table=True):
    """What the enterprise says of an accepted case (服务评价); one per case, never changed."""

    __tablename__ = "case_rating"

    case_id: UUID = Field(primary_key=True)
    provider: str
    stars: int
    comment: str
    rated_by: str
    rated_at: datetime = instant()


class PerformanceReview(Base, table=True):
    """One review of an authority's providers over a period (绩效评价)."""

    __tablename__ = "performance_review"

    authority: str = Field(primary_key=True)
    period: str = Field(primary_key=True)
    begins_on: date
    ends_on: date
    reviewed_by: str
    reviewed_at: datetime = instant()


class ProviderPerformance(Base, table=True):
    """One provider in a review (绩效结果). Without points there were too few cases to judge."""

    __tablename__ = "provider_performance"

    authority: str = Field(primary_key=True)
    period: str = Field(primary_key=True)
    provider: str = Field(primary_key=True)
    figures: dict[str, Any] = Field(sa_type=JSONB)
    points: int | None = None
    rank: int | None = None
    warned: bool
    suspended: bool
