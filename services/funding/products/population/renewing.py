"""Makes measures anew where the dossier, the titles or the day is another than theirs.

Nothing of it stands on the path of an event: a match renews what it reads, and while none waits
the population is walked slowly, so that the next match finds little to renew.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial

from services.funding.enterprises import Standing
from services.funding.models import Enterprise
from services.funding.products.matching import read_standing
from services.funding.products.population import kept
from services.funding.products.population.kept import Dictionary, Dossier
from services.funding.products.population.measures import Measured, measure
from shared import clock
from shared.db import Database

AT_ONCE = 500
WALK_SIZE = 10_000
WALK_RENEWED_MAX = 200
NOT_REGISTERED = Measured((), ())


async def renew_page(
    database: Database,
    values: Dictionary,
    after: str,
    end: str,
    between: Callable[[], Awaitable[None]],
) -> None:
    """Renew everything old of one page: the enterprises after one code up to another."""
    stale = await _stale(database, after, end)
    for first in range(0, len(stale), AT_ONCE):
        await _renew(database, values, stale[first : first + AT_ONCE])
        await between()


async def renew_some(database: Database, after: str) -> str:
    """Renew a few of the next enterprises; returns how far it came, "" at the end."""
    end = await database.run(partial(kept.page_end, after=after, size=WALK_SIZE))
    if end is None:
        return ""
    stale = await _stale(database, after, end)
    if len(stale) > WALK_RENEWED_MAX:
        stale = stale[:WALK_RENEWED_MAX]
        end = stale[-1]
    await _renew(database, Dictionary(), stale)
    return end


async def _stale(database: Database, after: str, end: str) -> Sequence[str]:
    return await database.run(
        partial(kept.stale_between, after=after, end=end, as_of=clock.today())
    )


async def _renew(database: Database, values: Dictionary, usccs: Sequence[str]) -> None:
    if not usccs:
        return
    at = clock.now()
    dossiers = await database.run(partial(kept.dossiers_of, usccs=usccs))
    measured = await asyncio.to_thread(lambda: [_measured(one, at) for one in dossiers])
    await values.know(database, {text for found in measured for text in found.texts})
    await database.run(
        partial(
            kept.keep_measures,
            as_of=at.date(),
            measured=list(zip(dossiers, measured, strict=True)),
            code=values.code,
        )
    )


def _measured(one: Dossier, at: datetime) -> Measured:
    if not one.registered:
        return NOT_REGISTERED
    enterprise = Enterprise(
        uscc=one.uscc, facts=json.loads(one.facts), titles=json.loads(one.titles)
    )
    return measure(read_standing(Standing(enterprise, at)))
