"""The plan of `gap` is the least one: against trying out every state of small made-up tiers."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from fractions import Fraction
from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.facts import EnterpriseFacts
from shared.rules.changes import Counts, Direction, Way, relative_change
from shared.rules.evaluate import evaluate
from shared.rules.gap import Change, gap
from shared.rules.lined_yaml import Tree
from shared.rules.load import rule_set_of
from shared.rules.metric import ABSENT, Kind, Metric, Reading, Unknown, Value
from shared.rules.model import RuleSet

FACTS = EnterpriseFacts(uscc="91350100M000100Y43", region="440106", industry="3484")
TOP = 3
GRADES = {"best": ("优", "best"), "good": ("良", "good"), "none": ("无", "none")}
NUMBERS = ("apples", "pears", "plums")
WORDS = ("red", "blue")


def _metric(name: str, kind: Kind, words: Mapping[str, tuple[str, str]] | None = None) -> Metric:
    return Metric(
        name, name, name, kind, "count" if kind is Kind.COUNT else None, "s", "d", None, words
    )


METRICS = {
    **{name: _metric(name, Kind.COUNT) for name in NUMBERS},
    "shown": _metric("shown", Kind.FLAG),
    "grade": _metric("grade", Kind.WORD, GRADES),
    "marks": _metric("marks", Kind.SET, {word: (word, word) for word in WORDS}),
}
ABOUT = {"zh": "z", "en": "e", "verification": "v1"}
HEAD = {
    "id": "made",
    "zh": "z",
    "en": "e",
    "document_no": "none",
    "issued_on": date(2022, 6, 1),
    "effective_from": date(2022, 8, 1),
    "source": "s",
    "verification": "v1",
    "boundaries": {"min": "inclusive", "max": "inclusive", "band_edge": "higher_points"},
    "lifecycle": {},
    "dates_verification": {"issued_on": "v1", "effective_from": "v1"},
}
DIRECTIONS = st.sampled_from(list(Direction))


def _ways(directions: Mapping[str, Direction]) -> dict[str, Way]:
    bounds = {name: (0, TOP) if name in NUMBERS else (None, None) for name in METRICS}
    return {
        name: Way(direction, Counts.NOW, (), *bounds[name])
        for name, direction in directions.items()
    }


def _leaf(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(st.sampled_from(sorted(METRICS)))
    if name in NUMBERS:
        key = draw(st.sampled_from(["min", "max", "above", "below"]))
        return {"metric": name, key: draw(st.integers(0, TOP))}
    if name == "shown":
        return {"metric": name, "is": draw(st.booleans())}
    key = draw(st.sampled_from(["any_of", "none_of"]))
    words = list(GRADES) if name == "grade" else list(WORDS)
    return {"metric": name, key: draw(st.lists(st.sampled_from(words), min_size=1, unique=True))}


@st.composite
def conditions(draw: st.DrawFn, depth: int = 2) -> dict[str, Any]:
    kind = draw(st.sampled_from(["leaf", "leaf", "all", "any", "not"])) if depth else "leaf"
    if kind == "leaf":
        return _leaf(draw)
    if kind == "not":
        return {"not": draw(conditions(depth - 1))}
    return {kind: draw(st.lists(conditions(depth - 1), min_size=1, max_size=2))}


@st.composite
def scales(draw: st.DrawFn, kinds: tuple[str, ...]) -> dict[str, Any]:
    kind = draw(st.sampled_from(kinds))
    if kind == "bands":
        edges = sorted(draw(st.lists(st.integers(1, TOP), min_size=1, max_size=2, unique=True)))
        rows: list[dict[str, int]] = [
            {"points": draw(st.integers(0, 6))} for _ in range(len(edges) + 1)
        ]
        for place, edge in enumerate(edges):
            rows[place]["max"] = rows[place + 1]["min"] = edge
        return {"metric": draw(st.sampled_from(NUMBERS)), "bands": rows}
    if kind == "per_step":
        name, step = draw(st.sampled_from(NUMBERS)), draw(st.integers(1, 2))
        return {"metric": name, "per_step": {"step": step, "points": 2}, "cap": 4}
    options = [
        {
            "id": f"o{place}",
            "zh": "z",
            "en": "e",
            "points": draw(st.integers(1, 5)),
            "when": draw(conditions(1)),
        }
        for place in range(draw(st.integers(1, 2)))
    ]
    if kind == "sum_each":
        return {"sum_each": options, "cap": draw(st.integers(1, sum(o["points"] for o in options)))}
    return {"first_match": [*options, {"id": "rest", "zh": "z", "en": "e", "points": 0}]}


SIMPLE = ("bands", "per_step", "sum_each", "first_match")


def _most(scale: dict[str, Any]) -> int:
    if "best_of" in scale:
        return max(_most(part) for part in scale["best_of"])
    if "cap" in scale:
        return int(scale["cap"])
    rows = scale.get("bands") or scale["first_match"]
    return max(int(row["points"]) for row in rows)


def _indicator(draw: st.DrawFn, name: str) -> dict[str, Any]:
    scale = draw(scales(SIMPLE))
    if draw(st.integers(0, 4)) == 0:
        scale = {"best_of": [scale, draw(scales(("bands", "first_match")))]}
    return {**ABOUT, "id": name, "max": _most(scale), **scale}


def _category(draw: st.DrawFn, name: str) -> dict[str, Any]:
    rows = [_indicator(draw, f"{name}{place}") for place in range(draw(st.integers(1, 2)))]
    most = sum(row["max"] for row in rows)
    category = {"id": name, "zh": "z", "en": "e", "max": most, "indicators": rows}
    return {**category, "min": draw(st.integers(0, most))}


@st.composite
def rule_sets(draw: st.DrawFn) -> RuleSet:
    """A small tier: conditions, a score with minimums, direct routes, or some of them."""
    tier: dict[str, Any] = {
        "tier": "specialized_sme",
        "zh": "z",
        "en": "e",
        "level": 2,
        "decided_by": "province",
        "act": "certify",
        "source": "s",
    }
    required = draw(st.lists(conditions(), max_size=2))
    if required:
        tier["conditions"] = [_named(one, f"c{place}") for place, one in enumerate(required)]
    if not required or draw(st.integers(0, 3)):
        categories = [_category(draw, name) for name in ("x", "y")[: draw(st.integers(1, 2))]]
        full = sum(category["max"] for category in categories)
        tier["score"] = {
            "verification": "v1",
            "total_min": draw(st.integers(0, full)),
            "categories": categories,
        }
        routes = draw(st.lists(conditions(), max_size=2))
        if routes:
            tier["direct_routes"] = [_named(one, f"r{place}") for place, one in enumerate(routes)]
    tree = Tree({**HEAD, "tiers": [tier]})
    tree.lines, tree.line = {}, 1
    return rule_set_of(tree, "made.yaml", "", METRICS)


def _named(condition: dict[str, Any], name: str) -> dict[str, Any]:
    """An id for every part, as a rule set asks."""
    named = {"id": name, "verification": "v1", **condition}
    for key in ("all", "any"):
        if key in condition:
            parts = enumerate(condition[key])
            named[key] = [_named(part, f"{name}_{place}") for place, part in parts]
    if "not" in condition:
        named["not"] = _named(condition["not"], f"{name}_n")
    return named


@st.composite
def readings(draw: st.DrawFn) -> Reading:
    """Any present state; a value may be unknown, with or without a bound, or not exist."""
    values: dict[str, Value | Unknown] = {}
    for name in NUMBERS:
        number = draw(st.integers(0, TOP))
        rare = draw(st.integers(0, 9))
        values[name] = {
            0: Unknown((name,), "e", "z"),
            1: Unknown((name,), "e", "z", number, None),
            2: ABSENT,
        }.get(rare, number)
    values["shown"] = draw(st.sampled_from([0, 1, Unknown(("shown",), "e", "z")]))
    values["grade"] = draw(st.sampled_from([*GRADES, Unknown(("grade",), "e", "z")]))
    values["marks"] = frozenset(draw(st.sets(st.sampled_from(WORDS))))
    return Reading(FACTS, date(2022, 9, 30), METRICS, values)


def _choices(
    name: str, reading: Reading, way: Way
) -> Iterator[tuple[Value | Unknown, int, Fraction]]:
    """Every value a metric may take, with how many changes it is and how far."""
    old = reading.found(name)
    yield old, 0, Fraction(0)
    if name == "marks":
        assert isinstance(old, frozenset)
        for kept in product((False, True), repeat=len(WORDS)):
            new = frozenset(word for word, keep in zip(WORDS, kept, strict=True) if keep)
            gained, lost = bool(new - old), bool(old - new)
            if new != old and _may(way, gained, lost):
                yield new, len(new ^ old), Fraction(len(new ^ old))
    elif name == "grade":
        words = list(GRADES)
        for word in words:
            open_ = isinstance(old, Unknown)
            rises = not open_ and words.index(word) < words.index(str(old))
            if word != old and (open_ or _may(way, rises, not rises)):
                yield word, 1, relative_change(METRICS[name], old, word)
    elif name == "shown":
        for new in (0, 1):
            if new != old and (isinstance(old, Unknown) or _may(way, new == 1, new == 0)):
                yield new, 1, Fraction(1)
    else:
        for number in range(TOP + 1):
            if number != old and way.allows(old, number):
                yield number, 1, relative_change(METRICS[name], old, number)


def _may(way: Way, rises: bool, falls: bool) -> bool:
    allowed = {
        Direction.ANY: (True, True),
        Direction.RISE: (True, False),
        Direction.FALL: (False, True),
        Direction.FIXED: (False, False),
    }[way.direction]
    return (allowed[0] or not rises) and (allowed[1] or not falls)


def _cheapest(
    rules: RuleSet, reading: Reading, how: Mapping[str, Way]
) -> tuple[int, Fraction] | None:
    """The least cost by trying out every state."""
    best: tuple[int, Fraction] | None = None
    names = sorted(METRICS)
    for chosen in product(*(list(_choices(name, reading, how[name])) for name in names)):
        cost = (
            sum(count for _, count, _ in chosen),
            sum((far for _, _, far in chosen), Fraction(0)),
        )
        if best is not None and cost >= best:
            continue
        changed = {name: value for name, (value, _, _) in zip(names, chosen, strict=True)}
        if evaluate(rules, reading.with_values(changed)).tiers[0].met:
            best = cost
    return best


def _applied(reading: Reading, changes: Iterable[Change]) -> Reading:
    values: dict[str, Value | Unknown] = {}
    for change in changes:
        if change.word is None:
            values[change.metric] = change.target
            continue
        held = values.get(change.metric, reading.found(change.metric))
        assert isinstance(held, frozenset)
        word = {change.word}
        values[change.metric] = held | word if change.target else held - word
    return reading.with_values(values)


@given(rule_sets(), readings(), st.fixed_dictionaries(dict.fromkeys(METRICS, DIRECTIONS)))
@settings(max_examples=250, deadline=None)
def test_plan_is_the_least_of_all_states(
    rules: RuleSet, reading: Reading, directions: dict[str, Direction]
) -> None:
    how = _ways(directions)
    found = gap(rules, rules.tiers[0].tier, reading, how)
    expected = _cheapest(rules, reading, how)
    if expected is None:
        assert found.paths == ()
        assert found.blocked
        return
    least = found.least
    assert least is not None
    assert (len(least.changes), least.relative_sum) == expected
    assert sum((change.relative for change in least.changes), Fraction(0)) == least.relative_sum
    for path in found.paths:
        assert evaluate(rules, _applied(reading, path.changes)).tiers[0].met is True
