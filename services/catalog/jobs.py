"""Timed work of the catalog: deadlines of cases, and vouchers that end.

Domain time is passed to the use cases as a parameter, so that moved time moves them too. One row
that fails is logged and holds back no other.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from uuid import UUID

import structlog

from services.catalog.cases.service import find_due, fire_deadline
from services.catalog.vouchers.service import expire_voucher, find_expired
from shared import clock
from shared.db import Database, Session, is_outage
from shared.jobs import Job

BATCH_MAX = 200
EVERY_5_S = "* * * * * */5"

log = structlog.get_logger()

Find = Callable[[Session, datetime, int], Awaitable[Sequence[UUID]]]
Work = Callable[[Session, UUID, datetime], Awaitable[bool]]


async def fire_deadlines(database: Database) -> None:
    """Let every deadline that has passed fire."""
    await _for_all(database, find_due, fire_deadline)


async def expire_vouchers(database: Database) -> None:
    """Let every unused voucher whose last day is over fall back to its budget."""
    await _for_all(database, find_expired, expire_voucher)


async def _for_all(database: Database, find: Find, work: Work) -> None:
    """Until nothing that is due can be done: a round that does nothing ends it."""
    now, progress = clock.now(), True
    while progress:
        progress = False
        for found in await database.run(lambda session: find(session, now, BATCH_MAX)):
            progress |= await _one(database, work, found, now)


async def _one(database: Database, work: Work, found: UUID, now: datetime) -> bool:
    try:
        return await database.run(lambda session: work(session, found, now))
    except Exception as error:  # the next one must not wait for this one
        if is_outage(error):
            raise
        log.exception("not done; tried again at the next time", found=str(found))
        return False


JOBS = [
    Job("catalog-deadlines", EVERY_5_S, fire_deadlines),
    Job("catalog-vouchers", EVERY_5_S, expire_vouchers),
]
