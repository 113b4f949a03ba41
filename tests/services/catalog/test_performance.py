"""Performance: figures by results, ratings nobody gives himself, ranks, warnings, suspension."""

from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalog.performance.scoring import Finished, bounds, figures_of, points_of, ranks_of
from services.catalog.periods import days_of
from tests.factories import make_uscc
from tests.services.catalog.conftest import OFFICE, Catalog, DomainClock, firm, provider_of
from tests.services.catalog.test_cases import LIFE, Sides, new_case

CASES = st.lists(
    st.builds(
        Finished,
        accepted=st.booleans(),
        days=st.integers(0, 1000),
        brought_a_tier=st.booleans(),
        stars=st.one_of(st.none(), st.integers(1, 5)),
    ),
    max_size=12,
)


@given(CASES)
def test_points_lie_between_nothing_and_a_hundred(cases: list[Finished]) -> None:
    points = points_of(figures_of(cases), bounds())
    assert (points is None) == (len(cases) < bounds().cases_min)
    assert points is None or 0 <= points <= 100


@given(CASES.filter(lambda cases: len(cases) >= 3))
def test_one_more_failure_never_adds_points(cases: list[Finished]) -> None:
    failed = Finished(accepted=False, days=None, brought_a_tier=False, stars=None)
    before = points_of(figures_of(cases), bounds())
    after = points_of(figures_of([*cases, failed]), bounds())
    assert before is not None
    assert after is not None
    assert after <= before


def test_the_points_of_worked_cases() -> None:
    perfect = Finished(accepted=True, days=30, brought_a_tier=True, stars=5)
    aborted = Finished(accepted=False, days=None, brought_a_tier=False, stars=None)
    figures = figures_of([perfect, perfect, perfect, aborted])
    assert figures.acceptance == Fraction(3, 4)
    assert points_of(figures, bounds()) == 90
    assert points_of(figures_of([perfect] * 3), bounds()) == 100
    assert points_of(figures_of([aborted] * 3), bounds()) == 0
    assert points_of(figures_of([perfect] * 2), bounds()) is None
    assert ranks_of({"a": 90, "b": 100, "c": 90, "d": None, "e": 10}) == {
        "a": 2,
        "b": 1,
        "c": 2,
        "e": 4,
    }


async def rate(catalog: Catalog, sides: Sides, by: dict[str, str], stars: int = 5) -> int:
    path = f"/v1/service-cases/{sides.case_id}/rating"
    return (await catalog.call("POST", path, by, {"stars": stars})).status_code


async def test_the_enterprise_rates_once_and_only_after_acceptance(catalog: Catalog) -> None:
    sides = await new_case(catalog)
    await sides.live(LIFE[:5])
    assert await rate(catalog, sides, firm(sides.uscc)) == 409
    await sides.live(LIFE[5:6])
    assert await rate(catalog, sides, firm(await catalog.enterprise())) == 404
    assert await rate(catalog, sides, firm(sides.uscc)) == 201
    assert await rate(catalog, sides, firm(sides.uscc)) == 409


async def test_nobody_rates_himself(catalog: Catalog) -> None:
    sides = await new_case(catalog)
    await sides.live(LIFE[:6])
    assert await rate(catalog, sides, provider_of(sides.provider)) == 403
    disguised = {**firm(sides.uscc), "org": sides.provider}
    assert await rate(catalog, sides, disguised) == 403
    assert await rate(catalog, sides, firm(sides.uscc), stars=6) == 422


async def test_a_provider_that_is_an_enterprise_is_not_picked_by_itself(catalog: Catalog) -> None:
    sides = await new_case(catalog)
    own = await catalog.candidate(uscc=sides.uscc)
    await catalog.review(own, "list")
    offering = await catalog.offering(own)
    refused = await sides.move(
        "enterprise", "pick", provider=own, offering_id=offering["offering_id"]
    )
    assert refused.json()["type"].endswith("not-offered")
    other = await catalog.candidate(uscc=make_uscc())
    assert other


async def lose(catalog: Catalog, sides: Sides) -> None:
    await sides.live([*LIFE[:2], ("enterprise", "abort")])


async def quarter(catalog: Catalog, good: Sides, bad: Sides) -> None:
    """Three cases of one provider bring a tier, three of the other end without a result."""
    for _ in range(3):
        won = await new_case(catalog, good.provider, good.offering_id)
        await won.live(LIFE[:6])
        await catalog.hears_outlook(won.uscc, specialized_sme="reached")
        assert await rate(catalog, won, firm(won.uscc)) == 201
        await lose(catalog, await new_case(catalog, bad.provider, bad.offering_id))


async def review(catalog: Catalog, period: str) -> Any:
    body = {"authority": "440100", "period": period}
    return await catalog.call("POST", "/v1/performance-reviews", OFFICE, body)


async def test_results_rank_providers_and_two_bad_reviews_suspend_one(
    catalog: Catalog, domain_clock: DomainClock
) -> None:
    good, bad = await new_case(catalog), await new_case(catalog)
    for period, warnings, worked_at, reviewed_at in (
        ("2022-Q4", 1, "2022-12-30T10:00:00+08:00", "2023-01-01T00:00:01+08:00"),
        ("2023-Q1", 2, "2023-03-30T10:00:00+08:00", "2023-04-01T00:00:01+08:00"),
    ):
        domain_clock.move_to(worked_at)
        await quarter(catalog, good, bad)
        assert (await review(catalog, period)).json()["type"].endswith("period-not-over")
        domain_clock.move_to(reviewed_at)
        result = (await review(catalog, period)).json()
        rows = {row["provider"]: row for row in result["providers"]}
        assert rows[good.provider]["rank"] == 1
        assert rows[good.provider]["points"] == 100
        assert rows[good.provider]["figures"]["outcome_bp"] == 10_000
        assert rows[good.provider]["warned"] is False
        assert rows[bad.provider]["warned"] is True
        assert rows[bad.provider]["suspended"] is (warnings == 2)
        assert rows[bad.provider]["figures"]["finished"] == 3
        provider = (await catalog.http.get(f"/v1/service-providers/{bad.provider}")).json()
        assert provider["warnings"] == warnings
    assert provider["status"] == "suspended"
    assert "绩效评价" in provider["status_reason"]
    figures = (await catalog.http.get(f"/v1/service-providers/{good.provider}/performance")).json()
    assert figures["figures"]["finished"] == 6
    path = "/v1/performance-reviews?authority=440100&period=2023-Q1"
    assert (await catalog.http.get(path)).json() == result
    for overlapping in ("2023-Q1", "2022", "2022-H2"):
        again = await review(catalog, overlapping)
        assert again.json()["type"].endswith("already-reviewed"), overlapping


@given(st.integers(1900, 2099))
def test_the_parts_of_a_year_follow_each_other_without_gap_or_overlap(year: int) -> None:
    for parts in (
        [f"{year}"],
        [f"{year}-H{n}" for n in (1, 2)],
        [f"{year}-Q{n}" for n in range(1, 5)],
    ):
        days = [days_of(part) for part in parts]
        assert days[0][0] == date(year, 1, 1)
        assert days[-1][1] == date(year, 12, 31)
        for (_, last), (first, _) in pairwise(days):
            assert first - last == timedelta(days=1)


@pytest.mark.parametrize("authority", ["320000", "440106"])
async def test_only_the_authority_of_the_database_reviews_it(
    catalog: Catalog, authority: str
) -> None:
    body = {"authority": "440100", "period": "2021"}
    by = {"role": "operator", "authority": authority}
    assert (await catalog.call("POST", "/v1/performance-reviews", by, body)).status_code == 403
