"""Settling: what came of attempts is written in batches, with the state of their endpoints.

The endpoints' keys are locked first. A result whose lease was lost meanwhile is dropped: the
sweep has put the delivery back and noted the attempt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from contracts.events.webhook import DisabledReason
from services.webhook.endpoints.states import disable, recover
from services.webhook.models import DeliveryStatus
from services.webhook.schedule import GIVE_UP_AFTER
from shared.db import Session, lock_keys

GONE = 410

_SETTLE = text(
    "WITH result AS (SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:numbers AS int[]),"
    " CAST(:nexts AS text[]), CAST(:dues AS timestamptz[]), CAST(:starts AS timestamptz[]),"
    " CAST(:durations AS double precision[]), CAST(:outcomes AS text[]), CAST(:urls AS text[]),"
    " CAST(:statuses AS int[]), CAST(:errors AS text[]), CAST(:responses AS text[]))"
    " AS r(delivery_id, number, next, due, started_at, duration_ms, outcome, url, status, error,"
    " response)),"
    " settled AS (UPDATE delivery AS d SET status = r.next, due_at = coalesce(r.due, d.due_at),"
    " failures = CASE WHEN r.outcome = 'failed' THEN d.failures + 1 ELSE d.failures END,"
    " leased_until = NULL, forced = false,"
    " finished_at = CASE WHEN r.next = 'pending' THEN NULL ELSE CAST(:now AS timestamptz) END"
    " FROM result AS r WHERE d.delivery_id = r.delivery_id AND d.status = 'sending'"
    " AND d.attempts = r.number RETURNING d.delivery_id)"
    " INSERT INTO attempt (delivery_id, number, started_at, duration_ms, outcome, url, status,"
    " error, response) SELECT delivery_id, number, started_at, duration_ms, outcome, url, status,"
    " error, response FROM result JOIN settled USING (delivery_id)"
)
_NOW = "CAST(:now AS timestamptz)"
_SUCCEEDED = text(
    f"UPDATE endpoint SET last_success_at = {_NOW}, failing_since = NULL"
    " WHERE endpoint_id = ANY(CAST(:ids AS uuid[])) AND (failing_since IS NOT NULL"
    f" OR last_success_at IS NULL OR last_success_at < {_NOW} - interval '10 seconds')"
    " RETURNING endpoint_id, status, disabled_reason"
)
_FAILED = text(
    f"UPDATE endpoint SET last_failure_at = {_NOW},"
    f" failing_since = coalesce(failing_since, {_NOW})"
    " WHERE endpoint_id = ANY(CAST(:ids AS uuid[]))"
    " RETURNING endpoint_id, status, failing_since"
)
# What waits behind a failed delivery of its key is due no earlier: a long queue of them would
# otherwise be looked through at every claim.
_HOLD_BACK = text(
    "UPDATE delivery AS later SET due_at = head.due_at"
    " FROM delivery AS head JOIN endpoint AS e ON e.endpoint_id = head.endpoint_id"
    " WHERE head.delivery_id = ANY(CAST(:ids AS bigint[])) AND head.status = 'pending'"
    " AND (e.ordered OR head.delivery_id <= e.catch_up_to)"
    " AND later.endpoint_id = head.endpoint_id AND later.key = head.key"
    " AND later.status = 'pending' AND later.delivery_id > head.delivery_id"
    " AND later.due_at < head.due_at"
)


@dataclass(frozen=True)
class Result:
    """What came of one attempt, and what is next."""

    delivery_id: int
    endpoint_id: UUID
    number: int
    next: DeliveryStatus
    outcome: str
    due_at: datetime | None = None
    started_at: datetime | None = None
    duration_ms: float | None = None
    url: str | None = None
    status: int | None = None
    error: str | None = None
    response: str | None = None


async def settle(
    session: Session, results: Sequence[Result], now: datetime, kept_days: int
) -> None:
    """Write the results, then note which endpoints work, fail, have gone or have recovered."""
    await lock_keys(session, {str(result.endpoint_id) for result in results})
    await _write(session, results, now)
    worked = {r.endpoint_id for r in results if r.outcome == "delivered"}
    failed = {r.endpoint_id for r in results if r.outcome == "failed"} - worked
    connection = await session.connection()
    if failing := [r.delivery_id for r in results if r.outcome == "failed"]:
        await connection.execute(_HOLD_BACK, {"ids": failing})
    if failed:
        rows = await connection.execute(_FAILED, {"ids": sorted(failed), "now": now})
        for row in rows.all():
            if row.status == "enabled" and row.failing_since <= now - GIVE_UP_AFTER:
                await disable(session, row.endpoint_id, DisabledReason.FAILING, now, kept_days)
    if worked:
        rows = await connection.execute(_SUCCEEDED, {"ids": sorted(worked), "now": now})
        for row in rows.all():
            if row.status == "disabled" and row.disabled_reason == DisabledReason.FAILING:
                await recover(session, row.endpoint_id, now)
    for endpoint_id in {r.endpoint_id for r in results if r.status == GONE}:
        await disable(session, endpoint_id, DisabledReason.GONE, now, kept_days)


async def _write(session: Session, results: Sequence[Result], now: datetime) -> None:
    await (await session.connection()).execute(
        _SETTLE,
        {
            "now": now,
            "ids": [r.delivery_id for r in results],
            "numbers": [r.number for r in results],
            "nexts": [str(r.next) for r in results],
            "dues": [r.due_at for r in results],
            "starts": [r.started_at for r in results],
            "durations": [r.duration_ms for r in results],
            "outcomes": [r.outcome for r in results],
            "urls": [r.url for r in results],
            "statuses": [r.status for r in results],
            "errors": [r.error for r in results],
            "responses": [r.response for r in results],
        },
    )
