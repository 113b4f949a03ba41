"""What a simulation reads and writes: pages of the population, each step done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import case, text
from sqlmodel import col, func, select

from contracts.events.enterprise import DossierStatus
from services.certification.models import Enterprise
from services.certification.simulations.models import Simulation, SimulationStatus
from services.certification.simulations.tally import Moved, Person
from shared import clock
from shared.db import Database, Session
from shared.leased import Leases
from shared.scope import covered_by

KEPT_DAYS = 90

_PAGE = text("""
    SELECT e.uscc, e.name, e.region, e.facts ->> 'industry' AS industry, d.facts
    FROM enterprise e JOIN dossier d ON d.uscc = e.uscc AND d.version = e.dossier_version
    WHERE e.uscc = ANY(CAST(:usccs AS text[])) ORDER BY e.uscc
""")
_ADD_CHANGES = text("""
    INSERT INTO simulation_change
        (simulation_id, uscc, tier, change, before, after, name, region, industry)
    SELECT :simulation_id, * FROM unnest(
        CAST(:usccs AS text[]), CAST(:tiers AS text[]), CAST(:changes AS text[]),
        CAST(:befores AS text[]), CAST(:afters AS text[]), CAST(:names AS text[]),
        CAST(:regions AS text[]), CAST(:industries AS text[]))
""")
_PRUNE = text("DELETE FROM simulation WHERE finished_at < :before")


LEASES = Leases(Simulation, cancelled="cancel_requested")


@dataclass(frozen=True)
class Page:
    """Enterprises in the order of their code, with the text of their facts."""

    people: tuple[Person, ...]
    texts: tuple[str, ...]


async def count_population(database: Database, simulation: Simulation) -> int:
    """How many enterprises there are to judge."""

    async def count(session: Session) -> int:
        found = int(
            await session.scalar(
                select(func.count()).select_from(Enterprise).where(*_within(simulation))
            )
            or 0
        )
        row = await session.get_one(Simulation, simulation.simulation_id)
        row.total = found
        return found

    return await database.run(count)


async def read_page(database: Database, simulation: Simulation, after: str, size: int) -> Page:
    """The next enterprises by code."""

    async def read(session: Session) -> Page:
        usccs = await session.exec(
            select(Enterprise.uscc)
            .where(*_within(simulation), col(Enterprise.uscc) > after)
            .order_by(col(Enterprise.uscc))
            .limit(size)
        )
        rows = (await (await session.connection()).execute(_PAGE, {"usccs": list(usccs)})).all()
        return Page(
            tuple(Person(row.uscc, row.name, row.region, row.industry) for row in rows),
            tuple(row.facts for row in rows),
        )

    return await database.run(read)


async def write_step(
    database: Database,
    simulation: Simulation,
    *,
    done: int,
    after: str,
    tally: dict[str, Any],
    moved: Sequence[Moved],
    last: bool,
) -> SimulationStatus:
    """Write a page's findings and how far the job is, in one transaction. Raises LeaseLost."""
    cancelled = col(Simulation.cancel_requested)

    async def write(session: Session) -> SimulationStatus:
        status = await LEASES.advance(
            session,
            simulation,
            done=done,
            after_uscc=after,
            tally=tally,
            attempts=1,
            problem=None,
            status=case(
                (cancelled, SimulationStatus.CANCELLED),
                else_=SimulationStatus.DONE if last else SimulationStatus.RUNNING,
            ),
            finished_at=clock.now() if last else case((cancelled, clock.now())),
        )
        if moved:
            connection = await session.connection()
            await connection.execute(_ADD_CHANGES, _columns(simulation.simulation_id, moved))
        return SimulationStatus(status)

    return await database.run(write)


async def prune_simulations(database: Database) -> None:
    """Delete simulations that ended long ago."""
    before = clock.now() - timedelta(days=KEPT_DAYS)

    async def prune(session: Session, before: datetime) -> None:
        await (await session.connection()).execute(_PRUNE, {"before": before})

    await database.run(partial(prune, before=before))


def _within(simulation: Simulation) -> tuple[Any, ...]:
    """Registered enterprises of the authority, in the region that was asked for."""
    region = simulation.asked.get("region") or ""
    return (
        Enterprise.status == DossierStatus.REGISTERED,
        covered_by(simulation.authority, col(Enterprise.region)),
        col(Enterprise.region).startswith(region, autoescape=True),
    )


def _columns(simulation_id: UUID, moved: Sequence[Moved]) -> dict[str, Any]:
    return {
        "simulation_id": simulation_id,
        "usccs": [one.person.uscc for one in moved],
        "tiers": [one.tier for one in moved],
        "changes": [one.change for one in moved],
        "befores": [one.before for one in moved],
        "afters": [one.after for one in moved],
        "names": [one.person.name for one in moved],
        "regions": [one.person.region for one in moved],
        "industries": [one.person.industry for one in moved],
    }
