"""Timed work of a service (定时任务), on pgqueuer: one runner at a time whatever the replicas.

A due job compares with `clock.now()` that it is passed in a statement, never with the
database's clock, so that moved domain time moves it too.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import structlog
from pgqueuer import PgQueuer
from pgqueuer.models import Schedule

from shared.db import Database

RESTART_S_MAX = 10.0

log = structlog.get_logger()


@dataclass(frozen=True)
class Job:
    """One piece of timed work. `cron` has five fields, or six with seconds last."""

    name: str
    cron: str
    run: Callable[[Database], Awaitable[None]]


class Jobs:
    """Runs the jobs of one service until stopped; survives the database being away."""

    def __init__(self, database: Database, jobs: Sequence[Job]) -> None:
        self._database = database
        self._jobs = jobs
        self._task: asyncio.Task[None] | None = None
        self._queuer: PgQueuer | None = None
        self._under_way: set[asyncio.Task[Any]] = set()
        self._problem: str | None = None

    def problems(self) -> list[str]:
        """Why timed work does not run now; empty when it does."""
        return [f"jobs: {self._problem}"] if self._problem else []

    def start(self) -> None:
        """Begin in the background."""
        if self._jobs:
            self._task = asyncio.create_task(self._keep_running(), name="jobs")

    async def stop(self) -> None:
        """Stop; a job under way is cancelled and its transaction rolled back."""
        if self._queuer is not None:
            self._queuer.shutdown.set()
        for job in self._under_way:
            job.cancel()  # the queuer itself would wait for them to end
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _keep_running(self) -> None:
        wait_s = 0.2
        while True:
            try:
                await self._run()
                return
            except Exception as error:  # no job may end for good because of one bad moment
                self._problem = type(error).__name__
                log.warning("jobs stopped; they start again", error=str(error))
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, RESTART_S_MAX)

    async def _run(self) -> None:
        connection = await asyncpg.connect(self._database.url)
        try:
            self._queuer = PgQueuer.from_asyncpg_connection(connection)
            for job in self._jobs:
                self._queuer.schedule(job.name, job.cron)(self._guarded(job))
            self._problem = None
            await self._queuer.sm.run()
        finally:
            await connection.close(timeout=2)

    def _guarded(self, job: Job) -> Callable[[Schedule], Awaitable[None]]:
        async def run(_schedule: Schedule) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._under_way.add(task)
            try:
                await job.run(self._database)
            except Exception:
                log.exception("job failed; it runs again at its next time", job=job.name)
            finally:
                self._under_way.discard(task)

        return run
