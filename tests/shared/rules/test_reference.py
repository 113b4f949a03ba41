"""The rule files against the project's own copy of the reference data (tiers.yaml)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.rules import model
from shared.rules.atoms import leaves_of
from shared.rules.model import (
    Bands,
    BestOf,
    Condition,
    FirstMatch,
    Given,
    Indicator,
    Operator,
    PerStep,
    RuleSet,
    Scale,
    SumEach,
    TierRules,
)
from shared.rules.rulebook import load_rulebook

ROOT = Path(__file__).parents[3]
RULEBOOK = load_rulebook(ROOT / "services" / "certification" / "rules")
EDITIONS = RULEBOOK.editions
REFERENCE = yaml.safe_load((Path(__file__).parent / "reference" / "tiers.yaml").read_text("utf-8"))
BY_ID = {rules["id"]: rules for rules in REFERENCE["rule_sets"]}
OUR_NAMES = {
    ("miit-2022-63", "specialized_sme", "segment_years"): "min_segment_years",
    ("miit-2026", "specialized_sme", "class1_ip"): "class1_ip_or_waiver",
    ("miit-2026", "specialized_sme", "development_score"): "development_score_or_review",
    ("miit-2026", "little_giant", "class1_ip"): "class1_ip_or_waiver",
    ("miit-2026", "little_giant", "development_score"): "development_score_or_review",
    ("miit-2026", "little_giant", "revenue_cagr_2y"): "growth_or_review",
}
"""Where an id is taken already in the same verdict, or a condition has two sides."""
TIERS = [
    pytest.param(edition, row, id=f"{edition}-{row['id']}")
    for edition, rules in BY_ID.items()
    for row in rules["tiers"]
]
INDICATORS = [
    pytest.param(edition, tier["id"], category["id"], row, id=f"{tier['id']}-{row['id']}")
    for edition, rules in BY_ID.items()
    for tier in rules["tiers"]
    for category in tier.get("categories", ())
    for row in category["indicators"]
]
CONDITIONS = [
    pytest.param(edition, tier["id"], row, id=f"{edition}-{tier['id']}-{row['id']}")
    for edition, rules in BY_ID.items()
    for tier in rules["tiers"]
    for row in (*tier.get("conditions", ()), *tier.get("exclusions", ()))
]


def _tier(rules: RuleSet, name: str) -> TierRules:
    return next(tier for tier in rules.tiers if tier.tier == name)


@pytest.mark.parametrize("edition", list(EDITIONS))
def test_edition_has_the_dates_and_preconditions_of_the_reference(edition: str) -> None:
    rules, expected = EDITIONS[edition], BY_ID[edition]
    assert rules.document_no == expected["document_no"]
    assert rules.zh == expected["name_zh"]
    assert rules.issued_on == expected["issued"]
    assert rules.effective_from == expected["effective_from"]
    assert rules.effective_to == expected["effective_to"]
    names = {row["id"] for row in expected["preconditions"]}
    named = {condition.id for condition in rules.preconditions}
    both_lists = {"not_on_abnormal_list", "not_on_dishonest_list"}
    assert named - both_lists == names - both_lists - {"not_on_abnormal_or_dishonest_list"}
    assert both_lists <= named


@pytest.mark.parametrize("edition", list(EDITIONS))
def test_life_cycle_is_that_of_the_reference(edition: str) -> None:
    found = {name: part["value"] for name, part in EDITIONS[edition].lifecycle.items()}  # type: ignore[index]
    expected = BY_ID[edition]["lifecycle"]
    deadline = expected["annual_update_deadline"]
    assert found["validity"] == expected["validity_years"]
    assert found["annual_update_deadline"] == f"{deadline['month']:02d}-{deadline['day']:02d}"
    assert found["change_report"] == expected["change_report_months"]
    assert found["bar_after_violation"] == expected["rebar_years_after_violation"]


@pytest.mark.parametrize(("edition", "row"), TIERS)
def test_tier_is_that_of_the_reference(edition: str, row: dict[str, Any]) -> None:
    tier = _tier(EDITIONS[edition], row["id"])
    assert (tier.zh, tier.level, tier.requires_tier) == (
        row["zh"],
        row["level"],
        row["requires_tier"],
    )
    if "decided_by" in row:
        assert (tier.decided_by, tier.act) == (row["decided_by"], row["act"])
    score, expected = tier.score, row.get("score_pass")
    assert (score is None) == (expected is None)
    if score is not None and expected is not None:
        assert score.total_min == expected["total_min"]
        assert {c.id: c.points_min for c in score.categories if c.points_min} == expected[
            "category_min"
        ]
        assert {c.id: (c.zh, c.points_max) for c in score.categories} == {
            category["id"]: (category["zh"], category["max"]) for category in row["categories"]
        }
    routes = {route["id"] for route in row.get("direct_routes") or ()}
    assert {route.id for route in tier.direct_routes} == {f"route_{name}" for name in routes}
    named = {
        OUR_NAMES.get((edition, row["id"], one["id"]), one["id"])
        for one in row.get("conditions", ())
    }
    assert named <= {condition.id for condition in tier.conditions}


@pytest.mark.parametrize(("edition", "tier", "category", "row"), INDICATORS)
def test_indicator_is_that_of_the_reference(
    edition: str, tier: str, category: str, row: dict[str, Any]
) -> None:
    score = _tier(EDITIONS[edition], tier).score
    assert score is not None
    found = next(one for one in score.categories if one.id == category)
    indicator = next(one for one in found.indicators if one.id == row["id"])
    assert indicator.points_max == row["max"]
    assert indicator.zh == row["zh"]
    assert indicator.provenance.verification == row["verification"]
    _same_scale(indicator, row)


def _same_scale(indicator: Indicator, row: dict[str, Any]) -> None:
    match indicator.scale, row["kind"]:
        case Bands() as scale, "bands":
            assert scale.metric.name == row["id"]
            assert _bands(scale) == _expected_bands(scale, row["bands"])
        case BestOf(scales=(Bands() as amount, Bands() as ratio)), "best_of":
            assert _bands(amount) == _expected_bands(amount, row["amount_bands"])
            assert _bands(ratio) == _expected_bands(ratio, row["ratio_bands"])
        case FirstMatch() as scale, "first_match":
            assert [(one.id, one.zh, one.points) for one in scale.options] == [
                (one["id"], one["zh"], one["points"]) for one in row["options"]
            ]
        case SumEach() as scale, "sum_each":
            assert scale.cap == row["cap"]
            assert [(one.id, one.zh, one.points) for one in scale.options] == [
                (one["id"], one["zh"], row["points_each"]) for one in row["options"]
            ]
        case PerStep() as scale, "per_step":
            assert scale.metric.name == row["metric"]
            found = (scale.step, scale.points_per_step, scale.cap)
            assert found == (row["step"], row["points_per_step"], row["cap"])
        case Given() as scale, "province_overlay":
            assert scale.metric.name == "provincial_points"
        case other:
            raise AssertionError(other)


def _bands(scale: Bands) -> set[tuple[Any, ...]]:
    return {
        (band.low, band.low_inclusive, band.high, band.high_inclusive, band.points)
        for band in scale.bands
    }


def _expected_bands(scale: Bands, rows: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
    def exact(number: int | None) -> Any:
        return None if number is None else scale.metric.exact(number)

    return {
        (
            exact(band["min"]),
            band["min_inclusive"],
            exact(band["max"]),
            band["max_inclusive"],
            band["points"],
        )
        for band in rows
    }


def _bounds(condition: Condition) -> set[tuple[str, str, Any]]:
    """(metric, operator, bound) of every test; years are full ones, so the window is the metric."""
    return {
        (test.metric.name, str(check.operator), check.value)
        for test in leaves_of(condition)
        for check in test.checks
        if check.value is not None
    }


def _wanted(row: dict[str, Any], condition: Condition) -> Iterator[tuple[str, Any]]:
    """(operator, bound) of a reference row in the measure of the condition's own metric."""
    metrics = [test.metric for test in leaves_of(condition)]
    parts = [part for part in row.get("any_of", ()) if isinstance(part, dict)] or [row]
    for part in parts:
        metric = next((one for one in metrics if one.name == part.get("metric")), metrics[0])
        for key, operator in (("min", Operator.AT_LEAST), ("max", Operator.AT_MOST)):
            if part.get(key) is not None:
                assert part[f"{key}_inclusive"] is True
                yield str(operator), metric.exact(part[key])


@pytest.mark.parametrize(("edition", "tier", "row"), CONDITIONS)
def test_condition_has_the_bounds_of_the_reference(
    edition: str, tier: str, row: dict[str, Any]
) -> None:
    name = OUR_NAMES.get((edition, tier, row["id"]), row["id"])
    conditions = {one.id: one for one in _tier(EDITIONS[edition], tier).conditions}
    condition = conditions[name]
    found = {(operator, value) for _, operator, value in _bounds(condition)}
    assert set(_wanted(row, condition)) <= found
    if "zh" in row and edition == "miit-2022-63" and "：" not in row["zh"]:
        assert condition.zh == row["zh"]
    assert condition.provenance.verification == row["verification"]
    if "each_of_last_years" in row:
        assert len(list(leaves_of(condition))) == row["each_of_last_years"]


def test_innovation_of_a_little_giant_is_that_of_the_reference() -> None:
    tier = _tier(EDITIONS["miit-2022-63"], "little_giant")
    innovation = next(one for one in tier.conditions if one.id == "innovation")
    row = next(one for one in BY_ID["miit-2022-63"]["tiers"] if one["id"] == "little_giant")
    found = _bounds(innovation)
    million = 1_000_000_00
    assert {bound for name, _, bound in found if name == "revenue_last_year"} == {
        100 * million,
        50 * million,
    }
    for case in row["innovation_general"]["all_of"][0]["cases"]:
        for need in [case["require"]] if "require" in case else case["require_all"]:
            test = next(one for one in leaves_of(innovation) if one.metric.name == need["metric"])
            assert (need["metric"], "≥", test.metric.exact(need["min"])) in found
    assert ("class1_ip_in_use", "≥", 2) in found
    assert ("st_award_national_rank_3y", "≤", 3) in found
    assert ("maker_china_list_3y", "≤", 50) in found


@pytest.mark.parametrize(
    ("tier", "route", "expected"),
    [
        ("innovative_sme", "route_equity", {("qualified_equity_paid_in_3y", "≥", 5_000_000_00)}),
        ("specialized_sme", "route_equity", {("qualified_equity_paid_in_2y", "≥", 60_000_000_00)}),
        ("specialized_sme", "route_rd_avg", {("rd_expense_avg_2y", "≥", 10_000_000_00)}),
        ("specialized_sme", "route_maker_china_500", {("maker_china_list_3y", "≤", 500)}),
        (
            "specialized_sme",
            "route_st_award",
            {("st_award_provincial_rank_3y", "≤", 3), ("st_award_national_rank_3y", "≤", 5)},
        ),
    ],
)
def test_direct_route_is_that_of_the_reference(
    tier: str, route: str, expected: set[tuple[str, str, Any]]
) -> None:
    rows = next(one for one in BY_ID["miit-2022-63"]["tiers"] if one["id"] == tier)["direct_routes"]
    row = next(one for one in rows if f"route_{one['id']}" == route)
    numbers = {
        value
        for key, value in row.items()
        if key in ("min", "list_top") or key.endswith("rank_max")
    }
    routes = {one.id: one for one in _tier(EDITIONS["miit-2022-63"], tier).direct_routes}
    assert _bounds(routes[route]) == expected
    money = row.get("metric") is not None
    assert numbers == {value // 100 if money else value for _, _, value in expected}


def test_word_routes_are_those_of_the_reference() -> None:
    routes = {
        one.id: one for one in _tier(EDITIONS["miit-2022-63"], "innovative_sme").direct_routes
    }
    rows = {row["id"]: row for row in BY_ID["miit-2022-63"]["tiers"][0]["direct_routes"]}
    award, honour = routes["route_st_award"], routes["route_honour"]
    assert isinstance(award, model.Test)
    assert isinstance(honour, model.Test)
    assert sorted(map(str, award.checks[0].words)) == sorted(rows["st_award"]["level"])
    assert sorted(map(str, honour.checks[0].words)) == sorted(rows["honour"]["any_of"])


OVERLAYS = {"51": "sichuan", "37": "shandong", "44": "guangdong-2025", "4403": "shenzhen"}


@pytest.mark.parametrize("row", REFERENCE["province_overlays"], ids=lambda row: row["zh"])
def test_overlay_is_that_of_the_reference(row: dict[str, Any]) -> None:
    overlay = next(one for one in RULEBOOK.overlays if one.id == OVERLAYS[str(row["province"])])
    assert f"{overlay.applies_to}/{overlay.tier}" == row["applies_to"]
    assert overlay.document_no == row.get("document_no")
    assert overlay.pass_mark is not None
    assert overlay.pass_mark.points == row["score_total_min"]
    known = [one for one in row["indicators"] or () if one.get("points", 0) is not None]
    assert (overlay.category is None) == (not known)
    indicators = overlay.category.indicators if overlay.category else ()
    assert [(one.id, one.points_max) for one in indicators] == [
        (one["id"], one["max"]) for one in known
    ]
    for indicator, expected in zip(indicators, known, strict=True):
        _same_options(indicator.scale, expected)
    extra = {bound for one in overlay.conditions for bound in _bounds(one)}
    for condition in row.get("extra_conditions", ()):
        metric = next(t.metric for o in overlay.conditions for t in leaves_of(o))
        assert (condition["id"], "≥", metric.exact(condition["min"])) in extra


def _same_options(scale: Scale, row: dict[str, Any]) -> None:
    if row["kind"] == "flag":
        assert isinstance(scale, FirstMatch)
        assert [option.points for option in scale.options] == [row["points"], 0]
        return
    if isinstance(scale, BestOf):
        first, unknown = scale.scales
        assert isinstance(first, FirstMatch)
        assert isinstance(unknown, Given)
        assert first.options[0].points == row["options"][0]["points"]
        assert row["options"][1]["points"] is None
        return
    assert isinstance(scale, FirstMatch | SumEach)
    expected = [(one["id"], one.get("points", row.get("points_each"))) for one in row["options"]]
    assert [(one.id, one.points) for one in scale.options] == expected
