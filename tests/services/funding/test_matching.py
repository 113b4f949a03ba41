"""Matching without I/O: reasons, obstacles, limits by tier, and how long a match holds."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.events.certification import Title
from services.funding.enterprises import Standing
from services.funding.models import Enterprise
from services.funding.products.catalogue import Catalogue, product_of_text, seeds, text_of
from services.funding.products.matching import Fit, match, read_standing
from tests.services.funding.makers import CREDIT, dossier_changed, title
from tests.services.funding.populating import document

USCC = "91440101MA5CY2T72W"
NOON = datetime(2022, 9, 30, 4, tzinfo=UTC)
HIGH_TECH = {"kind": "high_tech_enterprise", "valid_from": "2021-01-01", "valid_to": "2023-12-31"}
TECH_BASED = {"kind": "tech_based_sme", "valid_from": "2022-04-01", "valid_to": "2023-03-31"}


def _match(*titles: Title, catalogue: Catalogue | None = None, **changes: Any) -> dict[str, Fit]:
    fact = dossier_changed(USCC, **{"credit": CREDIT, **changes})
    enterprise = Enterprise(
        uscc=USCC,
        name=fact.name,
        region=fact.facts.region,
        status=fact.status,
        titles=[held.model_dump(mode="json") for held in titles],
    )
    standing = Standing(enterprise, NOON, fact.facts)
    fits = match(standing, read_standing(standing), catalogue or seeds())
    return {fit.product.id: fit for fit in fits}


@pytest.mark.parametrize(
    ("titles", "honours", "limit"),
    [
        ((title(),), [HIGH_TECH, TECH_BASED], 5_000_000),
        ((), [HIGH_TECH, TECH_BASED], 3_000_000),
        ((), [TECH_BASED], 2_000_000),
    ],
)
def test_limit_is_that_of_the_best_tier_held(
    titles: tuple[Title, ...], honours: list[dict[str, Any]], limit: int
) -> None:
    fit = _match(*titles, honours=honours)["icbc-xingke-loan"]
    assert fit.limit is not None
    assert fit.limit.value == limit


def test_match_holds_until_the_first_title_or_honour_it_rests_on_may_end() -> None:
    ends: dict[str, Any] = {"honours": [HIGH_TECH]}
    assert _match(title(), **ends)["icbc-xingke-loan"].valid_until == date(2023, 12, 31)
    early = title(valid_to=date(2023, 1, 31))
    assert _match(early, **ends)["icbc-xingke-loan"].valid_until == date(2023, 1, 31)
    open_ended = title(valid_to=None)
    assert _match(open_ended)["icbc-xingke-loan"].valid_until is None


def test_hefei_takes_a_provincial_title_and_guangzhou_does_not() -> None:
    hefei = _match(title(authority="340000"), region="340104")["abc-little-giant-loan"]
    assert hefei.eligible
    assert [found.id for found in hefei.reasons] == ["hefei", "specialized-sme"]
    guangzhou = _match(title())["abc-little-giant-loan"]
    assert not guangzhou.eligible
    assert [found.id for found in guangzhou.obstacles] == ["little-giant", "hefei"]


def test_alternative_that_holds_leaves_the_others_out_of_the_obstacles() -> None:
    fit = _match(title(), credit={**CREDIT, "inquiries_6m": 7})["ccb-shanke-loan"]
    assert [found.id for found in fit.obstacles] == ["inquiries"]


@pytest.mark.parametrize(
    ("credit", "eligible"),
    [
        ({"other_loans_cny": "10000000.00"}, True),
        ({"other_loans_cny": "10000000.01"}, False),
        ({"lender_count": 5}, True),
        ({"lender_count": 6}, False),
        ({"overdue_2y_count": 6}, True),
        ({"overdue_2y_count": 7}, False),
        ({"inquiries_6m": 6}, True),
    ],
)
def test_bounds_of_the_credit_record_include_the_number(
    credit: dict[str, Any], eligible: bool
) -> None:
    assert _match(title(), credit={**CREDIT, **credit})["ccb-shanke-loan"].eligible is eligible


def test_unknown_facts_are_named_and_not_taken_as_met() -> None:
    fit = _match(title(), credit=None)["ccb-shanke-loan"]
    assert fit.finding.met is None
    assert not fit.eligible
    assert {name for found in fit.obstacles for name in found.missing} == {
        "credit.other_loans_cny",
        "credit.lender_count",
        "credit.overdue_2y_count",
        "credit.inquiries_6m",
    }


@settings(max_examples=100, deadline=None)
@given(
    kinds=st.sets(
        st.sampled_from(
            ["innovative_sme", "specialized_sme", "little_giant", "single_champion", "other"]
        )
    ),
    honours=st.one_of(st.none(), st.lists(st.sampled_from([HIGH_TECH, TECH_BASED]), max_size=2)),
    region=st.sampled_from(["440106", "310104", "610103", "320404", "370203", "340104", "540102"]),
    credit=st.one_of(st.none(), st.just(CREDIT), st.just({**CREDIT, "lender_count": 99})),
    employees=st.sampled_from([5, 120, 700, 5000]),
)
def test_no_product_fits_without_reasons_and_none_is_missed_without_an_obstacle(
    kinds: set[str],
    honours: list[dict[str, Any]] | None,
    region: str,
    credit: dict[str, Any] | None,
    employees: int,
) -> None:
    fits = _match(
        *(title(kind) for kind in sorted(kinds)),
        honours=honours,
        region=region,
        credit=credit,
        headcounts=[{"year": 2021, "employees": employees}],
    )
    assert set(fits) == set(seeds().products)
    for fit in fits.values():
        if fit.eligible:
            assert fit.reasons
            assert not fit.obstacles
            assert fit.limit is not None
        else:
            assert fit.obstacles


def test_group_of_a_limit_may_have_a_rate_of_its_own() -> None:
    giants = {"metric": "titles", "any_of": ["little_giant"]}
    (base,) = document()["limits"]
    own = {"zh": "2.5%", "en": "2.5%", "basis": "percent", "value": "2.5", "bound": "exact"}
    sent = document(
        version=1,
        conditions={"metric": "titles", "any_of": ["specialized_sme", "little_giant"]},
        limits=[{**base, "when": giants, "rate": own}, base],
    )
    product = product_of_text(text_of(sent))
    catalogue = Catalogue({product.id: product})
    found = {}
    for kind in ("specialized_sme", "little_giant"):
        (fit,) = _match(title(kind), catalogue=catalogue).values()
        found[kind] = fit.rate and fit.rate.zh
    assert found == {"specialized_sme": "LPR+20BP", "little_giant": "2.5%"}
