"""Performance: figures by results, ratings nobody gives himself, ranks, warnings, suspension."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalog.performance.scoring import Finished, bounds, figures_of, points_of, ranks_of
from tests.factories import make_uscc
from tests.services.catalog.conftest import OFFICE, Catalog, firm, provider_of
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


async def test_results_rank_providers_and_two_bad_reviews_suspend_one(catalog: Catalog) -> None:
    good, bad = await new_case(catalog), await new_case(catalog)
    for number in range(3):
        won = good if number == 0 else await new_case(catalog, good.provider, good.offering_id)
        await won.live(LIFE[:6])
        await catalog.hears_outlook(won.uscc, specialized_sme="reached")
        assert await rate(catalog, won, firm(won.uscc)) == 201
        lost = bad if number == 0 else await new_case(catalog, bad.provider, bad.offering_id)
        await lose(catalog, lost)
    figures = (await catalog.http.get(f"/v1/service-providers/{good.provider}/performance")).json()
    assert figures["points"] == 100
    assert figures["figures"]["outcome_bp"] == 10_000
    body = {"authority": "440100", "begins_on": "2022-01-01", "ends_on": "2022-12-31"}
    for period, warnings in (("2022-H1", 1), ("2022-H2", 2)):
        result = await catalog.done(
            "POST", "/v1/performance-reviews", OFFICE, {**body, "period": period}
        )
        rows = {row["provider"]: row for row in result["providers"]}
        assert rows[good.provider]["rank"] == 1
        assert rows[good.provider]["warned"] is False
        assert rows[bad.provider]["warned"] is True
        assert rows[bad.provider]["suspended"] is (warnings == 2)
        provider = (await catalog.http.get(f"/v1/service-providers/{bad.provider}")).json()
        assert provider["warnings"] == warnings
    assert provider["status"] == "suspended"
    assert "绩效评价" in provider["status_reason"]
    again = await catalog.call(
        "POST", "/v1/performance-reviews", OFFICE, {**body, "period": "2022-H2"}
    )
    assert again.status_code == 409
    path = "/v1/performance-reviews?authority=440100&period=2022-H2"
    assert (await catalog.http.get(path)).json() == result


@pytest.mark.parametrize("authority", ["320000", "440106"])
async def test_only_the_authority_of_the_database_reviews_it(
    catalog: Catalog, authority: str
) -> None:
    body = {
        "authority": "440100",
        "period": "2021",
        "begins_on": "2021-01-01",
        "ends_on": "2021-12-31",
    }
    by = {"role": "operator", "authority": authority}
    assert (await catalog.call("POST", "/v1/performance-reviews", by, body)).status_code == 403
