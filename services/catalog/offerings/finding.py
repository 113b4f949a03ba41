"""Finding offerings: by words, by the criterion they close, by the need they answer.

The own segment goes before the industry, and both before what serves every field. Reads published
offerings of listed providers only. A branch of a query looks at `CANDIDATES_MAX` rows at most, so
the commonest word cannot make it slow; nearer branches are asked first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.catalog.offerings.schemas import Fit
from services.catalog.offerings.service import industries_above, regions_above
from services.catalog.search import (
    ANY_FIELD,
    ANY_REGION,
    ANY_TIER,
    QUERY_RUNS_MAX,
    QUERY_TERMS_MAX,
    mark,
    query_terms,
    runs,
)
from shared.db import Session

CANDIDATES_MAX = 300
_OPEN = (
    "status = 'published' AND provider IN (SELECT provider FROM provider WHERE status = 'listed')"
)
_SHARED = (
    "(SELECT count(*) FROM unnest(CAST({words} AS text[])) AS w(word) WHERE w.word = ANY(terms))"
)
# Rare and common words need different plans: one kept for all was up to a hundred times slower.
# Branches run one after the other, in their order, as long as no worker takes one of them away.
_AS_WRITTEN = text(
    "SELECT set_config('plan_cache_mode', 'force_custom_plan', true),"
    " set_config('enable_parallel_append', 'off', true)"
)

Terms = Sequence[str]


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


@dataclass
class _Query:
    """Branches put together, nearest first, with their values.

    The branches are disjoint, and PostgreSQL runs one only when those before it did not fill the
    answer. `words` are what the rows of a branch are ranked by, `shared_min` how many they share.
    """

    region: str | None
    words: Terms = ()
    shared_min: int = 0
    branches: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)

    def add(self, fit: Fit, *tests: str) -> None:
        """A branch: published offerings for the region that pass the tests."""
        here = [_OPEN, *tests]
        if self.region is not None:
            above = [mark("region", code) for code in regions_above(self.region)]
            here.append(self.has_one([ANY_REGION, *above]))
        rank = "shared DESC, name" if self.words else "name"
        shared = _SHARED.format(words=self.value(list(self.words))) if self.words else "0"
        self.branches.append(
            f"(SELECT offering_id, '{fit}' AS fit FROM ("
            f"SELECT offering_id, name, {shared} AS shared FROM offering"
            f" WHERE {' AND '.join(here)} LIMIT {CANDIDATES_MAX}) AS found"
            f" WHERE shared >= {self.shared_min} ORDER BY {rank}, offering_id)"
        )

    async def run(self, session: Session, limit: int) -> list[Hit]:
        """The first so many, nearest first."""
        statement = text(f"{' UNION ALL '.join(self.branches)} LIMIT {self.value(limit)}")
        connection = await session.connection()
        await connection.execute(_AS_WRITTEN)
        rows = await connection.execute(statement, self.values)
        return [Hit(row.offering_id, Fit(row.fit)) for row in rows]

    def has_all(self, terms: Terms, column: str = "terms") -> str:
        """Each of the terms."""
        return f"{column} @> CAST({self.value(list(terms))} AS text[])"

    def has_one(self, terms: Terms) -> str:
        """At least one of the terms."""
        return f"terms && CAST({self.value(list(terms))} AS text[])"

    def has_one_group(self, groups: Sequence[Terms]) -> str:
        """All terms of at least one of the groups."""
        return f"({' OR '.join(self.has_all(group) for group in groups)})"

    def contains(self, asked: Terms) -> str:
        """The words themselves, side by side as they were asked."""
        return " AND ".join(f"searchable LIKE {self.value(f'%{run}%')}" for run in asked)

    def value(self, value: Any) -> str:
        """A parameter; one that is there already is not repeated."""
        name = next((n for n, known in self.values.items() if known == value), None)
        name = name or f"v{len(self.values)}"
        self.values[name] = value
        return f":{name}"


async def search_offerings(
    session: Session, words: str, near: Surroundings, limit: int, service: str | None = None
) -> Found:
    """Offerings that contain every word; where none does, those that share most of the terms."""
    asked = runs(words)[:QUERY_RUNS_MAX]
    terms = query_terms(asked)
    if not terms:
        return Found(True)
    kind = [mark("service", service)] if service else []
    query = _Query(near.region)
    for fit, tests in _fits(query, near):
        named = query.has_all([*terms, *kind], "name_terms")
        told, side_by_side = query.has_all([*terms, *kind]), query.contains(asked)
        query.add(fit, named, side_by_side, *tests)  # a name goes before a description
        query.add(fit, told, side_by_side, f"NOT {named}", *tests)
    if hits := await query.run(session, limit):
        return Found(True, hits)
    return Found(False, await _loosely(session, terms[:QUERY_TERMS_MAX], kind, near, limit))


async def find_closing(
    session: Session, criteria: Sequence[str], tier: str, near: Surroundings, limit: int
) -> list[Hit]:
    """Offerings for the enterprise's field that can close one of the criteria, for this tier."""
    query = _Query(near.region)
    closing = query.has_one([mark("closes", criterion) for criterion in criteria])
    for_tier = query.has_one([ANY_TIER, mark("tier", tier)])
    for fit, tests in _own_fits(query, near):
        query.add(fit, closing, for_tier, *tests)
    return await query.run(session, limit)


async def find_answering(
    session: Session, kind: str, words: str, near: Surroundings, limit: int
) -> list[Hit]:
    """Offerings of a kind (a mark) for the enterprise's field, those that share its words first."""
    terms = query_terms(runs(words))[:QUERY_TERMS_MAX]
    query = _Query(near.region, terms)
    of_kind, groups = query.has_all([kind]), list(pairwise(terms))
    for fit, tests in _own_fits(query, near):
        if groups:
            speaks_of_it = query.has_one_group(groups)
            query.add(fit, of_kind, speaks_of_it, *tests)
            query.add(fit, of_kind, f"NOT {speaks_of_it}", *tests)
        else:
            query.add(fit, of_kind, *tests)
    return await query.run(session, limit)


async def _loosely(
    session: Session, terms: Terms, kind: Terms, near: Surroundings, limit: int
) -> list[Hit]:
    """Those that share more than half of the terms.

    Who shares more than half has both terms of some pair, whatever the pairs: here one of the
    first half with one of the second, which lie apart in the text and so are rarer together.
    """
    half = (len(terms) + 1) // 2
    query = _Query(near.region, terms, len(terms) // 2 + 1)
    some_pair = query.has_one_group([[*terms[i::half], *kind] for i in range(half)])
    for fit, tests in _fits(query, near):
        query.add(fit, some_pair, *tests)
    return await query.run(session, limit)


def _own_fits(query: _Query, near: Surroundings) -> list[tuple[Fit, list[str]]]:
    """How near, nearest first, and what an offering must carry for it; no two overlap."""
    found: list[tuple[Fit, list[str]]] = []
    nearer: list[str] = []
    for fit, marks in (
        (Fit.SEGMENT, [mark("segment", near.segment)] if near.segment else []),
        (Fit.INDUSTRY, [mark("industry", code) for code in industries_above(near.industry or "")]),
        (Fit.GENERAL, [ANY_FIELD]),
    ):
        if marks:
            found.append((fit, [query.has_one(marks), *nearer]))
            nearer = [*nearer, f"NOT {query.has_one(marks)}"]
    return found


def _fits(query: _Query, near: Surroundings) -> list[tuple[Fit, list[str]]]:
    """The same, and at last what is for another field; one round where no field is asked for."""
    if not (near.segment or near.industry):
        return [(Fit.GENERAL, [])]
    own = _own_fits(query, near)
    nearer = [f"NOT {tests[0]}" for _, tests in own]
    return [*own, (Fit.OTHER, nearer)]
