"""Timed work of the funding service: a new day judges every enterprise, old snapshots go."""

from services.funding.products.service import delete_withdrawn, find_withdrawn
from services.funding.service import find_due, judge_due
from shared import clock
from shared.db import Database
from shared.due import for_all_due
from shared.jobs import Job

EVERY_5_S = "* * * * * */5"


async def judge_new_day(database: Database) -> None:
    """Judge every enterprise that was last judged on an earlier day."""
    await for_all_due(database, find_due, judge_due, clock.now())


async def delete_old_snapshots(database: Database) -> None:
    """Write the tombstones of snapshots that were withdrawn seven days ago."""
    await for_all_due(database, find_withdrawn, delete_withdrawn, clock.now())


JOBS = [
    Job("funding-new-day", EVERY_5_S, judge_new_day),
    Job("funding-delete-snapshots", EVERY_5_S, delete_old_snapshots),
]
