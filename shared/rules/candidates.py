"""Values worth trying: the present one, and the nearest of every region that rules tell apart.

A rule looks at a number only through its bounds, so between two of them one value stands for all,
and the one nearest to the present value is the cheapest.
"""

from collections.abc import Iterable, Iterator

from shared.rules.atoms import Atom, Literal, leaves_of, satisfied
from shared.rules.changes import Direction, Way, smallest_step
from shared.rules.metric import NUMBERS, Kind, Metric, Reading, Unknown, Value
from shared.rules.model import Bands, FirstMatch, Given, Number, PerStep, Scale, SumEach, Test

GIVEN_POINTS_MAX = 100


def tests_of(scale: Scale, atom: Atom) -> list[Test]:
    """The tests of a scale's options that look at an atom."""
    if not isinstance(scale, FirstMatch | SumEach):
        return []
    conditions = [option.condition for option in scale.options if option.condition is not None]
    return [
        test
        for condition in conditions
        for test in leaves_of(condition)
        if test.metric is atom.metric
    ]


def region(
    atom: Atom, value: Value | Unknown, tests: list[Test], own: list[Scale], reading: Reading
) -> object:
    """What the scales can tell of a value: equal for two values between which none differs."""
    if isinstance(value, Unknown):
        return None
    if atom.word is not None:
        return value
    outcomes = tuple(satisfied(Literal(atom, test, True), value, reading) for test in tests)
    if not isinstance(value, Number):
        return outcomes
    return outcomes, tuple(_part(scale, value) for scale in own)


def _part(scale: Scale, value: Number) -> object:
    match scale:
        case Bands():
            return next(place for place, band in enumerate(scale.bands) if band.holds(value))
        case PerStep():
            return max(0, min(int(value // scale.step) * scale.points_per_step, scale.cap))
        case _:
            return value


def bounds_of(tests: Iterable[Test]) -> set[Number]:
    """The numbers that tests compare with."""
    return {
        check.value
        for test in tests
        for check in test.checks
        if isinstance(check.value, Number) and test.metric.kind in NUMBERS
    }


def bounds_of_scale(scale: Scale) -> Iterator[Number]:
    """The numbers at which the points of a scale change."""
    match scale:
        case Bands():
            for band in scale.bands:
                yield from (bound for bound in (band.low, band.high) if bound is not None)
        case PerStep():
            steps = -(-scale.cap // scale.points_per_step) if scale.points_per_step else 0
            yield from (scale.step * place for place in range(1, steps + 1))
        case Given():
            yield from range(GIVEN_POINTS_MAX + 1)
        case _:
            return


def candidates(
    atom: Atom, old: Value | Unknown, way: Way, bounds: Iterable[Number]
) -> Iterator[Value]:
    """Every value that may be advised and could be the nearest of its region."""
    metric = atom.metric
    if atom.word is not None or metric.kind is Kind.FLAG:
        if _may_turn(way, old, rises=True):
            yield 1
        if _may_turn(way, old, rises=False):
            yield 0
    elif metric.kind is Kind.WORD:
        yield from _words(metric, old, way)
    else:
        step = smallest_step(metric)
        falls = way.direction is Direction.FALL
        for shift in (0, -step, step):
            near = sorted({bound + shift for bound in bounds}, reverse=falls)
            yield from (number for number in near if way.allows(old, number))


def _may_turn(way: Way, old: Value | Unknown, *, rises: bool) -> bool:
    if isinstance(old, Unknown) or way.direction is Direction.ANY:
        return True
    return way.direction is (Direction.RISE if rises else Direction.FALL)


def _words(metric: Metric, old: Value | Unknown, way: Way) -> Iterator[str]:
    """Words of a metric, best first; a rise goes to a better one."""
    words = list(metric.words or ())
    if isinstance(old, Unknown) or way.direction is Direction.ANY:
        yield from words
    elif isinstance(old, str) and old in words:
        place = words.index(old)
        if way.direction is Direction.RISE:
            yield from reversed(words[:place])
        elif way.direction is Direction.FALL:
            yield from words[place + 1 :]
