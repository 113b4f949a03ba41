"""How a metric can change, when the change counts, what helps: the data behind `gap`.

Advice and not law: `reference/changes.yaml`. A metric that stands nowhere is fixed: nobody is told
to change it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from functools import cache
from pathlib import Path

from shared.rules.lined_yaml import RuleFileError, Tree, read_tree
from shared.rules.metric import Absent, Kind, Metric, Reading, Unknown, Value
from shared.rules.metrics import METRICS
from shared.rules.periods import years_after

_KEYS = {"metrics", "change", "counts", "least", "most", "helps"}


class Direction(StrEnum):
    """Which way a value may be advised to go."""

    RISE = "rise"
    FALL = "fall"
    ANY = "any"
    FIXED = "fixed"


class Counts(StrEnum):
    """From when a change counts."""

    NOW = "now"
    NEXT_ACCOUNTS = "next_accounts"
    SECOND_ACCOUNTS = "second_accounts"
    SEGMENT_YEARS = "segment_years"
    REGISTERED_DAYS = "registered_days"


@dataclass(frozen=True, slots=True)
class Way:
    """How one metric changes; `least` and `most` in the metric's own measure."""

    direction: Direction
    counts: Counts
    helps: tuple[str, ...]
    least: int | Fraction | None = None
    most: int | Fraction | None = None

    def allows(self, old: Value | Unknown, new: int | Fraction) -> bool:
        """Whether a number may be advised. What is not known may be anything within its bounds."""
        if self.least is not None and new < self.least:
            return False
        if self.most is not None and new > self.most:
            return False
        if isinstance(old, Unknown):
            low_ok = old.low is None or new >= old.low
            return low_ok and (old.high is None or new <= old.high)
        if self.direction is Direction.FIXED:
            return False
        if isinstance(old, Absent) or self.direction is Direction.ANY:
            return True
        assert isinstance(old, int | Fraction)
        return new > old if self.direction is Direction.RISE else new < old


FIXED = Way(Direction.FIXED, Counts.NOW, ())


@cache
def ways() -> Mapping[str, Way]:
    """How each metric changes, by name. Raises RuleFileError for a file that cannot be used."""
    return ways_of(read_tree(Path(__file__).parent / "reference" / "changes.yaml"), "changes.yaml")


def ways_of(tree: Tree, file: str) -> dict[str, Way]:
    """The ways that a tree describes. Raises RuleFileError."""
    found: dict[str, Way] = {}
    for row in tree["changes"]:
        unknown = set(row) - _KEYS
        if unknown:
            raise RuleFileError(file, row.line, f"A change has no {', '.join(sorted(unknown))}.")
        for name in row["metrics"]:
            if name not in METRICS or name in found:
                raise RuleFileError(file, row.line, f"{name} is no metric, or stands twice.")
            metric = METRICS[name]
            least, most = (
                None if row.get(key) is None else metric.exact(row[key])
                for key in ("least", "most")
            )
            try:
                direction, counts = Direction(row["change"]), Counts(row["counts"])
            except ValueError as error:
                raise RuleFileError(file, row.line, f"{error}.") from None
            found[name] = Way(direction, counts, tuple(row["helps"]), least, most)
    return found


def smallest_step(metric: Metric) -> int | Fraction:
    """What passes an open bound: a fen, a hundredth of a percent or point, one item."""
    if metric.kind in (Kind.RATIO, Kind.COMPOUND_2Y):
        return Fraction(1, 10_000)
    return Fraction(1, 100) if metric.kind is Kind.POINTS else 1


def relative_change(metric: Metric, old: Value | Unknown, new: Value) -> Fraction:
    """How far a value goes, for comparing plans: 0 stays, 1 is a whole step from nothing.

    Numbers: |new − old| ÷ the larger of |old| and |new|. Ordered words: places ÷ (words − 1).
    Everything else, and whatever is not known or does not exist yet: 1.
    """
    if isinstance(old, Unknown | Absent):
        return Fraction(1)
    if old == new:
        return Fraction(0)
    if metric.kind is Kind.FLAG or isinstance(new, frozenset):
        return Fraction(1)
    if isinstance(old, str):
        words = list(metric.words or ())
        if old in words and new in words:
            return Fraction(abs(words.index(old) - words.index(str(new))), len(words) - 1)
        return Fraction(1)
    assert isinstance(old, int | Fraction)
    assert isinstance(new, int | Fraction)
    before, after = Fraction(old), Fraction(new)
    return abs(after - before) / max(abs(before), abs(after))


def earliest_on(name: str, way: Way, target: Value, reading: Reading) -> date:
    """The first day on which the change can count."""
    as_of = reading.as_of
    match way.counts:
        case Counts.NEXT_ACCOUNTS:
            return date(as_of.year + 1, 1, 1)
        case Counts.SECOND_ACCOUNTS:
            return date(as_of.year + 2, 1, 1)
        case Counts.SEGMENT_YEARS:
            since = reading.facts.segment_since
            if since is None or not isinstance(target, int):
                return as_of
            reached = years_after(since, target)
            full = (
                reached if (reached.month, reached.day) == (1, 1) else date(reached.year + 1, 1, 1)
            )
            return max(full, as_of)
        case Counts.REGISTERED_DAYS:
            on = reading.facts.registered_on
            if on is None or not isinstance(target, int):
                return as_of
            return max(on + timedelta(days=target), as_of)
        case _:
            return as_of
