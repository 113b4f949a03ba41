"""Finding offerings: by words, by the criterion they close; the own segment before the industry.

Reads published offerings of listed providers only. A branch of a query takes at most
`CANDIDATES_MAX` rows, so the commonest word cannot make it slow; nearer ones are taken first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.catalog.offerings.schemas import Fit
from services.catalog.offerings.service import industries_above, regions_above
from services.catalog.search import (
    QUERY_RUNS_MAX,
    industry_term,
    query_terms,
    runs,
    segment_term,
)
from shared.db import Session

CANDIDATES_MAX = 300
_PLACES = {3: Fit.SEGMENT, 2: Fit.INDUSTRY}
_OPEN = (
    "status = 'published' AND provider IN (SELECT provider FROM provider WHERE status = 'listed')"
    " AND (CAST(:regions AS text[]) IS NULL OR regions = '{}' OR regions && :regions)"
    " AND (CAST(:service AS text) IS NULL OR service = :service)"
)


@dataclass(frozen=True)
class Surroundings:
    """The enterprise's own field and place; empty parts are not asked for."""

    region: str | None = None
    segment: str | None = None
    industry: str | None = None


@dataclass(frozen=True)
class Hit:
    """An offering that was found and how near it is."""

    offering_id: UUID
    fit: Fit


@dataclass(frozen=True)
class Found:
    """What a search found, nearest first."""

    exact: bool
    hits: list[Hit] = field(default_factory=list)


async def search_offerings(
    session: Session, words: str, near: Surroundings, limit: int, service: str | None = None
) -> Found:
    """Offerings that contain every word; where none does, those that share most of the terms."""
    asked = runs(words)[:QUERY_RUNS_MAX]
    terms = query_terms(asked)
    if not terms:
        return Found(True)
    values = _values(near, service) | {"limit": limit}
    contains = " AND ".join(f"searchable LIKE :run{n}" for n in range(len(asked)))
    patterns = {f"run{n}": f"%{run}%" for n, run in enumerate(asked)}
    branches = [(fit, "terms", marks) for fit, marks in _fits(near) if marks] + [
        (1, "name_terms", []),
        (1, "terms", []),
    ]
    selects = [
        f"(SELECT offering_id, {fit} AS fit, {named} AS named, name"
        f" FROM offering WHERE {column} @> CAST(:terms AS text[])"
        f" AND {_marked(n, marks)} AND {contains} AND {_OPEN}"
        f" LIMIT {CANDIDATES_MAX})"
        for n, (fit, column, marks) in enumerate(branches)
        for named in (_named(column, marks, len(asked)),)
    ]
    values |= patterns | {"terms": terms} | _mark_values([marks for _, _, marks in branches])
    hits: dict[UUID, Hit] = {}
    for select in selects:  # nearest first: once the page is full, a farther one cannot enter it
        if len(hits) < limit:
            found = await _hits(session, select, values)
            hits |= {hit.offering_id: hit for hit in found if hit.offering_id not in hits}
    if hits:
        return Found(True, list(hits.values())[:limit])
    return Found(False, await _loosely(session, terms, near, limit, service))


async def find_closing(
    session: Session, criteria: Sequence[str], tier: str | None, near: Surroundings, limit: int
) -> list[Hit]:
    """Offerings that can close one of the criteria, for this tier or for any."""
    selects = [
        f"(SELECT offering_id, {fit} AS fit, 0 AS named, name FROM offering"
        f" WHERE closes && CAST(:criteria AS text[])"
        f" AND {_marked(n, marks)}"
        f" AND (tiers = '{{}}' OR CAST(:tier AS text) = ANY(tiers)) AND {_OPEN}"
        f" LIMIT {CANDIDATES_MAX})"
        for n, (fit, marks) in enumerate(_fits(near))
    ]
    values = _values(near, None) | {"criteria": list(criteria), "tier": tier, "limit": limit}
    values |= _mark_values([marks for _, marks in _fits(near)])
    return await _hits(session, " UNION ALL ".join(selects), values)


def _fits(near: Surroundings) -> list[tuple[int, list[str]]]:
    """How near, nearest first, and the marks of which an offering must carry one for it."""
    found: list[tuple[int, list[str]]] = []
    if near.segment:
        found.append((3, [segment_term(near.segment)]))
    if near.industry:
        found.append((2, [industry_term(code) for code in industries_above(near.industry)]))
    return [*found, (1, [])]


def _named(column: str, marks: list[str], asked: int) -> str:
    """SQL: whether the name contains every word; read from the row only where it is not known."""
    if not marks:
        return str(int(column == "name_terms"))
    return "(" + " AND ".join(f"lower(name) LIKE :run{n}" for n in range(asked)) + ")::int"


def _marked(number: int, marks: list[str]) -> str:
    return f"terms && CAST(:marks{number} AS text[])" if marks else "TRUE"


def _mark_values(branches: list[list[str]]) -> dict[str, Any]:
    return {f"marks{number}": marks for number, marks in enumerate(branches) if marks}


def _values(near: Surroundings, service: str | None) -> dict[str, Any]:
    return {
        "regions": regions_above(near.region) if near.region else None,
        "service": service,
    }


async def _hits(session: Session, selects: str, values: dict[str, Any]) -> list[Hit]:
    statement = text(
        f"SELECT offering_id, max(fit) AS fit FROM ({selects}) AS found"
        " GROUP BY offering_id, name"
        " ORDER BY max(fit) DESC, max(named) DESC, name, offering_id LIMIT :limit"
    )
    asked = {name: value for name, value in values.items() if f":{name}" in statement.text}
    rows = await (await session.connection()).execute(statement, asked)
    return [Hit(row.offering_id, _PLACES.get(row.fit, Fit.GENERAL)) for row in rows]


async def _loosely(
    session: Session, terms: Sequence[str], near: Surroundings, limit: int, service: str | None
) -> list[Hit]:
    """Those that share most terms with the query, at least half of them."""
    statement = text(
        "SELECT offering_id, segments, industries FROM ("
        "  SELECT offering_id, segments, industries, name,"
        "   (SELECT count(*) FROM unnest(CAST(:terms AS text[])) AS t(term)"
        "    WHERE t.term = ANY(terms)) AS shared"
        f"  FROM offering WHERE terms && CAST(:terms AS text[]) AND {_OPEN}"
        f"  LIMIT {CANDIDATES_MAX}) AS found"
        " WHERE 2 * shared >= CAST(:wanted AS integer)"
        " ORDER BY shared DESC, name, offering_id LIMIT :limit"
    )
    values = _values(near, service) | {"terms": list(terms), "limit": limit, "wanted": len(terms)}
    rows = await (await session.connection()).execute(statement, values)
    return [Hit(row.offering_id, _nearness(row, near)) for row in rows]


def _nearness(row: Any, near: Surroundings) -> Fit:
    if near.segment in row.segments:
        return Fit.SEGMENT
    mine = industries_above(near.industry or "")
    return Fit.INDUSTRY if set(mine) & set(row.industries) else Fit.GENERAL
