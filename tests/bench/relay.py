"""Relay: events per second from outbox rows to marked rows, beside raw aiokafka produce.

Ours reads 2 kB facts from PostgreSQL (synchronous_commit on), publishes them with CloudEvents
headers and marks them; the time runs from the start of the relay, its connections included. The
peer sends the very same records from memory with aiokafka's `send`, idempotent, `acks=all`, and
the batch size at which it was fastest. Both run in processes of their own, in turn; the median
of three rounds counts. The order of every key is verified by reading the topic.
"""

import asyncio
import json
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from pydantic import Field

from contracts.fact import FACTS, INTERNAL, Fact, Topic
from deploy.local.kafka import KafkaBroker
from deploy.local.postgres import PostgresServer
from shared import migrate
from shared.bus import outbox
from shared.bus.relay import Relay
from shared.db import Database, Session, lock_keys
from shared.settings import Settings

EVENTS = 50_000
KEYS = 2_000
VALUE_BYTES = 2_000
EVENTS_S_MIN = 10_000
RATIO_MIN = 0.4
ROUNDS = 3
RAW_BATCH_BYTES = 262_144
PARTITIONS = 6
NAME = "relay"
ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".terrace" / "cache"


class Sample(
    Fact,
    topic=Topic(
        name="bench.sample", owner="bench", title="测速", compacted=False, partitions=PARTITIONS
    ),
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
    left = "SELECT EXISTS (SELECT FROM outbox WHERE published_at IS NULL)"
    while await connection.fetchval(left):  # noqa: ASYNC110, the relay tells nobody
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
        max_batch_size=RAW_BATCH_BYTES,
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
    """Whether the topic holds every event once, and each key's versions one after the other."""
    consumer = AIOKafkaConsumer(
        Sample.contract.topic.name, bootstrap_servers=bootstrap, auto_offset_reset="earliest"
    )
    await consumer.start()
    total = sum((await consumer.end_offsets(consumer.assignment())).values())
    seen: dict[bytes, int] = {}
    read = 0
    while read < total:
        for batch in (await consumer.getmany(timeout_ms=500)).values():
            for record in batch:
                read += 1
                version = json.loads(record.value)["version"]
                if version != seen.get(record.key, 0) + 1:
                    return False
                seen[record.key] = version
    await consumer.stop()
    return total == EVENTS and len(seen) == KEYS


def _in_own_process(what: str, url: str, bootstrap: str) -> float:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.relay", what, url, bootstrap],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout.strip().splitlines()[-1])


async def _publish_again(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("UPDATE outbox SET published_at = NULL")
    await connection.execute("VACUUM outbox")
    await connection.close()


async def _rounds(url: str, bootstrap: str) -> dict[str, Any]:
    await migrate.upgrade(url, None)
    database = Database(url)
    await _fill(database)
    await database.close()
    ours, raw = [_in_own_process("ours", url, bootstrap)], [0.0]
    in_order = await _is_in_order(bootstrap)
    raw[0] = _in_own_process("raw", url, bootstrap)
    for _ in range(ROUNDS - 1):
        await _publish_again(url)
        ours.append(_in_own_process("ours", url, bootstrap))
        raw.append(_in_own_process("raw", url, bootstrap))
    mine, peer = statistics.median(ours), statistics.median(raw)
    return {
        "bench": NAME,
        "ours": round(mine),
        "unit": "events/s",
        "peers": {"raw-produce": round(peer)},
        "ratio": {"raw-produce": round(mine / peer, 2)},
        "target": f">= {EVENTS_S_MIN} events/s and >= {RATIO_MIN} x raw-produce, in order",
        "met": in_order and mine >= EVENTS_S_MIN and mine / peer >= RATIO_MIN,
    }


async def run() -> dict[str, Any]:
    """Measure on a PostgreSQL and a Kafka of its own."""
    with tempfile.TemporaryDirectory() as directory:
        server = PostgresServer(Path(directory))
        broker = KafkaBroker(Path(directory), CACHE)
        try:
            server.start()
            broker.start()
            return await _rounds(server.ensure_database("bench_relay"), broker.bootstrap)
        finally:
            broker.remove()
            server.remove()


if __name__ == "__main__":
    measure = {"ours": _measure_ours, "raw": _measure_raw}[sys.argv[1]]
    print(asyncio.run(measure(*sys.argv[2:])))
