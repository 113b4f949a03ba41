"""PostgreSQL: one engine per process, one session per transaction, locks by aggregate key.

Owns how a transaction begins, is retried and ends. Knows nothing of any table.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

import asyncpg
from pydantic import PostgresDsn
from sqlalchemy import ARRAY, Text, any_, bindparam, exc, inspect, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession

Session = AsyncSession
T = TypeVar("T")

CONFLICT_ATTEMPTS_MAX = 8
_CONFLICTS = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
_OUTAGES = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.CannotConnectNowError,
    exc.TimeoutError,
    OSError,
    TimeoutError,
)
_LOCKED = "locked_keys"
_BEFORE_COMMIT = "before_commit"
_LOCK_KEYS = text(
    "SELECT pg_advisory_xact_lock(hashtextextended(key, 1))"
    " FROM unnest(CAST(:keys AS text[])) WITH ORDINALITY AS k(key, n) ORDER BY n"
)


def async_url(url: PostgresDsn | str) -> str:
    """The URL with the driver SQLAlchemy needs."""
    scheme, rest = str(url).split("://", 1)
    if scheme not in ("postgresql", "postgres", "postgresql+asyncpg"):
        raise ValueError(f"TERRACE_DATABASE_URL begins with {scheme}://; write postgresql://…")
    return f"postgresql+asyncpg://{rest}"


def plain_url(url: PostgresDsn | str) -> str:
    """The URL as asyncpg itself takes it."""
    return async_url(url).replace("+asyncpg", "", 1)


class Database:
    """The service's own database."""

    def __init__(self, url: PostgresDsn | str, pool_size: int = 10) -> None:
        self.url = plain_url(url)
        self.engine = create_async_engine(
            async_url(url),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=10,
            pool_use_lifo=True,
            hide_parameters=True,
            connect_args={
                "timeout": 5,
                "server_settings": {
                    "idle_in_transaction_session_timeout": "60000",
                    "timezone": "UTC",
                },
            },
        )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        """A session whose transaction is committed at the end and rolled back on any error."""
        async with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session
            for work in session.info.get(_BEFORE_COMMIT, ()):
                await work(session)

    async def run(self, work: Callable[[Session], Awaitable[T]]) -> T:
        """Run `work` in a transaction; repeat it when PostgreSQL says deadlock or serialization."""
        for attempt in range(1, CONFLICT_ATTEMPTS_MAX + 1):
            try:
                async with self.transaction() as session:
                    return await work(session)
            except exc.DBAPIError as error:
                if not is_conflict(error) or attempt == CONFLICT_ATTEMPTS_MAX:
                    raise
            await asyncio.sleep(random.uniform(0, 0.01 * 2**attempt))
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


def before_commit(session: Session, work: Callable[[Session], Awaitable[None]]) -> None:
    """Run `work` once, as the last of the session's transaction."""
    session.info.setdefault(_BEFORE_COMMIT, []).append(work)


async def lock_keys(session: Session, keys: Iterable[str]) -> None:
    """Hold the aggregates' keys until the transaction ends.

    Taken before a use case or handler reads: it makes the order of outbox rows the order of
    commits for that key. Keys are taken sorted; a transaction takes all of them in one call.
    """
    held: set[str] = session.info.setdefault(_LOCKED, set())
    wanted = sorted(set(keys) - held)
    if wanted:
        await (await session.connection()).execute(_LOCK_KEYS, {"keys": wanted})
        held.update(wanted)


async def read_rows(session: Session, model: type[SQLModel], keys: Sequence[str]) -> None:
    """Read the rows with these primary keys at once; after that `get` finds each without reading.

    A session forgets what nobody refers to, so the rows are kept until the transaction ends.
    """
    [key] = inspect(model).primary_key
    statement = select(model).where(key == any_(bindparam("keys", type_=ARRAY(Text))))
    session.info[model] = (await session.exec(statement, params={"keys": list(keys)})).all()


def holds_key(session: Session, key: str) -> bool:
    """Whether this session's transaction locked the key."""
    return key in session.info.get(_LOCKED, ())


def _causes(error: BaseException) -> Iterable[BaseException]:
    seen: list[BaseException] = []
    queue: list[BaseException | None] = [error]
    while queue:
        cause = queue.pop()
        if cause is None or cause in seen:
            continue
        seen.append(cause)
        queue += [cause.__cause__, cause.__context__]
        if isinstance(cause, exc.DBAPIError):
            queue.append(cause.orig)
        if isinstance(cause, BaseExceptionGroup):
            queue += list(cause.exceptions)
    return seen


def is_conflict(error: BaseException) -> bool:
    """Deadlock or serialization failure: the same work may be run again at once."""
    return any(isinstance(cause, _CONFLICTS) for cause in _causes(error))


def is_outage(error: BaseException) -> bool:
    """The database or the network is away: wait and try again, nothing is wrong with the work.

    A value that the driver cannot send is an InterfaceError too, and no outage.
    """
    causes = list(_causes(error))
    if any(isinstance(cause, asyncpg.DataError) for cause in causes):
        return False
    return any(
        isinstance(cause, _OUTAGES)
        or (isinstance(cause, exc.DBAPIError) and cause.connection_invalidated)
        for cause in causes
    )
