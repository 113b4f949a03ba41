"""Timed work of the funding service: a new day judges every enterprise, old snapshots go.

Domain time is passed to the use cases as a parameter, so that moved time moves them too. One
enterprise that fails is logged and holds back no other.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import structlog

from services.funding.products.service import delete_withdrawn, find_withdrawn
from services.funding.service import find_due, judge_due
from shared import clock
from shared.db import Database, Session, is_outage
from shared.jobs import Job

BATCH_MAX = 100
EVERY_5_S = "* * * * * */5"

log = structlog.get_logger()

Find = Callable[[Session, datetime, str, int], Awaitable[Sequence[str]]]
Work = Callable[[Session, Sequence[str], datetime], Awaitable[None]]


async def judge_new_day(database: Database) -> None:
    """Judge every enterprise that was last judged on an earlier day."""
    await _for_all(database, find_due, judge_due)


async def delete_old_snapshots(database: Database) -> None:
    """Write the tombstones of snapshots that were withdrawn seven days ago."""
    await _for_all(database, find_withdrawn, delete_withdrawn)


async def _for_all(database: Database, find: Find, work: Work) -> None:
    now, after = clock.now(), ""
    while usccs := await _page(database, find, now, after):
        try:
            await _run(database, work, usccs, now)
        except Exception as error:
            if is_outage(error):
                raise
            await _one_by_one(database, work, usccs, now)
        after = usccs[-1]


async def _one_by_one(database: Database, work: Work, usccs: Sequence[str], now: datetime) -> None:
    for uscc in usccs:
        try:
            await _run(database, work, [uscc], now)
        except Exception as error:  # the next enterprise must not wait for this one
            if is_outage(error):
                raise
            log.exception("enterprise not judged; tried again at the next time", uscc=uscc)


async def _page(database: Database, find: Find, now: datetime, after: str) -> Sequence[str]:
    return await database.run(lambda session: find(session, now, after, BATCH_MAX))


async def _run(database: Database, work: Work, usccs: Sequence[str], now: datetime) -> None:
    await database.run(lambda session: work(session, usccs, now))


JOBS = [
    Job("funding-new-day", EVERY_5_S, judge_new_day),
    Job("funding-delete-snapshots", EVERY_5_S, delete_old_snapshots),
]
