"""Demand against supply (供需统计): open and filled places, and listed candidates."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import text

from shared import clock
from shared.authorities import scope_of
from shared.db import Session

_OWN = "SELECT p.* FROM position p WHERE p.status IN ('published', 'filled')" + (
    " AND p.region LIKE ANY(CAST(:covers AS text[]))"
    " AND NOT p.region LIKE ANY(CAST(:excludes AS text[]))"
)
_LISTED = (
    "SELECT c.* FROM candidate c WHERE c.status = 'listed' AND c.consent_until >= :today"
    " AND c.region LIKE ANY(CAST(:covers AS text[]))"
    " AND NOT c.region LIKE ANY(CAST(:excludes AS text[]))"
)
_TIER = """(
    SELECT t.tier FROM jsonb_to_recordset(e.titles)
        AS t(tier text, status text, valid_from date, valid_to date, document_on date)
    WHERE t.tier IS NOT NULL AND t.status = 'effective'
      AND coalesce(t.valid_from, t.document_on) <= :today
      AND (t.valid_to IS NULL OR t.valid_to >= :today)
    ORDER BY array_position(ARRAY['little_giant', 'specialized_sme',
        'tech_and_innovative_sme', 'innovative_sme'], t.tier) LIMIT 1)"""


class Dimension(StrEnum):
    """What supply and demand are broken down by: 类型, 学科, 地区, 梯度, 细分领域."""

    KIND = "kind"
    DISCIPLINE = "discipline"
    REGION = "region"
    TIER = "tier"
    SEGMENT = "segment"


@dataclass(frozen=True)
class Balance:
    """One row: places asked for, filled and open, and candidates; supply has no tier."""

    value: str
    wanted: int
    filled: int
    candidates: int | None


_DEMAND = {
    Dimension.KIND: "p.kind",
    Dimension.DISCIPLINE: "p.discipline::text",
    Dimension.REGION: "left(p.region, 4) || '00'",
    Dimension.TIER: _TIER,
    Dimension.SEGMENT: "p.segment",
}
_SUPPLY = {
    Dimension.KIND: "unnest(c.kinds)",
    Dimension.DISCIPLINE: "c.discipline::text",
    Dimension.REGION: "left(c.region, 4) || '00'",
    Dimension.SEGMENT: "c.segment",
}


async def count_balance(session: Session, by: Dimension, authority: str | None) -> list[Balance]:
    """Demand against supply within an authority's scope; an unknown authority has none.

    A candidate of two kinds counts in both. The value is empty where it is not stated.
    """
    scope = scope_of(authority)
    names = {
        "today": clock.today(),
        "covers": [f"{prefix}%" for prefix in scope.covers] if scope else [],
        "excludes": [f"{prefix}%" for prefix in scope.excludes] if scope else [],
    }
    connection = await session.connection()
    demand = await connection.execute(
        text(
            f"SELECT coalesce({_DEMAND[by]}, '') AS value, sum(p.headcount) AS wanted,"
            f" sum(p.filled) AS filled FROM ({_OWN}) p LEFT JOIN enterprise e ON e.uscc = p.uscc"
            " WHERE CAST(:today AS date) IS NOT NULL GROUP BY 1"
        ),
        names,
    )
    wanted = {row.value: (int(row.wanted), int(row.filled)) for row in demand}
    supply: dict[str, int] = {}
    if by in _SUPPLY:
        rows = await connection.execute(
            text(
                "SELECT coalesce(value, '') AS value, count(*) AS candidates"
                f" FROM (SELECT {_SUPPLY[by]} AS value FROM ({_LISTED}) c) s GROUP BY 1"
            ),
            names,
        )
        supply = {row.value: int(row.candidates) for row in rows}
    return [
        Balance(value, *wanted.get(value, (0, 0)), supply.get(value, 0) if by in _SUPPLY else None)
        for value in sorted(wanted.keys() | supply.keys())
    ]
