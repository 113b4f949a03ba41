"""How an endpoint stops and starts again, and how its owner is told.

The caller holds the endpoint's key. A failing endpoint is probed with its oldest event every ten
hours; one that answered 410 waits for its owner. Nothing of its backlog is lost either way.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from contracts.events.webhook import DisabledReason, EndpointDisabled, EndpointRecovered
from services.webhook.models import Endpoint
from services.webhook.schedule import STEPS_S
from shared.bus import outbox
from shared.db import Session

PROBE_EVERY = timedelta(seconds=STEPS_S[-1])

_DISABLE = text(
    "UPDATE endpoint SET status = 'disabled', disabled_reason = :reason, disabled_at = :now,"
    " probe_at = :probe_at WHERE endpoint_id = :id AND status = 'enabled' AND deleted_at IS NULL"
    " RETURNING endpoint_id"
)
# The sequence's next value lies above every delivery that exists or is being written now.
_ENABLE = text(
    "UPDATE endpoint SET status = 'enabled', disabled_reason = NULL, disabled_at = NULL,"
    " probe_at = NULL, failing_since = NULL,"
    " catch_up_to = nextval(pg_get_serial_sequence('delivery', 'delivery_id'))"
    " WHERE endpoint_id = :id AND status = 'disabled' AND deleted_at IS NULL RETURNING endpoint_id"
)
_DUE_NOW = text(
    "UPDATE delivery SET due_at = :now, failures = 0"
    " WHERE endpoint_id = :id AND status IN ('pending', 'sending')"
)
_PROBES = text(
    "WITH probed AS (UPDATE endpoint SET probe_at = :next WHERE status = 'disabled'"
    " AND probe_at <= :now AND deleted_at IS NULL RETURNING endpoint_id)"
    " UPDATE delivery SET forced = true, due_at = :now WHERE delivery_id IN"
    " (SELECT (SELECT min(delivery_id) FROM delivery AS d"
    " WHERE d.endpoint_id = probed.endpoint_id AND d.status = 'pending') FROM probed)"
)


async def disable(
    session: Session, endpoint_id: UUID, reason: DisabledReason, now: datetime, kept_days: int
) -> None:
    """Send nothing to the endpoint from now on, keep its events, tell its owner. Twice is once."""
    probe_at = now + PROBE_EVERY if reason is DisabledReason.FAILING else None
    values = {"id": endpoint_id, "reason": str(reason), "now": now, "probe_at": probe_at}
    connection = await session.connection()
    if await connection.scalar(_DISABLE, values) is None:
        return
    endpoint = await _read(session, endpoint_id)
    await outbox.add(
        session,
        EndpointDisabled(
            endpoint_id=str(endpoint_id),
            owner_role=endpoint.owner_role,
            owner=endpoint.owner,
            address=endpoint.address,
            reason=reason,
            failing_since=endpoint.failing_since,
            disabled_at=now,
            kept_days=kept_days,
        ),
    )


async def recover(session: Session, endpoint_id: UUID, now: datetime) -> None:
    """Send what was kept, in order, and what comes. Tells the owner. Twice is once."""
    connection = await session.connection()
    if await connection.scalar(_ENABLE, {"id": endpoint_id}) is None:
        return
    waiting = (await connection.execute(_DUE_NOW, {"id": endpoint_id, "now": now})).rowcount
    endpoint = await _read(session, endpoint_id)
    await outbox.add(
        session,
        EndpointRecovered(
            endpoint_id=str(endpoint_id),
            owner_role=endpoint.owner_role,
            owner=endpoint.owner,
            address=endpoint.address,
            recovered_at=now,
            waiting=waiting,
        ),
    )


async def start_probes(session: Session, now: datetime) -> None:
    """Send the oldest kept event of each failing endpoint whose probe is due."""
    values = {"now": now, "next": now + PROBE_EVERY}
    await (await session.connection()).execute(_PROBES, values)


async def _read(session: Session, endpoint_id: UUID) -> Endpoint:
    endpoint = await session.get(Endpoint, endpoint_id, populate_existing=True)
    if endpoint is None:
        raise LookupError(f"the endpoint {endpoint_id} has vanished under its lock")
    return endpoint
