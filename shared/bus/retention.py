"""Pruning: how long the outbox archive, the inbox, closed letters and answers are kept.

Never deletes a row that is not published yet, the last record of a key on a compacted topic
(replay needs it), an open dead letter, or an inbox row that the broker may still deliver again.
All times here are machine time.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from sqlalchemy import TextClause, text

from contracts.fact import Topic
from shared.db import Database, Session
from shared.settings import Settings

ROWS_MAX = 1_000
# Kafka deletes whole segments, and a segment stays open for up to seven days.
SEGMENT_DAYS = 7

_OUTBOX = text(
    "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox AS old"
    " WHERE recorded_at < :before AND published_at IS NOT NULL AND NOT (compacted AND NOT EXISTS"
    " (SELECT FROM outbox AS newer WHERE newer.topic = old.topic AND newer.key = old.key"
    " AND newer.id > old.id)) LIMIT :limit)"
)
_INBOX = text(
    "DELETE FROM inbox WHERE (consumer, source, event_id) IN (SELECT consumer, source, event_id"
    " FROM inbox WHERE received_at < :before LIMIT :limit)"
)
_LETTERS = text(
    "DELETE FROM dead_letters WHERE id IN (SELECT id FROM dead_letters"
    " WHERE resolved_at < :before LIMIT :limit)"
)
_IDEMPOTENCY = text(
    "DELETE FROM idempotency WHERE (subject, key) IN (SELECT subject, key FROM idempotency"
    " WHERE created_at < :before LIMIT :limit)"
)


async def prune(database: Database, settings: Settings, consumed: Iterable[Topic]) -> None:
    """Delete what is older than the settings say, a thousand rows per transaction."""
    inbox_days = max(
        settings.inbox_retention_days,
        *(topic.retention_days + SEGMENT_DAYS for topic in consumed if not topic.compacted),
        0,
    )
    for statement, days in (
        (_OUTBOX, settings.outbox_retention_days),
        (_INBOX, inbox_days),
        (_LETTERS, inbox_days),
        (_IDEMPOTENCY, settings.idempotency_retention_days),
    ):
        await _delete(database, statement, datetime.now(UTC) - timedelta(days=days))


async def _delete(database: Database, statement: TextClause, before: datetime) -> None:
    async def some(session: Session) -> int:
        connection = await session.connection()
        return (await connection.execute(statement, {"before": before, "limit": ROWS_MAX})).rowcount

    while await database.run(some) == ROWS_MAX:
        pass
