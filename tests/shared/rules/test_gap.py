"""What a gap tells: unmet criteria, the least path, what is blocked and until when, what helps."""

from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from contracts.events.catalog import ServiceKind
from contracts.facts import EnterpriseFacts
from contracts.values import Tier
from shared.rules.atoms import atoms_of, leaves_of
from shared.rules.changes import Way, relative_change, ways, ways_of
from shared.rules.gap import Gap, gap
from shared.rules.gap import Path as WayThere
from shared.rules.lined_yaml import RuleFileError, parse_tree
from shared.rules.metric import ABSENT, Unknown, Value
from shared.rules.metrics import METRICS, read
from shared.rules.model import Programme, Target
from shared.rules.rulebook import load_rulebook

ROOT = Path(__file__).parents[3]
BOOK = load_rulebook(ROOT / "services" / "certification" / "rules")
AS_OF = date(2022, 9, 30)
FIRM: dict[str, Any] = {
    "uscc": "91350100M000100Y43",
    "region": "330106",
    "industry": "3484",
    "independent_legal_person": True,
    "segment_since": "2018-01-01",
    "accounts": [
        {"year": 2019, "revenue_cny": "9000000.00", "main_revenue_cny": "6000000.00"},
        {"year": 2020, "revenue_cny": "9000000.00", "main_revenue_cny": "6000000.00"},
        {
            "year": 2021,
            "revenue_cny": "10000000.00",
            "main_revenue_cny": "7000000.00",
            "rd_expense_cny": "100000.00",
            "total_assets_cny": "10000000.00",
            "total_liabilities_cny": "5500000.00",
            "net_profit_cny": "100000.00",
        },
    ],
    "headcounts": [{"year": 2021, "employees": 80, "rd_staff": 6, "science_staff": 6}],
    "ip_rights": [],
    "rd_bodies": [],
    "awards": [],
    "honours": [],
    "equity_rounds": [],
    "certificates": [],
    "standards": [],
    "own_brand": False,
    "digital_level": {"level": 1, "edition": 2022, "tested_on": "2022-01-01"},
    "leading_product": {"strategic_emerging": False},
    "compliance": {
        "on_abnormal_list": False,
        "on_dishonest_list": False,
        "prohibited_product": False,
        "violations": [],
    },
}


def _gap(target: Target, edition: str = "miit-2022-63", **changes: Any) -> Gap:
    facts = EnterpriseFacts.model_validate({**FIRM, **changes})
    return gap(BOOK.of(edition, facts.region, AS_OF), target, read(facts, AS_OF))


def _least(found: Gap) -> WayThere:
    assert found.least is not None
    return found.least


def test_reached_tier_needs_nothing() -> None:
    patent = {
        "kind": "invention_patent",
        "granted_on": "2019-05-01",
        "self_developed": True,
        "for_leading_product": True,
    }
    found = _gap(Tier.INNOVATIVE_SME, ip_rights=[{**patent, "national_award": True}])
    assert found.met is True
    assert (found.unmet, _least(found).changes, _least(found).relative_sum) == ((), (), 0)


def test_the_minimum_of_innovation_is_closed_by_one_step_of_intellectual_property() -> None:
    found = _gap(Tier.INNOVATIVE_SME)
    assert found.met is False
    assert [criterion.id for criterion in found.unmet] == ["score", "innovation"]
    least = _least(found)
    assert least.by == "score"
    (change,) = least.changes
    assert (change.metric, change.target) == ("ip_level", "class1_self_developed")
    assert (change.seen_zh, change.needed_zh) == ("无", "自主研发的Ⅰ类知识产权")
    assert change.helps == ("technology",)
    assert change.earliest_on == AS_OF
    assert {path.by for path in found.paths} == {
        "score",
        "route_st_award",
        "route_honour",
        "route_rd_institution",
        "route_equity",
    }


def test_every_path_is_dearer_than_the_one_before() -> None:
    for tier in (Tier.INNOVATIVE_SME, Tier.SPECIALIZED_SME, Tier.LITTLE_GIANT):
        costs = [(len(path.changes), path.relative_sum) for path in _gap(tier).paths]
        assert costs == sorted(costs)
        assert costs


def test_route_to_a_specialized_sme_keeps_the_conditions() -> None:
    found = _gap(Tier.SPECIALIZED_SME)
    least = _least(found)
    assert {criterion.id for criterion in found.unmet} >= {"rd_expense", "rd_ratio"}
    needed = {change.metric: change.target for change in least.changes}
    assert needed["rd_expense_last_year"] == 1_000_000_00
    assert needed["rd_to_revenue"] == Fraction(3, 100)
    accounts = next(one for one in least.changes if one.metric == "rd_expense_last_year")
    assert (accounts.earliest_on, accounts.in_time) == (date(2023, 1, 1), True)
    assert found.deadline_on == date(2026, 3, 31)


def test_change_that_counts_after_the_last_day_of_the_edition_is_not_in_time() -> None:
    facts = EnterpriseFacts.model_validate({**FIRM, "segment_since": "2023-06-01"})
    day = date(2025, 12, 1)
    found = gap(BOOK.of("miit-2022-63", "330106", day), Tier.SPECIALIZED_SME, read(facts, day))
    years = next(one for one in _least(found).changes if one.metric == "segment_years")
    assert (years.target, years.earliest_on, years.in_time) == (2, date(2026, 1, 1), True)
    late = facts.model_copy(update={"segment_since": date(2024, 6, 1)})
    found = gap(BOOK.of("miit-2022-63", "330106", day), Tier.SPECIALIZED_SME, read(late, day))
    years = next(one for one in _least(found).changes if one.metric == "segment_years")
    assert (years.earliest_on, years.in_time) == (date(2027, 1, 1), False)


def test_accident_blocks_until_its_window_ends() -> None:
    accident = {"kind": "safety", "severity": "major", "occurred_on": "2021-03-05"}
    found = _gap(Tier.INNOVATIVE_SME, compliance={**FIRM["compliance"], "violations": [accident]})
    assert found.paths == ()
    assert found.blocked == ("no_major_accident_3y",)
    assert found.blocked_until == date(2024, 3, 6)


def test_size_blocks_and_no_day_frees_it() -> None:
    accounts = [{**FIRM["accounts"][2], "revenue_cny": "500000000.00"}]
    staff = [{"year": 2021, "employees": 1000}]
    found = _gap(Tier.INNOVATIVE_SME, accounts=accounts, headcounts=staff)
    assert found.blocked == ("is_sme",)
    assert (found.paths, found.blocked_until) == ((), None)


def test_nobody_is_told_to_shrink_revenue_or_staff() -> None:
    for tier in (Tier.SPECIALIZED_SME, Tier.LITTLE_GIANT):
        for path in _gap(tier).paths:
            for change in path.changes:
                if change.metric in ("revenue_last_year", "net_profit_last_year"):
                    assert isinstance(change.target, int)
                    assert change.target > 10_000_000_00
    found = _gap(
        Programme.TECH_BASED_SME,
        "tech-based-sme",
        headcounts=[{"year": 2021, "employees": 501, "science_staff": 6}],
    )
    assert found.blocked == ("employees_at_most_500",)


def test_what_is_not_known_must_be_stated() -> None:
    found = _gap(Tier.LITTLE_GIANT)
    stated = {change.metric for change in _least(found).changes if not change.known}
    assert {"sound_governance", "technology_leading", "same_group_similar_product"} <= stated
    assert "technology_leading" in found.missing or found.met is False


def test_base_tier_of_2026_takes_the_cheaper_of_its_two_ways() -> None:
    both = _gap(Tier.TECH_AND_INNOVATIVE_SME, "miit-2026")
    one = _gap(Tier.INNOVATIVE_SME, "miit-2026")
    other = _gap(Programme.TECH_BASED_SME, "miit-2026")
    costs = [(len(p.changes), p.relative_sum) for g in (one, other) for p in g.paths]
    assert (len(_least(both).changes), _least(both).relative_sum) == min(costs)


def test_evaluation_of_exactly_70_needs_one_point_more() -> None:
    found = _gap(
        Programme.HIGH_TECH_ENTERPRISE, "high-tech-enterprise", innovation_evaluation_points=70
    )
    change = next(c for c in _least(found).changes if c.metric == "innovation_evaluation_points")
    assert (change.target, change.known) == (71, True)


def test_every_metric_that_a_rule_reads_says_how_it_changes() -> None:
    used: set[str] = set()
    for rules in (*BOOK.rule_sets.values(), *BOOK.combined.values()):
        used |= {leaf.metric.name for one in rules.preconditions for leaf in leaves_of(one)}
        for tier in rules.tiers:
            conditions = (*tier.conditions, *tier.direct_routes)
            used |= {leaf.metric.name for one in conditions for leaf in leaves_of(one)}
            if tier.score is not None:
                scales = (i.scale for c in tier.score.categories for i in c.indicators)
                used |= {atom.name for scale in scales for atom in atoms_of(scale)}
    assert used <= set(ways())


def test_help_is_one_of_the_service_kinds() -> None:
    helps = {kind for way in ways().values() for kind in way.helps}
    assert helps <= set(ServiceKind)


@pytest.mark.parametrize(
    ("name", "old", "new", "far"),
    [
        ("rd_to_revenue", Fraction(1, 100), Fraction(3, 100), Fraction(2, 3)),
        ("rd_to_revenue", Fraction(0), Fraction(3, 100), Fraction(1)),
        ("debt_ratio", Fraction(8, 10), Fraction(6, 10), Fraction(1, 4)),
        ("net_margin", Fraction(-1, 10), Fraction(1, 10), Fraction(2)),
        ("ip_level", "none", "class2", Fraction(1, 4)),
        ("ip_level", "none", "class1_high_value", Fraction(1)),
        ("listing_stage", "unlisted", "listed", Fraction(1)),
        ("own_brand", 0, 1, Fraction(1)),
        ("domestic_rank", ABSENT, 3, Fraction(1)),
        ("domestic_rank", Unknown(("x",), "e", "z"), 3, Fraction(1)),
        ("own_brand", 1, 1, Fraction(0)),
    ],
)
def test_relative_change(name: str, old: Value | Unknown, new: Value, far: Fraction) -> None:
    assert relative_change(METRICS[name], old, new) == far


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("changes:\n- {metrics: [no_such], change: rise, counts: now, helps: []}", "is no metric"),
        ("changes:\n- {metrics: [own_brand], change: up, counts: now, helps: []}", "up"),
        (
            "changes:\n- {metrics: [own_brand], change: rise, counts: now, helps: [], x: 1}",
            "has no x",
        ),
    ],
)
def test_bad_changes_are_refused(text: str, says: str) -> None:
    with pytest.raises(RuleFileError) as caught:
        ways_of(parse_tree(text, "changes.yaml"), "changes.yaml")
    assert says in caught.value.reason
    assert caught.value.line == 2


def test_bound_of_a_metric_holds_for_what_is_not_known() -> None:
    way: Way = ways()["provincial_points"]
    unknown = Unknown(("provincial_points",), "e", "z", 3, 9)
    assert [number for number in range(-1, 20) if way.allows(unknown, number)] == list(range(3, 10))
