"""A whole population as columns: one exact value of one metric per enterprise, in NumPy arrays.

    Coded     few different values (flags, words, sets, counts): a code per row and what it means
    Numbers   money and ratios: integer numerators over integer denominators
    Mean      the mean of two ratios, whose common denominator no machine word holds

What fits none of them (a number with known bounds, one beyond 64 bits) stays as it is, beside the
row's number in `special`. Nothing is rounded: a column gives back the value that was put in.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from contracts.facts import EnterpriseFacts
from shared.rules.metric import Absent, Kind, Metric, Reading, Unknown, Value
from shared.rules.metrics import METRICS, read

Array: TypeAlias = NDArray[Any]
Rows: TypeAlias = slice

FITS = 2**53
"""Below this a whole number is exact in a float64 too."""
MEANS = {"main_revenue_growth_avg_2y": "main_revenue_growth"}
"""Metrics that are the mean of two ratios, and the metric that is the first of the two."""
_QUANTITIES = frozenset({Kind.MONEY, Kind.RATIO, Kind.COMPOUND_2Y})


@dataclass(frozen=True, eq=False)
class Coded:
    """Codes of values: row i holds `values[codes[i]]`. Numbers ascend, what is no value is last."""

    codes: Array
    values: tuple[Value | Unknown, ...]

    def at(self, row: int) -> Value | Unknown:
        """The value of a row."""
        return self.values[int(self.codes[row])]


@dataclass(frozen=True, eq=False)
class Numbers:
    """Row i holds numerator[i] / denominator[i]; a denominator that all rows share is one int.

    `known` None: every row. A row that is not known holds 0 / 1, unless `special` has it.
    """

    numerator: Array
    denominator: Array | int
    known: Array | None = None
    special: Mapping[int, Value | Unknown] = field(default_factory=dict)
    largest: int = field(init=False)
    """The largest denominator; 0 when a number is beyond what a float64 holds exactly."""

    def __post_init__(self) -> None:
        bottoms = self.denominator
        largest = bottoms if isinstance(bottoms, int) else int(bottoms.max(initial=1))
        top = int(np.abs(self.numerator).max(initial=0))
        object.__setattr__(self, "largest", largest if max(top, largest) < FITS else 0)

    def at(self, row: int) -> Value | Unknown:
        """The value of a row."""
        if row in self.special:
            return self.special[row]
        if self.known is not None and not self.known[row]:
            return NOT_KNOWN
        bottom = self.denominator
        over = bottom if isinstance(bottom, int) else int(bottom[row])
        return Fraction(int(self.numerator[row]), over)

    def quotient(self, rows: Rows) -> Array:
        """The correctly rounded quotients, while the numbers fit."""
        bottom = self.denominator
        return np.true_divide(
            self.numerator[rows], bottom if isinstance(bottom, int) else bottom[rows]
        )


@dataclass(frozen=True, eq=False)
class Mean:
    """Row i holds the mean of two numbers; known where both are."""

    first: Numbers
    second: Numbers
    known: Array | None = None
    special: Mapping[int, Value | Unknown] = field(default_factory=dict)

    def at(self, row: int) -> Value | Unknown:
        """The value of a row."""
        if row in self.special:
            return self.special[row]
        if self.known is not None and not self.known[row]:
            return NOT_KNOWN
        first, second = self.first.at(row), self.second.at(row)
        assert isinstance(first, Fraction) and isinstance(second, Fraction)  # noqa: PT018
        return (first + second) / 2


Column: TypeAlias = Coded | Numbers | Mean
NOT_KNOWN = Unknown((), "", "")


@dataclass(frozen=True, eq=False)
class Columns:
    """The columns of a population, by the name of their metric."""

    size: int
    by_name: Mapping[str, Column]

    def __getitem__(self, name: str) -> Column:
        try:
            return self.by_name[name]
        except KeyError:
            raise KeyError(
                f"There is no column {name}; build the columns with the metrics of these rules."
            ) from None

    def reading(self, row: int) -> Reading:
        """One enterprise, as the scalar evaluator reads it."""
        return Reading.of_values({name: column.at(row) for name, column in self.by_name.items()})


def columns_of(
    enterprises: Iterable[Reading | EnterpriseFacts],
    as_of: date,
    names: Iterable[str],
    metrics: Mapping[str, Metric] = METRICS,
) -> Columns:
    """The columns of these metrics, in the order of the enterprises.

    Facts are read as of the day; a `Reading` counts as it is, with its own day and values.
    `table.metrics_of` says which metrics a rule set needs.
    """
    wanted = sorted(set(names))
    found: dict[str, list[Value | Unknown]] = {name: [] for name in wanted}
    firsts: dict[str, list[Value | Unknown]] = {name: [] for name in wanted if name in MEANS}
    size = 0
    for one in enterprises:
        size += 1
        reading = one if isinstance(one, Reading) else read(one, as_of)
        for name, values in found.items():
            values.append(reading.found(name))
        for name, values in firsts.items():
            values.append(_first_of_mean(reading, name))
    columns: dict[str, Column] = {}
    for name in wanted:
        if name in firsts:
            columns[name] = mean_of(found.pop(name), firsts.pop(name))
        elif metrics[name].kind in _QUANTITIES:
            columns[name] = numbers_of(found.pop(name))
        else:
            columns[name] = coded_of(found.pop(name), tuple(metrics[name].words or ()))
    return Columns(size, columns)


def _first_of_mean(reading: Reading, name: str) -> Value | Unknown:
    """The first of the two; a reading may hold the mean alone, as a value it was given."""
    try:
        return reading.found(MEANS[name])
    except KeyError:
        return NOT_KNOWN


def coded_of(values: Sequence[Value | Unknown], words: tuple[str, ...] = ()) -> Coded:
    """Codes for the values; of an unknown only its bounds count."""
    numbers: dict[Value | Unknown, int] = {}
    codes = np.fromiter(
        (numbers.setdefault(_plain(value), len(numbers)) for value in values),
        np.int64,
        len(values),
    )
    rank = {word: place for place, word in enumerate(words)}
    ordered = sorted(numbers, key=lambda value: _place(value, rank))
    recode = np.empty(max(len(ordered), 1), np.min_scalar_type(max(len(ordered) - 1, 0)))
    for place, value in enumerate(ordered):
        recode[numbers[value]] = place
    return Coded(recode[codes], tuple(ordered))


def _plain(value: Value | Unknown) -> Value | Unknown:
    if not isinstance(value, Unknown):
        return value
    if value.low is None and value.high is None:
        return NOT_KNOWN
    return Unknown((), "", "", value.low, value.high)


def _place(value: Value | Unknown, rank: Mapping[str, int]) -> tuple[int, Fraction | int, str]:
    if isinstance(value, int | Fraction):
        return 0, value, ""
    if isinstance(value, str):
        return 1, rank.get(value, len(rank)), value
    if isinstance(value, frozenset):
        return 2, 0, ",".join(sorted(value))
    return (3, 0, "") if isinstance(value, Absent) else (4, 0, f"{value.low} {value.high}")


def numbers_of(values: Sequence[Value | Unknown]) -> Numbers:
    """Exact numerators over denominators; over one shared denominator where there is one."""
    size = len(values)
    top, bottom = np.zeros(size, np.int64), np.ones(size, np.int64)
    known = np.ones(size, np.bool_)
    special: dict[int, Value | Unknown] = {}
    for row, value in enumerate(values):
        if isinstance(value, int | Fraction) and _fits(value):
            top[row], bottom[row] = value.numerator, value.denominator
        else:
            known[row] = False
            if not isinstance(value, Unknown) or value.low is not None or value.high is not None:
                special[row] = _plain(value)
    shared = int(bottom.max(initial=1))
    if shared <= 2:  # whole fen, or halves of them
        top *= shared // bottom
        return Numbers(top, shared, None if known.all() else known, special)
    return Numbers(top, bottom, None if known.all() else known, special)


def _fits(value: int | Fraction) -> bool:
    return abs(value.numerator) < FITS and value.denominator < FITS


def mean_of(values: Sequence[Value | Unknown], firsts: Sequence[Value | Unknown]) -> Mean:
    """The two numbers that each value is the mean of, one of them given."""
    pairs = list(_halves(values, firsts))
    special = {
        row: _plain(value)
        for row, (value, pair) in enumerate(zip(values, pairs, strict=True))
        if pair is None
        and not (isinstance(value, Unknown) and value.low is None and value.high is None)
    }
    known = np.fromiter((pair is not None for pair in pairs), np.bool_, len(pairs))
    first = numbers_of([NOT_KNOWN if pair is None else pair[0] for pair in pairs])
    second = numbers_of([NOT_KNOWN if pair is None else pair[1] for pair in pairs])
    return Mean(first, second, None if known.all() else known, special)


def _halves(
    values: Sequence[Value | Unknown], firsts: Sequence[Value | Unknown]
) -> Iterator[tuple[Fraction, Fraction] | None]:
    for value, first in zip(values, firsts, strict=True):
        if isinstance(value, int | Fraction):
            one = Fraction(first) if isinstance(first, int | Fraction) else Fraction(value)
            other = 2 * value - one
            yield (one, Fraction(other)) if _fits(one) and _fits(other) else None
        else:
            yield None
