"""Long work of a service (长任务), a row a piece: one process at a time does it, page by page.

What a page found is written together with how far the work is, under a lease. So a killed process
loses at most a page, whoever takes the lease up next goes on where it stood, and one that was
overtaken writes nothing more. A lease counts in machine time; what people see in domain time.
"""

import asyncio
from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

import structlog
from sqlalchemy import DateTime, case, false, inspect, or_, select, update
from sqlmodel import Field, SQLModel

from shared import clock
from shared.bus.waiting import wait_for
from shared.db import Database, Session

LEASE_S = 30
ATTEMPTS_MAX = 5
PROBLEM_LENGTH_MAX = 500
LOOK_EVERY_S = 1.0
WAIT_S_MAX = 10.0

log = structlog.get_logger()


class LeaseLost(RuntimeError):
    """Another process took the work up; what this one found is not written."""


class Leased(SQLModel):
    """The columns of such a table beside its own; `number` gives the order.

    `status` is queued, running, done, failed, or what else the work may come to.
    """

    number: int
    status: str = "queued"
    attempts: int = 0
    problem: str | None = None
    finished_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    lease: UUID | None = None
    leased_until: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


W = TypeVar("W", bound=Leased)


class Leases(Generic[W]):
    """The leases on the rows of one table."""

    def __init__(self, model: type[W], cancelled: str | None = None) -> None:
        """`cancelled` names the column that says that someone asked for the end of the work."""
        self._model = model
        self._columns = inspect(model).columns
        [self._key] = inspect(model).primary_key
        self._cancelled = false() if cancelled is None else self._columns[cancelled]

    async def claim(self, session: Session) -> W | None:
        """Take up the oldest work that nobody does; None when there is none."""
        row, now = self._columns, datetime.now(UTC)
        oldest = (
            select(self._key)
            .where(
                row.status.in_(("queued", "running")),
                or_(row.leased_until.is_(None), row.leased_until < now),
            )
            .order_by(row.number)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        taken = await (await session.connection()).scalar(
            update(self._model)
            .where(self._key == oldest.scalar_subquery())
            .values(
                status="running", attempts=row.attempts + 1, lease=uuid4(), leased_until=_end(now)
            )
            .returning(self._key)
        )
        return None if taken is None else await session.get_one(self._model, taken)

    async def advance(self, session: Session, work: W, **columns: Any) -> str:
        """Write how far the work is and hold the lease on; returns the status. Raises LeaseLost."""
        status = await (await session.connection()).scalar(
            self._held(work)
            .values(leased_until=_end(datetime.now(UTC)), **columns)
            .returning(self._columns.status)
        )
        if status is None:
            raise LeaseLost(str(self._key_of(work)))
        return str(status)

    async def finish(self, session: Session, work: W, status: str) -> None:
        """The work has come to its end, unless another process has it."""
        ended = {"status": status, "finished_at": clock.now(), "lease": None, "leased_until": None}
        await (await session.connection()).execute(self._held(work).values(ended))

    async def release(self, session: Session, work: W, problem: str) -> None:
        """Give the work back; after several attempts without progress it has failed."""
        row = self._columns
        failed = row.attempts >= ATTEMPTS_MAX
        given_back = {
            "lease": None,
            "leased_until": None,
            "problem": problem[:PROBLEM_LENGTH_MAX],
            "status": case((self._cancelled, "cancelled"), (failed, "failed"), else_="queued"),
            "finished_at": case((or_(self._cancelled, failed), clock.now())),
        }
        statement = self._held(work).where(row.status == "running").values(given_back)
        await (await session.connection()).execute(statement)

    def _held(self, work: W) -> Any:
        return update(self._model).where(
            self._key == self._key_of(work), self._columns.lease == work.lease
        )

    def _key_of(self, work: W) -> Any:
        return getattr(work, self._key.name)


class LeasedRunner(ABC, Generic[W]):
    """Does what waits, one piece at a time, beside the requests of a process, until stopped."""

    def __init__(self, name: str, leases: Leases[W]) -> None:
        self._name = name
        self._leases = leases
        self._task: asyncio.Task[None] | None = None
        self._asked = asyncio.Event()

    @abstractmethod
    async def do(self, database: Database, work: W) -> None:
        """Do the work to its end, from where it stands. Raises LeaseLost."""

    async def idle(self, database: Database) -> None:
        """What there is to do while nothing waits."""

    def wake(self) -> None:
        """Work was just queued."""
        self._asked.set()

    def start(self, database: Database) -> None:
        """Begin in the background; a database that is away does not end it."""
        self._task = asyncio.create_task(self._keep_running(database), name=self._name)

    async def stop(self) -> None:
        """Stop; work under way is given back and goes on at the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def problems(self) -> list[str]:
        """Work that cannot be done makes no request fail, so never a reason."""
        return []

    async def run_next(self, database: Database) -> bool:
        """Do the oldest work that waits, to its end; False when none does."""
        work = await database.run(self._leases.claim)
        if work is None:
            return False
        try:
            await self.do(database, work)
        except LeaseLost as error:
            log.warning("work taken over", runner=self._name, work=str(error))
        except asyncio.CancelledError:
            await self._give_back(database, work, "The service was stopped.")
            raise
        except Exception as error:  # given back with its reason; tried again or failed
            log.exception("work stopped", runner=self._name)
            await self._give_back(database, work, f"{type(error).__name__}: {error}")
        return True

    async def _give_back(self, database: Database, work: W, problem: str) -> None:
        await database.run(lambda session: self._leases.release(session, work, problem))

    async def _keep_running(self, database: Database) -> None:
        wait_s = LOOK_EVERY_S
        while True:
            try:
                while await self.run_next(database):
                    pass
                await self.idle(database)
                wait_s = LOOK_EVERY_S
            except Exception as error:  # the next look may find the database back
                log.warning(f"{self._name} wait", error=f"{type(error).__name__}: {error}")
                wait_s = min(wait_s * 2, WAIT_S_MAX)
            self._asked.clear()
            await wait_for(self._asked, wait_s)


def _end(now: datetime) -> datetime:
    return now + timedelta(seconds=LEASE_S)
