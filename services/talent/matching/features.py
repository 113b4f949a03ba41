"""What the matcher compares (匹配要素), of a candidate and of a position, and how it is stored.

These fields are all there is: no name, sex, age, ethnicity or photo has a place in them. A record
is a fixed number of bytes beside its table row, so a million of them are read in seconds.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date
from enum import IntFlag
from typing import Any, TypeAlias

import numpy as np

from services.talent.matching.taxonomy import SKILLS_MAX

EPOCH = date(2000, 1, 1)
MUNICIPALITIES = frozenset({11, 12, 31, 50})
Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]


class Kinds(IntFlag):
    """Kinds of talent (人才类型): 管理型, 创新型, 技能型."""

    MANAGERIAL = 1
    INNOVATIVE = 2
    SKILLED = 4


class Modes(IntFlag):
    """Modes of work (用才方式): 全职, 柔性引才, 外包, 实习."""

    FULL = 1
    FLEXIBLE = 2
    OUTSOURCED = 4
    INTERNSHIP = 8


PLACELESS = Modes.FLEXIBLE | Modes.OUTSOURCED
"""Modes that ask nobody to move (不求所有,但求所用)."""


@dataclass(frozen=True)
class Profile:
    """A candidate as the matcher sees one. Days count from 2000-01-01, money is yuan a month.

    `reach`: 0 stays in the city, 1 moves within the province, 2 anywhere. `until` is the last
    day of the consent, 0 for a candidate who is not in the directory.
    """

    kinds: int
    level: int
    years: int
    discipline: int
    city: int
    province: int
    reach: int
    wish_a: int
    wish_b: int
    wish_c: int
    modes: int
    preferred: int
    salary: int
    changed: int
    until: int
    strong: frozenset[int] = frozenset()
    weak: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Offer:
    """A position as the matcher sees one. 0 in a wanted field asks nothing.

    `must_*` are hard; `must`, `wish` and `text` are skills that are needed, wished for, and named
    by the description alone.
    """

    kinds: int
    mode: int
    must_level: int
    level: int
    must_years: int
    years: int
    must_discipline: int
    discipline: int
    city: int
    province: int
    salary: int
    until: int
    must: frozenset[int] = frozenset()
    wish: frozenset[int] = frozenset()
    text: frozenset[int] = frozenset()


def _record(kind: type[Profile] | type[Offer]) -> np.dtype[Any]:
    parts: list[tuple[Any, ...]] = []
    for field in fields(kind):
        if field.type == frozenset[int]:
            parts.append((field.name, "u1", (SKILLS_MAX // 8,)))
        else:
            parts.append((field.name, "<i4" if field.name == "salary" else "<i2"))
    return np.dtype(parts)


PROFILE = _record(Profile)
OFFER = _record(Offer)


def pack(features: Profile | Offer) -> bytes:
    """The record of one candidate or position."""
    record = np.zeros((), PROFILE if isinstance(features, Profile) else OFFER)
    for field in fields(features):
        value = getattr(features, field.name)
        record[field.name] = bits_of(value) if isinstance(value, frozenset) else value
    return record.tobytes()


def unpack(record: bytes, kind: np.dtype[Any]) -> dict[str, Any]:
    """The fields of a record; `Profile(**…)` or `Offer(**…)` makes them whole."""
    row = np.frombuffer(record, kind)[0]
    return {
        name: numbers_of(row[name]) if kind[name].shape else int(row[name])
        for name in kind.names or ()
    }


def bits_of(numbers: Iterable[int]) -> Array:
    """Skill numbers as packed bits."""
    bits = np.zeros(SKILLS_MAX, np.uint8)
    bits[list(numbers)] = 1
    return np.packbits(bits, bitorder="little")


def numbers_of(bits: Array) -> frozenset[int]:
    """Packed bits as skill numbers."""
    return frozenset(np.flatnonzero(np.unpackbits(bits, bitorder="little")).tolist())


def day_number(day: date | None) -> int:
    """Days since 2000-01-01, at most what two bytes hold; no day is the last one."""
    return 32_767 if day is None else max(0, min((day - EPOCH).days, 32_767))


def city_of(region: str) -> int:
    """The city of a region code (GB/T 2260); a municipality (直辖市) is one city."""
    province = int(region[:2])
    return province * 100 + (1 if province in MUNICIPALITIES else int(region[2:4]))
