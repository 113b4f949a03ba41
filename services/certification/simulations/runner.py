"""Runs simulations beside the requests of a process, one at a time, page by page.

What a page found is written with how far the job is, so a killed process loses at most a page, and
whoever takes the lease up next goes on where it stood. The event loop stays free: the judging is
done by worker processes.
"""

import asyncio
from uuid import UUID, uuid4

import structlog

from services.certification.evaluations.keeping import load_law, load_text
from services.certification.simulations import store
from services.certification.simulations.judging import Verdicts
from services.certification.simulations.models import Simulation, SimulationStatus
from services.certification.simulations.store import LeaseLost, Page
from services.certification.simulations.tally import add_to, moved_of
from services.certification.simulations.workers import Workers
from shared.db import Database

PAGE_SIZE = 3_000
LOOK_EVERY_S = 1.0
WAIT_S_MAX = 10.0

log = structlog.get_logger()


class SimulationRunner:
    """The simulations of one process: takes up what is queued until stopped."""

    def __init__(self, page_size: int = PAGE_SIZE) -> None:
        self._page_size = page_size
        self._task: asyncio.Task[None] | None = None
        self._asked = asyncio.Event()

    def wake(self) -> None:
        """A simulation was just queued."""
        self._asked.set()

    def start(self, database: Database) -> None:
        """Begin in the background; a database that is away does not end it."""
        self._task = asyncio.create_task(self._keep_running(database), name="simulations")

    async def stop(self) -> None:
        """Stop; a simulation under way is given back and goes on at the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def problems(self) -> list[str]:
        """A simulation that cannot run makes no request fail, so never a reason."""
        return []

    async def _keep_running(self, database: Database) -> None:
        wait_s = LOOK_EVERY_S
        while True:
            try:
                while await self.run_next(database):
                    pass
                wait_s = LOOK_EVERY_S
            except Exception as error:  # the next look may find the database back
                log.warning("simulations wait", error=f"{type(error).__name__}: {error}")
                wait_s = min(wait_s * 2, WAIT_S_MAX)
            self._asked.clear()
            try:
                await asyncio.wait_for(self._asked.wait(), wait_s)
            except TimeoutError:
                continue

    async def run_next(self, database: Database) -> bool:
        """Run the oldest simulation that waits, to its end; False when none does."""
        lease = uuid4()
        simulation = await store.claim(database, lease)
        if simulation is None:
            return False
        try:
            await _Run(database, simulation, self._page_size, lease).to_the_end()
        except LeaseLost:
            log.warning("simulation taken over", simulation=str(simulation.simulation_id))
        except asyncio.CancelledError:
            await store.release(database, simulation, lease, "The service was stopped.")
            raise
        except Exception as error:  # given back with its reason; tried again or failed
            log.exception("simulation stopped", simulation=str(simulation.simulation_id))
            await store.release(database, simulation, lease, f"{type(error).__name__}: {error}")
        return True


class _Run:
    """One attempt at a simulation."""

    def __init__(
        self, database: Database, simulation: Simulation, page_size: int, lease: UUID
    ) -> None:
        self._database = database
        self._simulation = simulation
        self._page_size = page_size
        self._lease = lease
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
                    self._lease,
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
