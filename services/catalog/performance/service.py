"""Use cases of performance: rate a case, review providers, adjust the database (动态调整)."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

import sqlalchemy
from sqlmodel import col, select

from contracts.events.catalog import CaseState, ProviderStatus
from contracts.values import SHANGHAI
from services.catalog.cases.models import ServiceCase
from services.catalog.cases.service import lock_case, sides_of
from services.catalog.errors import (
    AlreadyRated,
    AlreadyReviewed,
    CaseNotAccepted,
    CaseNotFound,
    PeriodNotOver,
    SelfRating,
)
from services.catalog.performance.models import CaseRating, PerformanceReview, ProviderPerformance
from services.catalog.performance.schemas import RatingWrite, ReviewPeriod
from services.catalog.performance.scoring import (
    Figures,
    Finished,
    bounds,
    figures_of,
    points_of,
    ranks_of,
)
from services.catalog.periods import days_of
from services.catalog.providers.models import Provider
from services.catalog.providers.schemas import ReviewWrite
from services.catalog.providers.service import PLATFORM, find_provider, review_provider
from services.catalog.scope import require_office
from shared import clock
from shared.auth import Subject
from shared.db import Session, lock_keys


async def rate_case(
    session: Session, case_id: UUID, rating: RatingWrite, by: Subject
) -> CaseRating:
    """The enterprise rates an accepted case, once; who gave the service does not.

    Raises CaseNotFound, SelfRating, CaseNotAccepted, AlreadyRated.
    """
    case = await lock_case(session, case_id)
    sides = sides_of(by, case)
    if "provider" in sides or (by.org is not None and by.org == case.provider):
        raise _self_rating()
    if "enterprise" not in sides:
        raise CaseNotFound(f"There is no case {case_id} of yours.", f"没有属于您的案件 {case_id}。")
    if case.accepted_at is None or case.provider is None:
        raise CaseNotAccepted(
            f"The case is {case.state}; it can be rated once it is accepted.",
            f"案件当前状态 {case.state},验收通过后方可评价。",
        )
    provider = await find_provider(session, case.provider)
    if provider.uscc == case.uscc:
        raise _self_rating()
    if await session.get(CaseRating, case_id) is not None:
        raise AlreadyRated("The case has its rating.", "该案件已评价。")
    row = CaseRating(
        case_id=case_id,
        provider=case.provider,
        rated_by=by.sub,
        rated_at=clock.now(),
        **rating.model_dump(),
    )
    session.add(row)
    return row


async def review_performance(
    session: Session, wanted: ReviewPeriod, by: Subject
) -> PerformanceReview:
    """Judge every listed provider of an authority over a period; warn, and suspend after warnings.

    No day is judged twice, so no result can count as two warnings. Raises OutsideDatabase,
    PeriodNotOver, AlreadyReviewed.
    """
    require_office(by, wanted.authority)
    begins_on, ends_on = days_of(wanted.period)
    if clock.today() <= ends_on:
        raise PeriodNotOver(
            f"{wanted.period} lasts until {ends_on}. Review it when it is over.",
            f"{wanted.period} 期间至 {ends_on} 结束,届时方可评价。",
        )
    statement = (
        select(Provider.provider)
        .where(Provider.authority == wanted.authority, Provider.status == ProviderStatus.LISTED)
        .order_by(col(Provider.provider))
    )
    codes = list((await session.exec(statement)).all())
    await lock_keys(session, [f"performance:{wanted.authority}", *codes])
    reviewed = select(PerformanceReview.period).where(
        PerformanceReview.authority == wanted.authority,
        col(PerformanceReview.begins_on) <= ends_on,
        col(PerformanceReview.ends_on) >= begins_on,
    )
    if (known := (await session.exec(reviewed)).first()) is not None:
        raise AlreadyReviewed(
            f"{wanted.authority} has reviewed days of {wanted.period} in {known}.",
            f"{wanted.authority} 已在 {known} 的绩效评价中评价过 {wanted.period} 期间。",
        )
    review = PerformanceReview(
        begins_on=begins_on,
        ends_on=ends_on,
        reviewed_by=by.sub,
        reviewed_at=clock.now(),
        **wanted.model_dump(),
    )
    session.add(review)
    await session.flush()  # the results refer to the review row
    found = {
        code: figures_of(await finished_cases(session, code, begins_on, ends_on)) for code in codes
    }
    points = {code: points_of(figures, bounds()) for code, figures in found.items()}
    ranks = ranks_of(points)
    for code in codes:
        warned = (value := points[code]) is not None and value < bounds().warn_below
        suspended = await _adjust(session, code, wanted.period, points[code], warned)
        session.add(
            ProviderPerformance(
                authority=wanted.authority,
                period=wanted.period,
                provider=code,
                figures=shown(found[code]),
                points=points[code],
                rank=ranks.get(code),
                warned=warned,
                suspended=suspended,
            )
        )
    return review


async def finished_cases(
    session: Session, code: str, begins_on: date | None = None, ends_on: date | None = None
) -> list[Finished]:
    """The provider's cases that were accepted or aborted; within the days if they are given."""
    ended = sqlalchemy.func.coalesce(col(ServiceCase.accepted_at), col(ServiceCase.changed_at))
    statement = (
        select(ServiceCase, CaseRating.stars)
        .join(CaseRating, col(CaseRating.case_id) == col(ServiceCase.case_id), isouter=True)
        .where(
            ServiceCase.provider == code,
            sqlalchemy.or_(
                col(ServiceCase.accepted_at).is_not(None),
                col(ServiceCase.state) == CaseState.ABORTED,
            ),
        )
    )
    if begins_on is not None:
        statement = statement.where(ended >= datetime.combine(begins_on, time.min, SHANGHAI))
    if ends_on is not None:
        statement = statement.where(ended <= datetime.combine(ends_on, time.max, SHANGHAI))
    rows = (await session.exec(statement)).all()
    return [_finished(case, stars) for case, stars in rows]


async def results_of(session: Session, review: PerformanceReview) -> Sequence[ProviderPerformance]:
    """Every provider of a review, the best first; those not judged last."""
    statement = (
        select(ProviderPerformance)
        .where(
            ProviderPerformance.authority == review.authority,
            ProviderPerformance.period == review.period,
        )
        .order_by(col(ProviderPerformance.rank).nulls_last(), col(ProviderPerformance.provider))
    )
    return (await session.exec(statement)).all()


def shown(figures: Figures) -> dict[str, Any]:
    """The figures as whole numbers: basis points, days, hundredths."""
    return {
        "finished": figures.finished,
        "accepted": figures.accepted,
        "acceptance_bp": None if figures.acceptance is None else int(figures.acceptance * 10_000),
        "days": None if figures.days is None else int(figures.days),
        "outcome_bp": None if figures.outcome is None else int(figures.outcome * 10_000),
        "stars_hundredths": None if figures.stars is None else int(figures.stars * 100),
    }


async def _adjust(
    session: Session, code: str, period: str, points: int | None, warned: bool
) -> bool:
    """Count the warnings in a row; suspend when there are enough. True when it was suspended."""
    provider = await find_provider(session, code)
    if points is None:
        return False
    provider.warnings = provider.warnings + 1 if warned else 0
    if provider.warnings < bounds().suspend_after:
        return False
    review = ReviewWrite(
        move="suspend",
        reason=f"{period} 绩效评价 {points} 分,连续 {provider.warnings} 次预警,按规则暂停。",
    )
    await review_provider(session, code, review, PLATFORM)
    return True


def _finished(case: ServiceCase, stars: int | None) -> Finished:
    days = None
    if case.accepted_at is not None and case.picked_at is not None:
        days = (case.accepted_at - case.picked_at).days
    return Finished(
        accepted=case.accepted_at is not None,
        days=days,
        brought_a_tier=bool(case.gained),
        stars=stars,
    )


def _self_rating() -> SelfRating:
    return SelfRating(
        "Who gave the service does not rate it; the enterprise that received it does.",
        "服务提供方不得评价自身服务,由接受服务的企业评价。",
    )
