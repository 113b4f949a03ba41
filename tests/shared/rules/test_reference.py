"""The rule files against the project's own copy of the reference data (tiers.yaml)."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.rules import model
from shared.rules.load import load_rule_sets
from shared.rules.metric import Metric
from shared.rules.model import Bands, FirstMatch, Indicator, RuleSet, Score

ROOT = Path(__file__).parents[3]
EDITIONS = load_rule_sets(ROOT / "services" / "certification" / "rules" / "editions")
REFERENCE = yaml.safe_load((Path(__file__).parent / "reference" / "tiers.yaml").read_text("utf-8"))
BY_ID = {rules["id"]: rules for rules in REFERENCE["rule_sets"]}


def _score(rules: RuleSet) -> Score:
    score = rules.tiers[0].score
    assert score is not None
    return score


def _indicators() -> list[Any]:
    table = BY_ID["miit-2022-63"]["tiers"][0]["categories"]
    return [
        pytest.param(category["id"], row, id=row["id"])
        for category in table
        for row in category["indicators"]
    ]


@pytest.mark.parametrize("edition", list(EDITIONS))
def test_edition_has_the_dates_and_preconditions_of_the_reference(edition: str) -> None:
    rules, expected = EDITIONS[edition], BY_ID[edition]
    assert rules.document_no == expected["document_no"]
    assert rules.issued_on == expected["issued"]
    assert rules.effective_from == expected["effective_from"]
    assert rules.effective_to == expected["effective_to"]
    names = {row["id"] for row in expected["preconditions"]}
    named = {condition.id for condition in rules.preconditions}
    both_lists = {"not_on_abnormal_list", "not_on_dishonest_list"}
    assert named - both_lists == names - both_lists - {"not_on_abnormal_or_dishonest_list"}
    assert both_lists <= named


def test_pass_marks_are_those_of_the_reference() -> None:
    score = _score(EDITIONS["miit-2022-63"])
    expected = BY_ID["miit-2022-63"]["tiers"][0]["score_pass"]
    assert score.total_min == expected["total_min"]
    assert {c.id: c.points_min for c in score.categories} == expected["category_min"]


@pytest.mark.parametrize(("category", "row"), _indicators())
def test_indicator_is_that_of_the_reference(category: str, row: dict[str, Any]) -> None:
    found = next(c for c in _score(EDITIONS["miit-2022-63"]).categories if c.id == category)
    indicator = next(one for one in found.indicators if one.id == row["id"])
    assert indicator.points_max == row["max"]
    assert indicator.zh == row["zh"]
    assert indicator.provenance.verification == row["verification"]
    if row["kind"] == "bands":
        assert _bands(indicator) == _expected_bands(indicator, row)
    else:
        assert isinstance(indicator.scale, FirstMatch)
        options = [(option.id, option.points) for option in indicator.scale.options]
        assert options == [(option["id"], option["points"]) for option in row["options"]]


def _bands(indicator: Indicator) -> set[tuple[Any, ...]]:
    assert isinstance(indicator.scale, Bands)
    return {
        (band.low, band.low_inclusive, band.high, band.high_inclusive, band.points)
        for band in indicator.scale.bands
    }


def _expected_bands(indicator: Indicator, row: dict[str, Any]) -> set[tuple[Any, ...]]:
    assert isinstance(indicator.scale, Bands)
    metric: Metric = indicator.scale.metric

    def exact(number: int | None) -> Any:
        return None if number is None else metric.exact(number)

    return {
        (
            exact(band["min"]),
            band["min_inclusive"],
            exact(band["max"]),
            band["max_inclusive"],
            band["points"],
        )
        for band in row["bands"]
    }


def test_direct_routes_are_those_of_the_reference() -> None:
    routes = {route.id: route for route in EDITIONS["miit-2022-63"].tiers[0].direct_routes}
    expected = BY_ID["miit-2022-63"]["tiers"][0]["direct_routes"]
    assert set(routes) == {f"route_{row['id']}" for row in expected}
    by_id = {row["id"]: row for row in expected}
    equity = routes["route_equity"]
    assert isinstance(equity, model.Test)
    assert equity.metric.name == by_id["equity"]["metric"]
    assert equity.checks[0].value == by_id["equity"]["min"] * 100
    award, honour = routes["route_st_award"], routes["route_honour"]
    assert isinstance(award, model.Test)
    assert isinstance(honour, model.Test)
    assert sorted(map(str, award.checks[0].words)) == sorted(by_id["st_award"]["level"])
    assert sorted(map(str, honour.checks[0].words)) == sorted(by_id["honour"]["any_of"])
