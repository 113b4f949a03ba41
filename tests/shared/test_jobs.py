"""Timed work goes on: over a raising job, a lost connection and a database that is not ready."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text

from shared import migrate
from shared.db import Database
from shared.jobs import Job, Jobs
from tests.deploy.waiting import until

EVERY_SECOND = "* * * * * *"
WAIT_S = 60


@pytest.fixture
async def database(fresh_database: str) -> AsyncIterator[Database]:
    await migrate.upgrade(fresh_database, None)
    database = Database(fresh_database)
    yield database
    await database.close()


@asynccontextmanager
async def running(database: Database, *jobs: Job) -> AsyncIterator[Jobs]:
    timed = Jobs(database, jobs)
    timed.start()
    try:
        yield timed
    finally:
        await timed.stop()


async def execute(database: Database, statement: str) -> None:
    async with database.transaction() as session:
        await (await session.connection()).execute(text(statement))


async def test_a_raising_job_runs_again_and_stops_no_other(database: Database) -> None:
    runs = {"raises": 0, "other": 0}

    async def raises(_: Database) -> None:
        runs["raises"] += 1
        raise LookupError("a mistake of ours")

    async def other(_: Database) -> None:
        runs["other"] += 1

    jobs = Job("raises", EVERY_SECOND, raises), Job("other", EVERY_SECOND, other)
    async with running(database, *jobs) as timed:
        await until(lambda: runs["raises"] > 1 and runs["other"] > 1)
        assert timed.problems() == []


async def picked(database: Database) -> bool:
    async with database.transaction() as session:
        taken = "SELECT count(*) FROM pgqueuer_schedules WHERE status = 'picked'"
        return bool(await session.scalar(text(taken)))


async def test_a_killed_connection_is_replaced(database: Database) -> None:
    ran = asyncio.Event()

    async def work(_: Database) -> None:
        ran.set()

    async with running(database, Job("work", EVERY_SECOND, work)), asyncio.timeout(WAIT_S):
        for _ in range(2):
            await ran.wait()
            while await picked(database):  # a job lost half-way waits for its lease of 30 s
                pass
            await execute(
                database,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            ran.clear()
        await ran.wait()


async def test_what_keeps_jobs_from_running_is_a_problem_until_it_is_mended(
    database: Database,
) -> None:
    ran = asyncio.Event()

    async def work(_: Database) -> None:
        ran.set()

    await execute(database, "ALTER TABLE pgqueuer_schedules RENAME TO hidden")
    async with running(database, Job("work", EVERY_SECOND, work)) as timed:
        await until(lambda: timed.problems() == ["jobs: RuntimeError"])
        await execute(database, "ALTER TABLE hidden RENAME TO pgqueuer_schedules")
        await until(lambda: timed.problems() == [])
        async with asyncio.timeout(WAIT_S):
            await ran.wait()


async def test_stopping_rolls_back_the_job_under_way(database: Database) -> None:
    await execute(database, "CREATE TABLE ran (n int)")
    entered = asyncio.Event()

    async def work(own: Database) -> None:
        async with own.transaction() as session:
            await (await session.connection()).execute(text("INSERT INTO ran VALUES (1)"))
            entered.set()
            await asyncio.Event().wait()

    async with running(database, Job("work", EVERY_SECOND, work)), asyncio.timeout(WAIT_S):
        await entered.wait()
    async with database.transaction() as session:
        assert await session.scalar(text("SELECT count(*) FROM ran")) == 0
