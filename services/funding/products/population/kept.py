"""Measures as they are kept: which are old, new ones in, a page of them out as an array.

Rows leave PostgreSQL by COPY in binary and become an array without a step of Python per row; every
field asked for has a fixed width.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import text

from services.funding.products.population.measures import (
    NOT_KNOWN_CODE,
    Measured,
    layout,
    value_of,
)
from shared.db import Database, Session
from shared.rules.columns import NOT_KNOWN, Array
from shared.rules.metric import Unknown, Value

COPY_HEAD_BYTES = 19
COPY_TAIL_BYTES = 2
USCC_BYTES = 18

_PAGE_END = text("""
    SELECT max(uscc) FROM (
        SELECT uscc FROM enterprise WHERE uscc > :after ORDER BY uscc LIMIT :size
    ) page
""")
_STALE = text("""
    SELECT e.uscc FROM enterprise e LEFT JOIN measures m ON m.uscc = e.uscc
    WHERE e.uscc > :after AND e.uscc <= :end AND e.dossier_version > 0
      AND (m.uscc IS NULL OR m.dossier_version <> e.dossier_version
           OR m.titles_version <> e.titles_version OR m.as_of <> :as_of OR m.layout <> :layout)
    ORDER BY e.uscc
""")
_DOSSIERS = text("""
    SELECT uscc, dossier_version, titles_version, status = 'registered' AS registered,
        CAST(facts AS text) AS facts, CAST(titles AS text) AS titles
    FROM enterprise WHERE uscc = ANY(CAST(:usccs AS text[]))
""")
_ADD_VALUES = text("""
    INSERT INTO measure_value (value)
    SELECT value FROM unnest(CAST(:values AS text[])) AS new (value) ORDER BY value
    ON CONFLICT DO NOTHING
""")
_CODES = text("SELECT code, value FROM measure_value WHERE value = ANY(CAST(:values AS text[]))")
_VALUES = text("SELECT code, value FROM measure_value WHERE code = ANY(CAST(:codes AS integer[]))")
_KEEP = """
    INSERT INTO measures
        (uscc, dossier_version, titles_version, as_of, layout, registered, codes, numbers)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (uscc) DO UPDATE SET
        dossier_version = excluded.dossier_version, titles_version = excluded.titles_version,
        as_of = excluded.as_of, layout = excluded.layout, registered = excluded.registered,
        codes = excluded.codes, numbers = excluded.numbers
"""


@dataclass(frozen=True)
class Dossier:
    """What the measures of one enterprise are made from, as it is stored."""

    uscc: str
    dossier_version: int
    titles_version: int
    registered: bool
    facts: str
    titles: str


class Dictionary:
    """Codes of the texts of values, as far as one match has met them."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {"?": NOT_KNOWN_CODE}
        self._values: dict[int, Value | Unknown] = {NOT_KNOWN_CODE: NOT_KNOWN}

    def code(self, value: str) -> int:
        """The code of a text that `know` was asked for."""
        return self._codes[value]

    def meaning(self, code: int) -> Value | Unknown:
        """The value of a code that `learn` was asked for."""
        return self._values[code]

    async def know(self, database: Database, texts: set[str]) -> None:
        """Have a code for each text; committed before anything refers to it."""
        wanted = sorted(texts - self._codes.keys())
        if not wanted:
            return
        async with database.transaction() as session:
            connection = await session.connection()
            await connection.execute(_ADD_VALUES, {"values": wanted})
        async with database.transaction() as session:
            rows = await (await session.connection()).execute(_CODES, {"values": wanted})
            self._codes.update({row.value: row.code for row in rows})

    async def learn(self, session: Session, codes: set[int]) -> None:
        """Have the value of each code."""
        wanted = sorted(codes - self._values.keys())
        if wanted:
            rows = await (await session.connection()).execute(_VALUES, {"codes": wanted})
            self._values.update({row.code: value_of(row.value) for row in rows})


async def page_end(session: Session, after: str, size: int) -> str | None:
    """The last code of the next page; None at the end of the population."""
    end: str | None = await (await session.connection()).scalar(
        _PAGE_END, {"after": after, "size": size}
    )
    return end


async def stale_between(session: Session, after: str, end: str, as_of: date) -> Sequence[str]:
    """Whose measures are missing or not of this dossier, titles and day, of one page, in order."""
    rows = await (await session.connection()).scalars(
        _STALE, {"after": after, "end": end, "as_of": as_of, "layout": layout().digest}
    )
    return rows.all()


async def dossiers_of(session: Session, usccs: Sequence[str]) -> Sequence[Dossier]:
    """What the measures of some enterprises are made from."""
    rows = await (await session.connection()).execute(_DOSSIERS, {"usccs": usccs})
    return [Dossier(*row) for row in rows]


async def keep_measures(
    session: Session,
    as_of: date,
    measured: Sequence[tuple[Dossier, Measured]],
    code: Callable[[str], int],
) -> None:
    """Keep the measures of some enterprises in place of older ones."""
    digest = layout().digest
    await (await _driver(session)).executemany(
        _KEEP,
        [
            (
                one.uscc,
                one.dossier_version,
                one.titles_version,
                as_of,
                digest,
                one.registered,
                [code(value) for value in found.texts],
                found.numbers,
            )
            for one, found in measured
        ],
    )


async def read_rows(session: Session, after: str, end: str, names: Sequence[str]) -> Array:
    """Measures of a page's registered enterprises, by code: `uscc` and the fields of the names."""
    fields, columns = [("uscc", f"S{USCC_BYTES}")], ["uscc"]
    for name in names:
        if name in layout().coded:
            fields.append((name, ">i4"))
            columns.append(f"codes[{layout().coded[name] + 1}]")
        else:
            at = 2 * layout().quantities[name] + 1
            fields += [(f"{name}/top", ">i8"), (f"{name}/bottom", ">i8")]
            columns += [f"numbers[{at}]", f"numbers[{at + 1}]"]
    sent = bytearray()

    async def receive(part: bytes) -> None:
        sent.extend(part)

    await (await _driver(session)).copy_from_query(
        f"SELECT {', '.join(columns)} FROM measures"
        " WHERE uscc > $1 AND uscc <= $2 AND registered ORDER BY uscc",
        after,
        end,
        output=receive,
        format="binary",
    )
    parts = [("fields", ">i2")]
    for name, kind in fields:
        parts += [(f"{name}/length", ">i4"), (name, kind)]
    return np.frombuffer(bytes(sent[COPY_HEAD_BYTES:-COPY_TAIL_BYTES]), np.dtype(parts))


def codes_in(rows: Array, names: Sequence[str]) -> set[int]:
    """Every code that the coded metrics of these rows hold."""
    coded = [rows[name] for name in names if name in layout().coded]
    return {int(code) for column in coded for code in np.unique(column)}


async def _driver(session: Session) -> Any:
    """The driver's own connection of this transaction, for COPY and for rows of arrays."""
    raw = await (await session.connection()).get_raw_connection()
    return raw.driver_connection
