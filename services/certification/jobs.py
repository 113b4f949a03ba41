"""Timed work of the certification service: a new day of the law, and titles waiting to be told.

Domain time is passed to the use cases as a parameter, so that moved time moves them too.
"""

from functools import partial

from services.certification.outlooks.service import judge_due
from services.certification.simulations.store import prune_simulations
from services.certification.titles.service import expire_titles, publish_waiting
from shared import clock
from shared.db import Database
from shared.jobs import Job

JUDGED_AT_ONCE = 200
EVERY_5_S = "* * * * * */5"


async def judge_new_day(database: Database) -> None:
    """Judge, in batches, every enterprise that was last judged on an earlier day."""
    today = clock.today()
    while await database.run(partial(judge_due, today=today, limit=JUDGED_AT_ONCE)):
        pass


async def end_terms(database: Database) -> None:
    """Titles whose term ended before today become expired (到期)."""
    await database.run(partial(expire_titles, today=clock.today()))


async def tell_titles(database: Database) -> None:
    """Publish, in batches, the titles that a long list or a new day changed."""
    while await database.run(publish_waiting):
        pass


EVERY_HOUR = "17 * * * *"

JOBS = [
    Job("certification-new-day", EVERY_5_S, judge_new_day),
    Job("certification-end-terms", EVERY_5_S, end_terms),
    Job("certification-tell-titles", EVERY_5_S, tell_titles),
    Job("certification-prune-simulations", EVERY_HOUR, prune_simulations),
]
