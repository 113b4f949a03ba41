"""Timed work of the payment desk: each deadline fires once, by domain time."""

from services.funding.payments.appeals import find_undecided, mark_undecided
from services.funding.payments.claw_backs import find_overdue, mark_overdue
from shared import clock
from shared.db import Database
from shared.due import for_all_due
from shared.jobs import Job

EVERY_5_S = "* * * * * */5"


async def fire_repayment_deadlines(database: Database) -> None:
    """Mark claw-backs that were not repaid in time, and tell their payees."""
    await for_all_due(database, find_overdue, mark_overdue, clock.now())


async def fire_appeal_deadlines(database: Database) -> None:
    """Mark appeals that were not decided in time."""
    await for_all_due(database, find_undecided, mark_undecided, clock.now())


JOBS = [
    Job("funding-repayment-deadlines", EVERY_5_S, fire_repayment_deadlines),
    Job("funding-appeal-deadlines", EVERY_5_S, fire_appeal_deadlines),
]
