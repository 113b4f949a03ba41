"""Timed work of talent: terms that begin and end, answers that are late, keys, the taxonomy."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import structlog
from sqlmodel import col, select

from contracts.events.talent import PositionStatus
from services.talent.candidates import service as candidates
from services.talent.models import Position
from services.talent.placements import service as placements
from services.talent.positions import service as positions
from services.talent.records import Table, outdated
from services.talent.secondments import service as secondments
from shared import clock
from shared.db import Database, Session, is_outage
from shared.jobs import Job

BATCH_MAX = 200
EVERY_5_S = "* * * * * */5"

log = structlog.get_logger()

Find = Callable[[Session, int], Awaitable[Sequence[UUID]]]
Work = Callable[[Session, UUID], Awaitable[object]]


async def advance_secondments(database: Database) -> None:
    """Secondments begin and end on their days."""
    await _for_all(database, secondments.due, secondments.advance)


async def expire_requests(database: Database) -> None:
    """Contact requests nobody answered in time expire."""
    await _for_all(database, placements.unanswered, placements.expire_request)


async def close_positions(database: Database) -> None:
    """Positions close after their last day."""

    async def past(session: Session, limit: int) -> Sequence[UUID]:
        statement = select(Position.position_id).where(
            Position.status == PositionStatus.PUBLISHED, col(Position.open_until) < clock.today()
        )
        return (await session.exec(statement.limit(limit))).all()

    async def close(session: Session, position_id: UUID) -> None:
        await positions.close_some(session, [position_id])

    await _for_all(database, past, close)


async def rotate_keys(database: Database) -> None:
    """Personal fields move under the current key."""
    await _for_all(database, candidates.under_old_key, candidates.rotate_key)


async def refresh_records(database: Database) -> None:
    """Match records made with another taxonomy are made again."""
    for table, work in (
        ("candidate", candidates.refresh_record),
        ("position", positions.refresh_record),
    ):
        await _for_all(database, _outdated(table), work)  # type: ignore[arg-type]


def _outdated(table: Table) -> Find:
    async def find(session: Session, limit: int) -> Sequence[UUID]:
        return await outdated(session, table, limit)

    return find


async def _for_all(database: Database, find: Find, work: Work) -> None:
    """Work on every row found, one transaction each; a round that gets nowhere ends it."""
    while True:
        ids = await database.run(lambda session: find(session, BATCH_MAX))
        done = 0
        for id_ in ids:
            try:
                await database.run(lambda session, id_=id_: work(session, id_))  # type: ignore[misc]
                done += 1
            except Exception as error:  # the next row must not wait for this one
                if is_outage(error):
                    raise
                log.exception("row left for the next time", row=str(id_))
        if done == 0 or len(ids) < BATCH_MAX:
            return


JOBS = [
    Job("talent-secondments", EVERY_5_S, advance_secondments),
    Job("talent-requests", EVERY_5_S, expire_requests),
    Job("talent-positions", EVERY_5_S, close_positions),
    Job("talent-keys", EVERY_5_S, rotate_keys),
    Job("talent-taxonomy", "* * * * *", refresh_records),
]
