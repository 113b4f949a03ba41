"""What is done every second, and every hour: leases, probes, gauges; what is too old goes."""

from datetime import datetime, timedelta

from sqlalchemy import TextClause, text

from services.webhook.deliveries import metrics
from services.webhook.deliveries.claim import sweep_leases
from services.webhook.endpoints.states import start_probes
from shared.db import Database, Session

ROWS_MAX = 1_000

_STATE = text(
    "SELECT e.endpoint_id, e.status, count(d.delivery_id) AS waiting, min(d.created_at) AS oldest"
    " FROM endpoint AS e LEFT JOIN delivery AS d ON d.endpoint_id = e.endpoint_id"
    " AND d.status IN ('pending', 'sending') WHERE e.deleted_at IS NULL GROUP BY e.endpoint_id"
)
_EXPIRE = text(
    "UPDATE delivery SET status = 'expired', finished_at = :now WHERE delivery_id IN"
    " (SELECT delivery_id FROM delivery WHERE status = 'pending' AND created_at < :before"
    " LIMIT :limit)"
)
_FORGET = text(
    "DELETE FROM event WHERE event_no IN (SELECT event_no FROM event AS e"
    " WHERE received_at < :before AND NOT EXISTS (SELECT FROM delivery AS d"
    " WHERE d.event_no = e.event_no AND (d.status IN ('pending', 'sending')"
    " OR d.finished_at >= :before)) LIMIT :limit)"
)
_FORGET_MESSAGES = text(
    "DELETE FROM inbound_message WHERE (source, message_id) IN (SELECT source, message_id"
    " FROM inbound_message WHERE received_at < :before LIMIT :limit)"
)


async def keep_house(session: Session, now: datetime) -> None:
    """Put back what lost its sender and start the probes that are due."""
    await sweep_leases(session)
    await start_probes(session, now)


async def measure(session: Session, now: datetime) -> None:
    """Set the gauges of every endpoint."""
    rows = await (await session.connection()).execute(_STATE)
    for gauge in (metrics.WAITING, metrics.OLDEST, metrics.DISABLED):
        gauge.clear()
    for row in rows:
        endpoint = str(row.endpoint_id)
        age_s = (now - row.oldest).total_seconds() if row.oldest else 0
        metrics.WAITING.labels(endpoint).set(row.waiting)
        metrics.OLDEST.labels(endpoint).set(max(0.0, age_s))
        metrics.DISABLED.labels(endpoint).set(row.status == "disabled")


async def forget(database: Database, now: datetime, kept_days: int) -> None:
    """Give up what could not be delivered in time; delete old events with their attempts."""
    before = now - timedelta(days=kept_days)
    await _in_batches(database, _EXPIRE.bindparams(now=now), before)
    await _in_batches(database, _FORGET, before)
    await _in_batches(database, _FORGET_MESSAGES, before)


async def _in_batches(database: Database, statement: TextClause, before: datetime) -> None:
    async def some(session: Session) -> int:
        connection = await session.connection()
        return (await connection.execute(statement, {"before": before, "limit": ROWS_MAX})).rowcount

    while await database.run(some) == ROWS_MAX:
        pass
