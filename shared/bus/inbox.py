"""The inbox: which events a consumer has taken, and the newest version it has seen of each key.

A row `(consumer, source, event id)` means that the event was handled or kept as a dead letter,
in one transaction with that effect. All events of a call come from one topic.
"""

from collections.abc import Sequence

from sqlalchemy import text

from shared.bus.incoming import Event
from shared.db import Session

_TAKE = text(
    "INSERT INTO inbox (consumer, source, event_id)"
    " SELECT :consumer, source, id"
    " FROM unnest(CAST(:sources AS text[]), CAST(:ids AS text[])) AS e(source, id)"
    " ON CONFLICT DO NOTHING RETURNING source, event_id"
)
_SEEN = text(
    "SELECT key, version FROM seen_versions"
    " WHERE consumer = :consumer AND topic = :topic AND key = ANY(CAST(:keys AS text[]))"
)


async def take(session: Session, consumer: str, events: Sequence[Event]) -> list[Event]:
    """Take the events that this consumer has not taken before; the others are repeated ones."""
    if not events:
        return []
    connection = await session.connection()
    rows = await connection.execute(
        _TAKE,
        {
            "consumer": consumer,
            "sources": [event.source for event in events],
            "ids": [event.id for event in events],
        },
    )
    new = {(source, id_) for source, id_ in rows}
    taken = []
    for event in events:
        if (event.source, event.id) in new:
            new.discard((event.source, event.id))
            taken.append(event)
    return taken


async def drop_stale(session: Session, consumer: str, events: Sequence[Event]) -> list[Event]:
    """Without the snapshots that are no newer than one seen before, here or in the same call."""
    keys = {event.key for event in events if event.version is not None}
    if not keys:
        return list(events)
    connection = await session.connection()
    rows = await connection.execute(
        _SEEN, {"consumer": consumer, "topic": events[0].received.topic, "keys": sorted(keys)}
    )
    seen: dict[str, int] = {row.key: row.version for row in rows}
    current = []
    for event in events:
        if event.version is not None:
            if event.version <= seen.get(event.key, 0):
                continue
            seen[event.key] = event.version
        current.append(event)
    return current


def newest_versions(events: Sequence[Event]) -> dict[str, int]:
    """The newest version of each key among snapshots."""
    newest: dict[str, int] = {}
    for event in events:
        if event.version is not None:
            newest[event.key] = max(event.version, newest.get(event.key, 0))
    return newest
