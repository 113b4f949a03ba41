"""How many points an indicator earns, and between which bounds while facts are missing."""

from dataclasses import dataclass
from typing import assert_never

from shared.rules.judge import holds, judge
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


@dataclass(frozen=True, slots=True)
class Earned:
    """Points of a scale: certain when `low` equals `high`. `seen` is in both languages."""

    low: int
    high: int
    seen_zh: str | None
    seen_en: str | None
    unknowns: tuple[Unknown, ...]


def earn(indicator: Indicator, reading: Reading) -> Earned:
    """What the indicator earns."""
    return _earn(indicator.scale, indicator.points_max, reading)


def _earn(scale: Scale, points_max: int, reading: Reading) -> Earned:
    match scale:
        case Bands():
            return _earn_bands(scale, reading)
        case FirstMatch():
            return _earn_first(scale, reading)
        case SumEach():
            return _earn_sum(scale, reading)
        case PerStep():
            return _earn_steps(scale, reading)
        case Given():
            return _earn_given(scale, points_max, reading)
        case BestOf():
            parts = [_earn(part, points_max, reading) for part in scale.scales]
            return _best(parts)
        case _:
            assert_never(scale)


def _number(metric: Metric, reading: Reading) -> Number | Unknown | None:
    """The metric's number; None when what it measures is known not to exist."""
    value = reading.found(metric.name)
    if isinstance(value, Absent):
        return None
    assert isinstance(value, Number | Unknown)
    return value


def _shown(metric: Metric, value: Number | None, low: int, high: int) -> Earned:
    return Earned(low, high, metric.say(value, True), metric.say(value, False), ())


def _earn_bands(scale: Bands, reading: Reading) -> Earned:
    value = _number(scale.metric, reading)
    if value is None:
        lowest = min(band.points for band in scale.bands)
        return Earned(lowest, lowest, "无", "none", ())
    if isinstance(value, Unknown):
        points = [band.points for band in scale.bands if _possible(band, value)]
        return Earned(min(points), max(points), None, None, (value,))
    points_of = next(band.points for band in scale.bands if band.holds(value))
    return _shown(scale.metric, value, points_of, points_of)


def _possible(band: Band, unknown: Unknown) -> bool:
    """Whether a number within the known bounds can lie in the band."""
    if unknown.low is not None and band.high is not None:
        reaches = unknown.low < band.high or (band.high_inclusive and unknown.low == band.high)
        if not reaches:
            return False
    if unknown.high is not None and band.low is not None:
        return unknown.high > band.low or (band.low_inclusive and unknown.high == band.low)
    return True


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
    certain = possible[0] if len(possible) == 1 else None
    return Earned(
        min(points),
        max(points),
        certain.zh if certain else None,
        certain.en if certain else None,
        tuple(unknowns) if min(points) != max(points) else (),
    )


def _earn_sum(scale: SumEach, reading: Reading) -> Earned:
    outcomes = [
        (option, None if option.condition is None else holds(option.condition, reading))
        for option in scale.options
    ]
    met = [option for option, outcome in outcomes if outcome]
    open_ones = [option for option, outcome in outcomes if outcome is None]
    low = min(sum(option.points for option in met), scale.cap)
    high = min(low + sum(option.points for option in open_ones), scale.cap)
    unknowns = [found for option in open_ones for found in _unknowns(option, reading)]
    known = bool(met) or not open_ones
    return Earned(
        low,
        high,
        ("、".join(option.zh for option in met) or "无") if known else None,
        (", ".join(option.en for option in met) or "none") if known else None,
        tuple(unknowns) if low != high else (),
    )


def _earn_steps(scale: PerStep, reading: Reading) -> Earned:
    def points_of(number: Number) -> int:
        return max(0, min(int(number // scale.step) * scale.points_per_step, scale.cap))

    value = _number(scale.metric, reading)
    if value is None:
        return Earned(0, 0, "无", "none", ())
    if isinstance(value, Unknown):
        low = 0 if value.low is None else points_of(value.low)
        high = scale.cap if value.high is None else points_of(value.high)
        return Earned(low, high, None, None, (value,) if low != high else ())
    points = points_of(value)
    return _shown(scale.metric, value, points, points)


def _earn_given(scale: Given, points_max: int, reading: Reading) -> Earned:
    value = _number(scale.metric, reading)
    if isinstance(value, Unknown):
        return Earned(0, points_max, None, None, (value,))
    points = max(0, min(int(value or 0), points_max))
    return _shown(scale.metric, value, points, points)


def _best(parts: list[Earned]) -> Earned:
    low, high = max(part.low for part in parts), max(part.high for part in parts)
    seen_zh = [part.seen_zh for part in parts if part.seen_zh is not None]
    seen_en = [part.seen_en for part in parts if part.seen_en is not None]
    unknowns = tuple(found for part in parts for found in part.unknowns) if low != high else ()
    return Earned(low, high, ";".join(seen_zh) or None, "; ".join(seen_en) or None, unknowns)


def _unknowns(option: Option, reading: Reading) -> list[Unknown]:
    """The unknown metrics that keep an option open."""
    assert option.condition is not None
    found = (
        reading.found(criterion.metric)
        for criterion in judge(option.condition, reading).criteria
        if criterion.met is None and criterion.metric is not None
    )
    return [value for value in found if isinstance(value, Unknown)]
