"""Counts of a simulation: who enters, who falls out, by tier, region and industry. Pure.

A tally is plain JSON, kept with every step of the job: tier → "before>after" → count, and tier →
region or industry → the same.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from contracts.events.certification import Attainment
from services.certification.simulations.judging import (
    NO_LETTER,
    NOT_LETTER,
    OPEN_LETTER,
    REACHED_LETTER,
    TIERS,
    Verdicts,
)

ATTAINMENTS: Mapping[str, Attainment | None] = {
    REACHED_LETTER: Attainment.REACHED,
    NOT_LETTER: Attainment.NOT_REACHED,
    OPEN_LETTER: Attainment.CANNOT_BE_JUDGED,
    NO_LETTER: None,
}
PARTS = ("all", "region", "industry")


class Change(StrEnum):
    """What the simulated law does to an enterprise at a tier (变动)."""

    ENTERS = "enters"
    FALLS_OUT = "falls_out"
    BECOMES_OPEN = "becomes_open"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Person:
    """Who is judged: what the list and the counts say of an enterprise."""

    uscc: str
    name: str
    region: str
    industry: str


@dataclass(frozen=True, slots=True)
class Moved:
    """An enterprise whose attainment of a tier changes."""

    person: Person
    tier: str
    change: Change
    before: Attainment | None
    after: Attainment | None


def change_of(before: str, after: str) -> Change | None:
    """What changes from one letter to another; None when nothing does."""
    if before == after:
        return None
    if after == REACHED_LETTER:
        return Change.ENTERS
    if before != REACHED_LETTER:
        return Change.OTHER
    return Change.BECOMES_OPEN if after == OPEN_LETTER else Change.FALLS_OUT


def moved_of(people: Iterable[tuple[Person, Verdicts]]) -> Iterator[Moved]:
    """Everyone who enters, falls out, or can no longer be judged."""
    for person, (before, after) in people:
        if before == after:
            continue
        for tier, old, new in zip(TIERS, before, after, strict=True):
            change = change_of(old, new)
            if change is not None and change is not Change.OTHER:
                yield Moved(person, tier, change, ATTAINMENTS[old], ATTAINMENTS[new])


def add_to(tally: dict[str, Any], people: Iterable[tuple[Person, Verdicts]]) -> dict[str, Any]:
    """The tally with these enterprises counted in."""
    alike = Counter(
        (person.region, person.industry[:2], before, after) for person, (before, after) in people
    )
    for (region, industry, before, after), number in alike.items():
        for tier, old, new in zip(TIERS, before, after, strict=True):
            if old == new == NO_LETTER:
                continue
            of_tier = tally.setdefault(tier, {part: {} for part in PARTS})
            for part, key in (("all", ""), ("region", region), ("industry", industry)):
                counts = of_tier[part].setdefault(key, {})
                counts[old + new] = counts.get(old + new, 0) + number
    return tally


@dataclass(frozen=True, slots=True)
class Counts:
    """Enterprises before and after."""

    reached_before: int
    reached_after: int
    enters: int
    falls_out: int
    becomes_open: int
    open_before: int
    open_after: int


def counts_of(found: Mapping[str, int]) -> Counts:
    """The counts that pairs of letters make."""

    def total(wanted: Iterable[str]) -> int:
        return sum(found.get(pair, 0) for pair in wanted)

    letters = tuple(ATTAINMENTS)
    pairs = [old + new for old in letters for new in letters]

    def changed(kind: Change) -> int:
        return total(pair for pair in pairs if change_of(pair[0], pair[1]) is kind)

    return Counts(
        reached_before=total(REACHED_LETTER + new for new in letters),
        reached_after=total(old + REACHED_LETTER for old in letters),
        enters=changed(Change.ENTERS),
        falls_out=changed(Change.FALLS_OUT),
        becomes_open=changed(Change.BECOMES_OPEN),
        open_before=total(OPEN_LETTER + new for new in letters),
        open_after=total(old + OPEN_LETTER for old in letters),
    )
