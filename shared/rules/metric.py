"""What a metric is: one exact value that rules compare, read from the facts at a date.

A value that cannot be known is `Unknown` and names the dossier facts that are missing; it is
never zero and never guessed. A thing that is known not to exist (no award, so no rank) is
`ABSENT`: no comparison holds for it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from math import isqrt
from typing import Final, TypeAlias, cast

from contracts.facts import EnterpriseFacts

SHOWN_DIGITS = 4


class Absent:
    """Known not to exist."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent()

Value: TypeAlias = int | Fraction | str | frozenset[str] | Absent
"""An exact value; `bool` is an `int` for flags."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that the facts do not give, and why.

    `low` and `high` bound it where part of the facts is known (two of four patents are in use:
    at least 2, at most 4); None is unbounded.
    """

    facts: tuple[str, ...]
    en: str
    zh: str
    low: int | Fraction | None = None
    high: int | Fraction | None = None


@lru_cache(maxsize=8_192)
def missing(*facts: str, low: int | None = None, high: int | None = None) -> Unknown:
    """Unknown because the dossier lacks these facts."""
    names = ", ".join(facts)
    return Unknown(facts, f"Add to the dossier: {names}.", f"请在档案中补充:{names}。", low, high)


class Kind(StrEnum):
    """How a metric's value is held and compared."""

    MONEY = "money"
    """Whole fen (分)."""
    RATIO = "ratio"
    """A fraction; rules write percent."""
    COMPOUND_2Y = "compound_2y"
    """The growth factor of two years; rules write the yearly compound rate in percent."""
    COUNT = "count"
    POINTS = "points"
    FLAG = "flag"
    WORD = "word"
    """One of `words`, or any text when `words` is empty."""
    SET = "set"
    """A set of `words`."""


NUMBERS = frozenset({Kind.MONEY, Kind.RATIO, Kind.COMPOUND_2Y, Kind.COUNT, Kind.POINTS})
Reader: TypeAlias = Callable[[EnterpriseFacts, date], Value | Unknown]


@dataclass(frozen=True, eq=False)
class Metric:
    """One metric. `read` is None for one that a service gives with `Reading.with_values`."""

    name: str
    zh: str
    en: str
    kind: Kind
    unit: str | None
    source: str
    description: str
    read: Reader | None = None
    words: Mapping[str, tuple[str, str]] | None = None
    """The values of a word or set metric, best first where they are ordered: id → (zh, en)."""

    def exact(self, number: int | Fraction) -> int | Fraction:
        """A number as a rule writes it (yuan, percent) in the metric's own exact measure."""
        if self.kind is Kind.MONEY:
            fen = Fraction(number) * 100
            if fen.denominator != 1:
                raise ValueError("money has at most two decimals")
            return fen.numerator
        if self.kind is Kind.RATIO:
            return Fraction(number) / 100
        if self.kind is Kind.COMPOUND_2Y:
            return (1 + Fraction(number) / 100) ** 2
        return number

    def show(self, value: Value | None) -> str | None:
        """The value as a person reads it, in no language; digits are cut off, never rounded."""
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, Absent):
            return "none"
        if isinstance(value, frozenset):
            return ", ".join(sorted(value)) or "none"
        if self.kind is Kind.FLAG:
            return "yes" if value else "no"
        if self.kind is Kind.MONEY:
            sign, fen = "-" if value < 0 else "", abs(int(value))
            return f"{sign}{fen // 100}.{fen % 100:02d} CNY"
        if self.kind is Kind.RATIO:
            return f"{digits(Fraction(value) * 100)}%"
        if self.kind is Kind.COMPOUND_2Y:
            return f"{_compound_percent(Fraction(value))}%"
        return digits(Fraction(value))

    def say(self, value: Value | None, chinese: bool) -> str | None:
        """The value in words of the language."""
        if self.kind is Kind.FLAG and isinstance(value, int):
            return ("是" if value else "否") if chinese else ("yes" if value else "no")
        if isinstance(value, Absent) or value == frozenset():
            return "无" if chinese else "none"
        if isinstance(value, str | frozenset) and self.words:
            chosen = [value] if isinstance(value, str) else sorted(value)
            labels = [self.words.get(word, (word, word))[0 if chinese else 1] for word in chosen]
            return ("、" if chinese else ", ").join(labels)
        return self.show(value)


def digits(value: Fraction, *, more: bool = False) -> str:
    """A decimal, cut off after four digits with an ellipsis when more follow."""
    scale = 10**SHOWN_DIGITS
    whole, rest = divmod(abs(value) * scale, 1)
    sign = "-" if value < 0 else ""
    text = f"{sign}{int(whole) // scale}.{int(whole) % scale:0{SHOWN_DIGITS}d}"
    return f"{text}…" if rest or more else text.rstrip("0").rstrip(".")


def _compound_percent(factor: Fraction) -> str:
    """The yearly rate of a two-year factor in percent: (√factor − 1) × 100."""
    scale = 100 * 10**SHOWN_DIGITS
    squared = factor * scale * scale
    root = isqrt(squared.numerator // squared.denominator)
    exact = Fraction(root * root) == squared
    return digits(Fraction(root - scale, 10**SHOWN_DIGITS), more=not exact)


class _Found(dict[str, Value | Unknown]):
    """The values read so far; a metric is read when it is first looked up."""

    __slots__ = ("_as_of", "_facts", "_metrics")

    def __init__(
        self,
        facts: EnterpriseFacts,
        as_of: date,
        metrics: Mapping[str, Metric],
        given: Mapping[str, Value | Unknown],
    ) -> None:
        super().__init__(given)
        self._facts = facts
        self._as_of = as_of
        self._metrics = metrics

    def __missing__(self, name: str) -> Value | Unknown:
        read = self._metrics[name].read
        if read is None:
            raise KeyError(f"{name} is given by its service: use with_values")
        value = self[name] = read(self._facts, self._as_of)
        return value


class Reading(Mapping[str, Value | None]):
    """Every metric of one enterprise at a date; computed when first asked for.

    None means unknown; `found` gives the `Unknown` with its missing facts.
    """

    __slots__ = ("_metrics", "as_of", "facts", "values_by_name")

    def __init__(
        self,
        facts: EnterpriseFacts,
        as_of: date,
        metrics: Mapping[str, Metric],
        given: Mapping[str, Value | Unknown] | None = None,
    ) -> None:
        self.facts = facts
        self.as_of = as_of
        self._metrics = metrics
        self.values_by_name = _Found(facts, as_of, metrics, given or {})
        """Like `found`, without the cost of a call; for the evaluator."""

    @classmethod
    def of_values(cls, values: Mapping[str, Value | Unknown]) -> "Reading":
        """A reading of these values and of nothing else: no facts stand behind it."""
        return cls(cast(EnterpriseFacts, None), date.min, {}, values)

    def read_ahead(self, metrics: Mapping[str, Reader]) -> None:
        """Read these metrics now, all at once: cheaper than each when it is looked up."""
        if not self._metrics:
            return  # no facts stand behind it
        values, facts, as_of = self.values_by_name, self.facts, self.as_of
        for name, read in metrics.items():
            if name not in values:
                values[name] = read(facts, as_of)

    def found(self, name: str) -> Value | Unknown:
        """The value, or why there is none. Raises KeyError for a metric nobody reads or gives."""
        return self.values_by_name[name]

    def __getitem__(self, name: str) -> Value | None:
        value = self.found(name)
        return None if isinstance(value, Unknown) else value

    def __iter__(self) -> Iterator[str]:
        return iter({**self._metrics, **self.values_by_name})

    def __len__(self) -> int:
        return len({**self._metrics, **self.values_by_name})

    def missing(self, name: str) -> tuple[str, ...]:
        """The dossier facts that an unknown metric lacks; empty for a known one."""
        value = self.found(name)
        return value.facts if isinstance(value, Unknown) else ()

    def with_values(self, values: Mapping[str, Value | Unknown]) -> "Reading":
        """The same reading with metrics of a service's own, or with some replaced."""
        return Reading(self.facts, self.as_of, self._metrics, {**self.values_by_name, **values})
