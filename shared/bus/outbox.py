"""The outbox: facts are stored in the transaction that makes them true; the relay publishes them.

Owns the outbox rows and the versions of keys. Never talks to the broker. Refuses a key that the
transaction has not locked and a record over 900 kB. Rows and versions of a transaction are kept in
its session and written together just before it commits, or earlier when they grow large.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from contracts.fact import Fact, Topic
from shared import clock
from shared.bus.cloud_events import headers_of, new_event_id, source_of
from shared.db import Session, before_commit, holds_key
from shared.errors import Unprocessable
from shared.telemetry import correlation_id, traceparent

RECORD_BYTES_MAX = 900_000
PENDING_MAX = 500
PENDING_BYTES_MAX = 8_000_000

_PENDING = "outbox"
_VERSION = text("SELECT version FROM key_versions WHERE topic = :topic AND key = :key")
_STORE = text(
    "WITH grown AS ("
    "   INSERT INTO key_versions (topic, key, version)"
    "   SELECT * FROM unnest(CAST(:version_topics AS text[]), CAST(:version_keys AS text[]),"
    "       CAST(:versions AS bigint[]))"
    "   ON CONFLICT (topic, key) DO UPDATE SET version = excluded.version"
    "   WHERE key_versions.version < excluded.version RETURNING 1"
    "), stored AS ("
    "   INSERT INTO outbox (event_id, topic, key, type, compacted, payload, headers, occurred_at)"
    "   SELECT event_id, topic, key, type, compacted, payload, CAST(headers AS jsonb), occurred_at"
    "   FROM unnest(CAST(:event_id AS uuid[]), CAST(:topic AS text[]), CAST(:key AS text[]),"
    "       CAST(:type AS text[]), CAST(:compacted AS boolean[]), CAST(:payload AS bytea[]),"
    "       CAST(:headers AS text[]), CAST(:occurred_at AS timestamptz[])) WITH ORDINALITY"
    "       AS added(event_id, topic, key, type, compacted, payload, headers, occurred_at, n)"
    "   ORDER BY n"
    ") SELECT count(*) FROM grown"
)
_COLUMNS = (
    "event_id",
    "topic",
    "key",
    "type",
    "compacted",
    "payload",
    "headers",
    "occurred_at",
)


@dataclass
class _Pending:
    """What a transaction has yet to write: the newest version of each key, and rows in order."""

    versions: dict[tuple[str, str], int] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    payload_bytes: int = 0

    @property
    def full(self) -> bool:
        """Whether it is better written now than kept until the commit."""
        return len(self.rows) >= PENDING_MAX or self.payload_bytes >= PENDING_BYTES_MAX


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


async def next_version(
    session: Session, topic: Topic, key: str, *, after: int | None = None, **fields: str
) -> int:
    """The version of the key's next snapshot: grows by one per change and never restarts.

    `after` is the present version where the caller has read it under the lock; it is read
    otherwise. `fields` fill a templated topic name. Raises KeyNotLocked; a version that was given
    before fails the transaction at its end.
    """
    _require_lock(session, key)
    address = topic.name.format(**fields)
    pending = _pending(session)
    present = pending.versions.get((address, key), after)
    if present is None:
        connection = await session.connection()
        present = await connection.scalar(_VERSION, {"topic": address, "key": key}) or 0
    pending.versions[address, key] = present + 1
    return present + 1


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
    await _keep(session, rows)


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
    await _keep(session, [row])


async def _keep(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    pending = _pending(session)
    for row in rows:
        pending.rows.append(row)
        pending.payload_bytes += len(row["payload"] or b"")
        if pending.full:
            await _store(session)


def _pending(session: Session) -> _Pending:
    if _PENDING not in session.info:
        session.info[_PENDING] = _Pending()
        before_commit(session, _store)
    found: _Pending = session.info[_PENDING]
    return found


async def _store(session: Session) -> None:
    """Write what is pending. Raises RuntimeError when a version was given before (ours to mend)."""
    pending = _pending(session)
    topics, keys = zip(*pending.versions, strict=True) if pending.versions else ((), ())
    columns = {name: [row[name] for row in pending.rows] for name in _COLUMNS}
    connection = await session.connection()
    grown = await connection.scalar(
        _STORE,
        {
            "version_topics": list(topics),
            "version_keys": list(keys),
            "versions": list(pending.versions.values()),
            **columns,
        },
    )
    if grown != len(pending.versions):
        raise RuntimeError(
            f"Of the versions {pending.versions} only {grown} are new: `after` was not the present"
            " version of its key."
        )
    pending.versions.clear()
    pending.rows.clear()
    pending.payload_bytes = 0


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
