"""Timed work of the catalog: deadlines of cases, and vouchers that end."""

from services.catalog.cases import service as cases
from services.catalog.vouchers import service as vouchers
from shared import clock
from shared.db import Database
from shared.due import for_all_due
from shared.jobs import Job

EVERY_5_S = "* * * * * */5"


async def fire_deadlines(database: Database) -> None:
    """Let every deadline that has passed fire."""
    await for_all_due(database, cases.find_due, cases.fire_deadlines, clock.now())


async def expire_vouchers(database: Database) -> None:
    """Let every unused voucher whose last day is over fall back to its budget."""
    await for_all_due(database, vouchers.find_expired, vouchers.expire_vouchers, clock.now())


JOBS = [
    Job("catalog-deadlines", EVERY_5_S, fire_deadlines),
    Job("catalog-vouchers", EVERY_5_S, expire_vouchers),
]
