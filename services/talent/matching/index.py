"""The index: every candidate, or every position, as columns in memory (列式索引).

A row's slot is the number PostgreSQL gave it, so two replicas hold the same rows in the same
places and answer in the same order. Skills are one packed bitmap each; hard constraints and parts
are whole-column arithmetic on small integers. Holds no name and no text.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from services.talent.matching import scoring
from services.talent.matching.features import OFFER, PROFILE, Array, Offer, Profile
from services.talent.matching.taxonomy import SKILLS_MAX, taxonomy

SLOTS_MIN = 1 << 12
SAMPLE_ROWS = 2_000
BLOCK_ROWS = 1 << 15


@dataclass(frozen=True)
class Found:
    """The best slots, best first; ties by slot. `eligible` is how many passed the constraints."""

    slots: tuple[int, ...]
    points: tuple[int, ...]
    eligible: int
    rows: int


@dataclass(frozen=True)
class Filter:
    """What a caller adds to the hard constraints. Each is optional."""

    region: str | None = None
    kinds: int | None = None
    level: int | None = None
    discipline: int | None = None


class Columns:
    """The rows of one record type, by slot. Readers and the writer take turns on one lock."""

    def __init__(self, record: np.dtype[Any]) -> None:
        self._record = record
        self._lock = threading.Lock()
        self._capacity = 0
        self.size = 0
        self.rows = 0
        self._numbers: dict[str, Array] = {}
        self._bits: dict[str, Array] = {}
        self._groups = np.zeros((0, 0), np.uint8)
        self._grow(SLOTS_MIN)

    def put(self, slots: Array, records: Array) -> None:
        """Set these rows. A row that is put twice in one call keeps its last record."""
        if not len(slots):
            return
        last = len(slots) - 1 - np.unique(slots[::-1], return_index=True)[1]
        slots, records = slots[last], records[last]
        with self._lock:
            if int(slots[-1]) >= self._capacity:
                self._grow(1 << int(slots[-1]).bit_length())
            for name, column in self._numbers.items():
                column[slots] = records[name]
            for name, bitmaps in self._bits.items():
                bits = np.unpackbits(records[name], axis=1, bitorder="little")
                _set_bits(bitmaps, slots, bits)
                if name == "strong":
                    _set_bits(self._groups, slots, _group_bits(bits))
            self.size = max(self.size, int(slots[-1]) + 1)
            self.rows = int(np.count_nonzero(self._numbers["until"][: self.size]))

    def nbytes(self) -> int:
        """Bytes held."""
        parts = (*self._numbers.values(), *self._bits.values(), self._groups)
        return sum(part.nbytes for part in parts)

    def row(self, slot: int) -> dict[str, int]:
        """The numbers of one row."""
        with self._lock:
            return {name: int(column[slot]) for name, column in self._numbers.items()}

    def _grow(self, capacity: int) -> None:
        skills = len(taxonomy().skills)
        for name in self._record.names or ():
            kind = self._record[name]
            if kind.shape:
                old = self._bits.get(name, np.zeros((skills, 0), np.uint8))
                self._bits[name] = _wider(old, capacity // 8)
            else:
                column = np.zeros(capacity, kind)
                column[: self._capacity] = self._numbers.get(name, column[:0])
                self._numbers[name] = column
        if "strong" in self._bits:
            groups = self._groups if self._capacity else np.zeros((len(taxonomy().groups), 0), "u1")
            self._groups = _wider(groups, capacity // 8)
        self._capacity = capacity

    def _view(self, rows: Array | slice) -> Any:
        """These rows of the columns, by name."""
        return _View(self._numbers, rows)

    def _has(self, name: str, skill: int) -> Array:
        """One byte per row: whether its bit of this skill is set."""
        return np.unpackbits(self._bits[name][skill], count=self.size, bitorder="little")


class CandidateIndex(Columns):
    """Every candidate in the directory."""

    def __init__(self) -> None:
        super().__init__(PROFILE)

    def best(self, offer: Offer, today: int, limit: int, wanted: Filter | None = None) -> Found:
        """The candidates that fit a position best.

        Exact although most rows are never scored: a first handful says how good the answer is at
        least, and only rows whose skills leave a chance to reach that are looked at.
        """
        with self._lock:
            mask = self._eligible(offer, today, wanted or Filter())
            eligible = int(np.count_nonzero(mask))
            weight = _weight(offer)
            points = scoring.skills(np.arange(scoring.EXACT * weight + 1), weight)
            credit = self._credit(offer)
            credit *= mask.view(np.uint8)
            first = _least(credit, mask, max(limit, SAMPLE_ROWS), scoring.EXACT * weight)
            _, totals = self._scored(offer, today, credit, mask, first, points)
            enough = np.sort(totals)[-limit] if len(totals) >= limit else 0
            chance = points + (scoring.POINTS_MAX - scoring.SKILLS_POINTS) >= enough
            last = min(first, int(np.argmax(chance)))
            slots, totals = self._scored(offer, today, credit, mask, last, points)
            order = np.lexsort((slots, -totals))[:limit]
            return Found(
                tuple(slots[order].tolist()), tuple(totals[order].tolist()), eligible, self.rows
            )

    def _eligible(self, offer: Offer, today: int, wanted: Filter) -> Array:
        c = self._view(slice(0, self.size))
        mask: Array = scoring.eligible(offer, c, today) & _passes(c, wanted)
        for skill in sorted(offer.must):
            bitmap = self._bits["strong"][skill] | self._bits["weak"][skill]
            mask &= np.unpackbits(bitmap, count=self.size, bitorder="little").view(bool)
        return mask

    def _credit(self, offer: Offer) -> Array:
        """Weighted credit per row, one byte each: the limits on skills keep it below 256."""
        known = taxonomy()
        total = np.zeros(self.size, np.uint8)
        for skill in sorted(offer.must | offer.wish | offer.text):
            group = self._groups[known.skills[skill].group]
            best = np.unpackbits(group, count=self.size, bitorder="little")
            np.maximum(best, self._has("weak", skill) * np.uint8(scoring.SIMILAR), out=best)
            np.maximum(best, self._has("strong", skill) * np.uint8(scoring.EXACT), out=best)
            best *= np.uint8(scoring.weight_of(offer, skill))
            total += best
        return total

    def _scored(
        self, offer: Offer, today: int, credit: Array, mask: Array, least: int, points: Array
    ) -> tuple[Array, Array]:
        """The eligible rows with at least this credit, and the points of each."""
        chosen = np.flatnonzero(mask if least == 0 else credit >= least)
        totals = np.empty(len(chosen), np.int32)
        for start in range(0, len(chosen), BLOCK_ROWS):
            slots = chosen[start : start + BLOCK_ROWS]
            c = self._view(slots)
            total = points[credit[slots]]
            for part, _most in scoring.PARTS.values():
                total = total + part(offer, c, today)
            totals[start : start + BLOCK_ROWS] = total
        return chosen, totals


class PositionIndex(Columns):
    """Every open position of the directory."""

    def __init__(self) -> None:
        super().__init__(OFFER)

    def best(self, profile: Profile, today: int, limit: int, wanted: Filter | None = None) -> Found:
        """The positions that fit a candidate best."""
        with self._lock:
            p = self._view(slice(0, self.size))
            mask = scoring.eligible(p, profile, today) & _passes(p, wanted or Filter())
            credit, weight = np.zeros(self.size, np.int32), np.zeros(self.size, np.int32)
            for skill in taxonomy().skills:
                asked = self._weights(skill.number)
                weight += asked
                siblings = taxonomy().siblings(skill.number)
                had = scoring.credit_of(profile, skill.number, siblings)
                if had:
                    credit += asked * np.int32(had)
                if not (skill.number in profile.strong or skill.number in profile.weak):
                    mask &= self._has("must", skill.number) == 0
            total = np.asarray(scoring.skills(credit, weight), np.int16)
            for part, _most in scoring.PARTS.values():
                total += np.asarray(part(p, profile, today), np.int16)
            return _top(total, mask, limit, self.rows)

    def _weights(self, skill: int) -> Array:
        asked = self._has("text", skill) * np.uint8(scoring.TEXT)
        asked = np.maximum(asked, self._has("wish", skill) * np.uint8(scoring.WISH))
        found: Array = np.maximum(asked, self._has("must", skill) * np.uint8(scoring.MUST))
        return found


class _View:
    """Some rows of the columns by attribute, as the formula reads them; taken when first read."""

    def __init__(self, columns: dict[str, Array], rows: Array | slice) -> None:
        self._columns = columns
        self._rows = rows

    def __getattr__(self, name: str) -> Array:
        column: Array = self._columns[name][self._rows]
        self.__dict__[name] = column
        return column


def _weight(offer: Offer) -> int:
    needed = offer.must | offer.wish | offer.text
    return sum(scoring.weight_of(offer, skill) for skill in needed)


def _least(credit: Array, mask: Array, wanted: int, most: int) -> int:
    """The highest credit that at least so many eligible rows reach; 0 when all are too few."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if np.count_nonzero(credit >= middle) >= wanted:
            low = middle
        else:
            high = middle - 1
    return low


def _passes(rows: Any, wanted: Filter) -> Any:
    passes: Any = True
    if wanted.region is not None:
        code = int(wanted.region)
        passes = (rows.province == code) if len(wanted.region) == 2 else (rows.city == code)
    if wanted.kinds is not None:
        passes = passes & ((rows.kinds & wanted.kinds) != 0)
    if wanted.level is not None:
        passes = passes & (rows.level >= wanted.level)
    if wanted.discipline is not None:
        passes = passes & (rows.discipline == wanted.discipline)
    return passes


def _top(total: Array, mask: Array, limit: int, rows: int) -> Found:
    """The best rows. The least score that still counts is found by halving, not by sorting."""
    total[~mask] = -1
    count = int(np.count_nonzero(mask))
    low, high = 0, scoring.POINTS_MAX
    while low < high:
        middle = (low + high + 1) // 2
        if np.count_nonzero(total >= middle) >= limit:
            low = middle
        else:
            high = middle - 1
    slots = np.flatnonzero(total >= low)
    order = np.lexsort((slots, -total[slots]))[:limit]
    best = slots[order]
    return Found(tuple(best.tolist()), tuple(total[best].tolist()), count, rows)


def _set_bits(bitmaps: Array, slots: Array, bits: Array) -> None:
    """Write each row's bits into the bitmaps: whole bytes are read, changed and put back."""
    places = np.unique(slots >> 3)
    block = np.unpackbits(bitmaps[:, places], axis=1, bitorder="little")
    columns = np.searchsorted(places, slots >> 3) * 8 + (slots & 7)
    block[:, columns] = bits[:, : len(bitmaps)].T
    bitmaps[:, places] = np.packbits(block, axis=1, bitorder="little")


def _group_bits(bits: Array) -> Array:
    return np.stack([bits[:, list(g.skills)].any(axis=1) for g in taxonomy().groups], axis=1)


def _wider(bitmaps: Array, width: int) -> Array:
    wider = np.zeros((len(bitmaps), width), np.uint8)
    wider[:, : bitmaps.shape[1]] = bitmaps
    return wider


def slots_of(numbers: Iterable[int]) -> Array:
    """Row numbers of the database, which begin at 1, as slots."""
    return np.fromiter(numbers, np.int64) - 1


assert SKILLS_MAX % 8 == 0
