"""Dead letters as rows: stored, queued behind a hold, superseded by a newer snapshot.

On a compacted topic the next version supersedes a letter. Elsewhere a letter holds its
(consumer, topic, key): one row of `holds`, locked by consumer and operator alike, and later
events of the key wait behind it. What an operator does with letters is in `dead_letters.py`.
"""

import base64
import json
from collections.abc import Sequence

from sqlalchemy import text

from contracts.fact import Topic
from shared.bus import inbox
from shared.bus.incoming import Event, Received, describe
from shared.db import Session, lock_keys

WAITS = "Waits behind an earlier event of its key."

_STORE = text(
    "INSERT INTO dead_letters (consumer, topic, partition, record_offset, recorded_at, raw_key,"
    " payload, headers, key, event_id, type, version, status, reason, attempts)"
    " VALUES (:consumer, :topic, :partition, :offset, :recorded_at, :raw_key, :payload, :headers,"
    " :key, :event_id, :type, :version, :status, :reason, :attempts)"
    " ON CONFLICT (consumer, topic, partition, record_offset, recorded_at) DO NOTHING"
)
_KEPT = text(
    "SELECT EXISTS (SELECT FROM dead_letters WHERE consumer = :consumer AND topic = :topic"
    " AND partition = :partition AND record_offset = :offset AND recorded_at = :recorded_at)"
)
_HOLD = text(
    "INSERT INTO holds (consumer, topic, key) VALUES (:consumer, :topic, :key)"
    " ON CONFLICT (consumer, topic, key) DO UPDATE SET held_at = holds.held_at"
    " RETURNING xmax = 0"
)
_HELD = text(
    "SELECT key FROM holds WHERE consumer = :consumer AND topic = :topic"
    " AND key = ANY(CAST(:keys AS text[])) ORDER BY key FOR UPDATE"
)
_SUPERSEDE = text(
    "WITH newer AS ("
    "   SELECT key, version"
    "   FROM unnest(CAST(:keys AS text[]), CAST(:versions AS bigint[])) AS v(key, version)"
    "), seen AS ("
    "   INSERT INTO seen_versions (consumer, topic, key, version)"
    "   SELECT :consumer, :topic, key, version FROM newer"
    "   ON CONFLICT (consumer, topic, key) DO UPDATE"
    "   SET version = greatest(seen_versions.version, excluded.version)"
    ") UPDATE dead_letters AS letter SET status = 'superseded', resolved_at = now() FROM newer"
    " WHERE letter.consumer = :consumer AND letter.topic = :topic AND letter.key = newer.key"
    " AND letter.status IN ('failed', 'waiting')"
    " AND (letter.version IS NULL OR letter.version < newer.version)"
)


async def bury(
    session: Session,
    consumer: str,
    topic: Topic,
    record: Event | Received,
    error: BaseException,
    attempts: int,
) -> None:
    """Keep a record that failed as a dead letter, once, and hold its key if the topic needs it."""
    event = record if isinstance(record, Event) else None
    received = record.received if isinstance(record, Event) else record
    if received.key is not None:
        await lock_keys(session, [received.key])
    # Only an event whose source was proven may use up its id: a forged one would otherwise
    # suppress the true one.
    if event is not None and not await inbox.take(session, consumer, [event]):
        return
    if event is None and await _is_kept(session, consumer, received):
        return
    status = "failed"
    if not topic.compacted and received.key is not None:
        connection = await session.connection()
        key = {"consumer": consumer, "topic": received.topic, "key": received.key}
        if not await connection.scalar(_HOLD, key):
            status = "waiting"
    await _store(session, consumer, record, status, describe(error), attempts)


async def queue_behind_holds(
    session: Session, consumer: str, events: Sequence[Event]
) -> list[Event]:
    """Store the events whose key is held as waiting letters; return the others."""
    keys = {event.key for event in events if event.version is None}
    if not keys:
        return list(events)
    connection = await session.connection()
    rows = await connection.execute(
        _HELD, {"consumer": consumer, "topic": events[0].received.topic, "keys": sorted(keys)}
    )
    held = set(rows.scalars())
    for event in events:
        if event.key in held:
            await _store(session, consumer, event, "waiting", WAITS, attempts=0)
    return [event for event in events if event.key not in held]


async def supersede(session: Session, consumer: str, events: Sequence[Event]) -> None:
    """Note the newest version of each key, and close the letters of older snapshots."""
    newest = inbox.newest_versions(events)
    if not newest:
        return
    connection = await session.connection()
    await connection.execute(
        _SUPERSEDE,
        {
            "consumer": consumer,
            "topic": events[0].received.topic,
            "keys": list(newest),
            "versions": list(newest.values()),
        },
    )


async def _is_kept(session: Session, consumer: str, received: Received) -> bool:
    """Whether this very record has a letter, open or closed: a closed one holds its key no more."""
    connection = await session.connection()
    position = {
        "consumer": consumer,
        "topic": received.topic,
        "partition": received.partition,
        "offset": received.offset,
        "recorded_at": received.recorded_at,
    }
    return bool(await connection.scalar(_KEPT, position))


async def _store(
    session: Session,
    consumer: str,
    record: Event | Received,
    status: str,
    reason: str,
    attempts: int,
) -> None:
    event = record if isinstance(record, Event) else None
    received = record.received if isinstance(record, Event) else record
    connection = await session.connection()
    await connection.execute(
        _STORE,
        {
            "consumer": consumer,
            "topic": received.topic,
            "partition": received.partition,
            "offset": received.offset,
            "recorded_at": received.recorded_at,
            "raw_key": received.raw_key,
            "payload": received.payload,
            "headers": headers_to_json(received.headers),
            "key": received.key,
            "event_id": event.id if event else None,
            "type": event.type if event else received.attributes.get("ce_type"),
            "version": event.version if event else None,
            "status": status,
            "reason": reason,
            "attempts": attempts,
        },
    )


def headers_to_json(headers: Sequence[tuple[str, bytes]]) -> str:
    """Headers byte for byte, in their order; names and values may hold what jsonb cannot."""
    return json.dumps([[_pack(name.encode()), _pack(value)] for name, value in headers])


def headers_from_json(stored: Sequence[Sequence[str]]) -> tuple[tuple[str, bytes], ...]:
    """The headers as they came."""
    return tuple((_unpack(name).decode(), _unpack(value)) for name, value in stored)


def _pack(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _unpack(stored: str) -> bytes:
    return base64.b64decode(stored)
