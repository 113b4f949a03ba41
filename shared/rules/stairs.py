"""Staircases: how a test or a scale turns one number into 0 or 1 or points, over whole columns.

A staircase begins at a level and changes by a step at each border. Over whole numbers the borders
become whole numbers. Over ratios the correctly rounded quotient is compared with the correctly
rounded border; rounding never turns an order around, so only a quotient that *equals* its border
can mislead, and `is_exact` says when even that cannot happen.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby, pairwise
from math import ceil, floor
from typing import Any, TypeAlias

import numpy as np

from shared.rules.columns import Array
from shared.rules.model import Bands, Check, Number, Operator, PerStep

Compare: TypeAlias = Callable[[Array, Any], Array]


@dataclass(frozen=True, slots=True)
class Step:
    """From `border` on, or above it when it is not `included`, the level changes."""

    border: Number
    included: bool
    change: int


@dataclass(frozen=True, slots=True)
class Stairs:
    """A level below every border, and the steps in ascending order."""

    first: int
    steps: tuple[Step, ...]


def stairs_of_check(check: Check) -> Stairs:
    """1 where the comparison holds, else 0. Raises ValueError for one that compares words."""
    border = check.value
    if not isinstance(border, Number):
        raise ValueError(f"{check.operator} does not compare numbers.")
    match check.operator:
        case Operator.AT_LEAST:
            return Stairs(0, (Step(border, True, 1),))
        case Operator.ABOVE:
            return Stairs(0, (Step(border, False, 1),))
        case Operator.AT_MOST:
            return Stairs(1, (Step(border, False, -1),))
        case Operator.BELOW:
            return Stairs(1, (Step(border, True, -1),))
        case _:
            return Stairs(0, (Step(border, True, 1), Step(border, False, -1)))


def stairs_of_bands(scale: Bands) -> Stairs:
    """The points of the bands."""
    steps = [
        Step(above.low, above.low_inclusive, above.points - below.points)
        for below, above in pairwise(scale.bands)
        if above.low is not None and above.points != below.points
    ]
    return Stairs(scale.bands[0].points, tuple(steps))


def stairs_of_per_step(scale: PerStep) -> Stairs:
    """The points per full step, up to the cap."""
    steps: list[Step] = []
    points = 0
    while points < scale.cap and scale.points_per_step:
        change = min(scale.points_per_step, scale.cap - points)
        points += change
        steps.append(Step(scale.step * (len(steps) + 1), True, change))
    return Stairs(0, tuple(steps))


def stairs_of_levels(levels: list[int]) -> Stairs:
    """Over codes: the level of each code."""
    steps = [
        Step(code, True, after - before)
        for code, (before, after) in enumerate(pairwise(levels), 1)
        if after != before
    ]
    return Stairs(levels[0] if levels else 0, tuple(steps))


def is_exact(stairs: Stairs, largest_denominator: int) -> bool:
    """Whether comparing correctly rounded quotients is comparing the fractions themselves.

    Two unequal fractions differ by at least 1 over the product of their denominators. Where that
    is more than the spacing of floats at the border, they cannot round to the same float.
    """
    return largest_denominator > 0 and all(
        Fraction(1, largest_denominator * step.border.denominator)
        > Fraction(float(np.spacing(abs(float(step.border)))))
        for step in stairs.steps
    )


class Climb:
    """A staircase ready for arrays: numerators over a shared denominator, codes, or quotients."""

    def __init__(self, stairs: Stairs, dtype: Any, denominator: int | None = None) -> None:
        """Over numerators of `denominator`, or over quotients when it is None."""
        steps = [(_compared(step, denominator), step.change) for step in stairs.steps]
        self.dtype = np.dtype(dtype)
        self._is_byte = self.dtype == np.uint8
        self._opposite = _opposite(stairs, steps)
        self._first = self.dtype.type(stairs.first) if stairs.first else None
        self._groups = [
            (self._factor(change), [compared for compared, _ in group])
            for change, group in groupby(sorted(steps, key=_change), key=_change)
        ]

    def _factor(self, change: int) -> Any:
        """What a count of steps is worth; None for 1.

        One byte counts modulo 256, so a step down is a step up by its rest.
        """
        if change == 1:
            return None
        return self.dtype.type(change % 256 if self.dtype == np.uint8 else change)

    def __call__(self, values: Array) -> Array:
        """The level of every value. Levels stay below 256 where the type is one byte."""
        if self._opposite is not None:
            compare, border = self._opposite
            return self._widened(compare(values, border).view(np.uint8))
        total = None
        for factor, steps in self._groups:
            part = self._widened(_count(values, steps))
            if factor is not None:
                part *= factor
            total = part if total is None else np.add(total, part, out=total)
        if total is None:
            return np.full(len(values), self._first or 0, self.dtype)
        if self._first is not None:
            total += self._first
        return total

    def _widened(self, count: Array) -> Array:
        return count if self._is_byte else count.astype(self.dtype)


def _change(step: tuple[tuple[Compare, Any], int]) -> int:
    return step[1]


def _count(values: Array, steps: list[tuple[Compare, Any]]) -> Array:
    """How many of the borders each value has passed."""
    (compare, border), *others = steps
    passed = compare(values, border).view(np.uint8)
    for compare, border in others:
        passed += compare(values, border).view(np.uint8)
    return passed


def _compared(step: Step, denominator: int | None) -> tuple[Compare, Any]:
    if denominator is None:
        return (np.greater_equal if step.included else np.greater), float(step.border)
    border = step.border * denominator
    return np.greater_equal, ceil(border) if step.included else floor(border) + 1


def _opposite(
    stairs: Stairs, steps: list[tuple[tuple[Compare, Any], int]]
) -> tuple[Compare, Any] | None:
    """One step down from 1 is one comparison the other way round."""
    if stairs.first != 1 or len(steps) != 1 or steps[0][1] != -1:
        return None
    compare, border = steps[0][0]
    return (np.less if compare is np.greater_equal else np.less_equal), border
