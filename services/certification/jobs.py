"""Timed work of the certification service: a new day of the law, and titles waiting to be told.

Domain time is passed to the use cases as a parameter, so that moved time moves them too.
"""

from functools import partial

from services.certification.outlooks.service import find_due, judge_due
from services.certification.simulations.store import prune_simulations
from services.certification.titles.service import expire_titles, publish_waiting
from shared import clock
from shared.db import Database
from shared.due import for_all_due
from shared.jobs import Job

EVERY_5_S = "* * * * * */5"
EVERY_HOUR = "17 * * * *"


async def judge_new_day(database: Database) -> None:
    """Judge every enterprise that was last judged on an earlier day."""
    await for_all_due(database, find_due, judge_due, clock.now())


async def end_terms(database: Database) -> None:
    """Titles whose term ended before today become expired (到期)."""
    await database.run(partial(expire_titles, today=clock.today()))


async def tell_titles(database: Database) -> None:
    """Publish, in batches, the titles that a long list or a new day changed."""
    while await database.run(publish_waiting):
        pass


JOBS = [
    Job("certification-new-day", EVERY_5_S, judge_new_day),
    Job("certification-end-terms", EVERY_5_S, end_terms),
    Job("certification-tell-titles", EVERY_5_S, tell_titles),
    Job("certification-prune-simulations", EVERY_HOUR, prune_simulations),
]
