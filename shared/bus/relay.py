"""The relay: the only producer. Publishes the outbox of one service, in order, exactly as stored.

One relay per service works at a time: the one whose connection holds an advisory lock. The same
connection reads the rows and marks them, so when it breaks nothing more can be marked, and the
producer is discarded: another relay may be at work already. Rows go out in the order of their
ids, unpublished ones only; there is no last-id cursor, because ids commit out of order.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import asyncpg
import structlog
from aiokafka.errors import KafkaError

from contracts.fact import Topic
from shared.bus import metrics, replay
from shared.bus.failures import is_infrastructure
from shared.bus.publisher import Publisher, Row, Sent
from shared.bus.security import client_security
from shared.bus.waiting import BackOff, wait_for
from shared.db import Database
from shared.settings import Settings

WINDOW_ROWS_MAX = 1_000
WINDOW_BYTES_MAX = 8_000_000
POLL_S = 0.02
QUIET_POLLS_MAX = 50
SAFETY_POLL_S = 5.0
STANDBY_POLL_S = 1.0
PING_S = 1.0
STOP_S = 5.0
BACK_OFF_S = (0.1, 5.0)
HELD_BACK_S = (1.0, 60.0)
# The client gives a silent connection up (10 s) before the server frees its lock (30 s).
_COMMAND_S = 10
_SERVER = {
    "application_name": "terrace relay",
    "timezone": "UTC",
    "idle_session_timeout": "0",
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
_LOCK = "SELECT pg_try_advisory_lock(4217, 1)"
_UNPUBLISHED = """
SELECT id, topic, key, payload, headers FROM (
    SELECT id, topic, key, payload, headers, coalesce(octet_length(payload), 0) AS bytes,
        sum(coalesce(octet_length(payload), 0)) OVER (ORDER BY id) AS total
    FROM outbox
    WHERE published_at IS NULL
        AND (topic, key) NOT IN (SELECT * FROM unnest($1::text[], $2::text[]))
    ORDER BY id LIMIT $3
) AS found WHERE total - bytes < $4 ORDER BY id
"""
_MARK = "UPDATE outbox SET published_at = now() WHERE id = ANY($1::bigint[])"
_PENDING = "SELECT count(*) FROM outbox WHERE published_at IS NULL"
_REST = """
SELECT pg_snapshot_xmin(pg_current_snapshot()) >= $1::text::xid8 AS complete,
    EXISTS (SELECT FROM outbox WHERE published_at IS NULL
        AND (topic, key) NOT IN (SELECT * FROM unnest($2::text[], $3::text[]))) AS found
"""

T = TypeVar("T")
log = structlog.get_logger()


class LockLost(ConnectionError):
    """The connection that held the relay's lock broke."""


@dataclass
class _HeldBack:
    """A key whose record the broker refused: tried again later, less and less often."""

    until: float = 0.0
    back_off: BackOff = field(default_factory=lambda: BackOff(*HELD_BACK_S))


class Relay:
    """Publishes one service's outbox until stopped; survives PostgreSQL and Kafka being away."""

    def __init__(self, database: Database, settings: Settings, topics: Sequence[Topic]) -> None:
        self._database = database
        self._forgetful = settings.broker_forgets
        self._publisher = Publisher(
            settings.kafka,
            topics,
            forgetful=settings.broker_forgets,
            security=client_security(settings),
        )
        self._held_back: dict[tuple[str, str], _HeldBack] = {}
        self._back_off = BackOff(*BACK_OFF_S)
        self._problem: str | None = "starting"
        self._stopping = asyncio.Event()
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin in the background."""
        self._task = asyncio.create_task(self._keep_running(), name="relay")

    async def stop(self) -> None:
        """Finish the window under way, then free the lock."""
        self._stopping.set()
        self._woken.set()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=STOP_S)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def problems(self) -> list[str]:
        """Why nothing can be published now."""
        return [f"relay: {self._problem}"] if self._problem else []

    async def _keep_running(self) -> None:
        while not self._stopping.is_set():
            try:
                async with self._lock() as lock:
                    await self._publish(lock)
            except Exception as error:
                self._problem = f"database: {type(error).__name__}"
                if is_infrastructure(error):
                    log.warning("relay lost its connection", error=str(error))
                else:
                    self._problem = "unexpected error, see the log"
                    log.exception("relay failed; it starts again")
            await wait_for(self._stopping, self._back_off.next_s())

    @asynccontextmanager
    async def _lock(self) -> AsyncIterator["_Lock"]:
        """Be the only relay, or wait until the other one ends."""
        connection = await asyncpg.connect(
            self._database.url, timeout=5, command_timeout=_COMMAND_S, server_settings=_SERVER
        )
        lock = _Lock(connection)
        try:
            while not (self._stopping.is_set() or await connection.fetchval(_LOCK)):
                self._problem = None
                await wait_for(self._stopping, STANDBY_POLL_S)
            await connection.add_listener("outbox", lambda *_: self._woken.set())
            yield lock
        finally:
            connection.terminate()

    async def _publish(self, lock: "_Lock") -> None:
        while not self._stopping.is_set():
            try:
                await lock.keep_while(self._publisher.connect())
                await self._remind(lock)
                self._problem = None
                await self._pump(lock)
            except KafkaError as error:
                self._problem = f"broker: {type(error).__name__}"
                log.warning("relay waits for the broker", error=str(error))
            finally:
                await self._publisher.discard()
            await lock.keep_while(wait_for(self._stopping, self._back_off.next_s()))

    async def _remind(self, lock: "_Lock") -> None:
        """Publish the retained outbox again to a broker that has forgotten it."""
        if await lock.keep_while(self._publisher.has_forgotten()):
            await lock.keep_while(replay.publish_everything(self._database))
            await lock.keep_while(self._publisher.mark_broker())

    async def _pump(self, lock: "_Lock") -> None:
        """Publish window after window until the producer has to be replaced."""
        quiet = 0
        while not self._stopping.is_set():
            rows = await self._unpublished(lock)
            if rows:
                quiet = 0
                if self._forgetful:
                    await lock.keep_while(self._publisher.check())
                sent = await lock.keep_while(self._publisher.publish(rows))
                await self._mark(lock, sent)
                if sent.trouble is not None:
                    raise KafkaError(sent.trouble)
                if sent.spoiled:
                    return
            elif quiet < QUIET_POLLS_MAX:
                quiet += 1
                await asyncio.sleep(POLL_S)
            else:
                quiet = 0
                await self._rest(lock)

    async def _unpublished(self, lock: "_Lock") -> list[Row]:
        found = await lock.connection.fetch(
            _UNPUBLISHED, *self._keys_held_back(), WINDOW_ROWS_MAX, WINDOW_BYTES_MAX
        )
        return [
            Row(row["id"], row["topic"], row["key"], row["payload"], json.loads(row["headers"]))
            for row in found
        ]

    async def _mark(self, lock: "_Lock", sent: Sent) -> None:
        if sent.published:
            await lock.connection.execute(_MARK, [row.id for row in sent.published])
            metrics.PUBLISHED.inc(len(sent.published))
            self._back_off.reset()
        for row in sent.published if self._held_back else ():
            self._held_back.pop((row.topic, row.key), None)
        for (topic, key), reason in {(r.topic, r.key): why for r, why in sent.refused}.items():
            held = self._held_back.setdefault((topic, key), _HeldBack())
            held.until = time.monotonic() + held.back_off.next_s()
            metrics.REFUSED.inc()
            log.error("record refused; its key waits", topic=topic, key=key, reason=reason)

    def _keys_held_back(self) -> tuple[list[str], list[str]]:
        now = time.monotonic()
        keys = [key for key, held in self._held_back.items() if held.until > now]
        return [topic for topic, _ in keys], [key for _, key in keys]

    async def _rest(self, lock: "_Lock") -> None:
        """Wait until a row may be there, without polling.

        `outbox` wakes the relay only when it sees the idle mark. A transaction that inserted
        before it could see the mark wakes nobody; so the relay keeps polling until every
        transaction of that time has ended, and only then relies on being woken.
        """
        connection = lock.connection
        self._woken.clear()
        await connection.execute("UPDATE relay_state SET idle = true")
        horizon = await connection.fetchval("SELECT pg_snapshot_xmax(pg_current_snapshot())::text")
        while not self._stopping.is_set():
            metrics.OUTBOX_PENDING.set(await connection.fetchval(_PENDING))
            state = await connection.fetchrow(_REST, horizon, *self._keys_held_back())
            if state["found"]:
                break
            if not state["complete"]:
                await asyncio.sleep(POLL_S)
                continue
            await lock.keep_while(self._publisher.check())
            await lock.keep_while(wait_for(self._woken, SAFETY_POLL_S))
            if self._woken.is_set():
                break
        await connection.execute("UPDATE relay_state SET idle = false")


class _Lock:
    """The connection that holds the advisory lock, and the news of its loss."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection
        self._lost = asyncio.get_running_loop().create_future()
        connection.add_termination_listener(self._note_loss)

    async def keep_while(self, work: Awaitable[T]) -> T:
        """Do the work while the lock is held. Raises LockLost, with the work cancelled."""
        task = asyncio.ensure_future(work)
        try:
            while not task.done():
                await asyncio.wait(
                    {task, self._lost}, timeout=PING_S, return_when=asyncio.FIRST_COMPLETED
                )
                if self._lost.done():
                    raise LockLost("the connection that holds the relay's lock broke")
                if not task.done():
                    await self.connection.execute("SELECT 1")
            return task.result()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _note_loss(self, _connection: asyncpg.Connection) -> None:
        if not self._lost.done():
            self._lost.set_result(None)
