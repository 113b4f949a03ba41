"""Three-valued judgement of conditions: holds, does not hold, cannot be judged.

An unknown metric makes a test unknown only where it matters: bounds that are known, a part of an
`any` that holds or a part of an `all` that does not, decide without it.
"""

from dataclasses import dataclass
from typing import assert_never

from shared.rules.metric import Absent, Reading, Unknown, Value
from shared.rules.model import All, AnyOf, Check, Condition, Not, Number, Operator, Test


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of a trace: what was seen, what was needed, where it is written.

    For an indicator or a category `points` are its points (None while not known, then between
    `points_min` and `points_max`), and `met` says whether it earns any, or its minimum.
    """

    id: str
    kind: str
    parent: str | None
    met: bool | None
    metric: str | None
    seen: str | None
    seen_zh: str | None
    needed: str
    needed_zh: str
    text_zh: str
    text_en: str
    source: str
    verification: str
    missing: tuple[str, ...]
    reason_zh: str | None
    reason_en: str | None
    points: int | None = None
    points_min: int | None = None
    points_max: int | None = None
    points_full: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether a condition holds, with its trace. None: cannot be judged."""

    met: bool | None
    criteria: tuple[Criterion, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """The facts that the open criteria lack."""
        return missing_of(self.criteria)


def missing_of(criteria: tuple[Criterion, ...]) -> tuple[str, ...]:
    """The facts that criteria which cannot be judged lack, each once."""
    names = (name for found in criteria if found.met is None for name in found.missing)
    return tuple(dict.fromkeys(names))


def judge(
    condition: Condition, reading: Reading, kind: str = "condition", parent: str | None = None
) -> Finding:
    """Whether the condition holds, with every criterion that was looked at."""
    match condition:
        case Test():
            criterion = _test(condition, reading, kind, parent)
            return Finding(criterion.met, (criterion,))
        case All() | AnyOf():
            inner = condition.id if condition.named else parent
            findings = [judge(part, reading, kind, inner) for part in condition.parts]
            outcomes = [found.met for found in findings]
            met = all_of(outcomes) if isinstance(condition, All) else any_of(outcomes)
        case Not():
            inner = condition.id if condition.named else parent
            findings = [judge(condition.part, reading, kind, inner)]
            met = None if findings[0].met is None else not findings[0].met
        case _:
            assert_never(condition)
    criteria = tuple(criterion for found in findings for criterion in found.criteria)
    if not condition.named:
        return Finding(met, criteria)
    return Finding(met, (_composite(condition, met, criteria, kind, parent), *criteria))


def holds(condition: Condition, reading: Reading) -> bool | None:
    """Whether the condition holds, without a trace."""
    match condition:
        case Test():
            return _holds(condition, reading.found(condition.metric.name))
        case All():
            return all_of([holds(part, reading) for part in condition.parts])
        case AnyOf():
            return any_of([holds(part, reading) for part in condition.parts])
        case Not():
            met = holds(condition.part, reading)
            return None if met is None else not met
        case _:
            assert_never(condition)


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


def _holds(test: Test, value: Value | Unknown) -> bool | None:
    return all_of([_check(check, value) for check in test.checks])


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


def _test(test: Test, reading: Reading, kind: str, parent: str | None) -> Criterion:
    value = reading.found(test.metric.name)
    unknown = value if isinstance(value, Unknown) else None
    shown = None if isinstance(value, Unknown) else value
    return Criterion(
        id=test.id,
        kind=kind,
        parent=parent,
        met=_holds(test, value),
        metric=test.metric.name,
        seen=test.metric.say(shown, False),
        seen_zh=test.metric.say(shown, True),
        needed=test.needed_en,
        needed_zh=test.needed_zh,
        text_zh=test.zh,
        text_en=test.en,
        source=test.provenance.source,
        verification=test.provenance.verification,
        missing=unknown.facts if unknown else (),
        reason_zh=unknown.zh if unknown else None,
        reason_en=unknown.en if unknown else None,
    )


def _composite(
    condition: All | AnyOf | Not,
    met: bool | None,
    criteria: tuple[Criterion, ...],
    kind: str,
    parent: str | None,
) -> Criterion:
    needed = {All: ("均满足", "all of"), AnyOf: ("满足其一", "any of"), Not: ("不属于", "not")}
    zh, en = needed[type(condition)]
    return Criterion(
        id=condition.id,
        kind=kind,
        parent=parent,
        met=met,
        metric=None,
        seen=None,
        seen_zh=None,
        needed=en,
        needed_zh=zh,
        text_zh=condition.zh,
        text_en=condition.en,
        source=condition.provenance.source,
        verification=condition.provenance.verification,
        missing=missing_of(criteria) if met is None else (),
        reason_zh=None,
        reason_en=None,
    )
