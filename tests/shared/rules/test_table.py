"""The table says of every row what the scalar evaluator says of that enterprise."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.rules import table
from shared.rules.columns import Columns, Numbers, coded_of, columns_of, mean_of, numbers_of
from shared.rules.evaluate import evaluate, holds
from shared.rules.load import parse_condition
from shared.rules.metric import ABSENT, Reading, Unknown, Value
from shared.rules.metrics import read
from shared.rules.model import Check, Operator
from shared.rules.stairs import Climb, is_exact, stairs_of_check
from tests.shared.rules.agreement import MET, compare, compare_all, differences, rules_2022
from tests.shared.rules.made_facts import FORGOTTEN, WHOLE, facts_without

RULES = rules_2022()
AS_OF = date(2022, 9, 30)
OPERATORS = ("min", "max", "above", "below", "equals")
LARGE = st.integers(-(10**14), 10**14)


CHUNK = 20_000


@pytest.mark.parametrize(
    ("size", "unknown", "borders"), [(1_000_000, 0.1, False), (100_000, 0.03, True)]
)
def test_table_agrees_with_the_scalar_evaluator(size: int, unknown: float, borders: bool) -> None:
    populations = [(seed, CHUNK, unknown, borders) for seed in range(size // CHUNK)]
    assert compare_all(populations) == []


@pytest.mark.parametrize("borders", [False, True])
def test_table_agrees_where_every_fact_is_known(borders: bool) -> None:
    assert compare(1, 5_000, 0.0, borders) == []


@given(st.lists(st.tuples(WHOLE, FORGOTTEN), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_table_judges_dossiers_as_they_are(dossiers: list[tuple[dict[str, Any], set[str]]]) -> None:
    facts = [facts_without(document, forgotten) for document, forgotten in dossiers]
    columns = columns_of(facts, AS_OF, table.metrics_of(RULES))
    tables = table.evaluate(columns, RULES)
    for row, one in enumerate(facts):
        verdict = evaluate(RULES, read(one, AS_OF))
        for tier, judged in zip(verdict.tiers, tables, strict=True):
            assert judged.met[row] == MET[tier.met]
            if judged.points_min is not None and judged.points_max is not None:
                assert (judged.points_min[row], judged.points_max[row]) == (
                    tier.points_min,
                    tier.points_max,
                )


@given(WHOLE, FORGOTTEN)
@settings(max_examples=100, deadline=None)
def test_columns_give_back_what_was_put_in(document: dict[str, Any], forgotten: set[str]) -> None:
    reading = read(facts_without(document, forgotten), AS_OF)
    names = table.metrics_of(RULES)
    columns = columns_of([reading], AS_OF, names)
    for name in names:
        value, again = reading.found(name), columns[name].at(0)
        if isinstance(value, Unknown):
            assert isinstance(again, Unknown)
            assert (again.low, again.high) == (value.low, value.high)
        else:
            assert again == value


@given(st.integers(0, 10**14), st.integers(1, 10**13), st.integers(0, 200), st.integers(-1, 1))
@settings(max_examples=500, deadline=None)
def test_a_ratio_beside_its_border_is_told_apart(
    top: int, bottom: int, percent: int, by: int
) -> None:
    border = Fraction(percent, 100)
    near = border * bottom
    for value in (Fraction(top, bottom), Fraction(near.__floor__() + by, bottom)):
        for operator in Operator:
            if operator in (Operator.ANY_OF, Operator.NONE_OF, Operator.STARTS_WITH):
                continue
            stairs = stairs_of_check(Check(operator, border))
            assert is_exact(stairs, bottom)
            quotient = np.array([value.numerator / value.denominator])
            assert bool(Climb(stairs, np.uint8)(quotient)[0]) is _compares(operator, value, border)


def _compares(operator: Operator, value: Fraction, border: Fraction) -> bool:
    return {
        Operator.AT_LEAST: value >= border,
        Operator.ABOVE: value > border,
        Operator.AT_MOST: value <= border,
        Operator.BELOW: value < border,
    }.get(operator, value == border)


def _judge_both(condition: dict[str, Any], columns: Columns) -> tuple[list[int], list[int]]:
    """Truths of a condition as one tier's only condition: of the table, of the scalar."""
    parsed = parse_condition({"verification": "v2", "source": "test", **condition})
    rules = _only(parsed)
    met = table.evaluate(columns, rules)[0].met.tolist()
    return met, [MET[holds(parsed, columns.reading(row))] for row in range(columns.size)]


def _only(condition: Any) -> Any:
    tier = replace(RULES.tiers[0], conditions=(condition,), score=None, direct_routes=())
    return replace(RULES, preconditions=(), tiers=(tier,))


@given(
    st.lists(st.tuples(LARGE, LARGE, st.integers(1, 10**14)), min_size=1, max_size=20),
    st.sampled_from(OPERATORS),
    st.integers(-50, 200),
)
@settings(max_examples=200, deadline=None)
def test_a_mean_of_growths_is_exact_at_its_border(
    rows: list[tuple[int, int, int]], operator: str, percent: int
) -> None:
    firsts: list[Value | Unknown] = [Fraction(a, c) for a, _, c in rows]
    others = [2 * Fraction(percent, 100) - Fraction(a, c) for a, _, c in rows]
    others[::2] = [Fraction(b, c) for _, b, c in rows][::2]
    means: list[Value | Unknown] = [
        (Fraction(one) + two) / 2
        for one, two in zip(firsts, others, strict=True)  # type: ignore[arg-type]
    ]
    name = "main_revenue_growth_avg_2y"
    columns = Columns(len(rows), {name: mean_of(means, firsts)})
    table_says, scalar_says = _judge_both(
        {"metric": name, operator: percent, "unit": "percent"}, columns
    )
    assert table_says == scalar_says


@given(
    st.lists(
        st.one_of(
            st.integers(0, 4 * 10**18),
            st.fractions(min_value=0, max_value=10**7),
            st.just(ABSENT),
            st.builds(
                lambda low, more: Unknown((), "", "", low, None if more is None else low + more),
                st.integers(0, 10**7),
                st.none() | st.integers(0, 10**7),
            ),
        ),
        min_size=1,
        max_size=30,
    ),
    st.sampled_from(OPERATORS),
    st.integers(0, 10**4),
)
@settings(max_examples=300, deadline=None)
def test_values_of_every_kind_are_judged_alike(
    values: list[Value | Unknown], operator: str, border: int
) -> None:
    for made in (numbers_of(values), coded_of(values)):
        columns = Columns(len(values), {"revenue_last_year": made})
        condition = {"metric": "revenue_last_year", operator: border, "unit": "cny"}
        table_says, scalar_says = _judge_both(condition, columns)
        assert table_says == scalar_says


def test_numbers_beyond_a_float_are_compared_exactly() -> None:
    top = np.array([3 * 10**17 - 1, 3 * 10**17, 3 * 10**17 + 1], np.int64)
    columns = Columns(3, {"debt_ratio": Numbers(top, np.full(3, 10**18, np.int64))})
    met, scalar = _judge_both({"metric": "debt_ratio", "min": 30, "unit": "percent"}, columns)
    assert met == scalar == [table.NOT_REACHED, table.REACHED, table.REACHED]


def test_a_composite_joins_what_is_not_known() -> None:
    values: list[Value | Unknown] = [1, 0, Unknown((), "", "")]
    pairs = [(one, two) for one in values for two in values]
    columns = Columns(
        len(pairs),
        {
            "own_brand": coded_of([one for one, _ in pairs]),
            "key_link": coded_of([two for _, two in pairs]),
        },
    )
    parts = [{"metric": name, "is": True} for name in ("own_brand", "key_link")]
    for kind in ("all", "any"):
        met, scalar = _judge_both({kind: parts}, columns)
        assert met == scalar
        assert set(met) == {table.REACHED, table.NOT_REACHED, table.OPEN}
    negated, scalar = _judge_both({"not": {"any": parts}}, columns)
    assert negated == scalar


def test_a_metric_without_a_column_is_named() -> None:
    with pytest.raises(KeyError, match="There is no column"):
        table.evaluate(Columns(0, {}), RULES)


def test_nobody_is_judged_when_there_is_nobody() -> None:
    columns = columns_of([], AS_OF, table.metrics_of(RULES))
    assert [len(tier.met) for tier in table.evaluate(columns, RULES)] == [0, 0, 0]


def test_readings_with_given_values_count_as_they_are() -> None:
    names = table.metrics_of(RULES)
    unknown = {name: Unknown((), "", "") for name in names}
    given_values: dict[str, Value | Unknown] = {
        **unknown,
        "main_revenue_growth_avg_2y": Fraction(1, 7),
    }
    columns = columns_of([Reading.of_values(given_values)], AS_OF, names)
    assert columns["main_revenue_growth_avg_2y"].at(0) == Fraction(1, 7)
    assert differences(columns, RULES) == []
