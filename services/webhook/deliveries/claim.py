"""Claiming: which deliveries are sent next, each by one process, under a lease.

Each endpoint has slots of its own, so a slow one delays no other; a failing one has few. Where
order was asked for, or a backlog is being caught up with, a delivery waits for the open ones of
its key before it. Leases go by the database's clock; a lease that ran out is swept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.webhook.readers import Owner
from shared.db import Session

SLOTS_FAILING = 2
ROWS_MAX = 1_000

_RETURNING = (
    "UPDATE delivery SET status = 'sending', attempts = delivery.attempts + 1,"
    " leased_until = clock_timestamp() + :lease"
    " FROM picked JOIN event ON event.event_no = picked.event_no"
    " JOIN endpoint ON endpoint.endpoint_id = picked.endpoint_id"
    " LEFT JOIN enterprise_region ON enterprise_region.uscc = event.uscc"
    " WHERE delivery.delivery_id = picked.delivery_id"
    " RETURNING delivery.delivery_id, delivery.endpoint_id, delivery.attempts, delivery.failures,"
    " endpoint.url, endpoint.version, endpoint.owner_role, endpoint.owner,"
    " event.event_id, event.type, event.audience, event.about, event.body, enterprise_region.region"
)
_DUE = text(
    "WITH free AS (SELECT e.endpoint_id,"
    " CASE WHEN e.ordered THEN 9223372036854775807 ELSE e.catch_up_to END AS in_order_to,"
    " greatest(0, CASE WHEN e.failing_since IS NULL THEN CAST(:slots AS int)"
    " ELSE CAST(:slots_failing AS int) END - coalesce(b.count, 0)) AS slots"
    " FROM endpoint AS e LEFT JOIN unnest(CAST(:busy AS uuid[]), CAST(:counts AS int[]))"
    " AS b(endpoint_id, count) ON b.endpoint_id = e.endpoint_id"
    " WHERE e.status = 'enabled' AND e.deleted_at IS NULL),"
    " picked AS MATERIALIZED (SELECT d.delivery_id, d.endpoint_id, d.event_no"
    " FROM free CROSS JOIN LATERAL ("
    " SELECT * FROM delivery AS candidate WHERE candidate.endpoint_id = free.endpoint_id"
    " AND candidate.status = 'pending' AND candidate.due_at <= :now"
    " AND (free.in_order_to = 0 OR NOT EXISTS (SELECT FROM delivery AS earlier"
    " WHERE earlier.endpoint_id = candidate.endpoint_id AND earlier.key = candidate.key"
    " AND earlier.status IN ('pending', 'sending')"
    " AND earlier.delivery_id < candidate.delivery_id"
    " AND earlier.delivery_id <= free.in_order_to))"
    " ORDER BY candidate.due_at, candidate.delivery_id LIMIT free.slots"
    " FOR UPDATE SKIP LOCKED) AS d LIMIT :rows) " + _RETURNING
)
_FORCED = text(
    "WITH picked AS MATERIALIZED (SELECT d.delivery_id, d.endpoint_id, d.event_no"
    " FROM delivery AS d WHERE d.forced AND d.status = 'pending' AND d.due_at <= :now"
    " ORDER BY d.delivery_id LIMIT :rows FOR UPDATE SKIP LOCKED) " + _RETURNING
)
_SWEEP = text(
    "WITH lost AS (UPDATE delivery SET status = 'pending', leased_until = NULL"
    " WHERE status = 'sending' AND leased_until < clock_timestamp()"
    " RETURNING delivery_id, attempts)"
    " INSERT INTO attempt (delivery_id, number, outcome, error)"
    " SELECT delivery_id, attempts, 'interrupted', :reason FROM lost"
)


@dataclass(frozen=True)
class Claimed:
    """A delivery to send now, with all that is needed to send it."""

    delivery_id: int
    endpoint_id: UUID
    number: int
    failures: int
    url: str
    version: int
    owner: Owner
    message_id: str
    type: str
    audience: Sequence[str]
    about: Mapping[str, str]
    region: str | None
    body: bytes


async def claim_due(
    session: Session,
    now: datetime,
    lease: timedelta,
    slots: int,
    busy: Mapping[UUID, int],
) -> list[Claimed]:
    """What is due at endpoints with free slots. `busy` counts this process's requests."""
    parameters = {
        "now": now,
        "lease": lease,
        "rows": ROWS_MAX,
        "slots": slots,
        "slots_failing": min(SLOTS_FAILING, slots),
        "busy": list(busy),
        "counts": list(busy.values()),
    }
    rows = await (await session.connection()).execute(_DUE, parameters)
    return sorted((_claimed(row) for row in rows), key=lambda claimed: claimed.delivery_id)


async def claim_forced(session: Session, now: datetime, lease: timedelta) -> list[Claimed]:
    """What is sent whatever the endpoint's state: test events and probes."""
    parameters = {"now": now, "lease": lease, "rows": ROWS_MAX}
    rows = await (await session.connection()).execute(_FORCED, parameters)
    return [_claimed(row) for row in rows]


async def sweep_leases(session: Session) -> None:
    """Put back what a process that died was sending; the log says that the answer is unknown."""
    reason = "The sender ended before the answer was known."
    await (await session.connection()).execute(_SWEEP, {"reason": reason})


def _claimed(row: Any) -> Claimed:
    return Claimed(
        delivery_id=row.delivery_id,
        endpoint_id=row.endpoint_id,
        number=row.attempts,
        failures=row.failures,
        url=row.url,
        version=row.version,
        owner=Owner(row.owner_role, row.owner),
        message_id=row.event_id,
        type=row.type,
        audience=row.audience,
        about=row.about,
        region=row.region,
        body=row.body,
    )
