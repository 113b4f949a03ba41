"""Where a value of the law comes from, how sure we are of it, and since when it holds."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction


class Verification(StrEnum):
    """How well a value is proved: two texts or more, one text, from memory, not at all, report."""

    V2 = "v2"
    V1 = "v1"
    MEM = "mem"
    UNVERIFIED = "unverified"
    SEED = "seed"


@dataclass(frozen=True, slots=True)
class Provenance:
    """The article a value stands in, and how well that is proved."""

    source: str
    verification: Verification


@dataclass(frozen=True, slots=True)
class DatedValue:
    """A value of the law from a day on, until the next one of its list."""

    valid_from: date
    value: int | Fraction | str
    unit: str | None
    provenance: Provenance


def value_on(values: tuple[DatedValue, ...], day: date) -> DatedValue | None:
    """The value in force on a day: the latest that has begun; None before the first."""
    begun = [found for found in values if found.valid_from <= day]
    return max(begun, key=lambda found: found.valid_from, default=None)
