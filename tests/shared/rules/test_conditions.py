"""The condition language: exact comparisons, three-valued logic, a trace of every part."""

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from contracts.facts import EnterpriseFacts
from shared.rules.evaluate import holds, judge
from shared.rules.load import parse_condition
from shared.rules.metric import ABSENT, Kind, Metric, Unknown, Value
from shared.rules.metrics import METRICS, read

NAMES = {
    "fen": Metric("fen", "金额", "money", Kind.MONEY, "cny", "s", "d"),
    "part": Metric("part", "比率", "ratio", Kind.RATIO, "percent", "s", "d"),
    "pace": Metric("pace", "复合", "compound", Kind.COMPOUND_2Y, "percent", "s", "d"),
    "many": Metric("many", "个数", "count", Kind.COUNT, "count", "s", "d"),
    "flag": Metric("flag", "是否", "flag", Kind.FLAG, None, "s", "d"),
    "word": Metric("word", "级别", "word", Kind.WORD, None, "s", "d"),
    "held": Metric("held", "称号", "set", Kind.SET, None, "s", "d"),
}
MISSING = Unknown(("a.fact",), "Add it.", "请补充。")


def _judge(node: dict[str, Any], **values: Value | Unknown) -> bool | None:
    facts = EnterpriseFacts(uscc="91350100M000100Y43", region="440106", industry="3484")
    reading = read(facts, date(2022, 9, 30)).with_values(values)
    condition = parse_condition(
        node, metrics={**METRICS, **NAMES}, source="art. 1", verification="v1"
    )
    finding = judge(condition, reading)
    assert holds(condition, reading) is finding.met
    return finding.met


@pytest.mark.parametrize(
    ("node", "value", "met"),
    [
        ({"metric": "fen", "unit": "cny", "min": 5}, 500, True),
        ({"metric": "fen", "unit": "cny", "min": 5}, 499, False),
        ({"metric": "fen", "unit": "cny", "above": 5}, 500, False),
        ({"metric": "fen", "unit": "cny", "above": 5}, 501, True),
        ({"metric": "fen", "unit": "cny", "max": 5}, 500, True),
        ({"metric": "fen", "unit": "cny", "below": 5}, 500, False),
        ({"metric": "part", "unit": "percent", "min": 3}, Fraction(3, 100), True),
        ({"metric": "part", "unit": "percent", "min": 3}, Fraction(299999999, 10**10), False),
        ({"metric": "pace", "unit": "percent", "min": 5}, Fraction(11025, 10000), True),
        ({"metric": "pace", "unit": "percent", "min": 5}, Fraction(11024999, 10**7), False),
        ({"metric": "many", "min": 2, "max": 4}, 4, True),
        ({"metric": "many", "min": 2, "max": 4}, 5, False),
        ({"metric": "many", "equals": 3}, 3, True),
        ({"metric": "many", "max": 3}, ABSENT, False),
        ({"metric": "flag", "is": False}, 0, True),
        ({"metric": "flag", "is": True}, 0, False),
        ({"metric": "word", "equals": "b"}, "b", True),
        ({"metric": "word", "any_of": ["a", "b"]}, "c", False),
        ({"metric": "word", "none_of": ["a", "b"]}, "c", True),
        ({"metric": "word", "starts_with": ["4401", "4403"]}, "440106", True),
        ({"metric": "word", "starts_with": "4401"}, "440306", False),
        ({"metric": "held", "any_of": ["a", "b"]}, frozenset({"b", "c"}), True),
        ({"metric": "held", "any_of": ["a"]}, frozenset(), False),
        ({"metric": "held", "none_of": ["a"]}, frozenset({"b"}), True),
        ({"metric": "held", "none_of": ["a"]}, frozenset({"a"}), False),
    ],
)
def test_leaf(node: dict[str, Any], value: Value, met: bool) -> None:
    name = node["metric"]
    assert _judge(node, **{name: value}) is met
    assert _judge({"not": node}, **{name: value}) is (not met)
    assert _judge(node, **{name: MISSING}) is None
    assert _judge({"not": node}, **{name: MISSING}) is None


@pytest.mark.parametrize(
    ("low", "high", "minimum", "maximum"),
    [
        (2, 4, True, None),
        (3, 4, True, None),
        (0, 1, False, True),
        (1, 2, None, True),
        (1, 9, None, None),
        (4, None, True, False),
        (None, None, None, None),
    ],
)
def test_known_bounds_decide(
    low: int | None, high: int | None, minimum: bool | None, maximum: bool | None
) -> None:
    partly = Unknown(("a.fact",), "Add it.", "请补充。", low, high)
    assert _judge({"metric": "many", "min": 2}, many=partly) is minimum
    assert _judge({"metric": "many", "max": 3}, many=partly) is maximum


@pytest.mark.parametrize(
    ("first", "second", "all_of", "any_of"),
    [
        (True, True, True, True),
        (True, False, False, True),
        (False, False, False, False),
        (True, None, None, True),
        (False, None, False, None),
        (None, None, None, None),
    ],
)
def test_three_valued_logic(
    first: bool | None, second: bool | None, all_of: bool | None, any_of: bool | None
) -> None:
    values: dict[str, Value | Unknown] = {
        name: MISSING if met is None else int(met)
        for name, met in (("flag", first), ("many", second))
    }
    parts = [{"metric": "flag", "is": True}, {"metric": "many", "equals": 1}]
    for order in (parts, parts[::-1]):
        assert _judge({"all": order}, **values) is all_of
        assert _judge({"any": order}, **values) is any_of


def test_trace_shows_seen_needed_source_and_what_is_missing() -> None:
    node = {
        "id": "revenue_or_staff",
        "zh": "营业收入或人数",
        "en": "Revenue or staff",
        "any": [
            {"metric": "fen", "unit": "cny", "min": 10_000_000},
            {"metric": "many", "min": 20, "source": "art. 2", "verification": "mem"},
        ],
    }
    condition = parse_condition(
        node, metrics={**METRICS, **NAMES}, source="art. 1", verification="v2"
    )
    facts = EnterpriseFacts(uscc="91350100M000100Y43", region="440106", industry="3484")
    reading = read(facts, date(2022, 9, 30)).with_values({"fen": 999_999_999, "many": MISSING})
    finding = judge(condition, reading, parent="conditions")
    whole, revenue, staff = finding.criteria
    assert (finding.met, finding.missing) == (None, ("a.fact",))
    assert (whole.id, whole.parent, whole.met) == ("revenue_or_staff", "conditions", None)
    assert (revenue.parent, revenue.met) == ("revenue_or_staff", False)
    assert (revenue.seen, revenue.needed) == ("9999999.99 CNY", "≥ 10000000.00 CNY")
    assert (revenue.source, revenue.verification) == ("art. 1", "v2")
    assert (staff.seen, staff.missing, staff.reason_en) == (None, ("a.fact",), "Add it.")
    assert (staff.source, staff.verification) == ("art. 2", "mem")


def test_metric_nobody_gives_is_an_error_of_ours() -> None:
    facts = EnterpriseFacts(uscc="91350100M000100Y43", region="440106", industry="3484")
    condition = parse_condition(
        {"metric": "held", "any_of": ["a"]},
        metrics={**METRICS, **NAMES},
        source="s",
        verification="v1",
    )
    with pytest.raises(KeyError):
        judge(condition, read(facts, date(2022, 9, 30)))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Fraction(1, 3), "33.3333…%"),
        (Fraction(3, 100), "3%"),
        (Fraction(29999999, 10**9), "2.9999…%"),
        (Fraction(-1, 10**9), "-0.0000…%"),
        (Fraction(0), "0%"),
    ],
)
def test_shown_digits_are_cut_off_never_rounded(value: Fraction, shown: str) -> None:
    assert NAMES["part"].show(value) == shown
