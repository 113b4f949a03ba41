"""What can change, one thing at a time, and what a condition or a scale says of a changed state.

An atom is a metric, or one word of a metric that is a set: gaining one honour is a change of its
own. A state gives some atoms new values; all others keep the reading's.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import TypeAlias, assert_never

from shared.rules.judge import all_of, any_of, holds
from shared.rules.metric import Kind, Metric, Reading, Unknown, Value
from shared.rules.model import (
    All,
    AnyOf,
    Bands,
    BestOf,
    Check,
    Condition,
    FirstMatch,
    Given,
    Indicator,
    Not,
    Operator,
    PerStep,
    Scale,
    SumEach,
    Test,
)
from shared.rules.scoring import points_of

ALTERNATIVES_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Atom:
    """A metric, or a word of a set metric."""

    metric: Metric = field(compare=False)
    name: str
    word: str | None = None


@dataclass(frozen=True, slots=True)
class Literal:
    """What one atom must be: a test that holds or not; for a word of a set, in it or not."""

    atom: Atom
    test: Test | None
    wanted: bool


State: TypeAlias = Mapping[Atom, Value]


def atom_of(metric: Metric, word: str | None = None) -> Atom:
    """The atom of a metric, or of one word of it."""
    return Atom(metric, metric.name, word)


def current(atom: Atom, reading: Reading) -> Value | Unknown:
    """What the reading says of an atom; 1 or 0 for a word of a set."""
    value = reading.found(atom.name)
    if atom.word is None or isinstance(value, Unknown):
        return value
    return int(isinstance(value, frozenset) and atom.word in value)


def ways_to(condition: Condition, wanted: bool = True) -> list[tuple[Literal, ...]]:
    """Every way to make a condition hold (or fail), each a set of literals: its normal form."""
    match condition:
        case Test():
            return _ways_of_test(condition, wanted)
        case All() | AnyOf():
            parts = [ways_to(part, wanted) for part in condition.parts]
            if isinstance(condition, All) is wanted:
                return together(parts)
            return [way for ways in parts for way in ways]
        case Not():
            return ways_to(condition.part, not wanted)
        case _:
            assert_never(condition)


def together(parts: list[list[tuple[Literal, ...]]]) -> list[tuple[Literal, ...]]:
    """One way of each part, in all combinations. Raises ValueError when there are too many."""
    found: list[tuple[Literal, ...]] = [()]
    for ways in parts:
        if len(found) * len(ways) > ALTERNATIVES_MAX:
            raise ValueError("The conditions have too many alternatives; split the rule set.")
        found = [(*one, *other) for one, other in product(found, ways)]
    return found


def _ways_of_test(test: Test, wanted: bool) -> list[tuple[Literal, ...]]:
    if test.metric.kind is not Kind.SET:
        return [(Literal(atom_of(test.metric), test, wanted),)]
    parts: list[list[tuple[Literal, ...]]] = []
    for check in test.checks:
        inside = (check.operator is Operator.ANY_OF) is wanted
        each: list[tuple[Literal, ...]] = [
            (Literal(atom_of(test.metric, str(word)), None, inside),) for word in check.words
        ]
        parts.append(each if inside else [tuple(literal for (literal, *_) in each)])
    if wanted:
        return together(parts)
    return [way for ways in parts for way in ways]


def satisfied(literal: Literal, value: Value | Unknown, reading: Reading) -> bool:
    """Whether a value of its atom surely fulfils the literal."""
    if literal.test is None:
        return not isinstance(value, Unknown) and bool(value) is literal.wanted
    changed = reading.with_values({literal.atom.name: value})
    return holds(literal.test, changed) is literal.wanted


def holds_in(condition: Condition, state: State, reading: Reading) -> bool | None:
    """Whether a condition holds in a changed state; None where the state leaves it open."""
    match condition:
        case Test() if condition.metric.kind is Kind.SET:
            return all_of(
                [_set_check(condition, check, state, reading) for check in condition.checks]
            )
        case Test():
            atom = atom_of(condition.metric)
            changed = reading.with_values({atom.name: state[atom]}) if atom in state else reading
            return holds(condition, changed)
        case All():
            return all_of([holds_in(part, state, reading) for part in condition.parts])
        case AnyOf():
            return any_of([holds_in(part, state, reading) for part in condition.parts])
        case Not():
            met = holds_in(condition.part, state, reading)
            return None if met is None else not met
        case _:
            assert_never(condition)


def _set_check(test: Test, check: Check, state: State, reading: Reading) -> bool | None:
    held: list[bool | None] = []
    for word in check.words:
        atom = atom_of(test.metric, str(word))
        value = state[atom] if atom in state else current(atom, reading)
        held.append(None if isinstance(value, Unknown) else bool(value))
    found = any_of(held)
    if check.operator is Operator.ANY_OF or found is None:
        return found
    return not found


def points_in(indicator: Indicator, state: State, reading: Reading) -> int:
    """The points that an indicator surely earns in a changed state."""
    match scale := indicator.scale:
        case Bands() | PerStep() | Given():
            atom = atom_of(scale.metric)
            changed = reading.with_values({atom.name: state[atom]}) if atom in state else reading
            return points_of(scale, indicator.points_max, changed)[0]
        case FirstMatch():
            return _first(scale, state, reading)
        case SumEach():
            sure = (
                option.points
                for option in scale.options
                if option.condition is not None and holds_in(option.condition, state, reading)
            )
            return min(sum(sure), scale.cap)
        case BestOf():
            parts = (replace(indicator, scale=part) for part in scale.scales)
            return max(points_in(part, state, reading) for part in parts)
        case _:
            assert_never(scale)


def _first(scale: FirstMatch, state: State, reading: Reading) -> int:
    possible = []
    for option in scale.options:
        met = option.condition is None or holds_in(option.condition, state, reading)
        if met is not False:
            possible.append(option.points)
        if met:
            break
    return min(possible)


def leaves_of(condition: Condition) -> Iterator[Test]:
    """Every test of a condition."""
    match condition:
        case Test():
            yield condition
        case All() | AnyOf():
            for part in condition.parts:
                yield from leaves_of(part)
        case Not():
            yield from leaves_of(condition.part)
        case _:
            assert_never(condition)


def scales_in(scale: Scale) -> Iterator[Scale]:
    """A scale and the parts of a best-of."""
    if isinstance(scale, BestOf):
        for part in scale.scales:
            yield from scales_in(part)
    else:
        yield scale


def atoms_of(scale: Scale) -> frozenset[Atom]:
    """Every atom that the points of a scale depend on."""
    found: set[Atom] = set()
    for part in scales_in(scale):
        if isinstance(part, Bands | PerStep | Given):
            found.add(atom_of(part.metric))
        elif isinstance(part, FirstMatch | SumEach):
            for option in part.options:
                if option.condition is not None:
                    found |= _atoms_of_condition(option.condition)
    return frozenset(found)


def _atoms_of_condition(condition: Condition) -> set[Atom]:
    found: set[Atom] = set()
    for test in leaves_of(condition):
        if test.metric.kind is Kind.SET:
            words = [str(word) for check in test.checks for word in check.words]
            found |= {atom_of(test.metric, word) for word in words}
        else:
            found.add(atom_of(test.metric))
    return found
