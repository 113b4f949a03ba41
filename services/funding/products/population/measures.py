"""What rules read of an enterprise, as two arrays of integers (指标): kept, and made columns again.

A metric of money or a ratio is a numerator over a denominator; of the mean of two ratios the second
is kept, for the first is a metric of its own. Every other value (a flag, a word, a set, a count) is
the code of its text. Nothing is rounded: what does not fit is marked odd, and an enterprise with an
odd value is judged from its dossier.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from services.funding.titles import known_metrics
from shared import rules
from shared.rules.columns import (
    FITS,
    MEANS,
    NOT_KNOWN,
    Array,
    Coded,
    Column,
    Columns,
    Mean,
    Numbers,
)
from shared.rules.metric import ABSENT, Absent, Kind, Reading, Unknown, Value

QUANTITIES = frozenset({Kind.MONEY, Kind.RATIO, Kind.COMPOUND_2Y})
NOT_KNOWN_CODE = 0
ODD = -1
Pair: TypeAlias = tuple[int, int]


@dataclass(frozen=True)
class Layout:
    """Which place holds which metric. `digest` names it and the code that reads the metrics."""

    coded: Mapping[str, int]
    quantities: Mapping[str, int]
    digest: str


@cache
def layout() -> Layout:
    """The layout of this build; measures of another one are made anew."""
    metrics = known_metrics()
    coded = sorted(name for name, metric in metrics.items() if metric.kind not in QUANTITIES)
    quantities = sorted(set(metrics) - set(coded))
    text = hashlib.sha256("\n".join([*coded, "", *quantities]).encode())
    for path in sorted(Path(rules.__file__).parent.rglob("*.py")):
        text.update(path.read_bytes())
    return Layout(_places(coded), _places(quantities), text.hexdigest()[:16])


def _places(names: Sequence[str]) -> dict[str, int]:
    return {name: place for place, name in enumerate(names)}


@dataclass(frozen=True)
class Measured:
    """One enterprise: the texts of the coded metrics, and the pairs of the quantities."""

    texts: tuple[str, ...]
    numbers: tuple[int, ...]


def measure(reading: Reading) -> Measured:
    """Every metric of one enterprise on the day of the reading."""
    numbers: list[int] = []
    for name in layout().quantities:
        numbers += _pair(name, reading)
    return Measured(
        tuple(text_of_value(reading.found(name)) for name in layout().coded), tuple(numbers)
    )


def _pair(name: str, reading: Reading) -> Pair:
    value = reading.found(name)
    if isinstance(value, Unknown):
        return (0, 0) if value.low is None and value.high is None else (0, ODD)
    if not isinstance(value, int | Fraction):
        return 0, ODD
    if name in MEANS:
        first = reading.found(MEANS[name])
        if not isinstance(first, int | Fraction):
            return 0, ODD
        value = 2 * value - first
    if abs(value.numerator) >= FITS or value.denominator >= FITS:
        return 0, ODD
    return value.numerator, value.denominator


def text_of_value(value: Value | Unknown) -> str:
    """A value as a text from which `value_of` makes the same value again."""
    if isinstance(value, Unknown):
        low, high = ("" if bound is None else str(bound) for bound in (value.low, value.high))
        return f"?{low}|{high}" if low or high else "?"
    if isinstance(value, Absent):
        return "-"
    if isinstance(value, str):
        return f"w{value}"
    if isinstance(value, frozenset):
        return f"s{','.join(sorted(value))}"
    return f"n{Fraction(value)}"


def value_of(text: str) -> Value | Unknown:
    """The value of a text; of an unknown one its bounds, which alone count for a judgement."""
    kind, rest = text[:1], text[1:]
    if kind == "?":
        low, _, high = rest.partition("|")
        if not low and not high:
            return NOT_KNOWN
        return Unknown((), "", "", _number(low), _number(high))
    if kind == "-":
        return ABSENT
    if kind == "w":
        return rest
    if kind == "s":
        return frozenset(rest.split(",")) if rest else frozenset()
    number = Fraction(rest)
    return int(number) if number.denominator == 1 else number


def _number(text: str) -> Fraction | None:
    return Fraction(text) if text else None


def columns_of(
    rows: Array, names: Sequence[str], meaning: Callable[[int], Value | Unknown]
) -> tuple[Columns, Array]:
    """The columns of these metrics, and which rows hold an odd value and must be judged apart.

    `rows` has a field per coded metric, and `name/top` and `name/bottom` per quantity.
    """
    odd = np.zeros(rows.size, np.bool_)
    found: dict[str, Column] = {}
    for name in names:
        if name in layout().coded:
            found[name] = _coded(rows[name], meaning)
        elif name in MEANS:
            first = _numbers(rows, MEANS[name], odd)
            second = _numbers(rows, name, odd)
            known = [one.known for one in (first, second) if one.known is not None]
            both = np.logical_and.reduce(known) if known else None
            found[name] = Mean(first, second, both)
        else:
            found[name] = _numbers(rows, name, odd)
    return Columns(rows.size, found), odd


def fields_of(names: Sequence[str]) -> tuple[str, ...]:
    """The metrics whose places have to be read for these metrics, each once."""
    return tuple(dict.fromkeys([*names, *(MEANS[name] for name in names if name in MEANS)]))


def _coded(codes: Array, meaning: Callable[[int], Value | Unknown]) -> Coded:
    distinct, places = np.unique(codes, return_inverse=True)
    small: np.dtype[Any] = np.min_scalar_type(max(distinct.size - 1, 0))
    return Coded(places.astype(small), tuple(meaning(int(code)) for code in distinct))


def _numbers(rows: Array, name: str, odd: Array) -> Numbers:
    top, bottom = rows[f"{name}/top"].astype(np.int64), rows[f"{name}/bottom"].astype(np.int64)
    odd |= bottom == ODD
    known = bottom > 0
    bottom[~known] = 1
    shared = int(bottom.max(initial=1))
    if shared <= 2:  # whole fen, or halves of them
        return Numbers(top * (shared // bottom), shared, None if known.all() else known)
    return Numbers(top, bottom, None if known.all() else known)
