"""Work that falls due for many aggregates at once: done in batches, each aggregate on its own.

One that fails is logged and holds back no other; it is tried again at the job's next time. An
outage ends the round. Domain time is passed on as a parameter, so that moved time moves it too.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import structlog

from shared.db import Database, Session, is_outage

BATCH_MAX = 100

Find = Callable[[Session, datetime, str, int], Awaitable[Sequence[str]]]
"""Keys that are due at an instant, after a key, in order, at most so many."""

Work = Callable[[Session, Sequence[str], datetime], Awaitable[None]]
"""Does what is due for the keys, and nothing for one that is no longer due."""

log = structlog.get_logger()


async def for_all_due(database: Database, find: Find, work: Work, now: datetime) -> None:
    """Do the work for every key that is due. Raises what an outage raises."""
    after = ""
    while keys := await _page(database, find, now, after):
        try:
            await _run(database, work, keys, now)
        except Exception as error:
            if is_outage(error):
                raise
            await _one_by_one(database, work, keys, now)
        after = keys[-1]


async def _one_by_one(database: Database, work: Work, keys: Sequence[str], now: datetime) -> None:
    for key in keys:
        try:
            await _run(database, work, [key], now)
        except Exception as error:  # the next one must not wait for this one
            if is_outage(error):
                raise
            log.exception("due work failed; tried again at the next time", key=key)


async def _page(database: Database, find: Find, now: datetime, after: str) -> Sequence[str]:
    return await database.run(lambda session: find(session, now, after, BATCH_MAX))


async def _run(database: Database, work: Work, keys: Sequence[str], now: datetime) -> None:
    await database.run(lambda session: work(session, keys, now))
