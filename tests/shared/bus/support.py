"""A service's bus on real servers for one test, with topics and a group of its own.

`Limit` is a snapshot on a compacted topic, `Visit` a happening on one kept by time. They are
declared here and taken out of the registry at once, so that the contract tests never see them.
"""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from aiokafka.admin import AIOKafkaAdminClient
from pydantic import Field
from sqlalchemy import text

from contracts.fact import FACTS, INTERNAL, Fact, Topic
from shared import clock
from shared.bus import Bus, Handler, outbox
from shared.bus.cloud_events import headers_of, new_event_id, source_of
from shared.bus.failures import is_infrastructure
from shared.bus.topics import ensure_topics
from shared.db import Database, Session, lock_keys
from shared.settings import Settings

LIMITS = Topic(name="test.limit", owner="test", title="测试快照", compacted=True)
VISITS = Topic(name="test.visit", owner="test", title="测试事件", compacted=False)
WAIT_S = 60


class Limit(Fact, topic=LIMITS, name="test.limit-changed.v1", key="uscc", audience=INTERNAL):
    """A snapshot."""

    uscc: str
    version: int = Field(ge=1)
    note: str


class Visit(Fact, topic=VISITS, name="test.visited.v1", key="uscc", audience=INTERNAL):
    """A happening."""

    uscc: str
    note: str


for declared in (Limit, Visit):
    del FACTS[declared.contract.name]


def use_own_topics(own: str | None = None, **changes: Any) -> str:
    """Give both facts topics that no other test has; returns what makes their names differ."""
    own = own or secrets.token_hex(5)
    for fact, topic in ((Limit, LIMITS), (Visit, VISITS)):
        renamed = replace(topic, name=f"test-{own}.{topic.name.partition('.')[2]}", **changes)
        fact.contract = replace(fact.contract, topic=renamed)
    return own


async def note_limit(fact: Limit, session: Session) -> None:
    """A handler whose effect is a row."""
    await note(session, fact.uscc, f"{fact.version}:{fact.note}")


async def note_visit(fact: Visit, session: Session) -> None:
    """A handler whose effect is a row."""
    await note(session, fact.uscc, fact.note)


async def note(session: Session, key: str, what: str) -> None:
    """Write down what was handled."""
    statement = text("INSERT INTO effects (key, note) VALUES (:key, :note)")
    await (await session.connection()).execute(statement, {"key": key, "note": what})


async def eventually(condition: Callable[[], Awaitable[Any]], what: str = "condition") -> Any:
    """Wait until the condition answers with something true, and return that."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + WAIT_S
    while True:
        try:
            if found := await condition():
                return found
        except Exception as error:
            if not is_infrastructure(error):
                raise
        if loop.time() > deadline:
            raise AssertionError(f"did not come about in {WAIT_S} s: {what}")
        await asyncio.sleep(0.02)


class Place:
    """One service: its database, its broker, its group."""

    def __init__(self, url: str, bootstrap: str) -> None:
        self.name = f"group-{secrets.token_hex(5)}"
        self.url = url
        self.bootstrap = bootstrap
        self.database = Database(url, 10)

    def settings(self, **changes: Any) -> Settings:
        """The service's settings."""
        given = {"environment": "test", "database_url": self.url, "kafka": self.bootstrap}
        return Settings(**{**given, **changes})

    def bus(self, handlers: Sequence[Handler] = (), **changes: Any) -> Bus:
        """The service's bus; it publishes both test topics."""
        topics = (Limit.contract.topic, Visit.contract.topic)
        return Bus(self.name, self.database, self.settings(**changes), handlers, topics)

    @asynccontextmanager
    async def running(self, handlers: Sequence[Handler] = (), **changes: Any) -> Any:
        """The service's bus, started; stopped at the end."""
        bus = self.bus(handlers, **changes)
        await bus.start()
        try:
            yield bus
        finally:
            await bus.stop()

    async def publish(self, *facts: Fact) -> None:
        """Store facts in the outbox in one transaction."""

        async def work(session: Session) -> None:
            await lock_keys(session, {fact.key for fact in facts})
            await outbox.add(session, *facts)

        await self.database.run(work)

    async def fetch(self, statement: str, **values: Any) -> list[Any]:
        """Rows of the service's database."""
        async with self.database.transaction() as session:
            connection = await session.connection()
            return list(await connection.execute(text(statement), values))

    async def value(self, statement: str, **values: Any) -> Any:
        """The first value."""
        return (await self.fetch(statement, **values))[0][0]

    async def execute(self, statement: str, **values: Any) -> None:
        """Change something by hand."""
        async with self.database.transaction() as session:
            await (await session.connection()).execute(text(statement), values)

    async def effects(self, key: str) -> list[str]:
        """What the handlers wrote down for the key, in order."""
        rows = await self.fetch("SELECT note FROM effects WHERE key = :key ORDER BY id", key=key)
        return [row.note for row in rows]

    async def has_effects(self, key: str, *expected: str) -> None:
        """Wait until exactly these effects are there."""

        async def there() -> bool:
            found = await self.effects(key)
            assert found == list(expected)[: len(found)], f"{key}: {found}, not {expected}"
            return len(found) == len(expected)

        await eventually(there, f"effects {expected} of {key}")

    async def letters(self, *statuses: str) -> list[Any]:
        """Dead letters in these states."""
        return await self.fetch(
            "SELECT * FROM dead_letters WHERE status = ANY(CAST(:s AS text[])) ORDER BY id",
            s=list(statuses),
        )

    async def has_letters(self, count: int, *statuses: str) -> list[Any]:
        """Wait until there are so many dead letters in these states."""

        async def there() -> list[Any] | None:
            found = await self.letters(*statuses)
            return found if len(found) == count else None

        found: list[Any] = await eventually(there, f"{count} letters {statuses}")
        return found

    async def all_published(self) -> None:
        """Wait until the outbox is empty."""

        async def none_left() -> bool:
            left = await self.value("SELECT count(*) FROM outbox WHERE published_at IS NULL")
            return bool(left == 0)

        await eventually(none_left, "outbox published")

    async def waits_for_lock(self) -> None:
        """Wait until a transaction of this database waits for another one."""

        async def waiting() -> bool:
            waiting = await self.value(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            return bool(waiting)

        await eventually(waiting, "a transaction waits for a lock")

    async def relay_process(self) -> int:
        """The PostgreSQL process of the connection that holds the relay's lock."""

        async def holder() -> Any:
            rows = await self.fetch(
                "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
                " AND classid = 4217 AND objid = 1 AND database ="
                " (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            return rows[0].pid if rows else None

        pid: int = await eventually(holder, "a relay holds the lock")
        return pid

    async def produce(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: dict[str, str] | Sequence[tuple[str, bytes]],
        partition: int | None = None,
    ) -> None:
        """Write a record by hand, as somebody else might."""
        if isinstance(headers, dict):
            headers = [(name, text_.encode()) for name, text_ in headers.items()]
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, acks="all")
        await producer.start()
        try:
            await producer.send_and_wait(
                topic, value, key=key, headers=headers, partition=partition
            )
        finally:
            await producer.stop()

    async def topics(self) -> set[str]:
        """The topics of the broker."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            return set(await admin.list_topics())
        finally:
            await admin.close()

    async def make_topics(self) -> None:
        """Make both test topics, for records written by hand."""
        facts = (Limit, Visit)
        await ensure_topics(
            self.bootstrap, {fact.contract.topic.name: fact.contract.topic for fact in facts}
        )

    async def topics_include(self, name: str) -> bool:
        """Whether the broker has the topic."""
        return name in await self.topics()

    async def read(self, topic: str) -> list[ConsumerRecord]:
        """Every record of the topic, as a stranger reads it."""
        if topic not in await self.topics():
            return []
        consumer = AIOKafkaConsumer(
            topic, bootstrap_servers=self.bootstrap, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            partitions = consumer.assignment()
            ends = await consumer.end_offsets(partitions)
            records: list[ConsumerRecord] = []
            while any([await consumer.position(tp) < end for tp, end in ends.items()]):
                for batch in (await consumer.getmany(timeout_ms=200)).values():
                    records += batch
            return records
        finally:
            await consumer.stop()


def record_of(fact: Fact, **changes: Any) -> dict[str, Any]:
    """The arguments of `Place.produce` for a fact, as its own relay would send it."""
    id_ = changes.pop("event_id", None) or new_event_id()
    headers = headers_of(
        event_id=id_,
        source=source_of(fact.contract.topic, fact.topic),
        type_=fact.contract.name,
        key=fact.key,
        occurred_at=clock.now(),
        correlation_id=None,
        traceparent=None,
    )
    headers |= changes.pop("more_headers", {})
    given = {
        "topic": fact.topic,
        "key": fact.key.encode(),
        "value": fact.model_dump_json(exclude_none=True).encode(),
        "headers": headers,
    }
    return {**given, **changes}


def poison(fact: Fact) -> dict[str, Any]:
    """The fact's record with a value that is no fact."""
    return record_of(fact, value=json.dumps({"uscc": fact.key}).encode())
