"""HTTP of performance: ratings, figures, reviews and ranks."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.catalog.errors import ReviewNotFound
from services.catalog.performance import service
from services.catalog.performance.models import PerformanceReview
from services.catalog.performance.schemas import (
    FiguresRead,
    PerformanceRead,
    RankedProvider,
    RatingRead,
    RatingWrite,
    ReviewPeriod,
    ReviewResult,
)
from services.catalog.performance.scoring import RULES, bounds, figures_of, points_of
from services.catalog.providers.schemas import ProviderCode
from services.catalog.providers.service import find_provider
from services.catalog.scope import Office
from shared.app import create_router
from shared.auth import Role, Subject, allow, open_to_all
from shared.db import Session
from shared.http import Db
from shared.rules.lined_yaml import read_tree

router = create_router("绩效评价 Performance")

Rater = Annotated[Subject, allow(Role.ENTERPRISE, Role.PROVIDER)]


@router.post("/v1/service-cases/{case_id}/rating", status_code=201, summary="服务评价 Rate")
async def rate_service_case(
    case_id: UUID, rating: RatingWrite, session: Db, caller: Rater
) -> RatingRead:
    """The enterprise rates an accepted case once; the provider is refused."""
    row = await service.rate_case(session, case_id, rating, caller)
    return RatingRead.model_validate(row.model_dump(exclude={"rated_by"}))


@router.get(
    "/v1/service-providers/{provider}/performance",
    summary="服务商绩效 Performance",
    dependencies=[open_to_all],
)
async def read_performance(provider: ProviderCode, session: Db) -> PerformanceRead:
    """What the provider's finished cases amount to until now."""
    await find_provider(session, provider)
    figures, rules = figures_of(await service.finished_cases(session, provider)), read_tree(RULES)
    return PerformanceRead(
        provider=provider,
        figures=FiguresRead(**service.shown(figures)),
        points=points_of(figures, bounds()),
        source=rules["source"],
        verification=rules["verification"],
    )


@router.post("/v1/performance-reviews", status_code=201, summary="绩效评价、动态调整 Review")
async def review_performance(period: ReviewPeriod, session: Db, caller: Office) -> ReviewResult:
    """Judge every listed provider over a period, rank, warn, and suspend after warnings."""
    review = await service.review_performance(session, period, caller)
    await session.flush()
    return await _result(session, review)


@router.get("/v1/performance-reviews", summary="绩效排名 Ranks", dependencies=[open_to_all])
async def read_performance_review(
    session: Db,
    authority: Annotated[str, Query(pattern="^[0-9]{6}$", title="评价机关")],
    period: Annotated[str, Query(max_length=10, title="期间")],
) -> ReviewResult:
    """The review of a period, the best provider first."""
    review = await session.get(PerformanceReview, (authority, period))
    if review is None:
        raise ReviewNotFound(
            f"{authority} has not reviewed {period}.", f"{authority} 尚未评价 {period} 期间。"
        )
    return await _result(session, review)


async def _result(session: Session, review: PerformanceReview) -> ReviewResult:
    rows = await service.results_of(session, review)
    return ReviewResult(
        **review.model_dump(exclude={"reviewed_by"}),
        providers=[
            RankedProvider.model_validate(row.model_dump(exclude={"authority", "period"}))
            for row in rows
        ],
    )
