"""Replay: publish again from the outbox archive, under the same event ids.

On a topic kept by time every archived record goes out again. On a compacted topic only each
key's current state does, chosen under the key's lock: an older snapshot published after a newer
one would be the one that compaction keeps.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby

from sqlalchemy import text

from shared.db import Database, Session, lock_keys
from shared.errors import Unprocessable
from shared.settings import Settings

KEYS_MAX = 200

_HAPPENINGS = text(
    "UPDATE outbox SET published_at = NULL WHERE NOT compacted AND recorded_at >= :since"
    " AND topic = coalesce(CAST(:topic AS text), topic) AND published_at IS NOT NULL"
)
_CHANGED_KEYS = text(
    "SELECT DISTINCT topic, key FROM outbox WHERE compacted AND recorded_at >= :since"
    " AND topic = coalesce(CAST(:topic AS text), topic) ORDER BY topic, key"
)
_CURRENT = text(
    "UPDATE outbox SET published_at = NULL WHERE published_at IS NOT NULL AND id IN ("
    "SELECT max(id) FROM outbox WHERE topic = :topic AND key = ANY(CAST(:keys AS text[]))"
    " GROUP BY key)"
)
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class ReplayTooOld(Unprocessable):
    """Consumers no longer remember what they handled at that time."""

    slug = "replay-too-old"


async def replay(
    database: Database, settings: Settings, since: datetime, topic: str | None = None
) -> int:
    """Publish again what was recorded since then (machine time); returns how many records.

    Raises ReplayTooOld when consumers could no longer recognise the events.
    """
    oldest = datetime.now(UTC) - timedelta(days=settings.inbox_retention_days)
    if since < oldest:
        raise ReplayTooOld(
            f"Consumers remember events for {settings.inbox_retention_days} days and would apply"
            f" older ones twice. Choose a time after {oldest.isoformat(timespec='seconds')}.",
            f"消费方仅保留 {settings.inbox_retention_days} 天的去重记录,"
            f"请选择 {oldest.isoformat(timespec='seconds')} 之后的时间。",
        )
    return await _publish_again(database, since, topic)


async def publish_everything(database: Database) -> int:
    """Publish the whole retained outbox again, for a broker that forgets."""
    return await _publish_again(database, _BEGINNING, None)


async def _publish_again(database: Database, since: datetime, topic: str | None) -> int:
    async def happenings(session: Session) -> int:
        connection = await session.connection()
        return (await connection.execute(_HAPPENINGS, {"since": since, "topic": topic})).rowcount

    async def changed_keys(session: Session) -> list[tuple[str, str]]:
        connection = await session.connection()
        rows = await connection.execute(_CHANGED_KEYS, {"since": since, "topic": topic})
        return [(row.topic, row.key) for row in rows]

    total = await database.run(happenings)
    changed = await database.run(changed_keys)
    for address, group in groupby(changed, key=lambda pair: pair[0]):
        keys = [key for _, key in group]
        for start in range(0, len(keys), KEYS_MAX):
            total += await publish_current(database, address, keys[start : start + KEYS_MAX])
    return total


async def publish_current(database: Database, topic: str, keys: Sequence[str]) -> int:
    """Publish the last record of each of these keys again; the topic is a compacted one."""

    async def work(session: Session) -> int:
        await lock_keys(session, keys)
        connection = await session.connection()
        return (await connection.execute(_CURRENT, {"topic": topic, "keys": list(keys)})).rowcount

    return await database.run(work)
