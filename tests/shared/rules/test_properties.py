"""What must hold for every enterprise: better figures never cost points, knowing more never
overturns a verdict, points stay within the bounds that were given while facts were missing."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from contracts.facts import EnterpriseFacts
from shared.rules.evaluate import TierVerdict, evaluate
from shared.rules.metric import Kind
from shared.rules.metrics import METRICS, read
from shared.rules.periods import (
    full_months,
    full_years,
    within_years,
    years_after,
    years_before,
)
from shared.rules.rulebook import load_rulebook
from tests.shared.rules.made_facts import FORGOTTEN, WHOLE, facts_without

ROOT = Path(__file__).parents[3]
BOOK = load_rulebook(ROOT / "services" / "certification" / "rules")
RULES = BOOK.rule_sets["miit-2022-63"]
AS_OF = date(2022, 9, 30)
DAYS = st.dates(min_value=date(1990, 1, 1), max_value=date(2090, 12, 31))


def _judge(facts: EnterpriseFacts) -> TierVerdict:
    return evaluate(RULES, read(facts, AS_OF)).tiers[0]


def _points(verdict: TierVerdict, indicator: str) -> int:
    points = next(c.points for c in verdict.criteria if c.id == indicator)
    assert points is not None
    return points


def _with_figure(document: dict[str, Any], year: int, name: str, value: str) -> dict[str, Any]:
    accounts = [
        {**one, name: value} if one["year"] == year else one for one in document["accounts"]
    ]
    return {**document, "accounts": accounts}


@given(WHOLE, FORGOTTEN)
@settings(max_examples=400, deadline=None)
def test_knowing_more_never_overturns_a_verdict(
    document: dict[str, Any], forgotten: set[str]
) -> None:
    whole, part = _judge(facts_without(document)), _judge(facts_without(document, forgotten))
    assert part.met in (None, whole.met)
    if part.met is None:
        assert part.missing
    for known, partly in zip(whole.criteria, part.criteria, strict=True):
        assert known.id == partly.id
        assert partly.met is None or partly.met == known.met or known.met is None
        if partly.points_min is not None and partly.points_max is not None:
            assert known.points_min is not None
            assert known.points_max is not None
            assert partly.points_min <= known.points_min
            assert known.points_max <= partly.points_max


@given(WHOLE, FORGOTTEN)
@settings(max_examples=100, deadline=None)
def test_what_is_judged_stays_judged_in_every_rule_set(
    document: dict[str, Any], forgotten: set[str]
) -> None:
    whole = read(facts_without(document), AS_OF)
    part = read(facts_without(document, forgotten), AS_OF)
    for rules in (*BOOK.rule_sets.values(), *BOOK.combined.values()):
        pairs = zip(evaluate(rules, whole).tiers, evaluate(rules, part).tiers, strict=True)
        for known, partly in pairs:
            assert partly.met in (None, known.met)
            assert (partly.met is None) == bool(partly.missing)
            assert (partly.met is False) == bool(partly.unmet)


@given(WHOLE, st.integers(1, 10**9))
@settings(max_examples=200, deadline=None)
def test_more_research_never_costs_points(document: dict[str, Any], more_fen: int) -> None:
    spent = Decimal(document["accounts"][2]["rd_expense_cny"]) + Decimal(more_fen) / 100
    assume(Decimal(document["accounts"][2]["revenue_cny"]) > 0)
    before = _points(_judge(facts_without(document)), "rd_to_revenue")
    more = _with_figure(document, 2021, "rd_expense_cny", f"{spent:.2f}")
    assert _points(_judge(facts_without(more)), "rd_to_revenue") >= before


@given(WHOLE, st.integers(1, 10**9))
@settings(max_examples=200, deadline=None)
def test_more_debt_never_earns_points(document: dict[str, Any], more_fen: int) -> None:
    assume(Decimal(document["accounts"][2]["total_assets_cny"]) > 0)
    owed = Decimal(document["accounts"][2]["total_liabilities_cny"]) + Decimal(more_fen) / 100
    before = _points(_judge(facts_without(document)), "debt_ratio")
    more = _with_figure(document, 2021, "total_liabilities_cny", f"{owed:.2f}")
    assert _points(_judge(facts_without(more)), "debt_ratio") <= before


@given(WHOLE)
@settings(max_examples=200, deadline=None)
def test_verdict_adds_up(document: dict[str, Any]) -> None:
    verdict = _judge(facts_without(document))
    by_kind: dict[str, int] = {}
    for criterion in verdict.criteria:
        if criterion.points_min is not None:
            kind = criterion.kind
            by_kind[kind] = by_kind.get(kind, 0) + criterion.points_min
    assert by_kind["score"] == by_kind["category"] == by_kind["indicator"]
    assert (verdict.met is False) == bool(verdict.unmet)
    assert (verdict.met is None) == bool(verdict.missing)


@given(WHOLE, FORGOTTEN)
@settings(max_examples=200, deadline=None)
def test_every_metric_is_exact_or_says_what_is_missing(
    document: dict[str, Any], forgotten: set[str]
) -> None:
    reading = read(facts_without(document, forgotten), AS_OF)
    for name, metric in METRICS.items():
        value = reading[name]
        if value is None:
            assert reading.missing(name)
        else:
            assert not isinstance(value, float)
            assert metric.show(value)
            assert metric.say(value, True)
        if metric.kind is Kind.MONEY and value is not None:
            assert isinstance(value, int | Fraction)


@given(DAYS, st.integers(0, 60))
def test_years_later_and_back(day: date, years: int) -> None:
    later = years_after(day, years)
    assert full_years(day, later) in (years, years - (day.day != later.day))
    assert years_before(later, years) <= day
    assert within_years(day, years, later)
    assert later.toordinal() - day.toordinal() in range(365 * years, 366 * years + 1)


@given(DAYS, DAYS)
def test_full_months_and_years_agree(one: date, other: date) -> None:
    since, until = sorted((one, other))
    assert full_months(since, until) // 12 in (
        full_years(since, until),
        full_years(since, until) + (since.day == 29),
    )
    assert full_years(until, since) == full_months(until, since) == 0 or since == until
