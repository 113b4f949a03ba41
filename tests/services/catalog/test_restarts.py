"""Deadlines survive a SIGKILL in their middle and any number of processes: each fires once."""

import asyncio
import signal
import sys
from collections import Counter
from pathlib import Path

from sqlalchemy import text

from services.catalog.jobs import fire_deadlines
from tests.flows.waiting import until
from tests.services.catalog.conftest import SEPTEMBER_2022, Catalog, DomainClock
from tests.services.catalog.test_cases import Sides, new_case

CASES = 5
LATER = "2022-11-30T10:00:00+08:00"
JOB = """
import asyncio, sys
from services.catalog.jobs import fire_deadlines
from shared import clock
from shared.db import Database

async def main():
    clock.follow(sys.argv[2])
    await fire_deadlines(Database(sys.argv[1]))

asyncio.run(main())
"""


async def waiting_cases(catalog: Catalog, domain_clock: DomainClock) -> list[Sides]:
    """Cases that were assigned, or picked, so long ago that their deadlines have passed.

    The deadlines of other tests' cases fire before, so that these are a batch of their own.
    """
    domain_clock.move_to(LATER)
    await fire_deadlines(catalog.database)
    domain_clock.move_to(SEPTEMBER_2022)
    first = await new_case(catalog)
    cases = [first] + [
        await new_case(catalog, first.provider, first.offering_id) for _ in range(CASES - 1)
    ]
    for sides in cases[::2]:
        assert (await sides.move("enterprise", "pick")).status_code == 200
    domain_clock.move_to(LATER)
    return cases


async def require_fired_once(catalog: Catalog, cases: list[Sides]) -> None:
    for number, sides in enumerate(cases):
        told = Counter(fact["move"] for fact in await catalog.facts(sides.uscc) if "move" in fact)
        picked = number % 2 == 0
        assert told["deadline_passed"] == picked
        assert told["lapse"] == (not picked)
        case = await sides.read()
        assert (case["state"], case["overdue"]) == (
            ("picked", True) if picked else ("aborted", False)
        )


async def test_a_job_killed_in_its_middle_leaves_nothing_half_done_and_nothing_fires_twice(
    catalog: Catalog, domain_clock: DomainClock, tmp_path: Path
) -> None:
    cases = await waiting_cases(catalog, domain_clock)
    last = max(sides.case_id for sides in cases)
    async with catalog.database.transaction() as session:
        connection = await session.connection()
        await connection.execute(
            text("SELECT 1 FROM service_case WHERE case_id = :id FOR UPDATE"), {"id": last}
        )
        job = await asyncio.create_subprocess_exec(
            sys.executable, "-c", JOB, catalog.database.url, str(tmp_path / "clock.json")
        )

        async def waiters() -> int:
            found = await connection.scalar(
                text(
                    "SELECT count(*) FROM pg_locks WHERE NOT granted"
                    " AND transactionid = CAST(pg_current_xact_id() AS xid)"
                )
            )
            return int(found or 0)

        try:  # it has written the others and waits for this one
            await until(waiters, lambda found: found == 1)
        finally:
            job.kill()
        assert await job.wait() == -signal.SIGKILL
    for sides in cases:
        told = [fact.get("move") for fact in await catalog.facts(sides.uscc)]
        assert not {"deadline_passed", "lapse"} & set(told)
    for _ in range(2):  # started again, and again
        await fire_deadlines(catalog.database)
    await require_fired_once(catalog, cases)


async def test_processes_that_run_the_job_at_once_fire_each_deadline_once(
    catalog: Catalog, domain_clock: DomainClock
) -> None:
    cases = await waiting_cases(catalog, domain_clock)
    await asyncio.gather(*(fire_deadlines(catalog.database) for _ in range(4)))
    await require_fired_once(catalog, cases)
