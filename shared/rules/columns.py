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
from shared.rules.metric import Absent, Kind, Metric, Reader, Reading, Unknown, Value
from shared.rules.metrics import METRICS

Array: TypeAlias = NDArray[Any]
Rows: TypeAlias = slice

FITS = 2**53
"""Below this a whole number is exact in a float64 too."""
_EXACT = (int, Fraction)
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
    needed = [*wanted, *sorted({MEANS[name] for name in wanted if name in MEANS} - set(wanted))]
    readers = [_reader_of(metrics[name]) for name in needed]
    rows = [
        [_held(one, name) for name in needed]
        if isinstance(one, Reading)
        else [read(one, as_of) for read in readers]
        for one in enterprises
    ]
    values = dict(zip(needed, zip(*rows, strict=True) if rows else [()] * len(needed), strict=True))
    return Columns(len(rows), {name: _column(metrics[name], values) for name in wanted})


def _reader_of(metric: Metric) -> Reader:
    """How facts alone give the metric; one that a service gives must come in a `Reading`."""

    def refuse(_facts: EnterpriseFacts, _as_of: date) -> Value | Unknown:
        raise KeyError(f"{metric.name} is given by its service: give a Reading with it.")

    return metric.read or refuse


def _held(reading: Reading, name: str) -> Value | Unknown:
    """What a reading holds; the first of a mean may be lacking where the mean alone was given."""
    try:
        return reading.found(name)
    except KeyError:
        if name in MEANS.values():
            return NOT_KNOWN
        raise


def _column(metric: Metric, values: Mapping[str, Sequence[Value | Unknown]]) -> Column:
    if metric.name in MEANS:
        return mean_of(values[metric.name], values[MEANS[metric.name]])
    if metric.kind in _QUANTITIES:
        return numbers_of(values[metric.name])
    return coded_of(values[metric.name], tuple(metric.words or ()))


def coded_of(values: Sequence[Value | Unknown], words: tuple[str, ...] = ()) -> Coded:
    """Codes for the values; of an unknown only its bounds count."""
    numbers: dict[Value | Unknown, int] = {}
    codes = np.array(
        [
            numbers.setdefault(
                _plain(value) if type(value) is Unknown else value,
                len(numbers),
            )
            for value in values
        ],
        np.int64,
    )
    rank = {word: place for place, word in enumerate(words)}
    ordered = sorted(numbers, key=lambda value: _place(value, rank))
    recode = np.empty(max(len(ordered), 1), np.min_scalar_type(max(len(ordered) - 1, 0)))
    for place, value in enumerate(ordered):
        recode[numbers[value]] = place
    return Coded(recode[codes], tuple(ordered))


def _plain(value: Unknown) -> Unknown:
    """An unknown value with its bounds only."""
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
    tops, bottoms, known = [0] * len(values), [1] * len(values), np.ones(len(values), np.bool_)
    special: dict[int, Value | Unknown] = {}
    for row, value in enumerate(values):
        if isinstance(value, Unknown):
            known[row] = False
            if value.low is not None or value.high is not None:
                special[row] = _plain(value)
        elif isinstance(value, _EXACT) and _fits(ratio := value.as_integer_ratio()):
            tops[row], bottoms[row] = ratio
        else:
            known[row] = False
            special[row] = value
    top, bottom = np.array(tops, np.int64), np.array(bottoms, np.int64)
    shared = int(bottom.max(initial=1))
    if shared <= 2:  # whole fen, or halves of them
        top *= shared // bottom
        return Numbers(top, shared, None if known.all() else known, special)
    return Numbers(top, bottom, None if known.all() else known, special)


def _fits(ratio: tuple[int, int]) -> bool:
    return -FITS < ratio[0] < FITS and ratio[1] < FITS


def mean_of(values: Sequence[Value | Unknown], firsts: Sequence[Value | Unknown]) -> Mean:
    """The two numbers that each value is the mean of, one of them given."""
    pairs = list(_halves(values, firsts))
    special = {
        row: _plain(value) if isinstance(value, Unknown) else value
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
        if not isinstance(value, _EXACT):
            yield None
            continue
        top, bottom = value.as_integer_ratio()
        part, whole = (first if isinstance(first, _EXACT) else value).as_integer_ratio()
        other = Fraction(2 * top * whole - part * bottom, bottom * whole)
        fits = _fits((part, whole)) and _fits(other.as_integer_ratio())
        yield (Fraction(part, whole), other) if fits else None
