"""Three-valued judgement of conditions: holds, does not hold, cannot be judged.

An unknown metric makes a test unknown only where it matters: bounds that are known, a part of an
`any` that holds or a part of an `all` that does not, decide without it.

A condition is prepared once, as a function that writes its criteria into a trace; the plain case
of each comparison (a number, a word, a set) is decided there, every other one in `_check`.
"""

import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeAlias, assert_never

from shared.rules.metric import Absent, Kind, Reading, Unknown, Value
from shared.rules.model import All, AnyOf, Check, Condition, Not, Number, Operator, Test
from shared.rules.prepared import Prepared
from shared.rules.trace import Criterion, Finding, Line, missing_of, new_criterion

__all__ = ["Criterion", "Finding", "all_of", "any_of", "holds", "judge", "missing_of", "prepare"]

Judge: TypeAlias = Callable[[Reading, list[Criterion]], bool | None]
"""Judges one condition and appends its criteria to the trace."""
Holds: TypeAlias = Callable[[Reading], bool | None]
"""Says whether one condition holds."""
Decide: TypeAlias = Callable[[Value | Unknown], bool | None]

KEPT_MAX = 256
"""Criteria a test keeps: most metrics take few values, and a criterion never changes."""
_QUANTITIES = frozenset({Kind.MONEY, Kind.RATIO, Kind.COMPOUND_2Y})
_COMPARE: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.AT_LEAST: operator.ge,
    Operator.ABOVE: operator.gt,
    Operator.AT_MOST: operator.le,
    Operator.BELOW: operator.lt,
    Operator.EQUALS: operator.eq,
}


def judge(
    condition: Condition, reading: Reading, kind: str = "condition", parent: str | None = None
) -> Finding:
    """Whether the condition holds, with every criterion that was looked at."""
    trace: list[Criterion] = []
    met = _PREPARED.of(condition, kind, parent)(reading, trace)
    return Finding(met, tuple(trace))


def prepare(condition: Condition, kind: str, parent: str | None = None) -> Judge:
    """The function that judges a condition with its trace."""
    match condition:
        case Test():
            return _prepare_test(condition, kind, parent)
        case All() | AnyOf():
            inner = condition.id if condition.named else parent
            parts = [prepare(part, kind, inner) for part in condition.parts]
            join = all_of if isinstance(condition, All) else any_of
        case Not():
            inner = condition.id if condition.named else parent
            parts = [prepare(condition.part, kind, inner)]
            join = _none_of
        case _:
            assert_never(condition)
    if not condition.named:
        return lambda reading, trace: join([part(reading, trace) for part in parts])
    return _named(parts, join, _composite_line(condition, kind, parent))


_PREPARED: Prepared[Condition, Judge] = Prepared(prepare)


def _prepare_test(test: Test, kind: str, parent: str | None) -> Judge:
    name, decide = test.metric.name, decider(test)
    line = Line(
        id=test.id,
        kind=kind,
        parent=parent,
        metric=name,
        needed=test.needed_en,
        needed_zh=test.needed_zh,
        text_zh=test.zh,
        text_en=test.en,
        source=test.provenance.source,
        verification=test.provenance.verification,
        shown_by=test.metric,
    )

    def judge_value(value: Value | Unknown) -> Criterion:
        unknowns = (value,) if type(value) is Unknown else ()
        return new_criterion((line, decide(value), value, None, None, unknowns))

    if test.metric.kind in _QUANTITIES:

        def judge_quantity(reading: Reading, trace: list[Criterion]) -> bool | None:
            value = reading.values_by_name[name]
            unknowns = (value,) if type(value) is Unknown else ()
            met = decide(value)
            trace.append(new_criterion((line, met, value, None, None, unknowns)))
            return met

        return judge_quantity
    kept: dict[Value, Criterion] = {}

    def judge_one_of_few(reading: Reading, trace: list[Criterion]) -> bool | None:
        value = reading.values_by_name[name]
        if type(value) is Unknown:
            criterion = judge_value(value)
        else:
            found = kept.get(value)  # type: ignore[arg-type]
            criterion = judge_value(value) if found is None else found
            if found is None and len(kept) < KEPT_MAX:
                kept[value] = criterion  # type: ignore[index]
        trace.append(criterion)
        return criterion[1]

    return judge_one_of_few


def _named(
    parts: list[Judge], join: Callable[[list[bool | None]], bool | None], line: Line
) -> Judge:
    """A composite with a line of its own, which stands before those of its parts."""
    kept = {met: Criterion(line, met) for met in (True, False, None)}

    def judge_composite(reading: Reading, trace: list[Criterion]) -> bool | None:
        place = len(trace)
        trace.append(kept[None])
        met = join([part(reading, trace) for part in parts])
        lacks = missing_of(tuple(trace[place + 1 :])) if met is None else ()
        trace[place] = (
            Criterion(line, None, None, None, None, (Unknown(lacks, "", ""),))
            if lacks
            else kept[met]
        )
        return met

    return judge_composite


def _composite_line(condition: All | AnyOf | Not, kind: str, parent: str | None) -> Line:
    needed = {All: ("均满足", "all of"), AnyOf: ("满足其一", "any of"), Not: ("不属于", "not")}
    zh, en = needed[type(condition)]
    return Line(
        id=condition.id,
        kind=kind,
        parent=parent,
        metric=None,
        needed=en,
        needed_zh=zh,
        text_zh=condition.zh,
        text_en=condition.en,
        source=condition.provenance.source,
        verification=condition.provenance.verification,
    )


def decider(test: Test) -> Decide:
    """The function that says whether a value passes the test."""
    if len(test.checks) > 1:
        parts = [_check_decider(check) for check in test.checks]
        return lambda value: all_of([part(value) for part in parts])
    return _check_decider(test.checks[0])


def _check_decider(check: Check) -> Decide:
    if check.words:
        return _word_decider(check)
    return _number_decider(check) if isinstance(check.value, Number) else _equal_decider(check)


def _number_decider(check: Check) -> Decide:
    assert isinstance(check.value, Number)
    top, bottom = check.value.as_integer_ratio()
    compare = _COMPARE[check.operator]

    def decide(value: Value | Unknown) -> bool | None:
        kind = type(value)
        if kind is Fraction or kind is int or kind is bool:
            whole, parts = value.as_integer_ratio()  # type: ignore[union-attr]
            return compare(whole * bottom, top * parts)
        return _check(check, value)

    return decide


def _word_decider(check: Check) -> Decide:
    if check.operator is Operator.STARTS_WITH:
        return lambda value: _check(check, value)
    words = frozenset(check.words)
    wanted = check.operator is Operator.ANY_OF

    def decide(value: Value | Unknown) -> bool | None:
        kind = type(value)
        if kind is str:
            return (value in words) is wanted
        if kind is frozenset:
            return words.isdisjoint(value) is not wanted  # type: ignore[arg-type]
        return _check(check, value)

    return decide


def _equal_decider(check: Check) -> Decide:
    def decide(value: Value | Unknown) -> bool | None:
        return value == check.value if type(value) is str else _check(check, value)

    return decide


def holds(condition: Condition, reading: Reading) -> bool | None:
    """Whether the condition holds, without a trace."""
    return _PREPARED_HOLDS.of(condition)(reading)


def prepare_holds(condition: Condition) -> Holds:
    """The function that says whether a condition holds, without a trace."""
    match condition:
        case Test():
            name, decide = condition.metric.name, decider(condition)
            return lambda reading: decide(reading.values_by_name[name])
        case All() | AnyOf():
            parts = [prepare_holds(part) for part in condition.parts]
            join = all_of if isinstance(condition, All) else any_of
            return lambda reading: join([part(reading) for part in parts])
        case Not():
            held = prepare_holds(condition.part)
            return lambda reading: _none_of([held(reading)])
        case _:
            assert_never(condition)


_PREPARED_HOLDS: Prepared[Condition, Holds] = Prepared(prepare_holds)


def all_of(outcomes: list[bool | None]) -> bool | None:
    """False as soon as one is false, true when all are, else unknown."""
    if False in outcomes:
        return False
    return None if None in outcomes else True


def any_of(outcomes: list[bool | None]) -> bool | None:
    """True as soon as one is true, false when all are, else unknown."""
    if True in outcomes:
        return True
    return None if None in outcomes else False


def _none_of(outcomes: list[bool | None]) -> bool | None:
    met = any_of(outcomes)
    return None if met is None else not met


def _check(check: Check, value: Value | Unknown) -> bool | None:
    if isinstance(value, Unknown):
        return _check_bounds(check, value)
    if isinstance(value, Absent):
        return check.operator is Operator.NONE_OF
    if isinstance(value, frozenset):
        found = not value.isdisjoint(check.words)
        return found if check.operator is Operator.ANY_OF else not found
    if isinstance(value, str):
        return _check_word(check, value)
    return _check_number(check, value)


def _check_word(check: Check, value: str) -> bool:
    match check.operator:
        case Operator.ANY_OF:
            return value in check.words
        case Operator.NONE_OF:
            return value not in check.words
        case Operator.STARTS_WITH:
            return value.startswith(tuple(str(word) for word in check.words))
        case _:
            return value == check.value


def _check_number(check: Check, value: Number) -> bool:
    bound = check.value
    assert isinstance(bound, Number)
    match check.operator:
        case Operator.AT_LEAST:
            return value >= bound
        case Operator.ABOVE:
            return value > bound
        case Operator.AT_MOST:
            return value <= bound
        case Operator.BELOW:
            return value < bound
        case _:
            return value == bound


def _check_bounds(check: Check, unknown: Unknown) -> bool | None:
    """What the known bounds of an unknown number already decide."""
    if check.operator in (Operator.AT_LEAST, Operator.ABOVE):
        surely, surely_not = unknown.low, unknown.high
    elif check.operator in (Operator.AT_MOST, Operator.BELOW):
        surely, surely_not = unknown.high, unknown.low
    else:
        return None
    if surely is not None and _check_number(check, surely):
        return True
    if surely_not is not None and not _check_number(check, surely_not):
        return False
    return None
