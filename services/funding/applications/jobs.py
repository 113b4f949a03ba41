"""Timed work of the loan applications: consents run out, banks forget."""

from services.funding.applications.disclosing import delete_old, end_expired, find_expired, find_old
from shared import clock
from shared.db import Database
from shared.due import for_all_due
from shared.jobs import Job

EVERY_5_S = "* * * * * */5"


async def close_expired(database: Database) -> None:
    """Close to the banks the applications whose consent has run out."""
    await for_all_due(database, find_expired, end_expired, clock.now())


async def delete_closed(database: Database) -> None:
    """Write the tombstones of applications that were closed to their bank seven days ago."""
    await for_all_due(database, find_old, delete_old, clock.now())


JOBS = [
    Job("funding-close-applications", EVERY_5_S, close_expired),
    Job("funding-delete-applications", EVERY_5_S, delete_closed),
]
