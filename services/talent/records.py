"""The match records that the indexes follow, written with the row they describe."""

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from sqlalchemy import text

from services.talent.matching.features import Offer, Profile, pack
from services.talent.matching.taxonomy import taxonomy
from shared.db import Session

Table: TypeAlias = Literal["candidate", "position"]


async def keep_record(session: Session, table: Table, ordinal: int, row: Offer | Profile) -> None:
    """Set the record of one row; every replica takes it over within a second."""
    await (await session.connection()).execute(
        text(
            f"INSERT INTO {table}_match (ordinal, record, taxonomy) VALUES (:o, :r, :t)"
            " ON CONFLICT (ordinal) DO UPDATE"
            " SET record = excluded.record, taxonomy = excluded.taxonomy"
        ),
        {"o": ordinal, "r": pack(row), "t": taxonomy().version},
    )


async def outdated(session: Session, table: Table, limit: int) -> Sequence[Any]:
    """Rows whose record was made with another version of the taxonomy."""
    rows = await (await session.connection()).execute(
        text(
            f"SELECT {table}_id FROM {table} WHERE ordinal IN (SELECT ordinal FROM {table}_match"
            " WHERE taxonomy < :t OR taxonomy > :t ORDER BY ordinal LIMIT :limit)"
        ),
        {"t": taxonomy().version, "limit": limit},
    )
    return rows.scalars().all()
