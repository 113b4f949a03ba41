"""Relay: events per second from outbox rows to marked rows, beside raw aiokafka produce.

Ours reads 2 kB facts from PostgreSQL (synchronous_commit on), publishes them with CloudEvents
headers and marks them. The peer sends the very same records from memory with an equally set up
producer. Both are measured in a process of their own, one after the other, and the order of
every key is verified by reading the topic.
"""

import asyncio
import json
import secrets
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from pydantic import Field

from contracts.fact import FACTS, INTERNAL, Fact, Topic
from deploy.local.kafka import KafkaBroker
from deploy.local.postgres import PostgresServer
from shared import migrate
from shared.bus import outbox
from shared.bus.publisher import BATCH_BYTES_MAX
from shared.bus.relay import Relay
from shared.db import Database, Session, lock_keys
from shared.settings import Settings

EVENTS = 50_000
KEYS = 2_000
VALUE_BYTES = 2_000
EVENTS_S_MIN = 10_000
RATIO_MIN = 0.4
ROUNDS = 3
ROOT = Path(__file__).parents[2]


class Sample(
    Fact,
    topic=Topic(name="bench.sample", owner="bench", title="测速", compacted=False, partitions=6),
    name="bench.sampled.v1",
    key="uscc",
    audience=INTERNAL,
):
    """A fact of two kilobytes."""

    uscc: str
    version: int = Field(ge=1)
    body: str


del FACTS[Sample.contract.name]


def _facts() -> list[Sample]:
    body = secrets.token_hex(VALUE_BYTES // 2 - 40)
    return [
        Sample(uscc=f"9144010{n % KEYS:011d}", version=n // KEYS + 1, body=body)
        for n in range(EVENTS)
    ]


async def _fill(database: Database) -> None:
    facts = _facts()
    for start in range(0, EVENTS, 500):
        part = facts[start : start + 500]

        async def work(session: Session, part: list[Sample] = part) -> None:
            await lock_keys(session, {fact.key for fact in part})
            await outbox.add(session, *part)

        await database.run(work)


async def _measure_ours(url: str, bootstrap: str) -> float:
    """Events per second until every row is marked."""
    database = Database(url)
    connection = await asyncpg.connect(url)
    settings = Settings(environment="test", database_url=url, kafka=bootstrap)
    topic = Sample.contract.topic
    relay = Relay(database, settings, [topic])
    started = time.perf_counter()
    relay.start()
    while await connection.fetchval("SELECT EXISTS (SELECT FROM outbox WHERE published_at IS NULL)"):
        await asyncio.sleep(0.02)
    seconds = time.perf_counter() - started
    await relay.stop()
    await connection.close()
    await database.close()
    return EVENTS / seconds


async def _measure_raw(url: str, bootstrap: str) -> float:
    """Events per second of `send`, with the same records in memory."""
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("SELECT key, payload, headers FROM outbox ORDER BY id")
    await connection.close()
    records = [
        (
            row["key"].encode(),
            row["payload"],
            [(name, value.encode()) for name, value in json.loads(row["headers"]).items()],
        )
        for row in rows
    ]
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        enable_idempotence=True,
        max_batch_size=BATCH_BYTES_MAX,
    )
    await producer.start()
    await producer.partitions_for("bench.sample")
    started = time.perf_counter()
    sent = []
    for key, value, headers in records:
        sent.append(await producer.send("bench.sample", value, key=key, headers=headers))
    await asyncio.gather(*sent)
    seconds = time.perf_counter() - started
    await producer.stop()
    return EVENTS / seconds


async def _is_in_order(bootstrap: str) -> bool:
    """Whether the topic holds, per key, versions in growing order and every event."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    partitions = [TopicPartition("bench.sample", n) for n in range(6)]
    consumer.assign(partitions)
    ends = await consumer.end_offsets(partitions)
    await consumer.seek_to_beginning(*partitions)
    seen: dict[bytes, int] = {}
    read, total = 0, sum(ends.values())
    while read < total:
        for batch in (await consumer.getmany(timeout_ms=500)).values():
            for record in batch:
                read += 1
                version = json.loads(record.value)["version"]
                if version not in (seen.get(record.key, 0) + 1, 1):
                    return False
                seen[record.key] = version
    await consumer.stop()
    return all(version == EVENTS // KEYS for version in seen.values()) and len(seen) == KEYS


def _in_own_process(what: str, url: str, bootstrap: str) -> float:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.relay", what, url, bootstrap],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout.strip().splitlines()[-1])


if __name__ == "__main__":
    measure = {"ours": _measure_ours, "raw": _measure_raw}[sys.argv[1]]
    print(asyncio.run(measure(*sys.argv[2:])))
