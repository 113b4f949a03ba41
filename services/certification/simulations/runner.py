"""Runs simulations beside the requests of a process, one at a time, page by page.

The event loop stays free: the judging is done by worker processes.
"""

import asyncio

from services.certification.evaluations.keeping import load_law, load_text
from services.certification.simulations import store
from services.certification.simulations.judging import Verdicts
from services.certification.simulations.models import Simulation, SimulationStatus
from services.certification.simulations.store import Page
from services.certification.simulations.tally import add_to, moved_of
from services.certification.simulations.workers import Workers
from shared.db import Database
from shared.leased import LeasedRunner

PAGE_SIZE = 3_000


class SimulationRunner(LeasedRunner[Simulation]):
    """The simulations of one process: takes up what is queued until stopped."""

    def __init__(self, page_size: int = PAGE_SIZE) -> None:
        super().__init__("simulations", store.LEASES)
        self._page_size = page_size

    async def do(self, database: Database, work: Simulation) -> None:
        """Judge page after page, from where the simulation stands."""
        await _Run(database, work, self._page_size).to_the_end()


class _Run:
    """One attempt at a simulation."""

    def __init__(self, database: Database, simulation: Simulation, page_size: int) -> None:
        self._database = database
        self._simulation = simulation
        self._page_size = page_size
        self._done = simulation.done
        self._tally = simulation.tally

    async def to_the_end(self) -> None:
        """Judge page after page until the population ends or someone cancels."""
        asked = dict(self._simulation.asked)
        async with self._database.transaction() as session:
            law = await load_law(session, self._simulation.rulebook)
            if asked["rule_text"] is not None:
                asked["rule_text"] = await load_text(session, asked["rule_text"])
        order = {"digest": law.digest, "files": dict(law.files), "asked": asked}
        first = asyncio.create_task(self._read(self._simulation.after_uscc))
        try:
            if self._simulation.total is None:
                await store.count_population(self._database, self._simulation)
            async with Workers(order) as workers:
                await self._judge_pages(workers, first)
        finally:
            first.cancel()

    async def _judge_pages(self, workers: Workers, first: "asyncio.Task[Page]") -> None:
        """Write page after page; while one is written, the workers judge the next."""
        ahead = asyncio.create_task(self._judge(workers, first))
        try:
            while True:
                page, verdicts, following = await ahead
                if following is not None:
                    ahead = asyncio.create_task(self._judge(workers, following))
                judged = list(zip(page.people, verdicts, strict=True))
                self._done += len(judged)
                self._tally = add_to(self._tally, judged)
                status = await store.write_step(
                    self._database,
                    self._simulation,
                    done=self._done,
                    after=page.people[-1].uscc if page.people else "~",
                    tally=self._tally,
                    moved=list(moved_of(judged)),
                    last=following is None,
                )
                if status is not SimulationStatus.RUNNING:
                    return
        finally:
            ahead.cancel()
            await asyncio.gather(ahead, return_exceptions=True)

    async def _judge(
        self, workers: Workers, reading: "asyncio.Task[Page]"
    ) -> tuple[Page, list[Verdicts], "asyncio.Task[Page] | None"]:
        """A page, its verdicts, and the page after it on its way; None after the last."""
        page = await reading
        following = None
        if len(page.people) == self._page_size:
            following = asyncio.create_task(self._read(page.people[-1].uscc))
        try:
            return page, await workers.judge(page.texts), following
        except BaseException:
            if following is not None:
                following.cancel()
            raise

    async def _read(self, after: str) -> Page:
        return await store.read_page(self._database, self._simulation, after, self._page_size)
