"""The outbox: facts are stored in the transaction that makes them true; the relay publishes them.

Owns the outbox rows and the versions of keys. Never talks to the broker. Refuses a key that the
transaction has not locked and a record over 900 kB.
"""

import json
from typing import Any

from sqlalchemy import text

from contracts.fact import Fact, Topic
from shared import clock
from shared.bus.cloud_events import headers_of, new_event_id, source_of
from shared.db import Session, holds_key
from shared.errors import Unprocessable
from shared.telemetry import correlation_id, traceparent

RECORD_BYTES_MAX = 900_000

_INSERT = text(
    "INSERT INTO outbox (event_id, topic, key, type, compacted, payload, headers, occurred_at)"
    " VALUES (:event_id, :topic, :key, :type, :compacted, :payload, :headers, :occurred_at)"
)
_NEXT_VERSION = text(
    "INSERT INTO key_versions (topic, key, version) VALUES (:topic, :key, 1)"
    " ON CONFLICT (topic, key) DO UPDATE SET version = key_versions.version + 1"
    " RETURNING version"
)


class KeyNotLocked(RuntimeError):
    """The use case wrote to the outbox before it locked the aggregate's key (an error of ours)."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"Lock the key {key} with `lock_keys` before reading; otherwise two transactions on"
            " different rows of it may publish in the wrong order."
        )


class RecordTooLarge(Unprocessable):
    """The event would not fit into a record."""

    slug = "record-too-large"


async def next_version(session: Session, topic: Topic, key: str, **fields: str) -> int:
    """The version of the key's next snapshot: grows by one per change and never restarts.

    `fields` fill a templated topic name. Raises KeyNotLocked.
    """
    _require_lock(session, key)
    connection = await session.connection()
    address = topic.name.format(**fields)
    version = await connection.scalar(_NEXT_VERSION, {"topic": address, "key": key})
    return int(version)


async def add(session: Session, *facts: Fact) -> None:
    """Publish the facts when the transaction commits, and never if it does not.

    Raises KeyNotLocked and RecordTooLarge.
    """
    rows = [
        _row(
            session,
            topic=fact.contract.topic,
            address=fact.topic,
            key=fact.key,
            type_=fact.contract.name,
            payload=fact.model_dump_json(exclude_none=True).encode(),
        )
        for fact in facts
    ]
    if rows:
        await (await session.connection()).execute(_INSERT, rows)


async def add_tombstone(session: Session, *, topic: Topic, address: str, key: str) -> None:
    """Delete the key from a compacted topic. The version lives on in `key_versions`.

    Raises KeyNotLocked, and ValueError for a topic that is not compacted.
    """
    if not topic.compacted:
        raise ValueError(f"{topic.name} is kept by time; a tombstone deletes nothing there.")
    row = _row(
        session,
        topic=topic,
        address=address,
        key=key,
        type_=f"{topic.owner}.tombstone",
        payload=None,
    )
    await (await session.connection()).execute(_INSERT, row)


def _row(
    session: Session, *, topic: Topic, address: str, key: str, type_: str, payload: bytes | None
) -> dict[str, Any]:
    _require_lock(session, key)
    event_id, occurred_at = new_event_id(), clock.now()
    headers = headers_of(
        event_id=event_id,
        source=source_of(topic, address),
        type_=type_,
        key=key,
        occurred_at=occurred_at,
        correlation_id=correlation_id.get(),
        traceparent=traceparent.get(),
    )
    size = len(key.encode()) + len(payload or b"") + sum(map(len, headers.values()))
    if size > RECORD_BYTES_MAX:
        raise RecordTooLarge(
            f"The event {type_} of {key} takes {size} bytes; a record holds {RECORD_BYTES_MAX}."
            " Shorten the longest lists of the file.",
            f"{key} 的事件 {type_} 为 {size} 字节,超过上限 {RECORD_BYTES_MAX} 字节,请精简内容。",
        )
    return {
        "event_id": event_id,
        "topic": address,
        "key": key,
        "type": type_,
        "compacted": topic.compacted,
        "payload": payload,
        "headers": json.dumps(headers, ensure_ascii=False),
        "occurred_at": occurred_at,
    }


def _require_lock(session: Session, key: str) -> None:
    if not holds_key(session, key):
        raise KeyNotLocked(key)
