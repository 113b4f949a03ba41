"""Listing readiness: each standard met, not met or open, with how far; lock-ups compared."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.funding.readiness.files import RULES
from shared.rules.lined_yaml import read_tree
from tests.factories import make_uscc
from tests.services.funding.conftest import Funding
from tests.services.funding.makers import dossier_changed, take

CERTIFICATION = (
    Path(__file__).parents[3] / "services/certification/rules/programmes/bse-listing.yaml"
)
PROFITABLE = [
    {
        "year": year,
        "revenue_cny": f"{revenue}.00",
        "net_profit_cny": "16000000.00",
        "total_assets_cny": "180000000.00",
        "total_liabilities_cny": "120000000.00",
        "rd_expense_cny": "9000000.00",
        "operating_cash_flow_cny": "5000000.00",
        "weighted_roe_bp": 900,
    }
    for year, revenue in ((2019, 80_000_000), (2020, 90_000_000), (2021, 110_000_000))
]


async def _ask(funding: Funding, query: str = "", **dossier: Any) -> dict[str, Any]:
    uscc = make_uscc()
    await take(funding.database, dossier_changed(uscc, **dossier))
    answer = await funding.get(f"/v1/enterprises/{uscc}/listing-readiness{query}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def _leaves(node: Any) -> Iterator[tuple[tuple[str, str], ...]]:
    """The tests of a part of a rule file, without the names that only a reader needs."""
    if isinstance(node, list):
        for part in node:
            yield from _leaves(part)
    elif isinstance(node, dict):
        if "metric" in node:
            kept = ("id", "metric", "min", "max", "above", "below", "unit")
            yield tuple((key, str(node[key])) for key in kept if key in node)
        for part in node.values():
            yield from _leaves(part)


def test_standards_are_those_that_certification_simulates() -> None:
    own = read_tree(RULES / "bse-listing.yaml")["any_of"]
    theirs = read_tree(CERTIFICATION)["tiers"][0]["conditions"]
    assert list(_leaves(own)) == list(_leaves(theirs))
    assert len(list(_leaves(own))) == 15


async def test_standards_are_judged_apart_with_what_is_missing_and_how_far(
    funding: Funding,
) -> None:
    found = await _ask(funding, "?expected_market_value_cny=250000000.00", accounts=PROFITABLE)
    standards = {one["id"]: one for one in found["bse"]["standards"]}
    assert [one["met"] for one in standards.values()] == [True, False, False, False]
    assert standards["standard_1"]["unmet"] == []
    off = {one["id"]: one["distance"] for one in standards["standard_2"]["unmet"]}
    assert off["value_400m"]["difference"] == "150000000.00 CNY"
    assert off["growth_30"]["direction"] == "raise"
    assert "revenue_avg_100m" not in off
    assert found["bse"]["met"] is None
    others = {one["id"]: one for one in found["bse"]["requirements"]}
    assert others["net_assets_50m"]["met"] is True
    assert others["capital_30m"]["missing"] == ["share_capital_cny"]


async def test_what_is_not_stated_cannot_be_judged_and_is_named(funding: Funding) -> None:
    found = await _ask(funding, accounts=PROFITABLE)
    (first, *_) = found["bse"]["standards"]
    assert (first["met"], first["missing"]) == (None, ["expected_market_value_cny"])
    assert found["stage"] is None
    assert {step["done"] for step in found["route"]} == {None}


async def test_company_that_has_everything_is_ready(funding: Funding) -> None:
    found = await _ask(
        funding,
        "?expected_market_value_cny=250000000.00&share_capital_cny=40000000.00"
        "&neeq_innovation_months=14&offered_shares=1000000&offer_investors=100"
        "&shareholders=200&public_float_percent=25",
        accounts=PROFITABLE,
        listing_stage="neeq_innovation",
    )
    assert found["bse"]["met"] is True
    assert all(one["met"] for one in found["bse"]["requirements"])
    done = {step["id"]: step["done"] for step in found["route"]}
    assert done == {
        "apply_neeq": True,
        "enter_innovation_layer": True,
        "file_bse": False,
        "registered": False,
        "listed": False,
    }


async def test_way_into_the_innovation_layer_is_judged_by_an_unverified_rule_and_says_so(
    funding: Funding,
) -> None:
    found = await _ask(
        funding, "?share_capital_cny=19999999.99", accounts=PROFITABLE, listing_stage="neeq_base"
    )
    neeq = found["neeq"]
    assert (neeq["verification"], neeq["in_force"]) == ("mem", False)
    profit = {one["id"]: one for one in neeq["standards"]}["profit"]
    (unmet,) = profit["unmet"]
    assert (unmet["id"], unmet["distance"]["difference"]) == ("profit_capital_20m", "0.01 CNY")
    layer = found["bse"]["requirements"][0]
    assert layer["unmet"][0]["distance"]["difference"] == "12"


async def test_lock_ups_are_compared(funding: Funding) -> None:
    found = await _ask(funding)
    assert {one["board"]: one["months"] for one in found["lock_ups"]} == {
        "star": 36,
        "chinext": 36,
        "bse": 12,
    }
    assert found["route_verification"] == "seed"


@pytest.mark.parametrize(
    "query",
    [
        "expected_market_value_cny=-1.00",
        "expected_market_value_cny=much",
        "public_float_percent=101",
        "shareholders=-1",
        "market_value=5",
    ],
)
async def test_bad_statement_is_refused(funding: Funding, query: str) -> None:
    uscc = make_uscc()
    await take(funding.database, dossier_changed(uscc))
    answer = await funding.get(f"/v1/enterprises/{uscc}/listing-readiness?{query}")
    assert answer.status_code == 422, answer.text


async def test_others_enterprises_stay_closed(funding: Funding) -> None:
    uscc = make_uscc()
    await take(funding.database, dossier_changed(uscc))
    path = f"/v1/enterprises/{uscc}/listing-readiness"
    assert (await funding.get(path, None)).status_code == 401
    assert (await funding.get(path, "bank", org="icbc")).status_code == 403
    assert (await funding.get(path, "enterprise", uscc=make_uscc())).status_code == 403
    assert (await funding.get(path, "enterprise", uscc=uscc)).status_code == 200
