"""How many points an indicator earns, and between which bounds while facts are missing.

A scale is prepared once, as a function of the reading. What is known takes the short way there;
bounds and gaps are weighed by the functions below, which are the whole rule.
"""

from bisect import bisect_right
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import NamedTuple, TypeAlias, assert_never

from shared.rules.judge import decider, holds, judge
from shared.rules.metric import Absent, Metric, Reading, Unknown
from shared.rules.model import (
    Band,
    Bands,
    BestOf,
    Condition,
    FirstMatch,
    Given,
    Indicator,
    Number,
    Option,
    PerStep,
    Scale,
    SumEach,
    Test,
)
from shared.rules.prepared import Prepared
from shared.rules.trace import Figure, Seen, Several, Words, new_figure

NOTHING = Words("无", "none")


class Earned(NamedTuple):
    """Points of a scale: certain when `low` equals `high`."""

    low: int
    high: int
    seen: Seen = None
    unknowns: tuple[Unknown, ...] = ()

    @property
    def seen_zh(self) -> str | None:
        """What was seen, in Chinese."""
        return None if self.seen is None else self.seen.say(True)

    @property
    def seen_en(self) -> str | None:
        """What was seen, in English."""
        return None if self.seen is None else self.seen.say(False)


new_earned: Callable[[tuple[int, int, Seen, tuple[Unknown, ...]]], Earned] = partial(
    tuple.__new__, Earned
)
"""What is earned, from all its fields; see `shared.rules.trace.new_criterion`."""
Earn: TypeAlias = Callable[[Reading], Earned]
Holds: TypeAlias = Callable[[Reading], bool | None]


def earn(indicator: Indicator, reading: Reading) -> Earned:
    """What the indicator earns."""
    return earn_scale(indicator.scale, indicator.points_max, reading)


def earn_scale(scale: Scale, points_max: int, reading: Reading) -> Earned:
    """What a scale earns; `points_max` bounds points that are given from outside."""
    return _PREPARED.of(scale, points_max)(reading)


def prepare_scale(scale: Scale, points_max: int) -> Earn:
    """The function that earns the points of a scale."""
    match scale:
        case Bands():
            return _prepare_bands(scale)
        case FirstMatch():
            return _prepare_first(scale)
        case SumEach():
            return _prepare_sum(scale)
        case PerStep():
            return lambda reading: _earn_steps(scale, reading)
        case Given():
            return lambda reading: _earn_given(scale, points_max, reading)
        case BestOf():
            parts = [prepare_scale(part, points_max) for part in scale.scales]
            return lambda reading: _best([part(reading) for part in parts])
        case _:
            assert_never(scale)


_PREPARED: Prepared[Scale, Earn] = Prepared(prepare_scale)


def _number(metric: Metric, reading: Reading) -> Number | Unknown | None:
    """The metric's number; None when what it measures is known not to exist."""
    value = reading.found(metric.name)
    if isinstance(value, Absent):
        return None
    assert isinstance(value, Number | Unknown)
    return value


def _prepare_bands(scale: Bands) -> Earn:
    """Rounding turns no order around: only a quotient equal to a border is looked at twice."""
    metric, name = scale.metric, scale.metric.name
    borders = [float(band.low) for band in scale.bands if band.low is not None]
    points_of = [band.points for band in scale.bands]

    def earn_bands(reading: Reading) -> Earned:
        value = reading.values_by_name[name]
        if type(value) is not Fraction and type(value) is not int:
            return _earn_bands(scale, reading)
        rounded = value.numerator / value.denominator
        place = bisect_right(borders, rounded)
        if place and borders[place - 1] == rounded:
            return _earn_bands(scale, reading)
        points = points_of[place]
        return new_earned((points, points, new_figure((metric, value)), ()))

    return earn_bands


def _earn_bands(scale: Bands, reading: Reading) -> Earned:
    value = _number(scale.metric, reading)
    if value is None:
        lowest = min(band.points for band in scale.bands)
        return Earned(lowest, lowest, NOTHING)
    if isinstance(value, Unknown):
        points = [band.points for band in scale.bands if _possible(band, value)]
        return Earned(min(points), max(points), None, (value,))
    points_of = next(band.points for band in scale.bands if band.holds(value))
    return Earned(points_of, points_of, Figure(scale.metric, value))


def _possible(band: Band, unknown: Unknown) -> bool:
    """Whether a number within the known bounds can lie in the band."""
    if unknown.low is not None and band.high is not None:
        reaches = unknown.low < band.high or (band.high_inclusive and unknown.low == band.high)
        if not reaches:
            return False
    if unknown.high is not None and band.low is not None:
        return unknown.high > band.low or (band.low_inclusive and unknown.high == band.low)
    return True


def _prepare_holds(condition: Condition | None) -> Holds:
    """Whether a condition holds, without a trace; one that is not there holds."""
    if condition is None:
        return lambda _: True
    if isinstance(condition, Test):
        name, decide = condition.metric.name, decider(condition)
        return lambda reading: decide(reading.values_by_name[name])
    return lambda reading: holds(condition, reading)


def _prepare_first(scale: FirstMatch) -> Earn:
    options = [
        (_prepare_holds(option.condition), Earned(option.points, option.points, _words(option)))
        for option in scale.options
    ]

    def earn_first(reading: Reading) -> Earned:
        for met_by, earned in options:
            met = met_by(reading)
            if met:
                return earned
            if met is None:
                break
        return _earn_first(scale, reading)

    return earn_first


def _words(option: Option) -> Words:
    return Words(option.zh, option.en)


def _earn_first(scale: FirstMatch, reading: Reading) -> Earned:
    possible: list[Option] = []
    unknowns: list[Unknown] = []
    for option in scale.options:
        met = True if option.condition is None else holds(option.condition, reading)
        if met is False:
            continue
        possible.append(option)
        if met is True:
            break
        unknowns += _unknowns(option, reading)
    points = [option.points for option in possible]
    return Earned(
        min(points),
        max(points),
        _words(possible[0]) if len(possible) == 1 else None,
        tuple(unknowns) if min(points) != max(points) else (),
    )


def _prepare_sum(scale: SumEach) -> Earn:
    options = [(_prepare_holds(option.condition), option) for option in scale.options]

    def earn_sum(reading: Reading) -> Earned:
        met, open_ones = [], []
        for met_by, option in options:
            outcome = met_by(reading)
            if outcome:
                met.append(option)
            elif outcome is None:
                open_ones.append(option)
        low = min(sum(option.points for option in met), scale.cap)
        if not open_ones:
            return Earned(low, low, _all_words(met))
        high = min(low + sum(option.points for option in open_ones), scale.cap)
        unknowns = [found for option in open_ones for found in _unknowns(option, reading)]
        return Earned(
            low, high, _all_words(met) if met else None, tuple(unknowns) if low != high else ()
        )

    return earn_sum


def _all_words(options: list[Option]) -> Words:
    if not options:
        return NOTHING
    return Words("、".join(o.zh for o in options), ", ".join(o.en for o in options))


def _earn_steps(scale: PerStep, reading: Reading) -> Earned:
    def points_of(number: Number) -> int:
        return max(0, min(int(number // scale.step) * scale.points_per_step, scale.cap))

    value = _number(scale.metric, reading)
    if value is None:
        return Earned(0, 0, NOTHING)
    if isinstance(value, Unknown):
        low = 0 if value.low is None else points_of(value.low)
        high = scale.cap if value.high is None else points_of(value.high)
        return Earned(low, high, None, (value,) if low != high else ())
    points = points_of(value)
    return Earned(points, points, Figure(scale.metric, value))


def _earn_given(scale: Given, points_max: int, reading: Reading) -> Earned:
    value = _number(scale.metric, reading)
    if isinstance(value, Unknown):
        return Earned(0, points_max, None, (value,))
    points = max(0, min(int(value or 0), points_max))
    return Earned(points, points, None if value is None else Figure(scale.metric, value))


def _best(parts: list[Earned]) -> Earned:
    low, high = max(part.low for part in parts), max(part.high for part in parts)
    unknowns = tuple(found for part in parts for found in part.unknowns) if low != high else ()
    seen = tuple(part.seen for part in parts if part.seen is not None)
    return Earned(low, high, Several(seen) if seen else None, unknowns)


def _unknowns(option: Option, reading: Reading) -> list[Unknown]:
    """The unknown metrics that keep an option open."""
    assert option.condition is not None
    found = (
        reading.found(criterion.metric)
        for criterion in judge(option.condition, reading).criteria
        if criterion.met is None and criterion.metric is not None
    )
    return [value for value in found if isinstance(value, Unknown)]
