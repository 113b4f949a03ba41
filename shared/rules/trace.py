"""The trace of a verdict: one criterion per line, with what was seen and what was needed.

What the law says of a line (`Line`) is built once per rule; a `Criterion` adds what one enterprise
shows, and puts it into words only when it is read.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, TypeAlias

from shared.rules.metric import Metric, Unknown, Value


@dataclass(frozen=True, slots=True)
class Line:
    """What is written about a criterion, whoever is judged.

    `shown_by` is the metric that puts a value into words, `points_full` the most points.
    """

    id: str
    kind: str
    parent: str | None
    metric: str | None
    needed: str
    needed_zh: str
    text_zh: str
    text_en: str
    source: str
    verification: str
    shown_by: Metric | None = None
    points_full: int | None = None


class Words(NamedTuple):
    """Something seen that is said in words of its own."""

    zh: str
    en: str

    def say(self, chinese: bool) -> str:
        """The words of the language."""
        return self.zh if chinese else self.en


class Several(NamedTuple):
    """What several scales saw, each on a line of its own."""

    parts: tuple["Criterion", ...]

    def say(self, chinese: bool) -> str | None:
        """All of them, one after the other."""
        found = (part.seen_zh if chinese else part.seen for part in self.parts)
        return (";" if chinese else "; ").join(text for text in found if text is not None) or None


Seen: TypeAlias = Value | Unknown | Words | Several | None


class Criterion(NamedTuple):
    """One line of a trace: what was seen, what was needed, where it is written.

    For an indicator or a category `points` are its points (None while not known, then between
    `points_min` and `points_max`), and `met` says whether it earns any, or its minimum.
    """

    line: Line
    met: bool | None
    value: Seen = None
    points_min: int | None = None
    points_max: int | None = None
    unknowns: tuple[Unknown, ...] = ()

    @property
    def id(self) -> str:
        return self.line.id

    @property
    def kind(self) -> str:
        return self.line.kind

    @property
    def parent(self) -> str | None:
        return self.line.parent

    @property
    def metric(self) -> str | None:
        return self.line.metric

    @property
    def seen(self) -> str | None:
        return self._say(False)

    @property
    def seen_zh(self) -> str | None:
        return self._say(True)

    @property
    def needed(self) -> str:
        return self.line.needed

    @property
    def needed_zh(self) -> str:
        return self.line.needed_zh

    @property
    def text_zh(self) -> str:
        return self.line.text_zh

    @property
    def text_en(self) -> str:
        return self.line.text_en

    @property
    def source(self) -> str:
        return self.line.source

    @property
    def verification(self) -> str:
        return self.line.verification

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for one in self.unknowns for name in one.facts))

    @property
    def reason_zh(self) -> str | None:
        return " ".join(dict.fromkeys(one.zh for one in self.unknowns)) or None

    @property
    def reason_en(self) -> str | None:
        return " ".join(dict.fromkeys(one.en for one in self.unknowns)) or None

    @property
    def points(self) -> int | None:
        return self.points_min if self.points_min == self.points_max else None

    @property
    def points_full(self) -> int | None:
        return self.line.points_full

    def _say(self, chinese: bool) -> str | None:
        value = self.value
        if isinstance(value, Words | Several):
            return value.say(chinese)
        if self.line.shown_by is not None:
            return self.line.shown_by.say(None if isinstance(value, Unknown) else value, chinese)
        if self.points_min is None or self.line.kind == "indicator":
            return None
        low, high = self.points_min, self.points_max
        return str(low) if low == high else f"{low}–{high}"


new_criterion: Callable[
    [
        tuple[
            Line,
            bool | None,
            Seen,
            int | None,
            int | None,
            tuple[Unknown, ...],
        ]
    ],
    Criterion,
] = partial(tuple.__new__, Criterion)
"""A criterion from all its fields; a third of the cost of calling the class."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether a condition holds, with its trace. None: cannot be judged."""

    met: bool | None
    criteria: tuple[Criterion, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """The facts that the open criteria lack."""
        return missing_of(self.criteria)


def missing_of(criteria: tuple[Criterion, ...]) -> tuple[str, ...]:
    """The facts that criteria which cannot be judged lack, each once.

    A part of a condition that is decided already lacks nothing: its facts would change nothing. An
    indicator counts although its category reaches its minimum, since the total may need it.
    """
    decided = {found.id for found in criteria if found.met is not None}
    names: dict[str, None] = {}
    for found in criteria:
        if found.met is not None:
            continue
        if found.kind != "indicator" and found.parent in decided:
            decided.add(found.id)
        else:
            names.update(dict.fromkeys(found.missing))
    return tuple(names)
