"""What one metric decides, over a block of rows: a condition's truth or a scale's points.

A column of numbers is first graded: each row gets the code of the stretch between two borders of
the rule set that its number lies in. From then on every column is codes, and the scalar evaluator
is asked once for each: what it says of one number of a stretch, it says of all of them.
"""

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any, Protocol, TypeAlias

import numpy as np

from shared.rules.columns import NOT_KNOWN, Array, Coded, Columns, Mean, Numbers
from shared.rules.judge import holds
from shared.rules.metric import Reading, Unknown, Value
from shared.rules.model import Condition, Number, Scale
from shared.rules.scoring import points_of
from shared.rules.stairs import Climb, Stairs, Step, is_exact, stairs_of_levels

Pair: TypeAlias = tuple[Array, Array]
Scalar: TypeAlias = Callable[[Value | Unknown], tuple[int, int]]
"""What the scalar evaluator makes of one value: the least and the most."""

STEPS_MAX = 12
"""With more steps than this, looking codes up is faster than comparing them."""
SLACK = 2.0**-51
"""Twice what two roundings and a sum can be off, of the sum of the magnitudes."""


def choose(mask: Array, yes: Any, no: Any) -> Array:
    """`yes` where the mask is 1, `no` where it is 0; several times faster than `np.where`.

    One byte counts modulo 256, so a difference below zero comes back right.
    """
    chosen: Array = mask * np.subtract(yes, no)
    chosen += no
    return chosen


class Codes(Protocol):
    """A column as codes of few values."""

    values: tuple[Value | Unknown, ...]
    type: np.dtype[Any]

    def of(self, rows: slice) -> Array:
        """The codes of some rows; nobody writes into them."""
        ...


class Given:
    """A column that is codes already."""

    def __init__(self, column: Coded) -> None:
        self.values = column.values
        self.type = column.codes.dtype
        self._codes = column.codes

    def of(self, rows: slice) -> Array:
        """The codes of some rows."""
        return self._codes[rows]


class Quotients:
    """The quotients of the block at hand, divided once for all who ask."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[int, Array]] = {}

    def of(self, column: Numbers, rows: slice) -> Array:
        """The correctly rounded quotients of some rows; nobody writes into them."""
        kept = self._kept.get(id(column))
        if kept is None or kept[0] != rows.start:
            kept = self._kept[id(column)] = (rows.start, column.quotient(rows))
        return kept[1]


class Graded:
    """A column of numbers, graded by the borders that a rule set draws on it."""

    def __init__(self, column: Numbers | Mean, steps: Iterable[Step], quotients: Quotients) -> None:
        self._column = column
        self._quotients = quotients
        unique = {(step.border, not step.included) for step in steps}
        self._borders = sorted(unique)
        counted = tuple(Step(border, not above, 1) for border, above in self._borders)
        stairs = Stairs(0, counted)
        grades = [self._inside(grade) for grade in range(len(counted) + 1)]
        self._codes: dict[Value | Unknown, int] = {}
        for grade in (*grades, *(() if column.known is None else (NOT_KNOWN,))):
            self._codes[grade] = len(self._codes)
        self._special = {row: self._special_code(value) for row, value in column.special.items()}
        self._special_rows = np.array(sorted(self._special), np.int64)
        self.values = tuple(self._codes)
        self.type = np.min_scalar_type(len(self.values))
        shared = column.denominator if isinstance(column, Numbers) else None
        self._whole = isinstance(shared, int)
        self._climb = Climb(stairs, self.type, shared if isinstance(shared, int) else None)
        self._exact = isinstance(column, Numbers) and is_exact(stairs, column.largest)

    def _inside(self, grade: int) -> Number:
        """A number of the stretch above `grade` borders."""
        if not self._borders:
            return 0
        if grade == 0:
            return self._borders[0][0] - 1
        border, above = self._borders[grade - 1]
        if not above:
            return border
        following = self._borders[grade][0] if grade < len(self._borders) else border + 2
        return Fraction(border + following) / 2

    def _special_code(self, value: Value | Unknown) -> int:
        if isinstance(value, Number):
            return self._passed(value)
        if isinstance(value, Unknown):
            low, high = (
                None if bound is None else self._inside(self._passed(bound))
                for bound in (value.low, value.high)
            )
            value = Unknown((), "", "", low, high)
        return self._codes.setdefault(value, len(self._codes))

    def _passed(self, number: Number) -> int:
        """How many borders a number has passed."""
        return sum(
            number > border or (number == border and not above) for border, above in self._borders
        )

    def of(self, rows: slice) -> Array:
        """The codes of some rows."""
        column = self._column
        if self._whole:
            assert isinstance(column, Numbers)
            codes = self._climb(column.numerator[rows])
        elif self._exact:
            assert isinstance(column, Numbers)
            codes = self._climb(self._quotients.of(column, rows))
        else:
            codes = self._inexact(rows)
        if column.known is not None:
            known = column.known[rows].view(np.uint8)
            codes = choose(known, codes, self.type.type(self._codes[NOT_KNOWN]))
        start, stop = np.searchsorted(self._special_rows, (rows.start, rows.stop))
        for row in self._special_rows[start:stop].tolist():
            codes[row - rows.start] = self._special[row]
        return codes

    def _inexact(self, rows: slice) -> Array:
        """Quotients that may be off: rows near a border are graded by their exact number."""
        value, parts = self._floats(rows)
        off = SLACK * sum(_extent(part) for part in parts)
        codes = self._climb(value - off)
        near = np.flatnonzero(codes != self._climb(value + off))
        if near.size:  # one large number makes all look near; each by its own magnitude is few
            slack = SLACK * sum(np.abs(part[near]) for part in parts)
            low, high = self._climb(value[near] - slack), self._climb(value[near] + slack)
            codes[near] = low
            for at in near[low != high].tolist():
                exact = self._column.at(rows.start + at)
                if isinstance(exact, Number):
                    codes[at] = self._passed(exact)
        return codes

    def _floats(self, rows: slice) -> tuple[Array, list[Array]]:
        """The rounded numbers, and the floats they were made of."""
        if isinstance(self._column, Numbers):
            value = self._quotients.of(self._column, rows)
            return value, [value]
        parts = [
            self._quotients.of(part, rows) for part in (self._column.first, self._column.second)
        ]
        return (parts[0] + parts[1]) * 0.5, parts


def _extent(numbers: Array) -> float:
    return max(float(numbers.max()), -float(numbers.min()))


class Block:
    """Some rows of the population, and their codes."""

    def __init__(self, sources: dict[str, Codes], rows: slice) -> None:
        self.rows = rows
        self.size = rows.stop - rows.start
        self._sources = sources
        self._codes: dict[str, Array] = {}

    def codes(self, name: str) -> Array:
        """The codes of a metric."""
        found = self._codes.get(name)
        if found is None:
            found = self._codes[name] = self._sources[name].of(self.rows)
        return found


def sources_of(columns: Columns, steps: dict[str, list[Step]]) -> dict[str, Codes]:
    """Every metric that the rules read, as codes. Raises KeyError without its column."""
    found: dict[str, Codes] = {}
    quotients = Quotients()
    for name, borders in steps.items():
        column = columns[name]
        found[name] = (
            Given(column) if isinstance(column, Coded) else Graded(column, borders, quotients)
        )
    return found


def metric_truth(condition: Condition, name: str, codes: Codes) -> Callable[[Block], Pair]:
    """A condition that reads one metric."""

    def judge(value: Value | Unknown) -> tuple[int, int]:
        met = holds(condition, Reading.of_values({name: value}))
        return (0, 1) if met is None else (int(met), int(met))

    return _of_codes(name, codes, judge, np.uint8)


def metric_points(
    scale: Scale, points_max: int, name: str, codes: Codes, dtype: Any
) -> Callable[[Block], Pair]:
    """A scale that reads one metric."""

    def earn(value: Value | Unknown) -> tuple[int, int]:
        return points_of(scale, points_max, Reading.of_values({name: value}))

    return _of_codes(name, codes, earn, dtype)


def _of_codes(name: str, codes: Codes, scalar: Scalar, dtype: Any) -> Callable[[Block], Pair]:
    pairs = [scalar(value) for value in codes.values]
    if (
        dtype is np.uint8
        and codes.type == np.uint8
        and pairs == [(n, n) for n in range(len(pairs))]
    ):

        def itself(block: Block) -> Pair:
            found = block.codes(name)
            return found, found

        return itself
    low = _lookup([pair[0] for pair in pairs], dtype)
    if all(least == most for least, most in pairs):

        def known(block: Block) -> Pair:
            found = low(block.codes(name))
            return found, found

        return known
    high = _lookup([pair[1] for pair in pairs], dtype)

    def partly(block: Block) -> Pair:
        return low(block.codes(name)), high(block.codes(name))

    return partly


def _lookup(levels: list[int], dtype: Any) -> Callable[[Array], Array]:
    stairs = stairs_of_levels(levels)
    if len(stairs.steps) <= STEPS_MAX:
        return Climb(stairs, dtype, 1)
    table = np.array(levels, dtype)
    return lambda codes: np.take(table, codes)
