"""How many points an indicator earns, and between which bounds while facts are missing.

A scale is prepared once, as a function that writes the indicator's line of the trace. What is known
takes the short way there; bounds and gaps are weighed by the functions below, which are the whole
rule.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction
from typing import TypeAlias, assert_never

from shared.rules.judge import KEPT_MAX, Holds, holds, judge, prepare_holds
from shared.rules.metric import Absent, Metric, Reading, Unknown
from shared.rules.model import (
    Band,
    Bands,
    BestOf,
    FirstMatch,
    Given,
    Indicator,
    Number,
    Option,
    PerStep,
    Scale,
    SumEach,
)
from shared.rules.prepared import Prepared
from shared.rules.trace import Criterion, Line, Seen, Several, Words, new_criterion

NOTHING = Words("无", "none")
NOWHERE = Line(
    id="",
    kind="indicator",
    parent=None,
    metric=None,
    needed="",
    needed_zh="",
    text_zh="",
    text_en="",
    source="",
    verification="",
)
"""The line of points that nobody reads."""

Earn: TypeAlias = Callable[[Reading], Criterion]


def prepare_indicator(indicator: Indicator, category: str) -> Earn:
    """The function that writes what an indicator earns."""
    line = Line(
        id=indicator.id,
        kind="indicator",
        parent=category,
        metric=None,
        needed=indicator.needed_en,
        needed_zh=indicator.needed_zh,
        text_zh=indicator.zh,
        text_en=indicator.en,
        source=indicator.provenance.source,
        verification=indicator.provenance.verification,
        points_full=indicator.points_max,
    )
    return _prepare_scale(indicator.scale, indicator.points_max, line)


def points_of(scale: Scale, points_max: int, reading: Reading) -> tuple[int, int]:
    """The least and the most points that a scale earns, as far as is known.

    `points_max` bounds points that are given from outside.
    """
    found = _PREPARED.of(scale, points_max)(reading)
    return found.points_min or 0, found.points_max or 0


def _prepare_scale(scale: Scale, points_max: int, line: Line = NOWHERE) -> Earn:
    """The function that writes the points of a scale on a line."""
    if isinstance(scale, Bands | PerStep | Given):
        line = replace(line, shown_by=scale.metric)
    match scale:
        case Bands():
            return _prepare_bands(scale, line)
        case FirstMatch():
            return _prepare_first(scale, line)
        case SumEach():
            return _prepare_sum(scale, line)
        case PerStep():
            return _prepare_steps(scale, line)
        case Given():
            return lambda reading: _earn_given(scale, points_max, line, reading)
        case BestOf():
            parts = [_prepare_scale(part, points_max, line) for part in scale.scales]
            return lambda reading: _best([part(reading) for part in parts], line)
        case _:
            assert_never(scale)


_PREPARED: Prepared[Scale, Earn] = Prepared(_prepare_scale)


def _scored(
    line: Line, low: int, high: int, seen: Seen = None, unknowns: tuple[Unknown, ...] = ()
) -> Criterion:
    """The line with its points; whether it earns any is known with them."""
    met = low > 0 if low == high else None
    return Criterion(line, met, seen, low, high, unknowns)


def _number(metric: Metric, reading: Reading) -> Number | Unknown | None:
    """The metric's number; None when what it measures is known not to exist."""
    value = reading.found(metric.name)
    if isinstance(value, Absent):
        return None
    assert isinstance(value, Number | Unknown)
    return value


def _prepare_bands(scale: Bands, line: Line) -> Earn:
    """Rounding turns no order around: only a quotient equal to a border is looked at twice."""
    name = scale.metric.name
    borders = [float(band.low) for band in scale.bands if band.low is not None]
    points_at = [band.points for band in scale.bands]

    def earn_bands(reading: Reading) -> Criterion:
        value = reading.values_by_name[name]
        if type(value) is not Fraction and type(value) is not int:
            return _earn_bands(scale, line, reading)
        whole, parts = value.as_integer_ratio()
        rounded = whole / parts
        place = bisect_right(borders, rounded)
        if place and borders[place - 1] == rounded:
            return _earn_bands(scale, line, reading)
        points = points_at[place]
        return new_criterion((line, points > 0, value, points, points, ()))

    return earn_bands


def _earn_bands(scale: Bands, line: Line, reading: Reading) -> Criterion:
    value = _number(scale.metric, reading)
    if value is None:
        lowest = min(band.points for band in scale.bands)
        return _scored(line, lowest, lowest, NOTHING)
    if isinstance(value, Unknown):
        possible = [band.points for band in scale.bands if _possible(band, value)]
        return _scored(line, min(possible), max(possible), None, (value,))
    points = next(band.points for band in scale.bands if band.holds(value))
    return _scored(line, points, points, value)


def _possible(band: Band, unknown: Unknown) -> bool:
    """Whether a number within the known bounds can lie in the band."""
    if unknown.low is not None and band.high is not None:
        reaches = unknown.low < band.high or (band.high_inclusive and unknown.low == band.high)
        if not reaches:
            return False
    if unknown.high is not None and band.low is not None:
        return unknown.high > band.low or (band.low_inclusive and unknown.high == band.low)
    return True


def _prepare_option(option: Option) -> Holds:
    """Whether an option holds; one without a condition does."""
    return prepare_holds(option.condition) if option.condition else lambda _: True


def _prepare_first(scale: FirstMatch, line: Line) -> Earn:
    options = [
        (
            _prepare_option(option),
            _scored(line, option.points, option.points, _words(option)),
        )
        for option in scale.options
    ]

    def earn_first(reading: Reading) -> Criterion:
        for met_by, earned in options:
            met = met_by(reading)
            if met:
                return earned
            if met is None:
                break
        return _earn_first(scale, line, reading)

    return earn_first


def _words(option: Option) -> Words:
    return Words(option.zh, option.en)


def _earn_first(scale: FirstMatch, line: Line, reading: Reading) -> Criterion:
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
    low, high = _range(option.points for option in possible)
    seen = _words(possible[0]) if len(possible) == 1 else None
    return _scored(line, low, high, seen, tuple(unknowns) if low != high else ())


def _range(points: Iterable[int]) -> tuple[int, int]:
    found = tuple(points)
    return min(found), max(found)


def _prepare_sum(scale: SumEach, line: Line) -> Earn:
    met_by = [_prepare_option(option) for option in scale.options]
    kept: dict[tuple[bool | None, ...], Criterion] = {}

    def earn_sum(reading: Reading) -> Criterion:
        outcomes = tuple([met(reading) for met in met_by])
        if None in outcomes:
            return _earn_sum(scale, line, outcomes, reading)
        found = kept.get(outcomes)
        if found is None:
            found = kept[outcomes] = _earn_sum(scale, line, outcomes, reading)
        return found

    return earn_sum


def _earn_sum(
    scale: SumEach, line: Line, outcomes: tuple[bool | None, ...], reading: Reading
) -> Criterion:
    options = list(zip(scale.options, outcomes, strict=True))
    met = [option for option, outcome in options if outcome]
    open_ones = [option for option, outcome in options if outcome is None]
    low = min(sum(option.points for option in met), scale.cap)
    if not open_ones:
        return _scored(line, low, low, _all_words(met))
    high = min(low + sum(option.points for option in open_ones), scale.cap)
    unknowns = [found for option in open_ones for found in _unknowns(option, reading)]
    seen = _all_words(met) if met else None
    return _scored(line, low, high, seen, tuple(unknowns) if low != high else ())


def _all_words(options: list[Option]) -> Words:
    if not options:
        return NOTHING
    return Words("、".join(o.zh for o in options), ", ".join(o.en for o in options))


def _prepare_steps(scale: PerStep, line: Line) -> Earn:
    name = scale.metric.name
    kept: dict[int, Criterion] = {}

    def earn_steps(reading: Reading) -> Criterion:
        value = reading.values_by_name[name]
        if type(value) is not int:
            return _earn_steps(scale, line, reading)
        found = kept.get(value)
        if found is None:
            found = _earn_steps(scale, line, reading)
            if len(kept) < KEPT_MAX:
                kept[value] = found
        return found

    return earn_steps


def _earn_steps(scale: PerStep, line: Line, reading: Reading) -> Criterion:
    def points_of_steps(number: Number) -> int:
        return max(0, min(int(number // scale.step) * scale.points_per_step, scale.cap))

    value = _number(scale.metric, reading)
    if value is None:
        return _scored(line, 0, 0, NOTHING)
    if isinstance(value, Unknown):
        low = 0 if value.low is None else points_of_steps(value.low)
        high = scale.cap if value.high is None else points_of_steps(value.high)
        return _scored(line, low, high, None, (value,) if low != high else ())
    points = points_of_steps(value)
    return _scored(line, points, points, value)


def _earn_given(scale: Given, points_max: int, line: Line, reading: Reading) -> Criterion:
    value = _number(scale.metric, reading)
    if isinstance(value, Unknown):
        return _scored(line, 0, points_max, None, (value,))
    points = max(0, min(int(value or 0), points_max))
    return _scored(line, points, points, value)


def _best(parts: list[Criterion], line: Line) -> Criterion:
    low = high = 0
    for part in parts:
        low = max(low, part.points_min or 0)
        high = max(high, part.points_max or 0)
    unknowns = tuple(found for part in parts for found in part.unknowns) if low != high else ()
    return _scored(line, low, high, Several(tuple(parts)), unknowns)


def _unknowns(option: Option, reading: Reading) -> list[Unknown]:
    """The unknown metrics that keep an option open."""
    assert option.condition is not None
    found = (
        reading.found(criterion.metric)
        for criterion in judge(option.condition, reading).criteria
        if criterion.met is None and criterion.metric is not None
    )
    return [value for value in found if isinstance(value, Unknown)]
