"""Timed work of the funding service: a new day judges every enterprise, old snapshots go."""

from services.funding.applications.jobs import JOBS as APPLICATION_JOBS
from services.funding.banks.daily_file import close_day
from services.funding.banks.feed import number_restored
from services.funding.claims.service import find_due as find_due_claims
from services.funding.claims.service import fire_deadlines
from services.funding.payments.jobs import JOBS as PAYMENT_JOBS
from services.funding.products.population.service import match_new_versions
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


async def fire_claim_deadlines(database: Database) -> None:
    """Let the deadlines of claims that have passed fire, once each."""
    await for_all_due(database, find_due_claims, fire_deadlines, clock.now())


JOBS = [
    Job("funding-new-day", EVERY_5_S, judge_new_day),
    Job("funding-delete-snapshots", EVERY_5_S, delete_old_snapshots),
    Job("funding-claim-deadlines", EVERY_5_S, fire_claim_deadlines),
    Job("funding-match-new-versions", EVERY_5_S, match_new_versions),
    Job("funding-close-day", EVERY_5_S, close_day),
    Job("funding-number-restored", EVERY_5_S, number_restored),
    *APPLICATION_JOBS,
    *PAYMENT_JOBS,
]
