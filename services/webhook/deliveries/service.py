"""What a partner does with deliveries: list them, read the attempt log, send one now, test."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from contracts.events.webhook import ENDPOINT, OWNER
from services.webhook.deliveries.schemas import AttemptRead, DeliveryRead
from services.webhook.endpoints.service import TEST_TYPE
from services.webhook.envelope import envelope
from services.webhook.errors import DeliveryNotFound
from services.webhook.models import Endpoint
from shared import clock
from shared.bus.cloud_events import headers_of, new_event_id
from shared.db import Session
from shared.telemetry import correlation_id, traceparent

_COLUMNS = (
    "SELECT d.delivery_id, e.event_id, e.type, d.key, d.replay > 0 AS replayed, d.status,"
    " d.attempts, d.created_at, d.due_at, d.finished_at, e.body"
    " FROM delivery AS d JOIN event AS e USING (event_no) WHERE d.endpoint_id = :endpoint"
)
_LIST = text(
    f"{_COLUMNS} AND d.delivery_id < :before"
    " AND d.status = coalesce(CAST(:status AS text), d.status)"
    " ORDER BY d.delivery_id DESC LIMIT :limit"
)
_ONE = text(f"{_COLUMNS} AND d.delivery_id = :delivery")
_LOG = text(
    "SELECT number, outcome, started_at, duration_ms, url, status, error, response FROM attempt"
    " WHERE delivery_id = :delivery ORDER BY number"
)
_NOW = text(
    "UPDATE delivery AS d SET due_at = :now FROM delivery AS head"
    " WHERE head.endpoint_id = :endpoint AND head.delivery_id = :delivery"
    " AND d.endpoint_id = head.endpoint_id AND d.key = head.key"
    " AND d.delivery_id >= head.delivery_id AND d.status = 'pending'"
)
_TEST_EVENT = text(
    "INSERT INTO event (source, event_id, type, key, audience, about, uscc, awaits_region,"
    " received_at, body) VALUES (:source, :event_id, :type, :event_id, :audience,"
    " CAST(:about AS jsonb), NULL, false, :now, :body) RETURNING event_no"
)
_TEST = text(
    "INSERT INTO delivery (endpoint_id, event_no, key, replay, forced, status, created_at, due_at)"
    " VALUES (:endpoint, :event_no, :event_id, 0, true, 'pending', :now, :now)"
    " RETURNING delivery_id"
)


async def list_deliveries(
    session: Session, endpoint_id: UUID, before: int, status: str | None, limit: int
) -> Sequence[Any]:
    """Deliveries of an endpoint, newest first."""
    values = {"endpoint": endpoint_id, "before": before, "status": status, "limit": limit}
    return (await (await session.connection()).execute(_LIST, values)).all()


async def find_delivery(session: Session, endpoint_id: UUID, delivery_id: int) -> Any:
    """One delivery with the body that is sent. Raises DeliveryNotFound."""
    values = {"endpoint": endpoint_id, "delivery": delivery_id}
    row = (await (await session.connection()).execute(_ONE, values)).one_or_none()
    if row is None:
        raise DeliveryNotFound(
            f"The endpoint has no delivery {delivery_id}; they are kept for some weeks.",
            f"该端点没有编号为 {delivery_id} 的推送,记录仅保留数周。",
        )
    return row


async def attempts_of(session: Session, delivery_id: int) -> list[AttemptRead]:
    """Every attempt of a delivery, oldest first."""
    rows = await (await session.connection()).execute(_LOG, {"delivery": delivery_id})
    return [AttemptRead(**row._mapping) for row in rows]


async def retry_delivery(
    session: Session, endpoint_id: UUID, delivery_id: int, now: datetime
) -> Any:
    """Send a waiting delivery, and those behind it of its key, now. Raises DeliveryNotFound."""
    values = {"endpoint": endpoint_id, "delivery": delivery_id, "now": now}
    await (await session.connection()).execute(_NOW, values)
    return await find_delivery(session, endpoint_id, delivery_id)


async def send_test_event(session: Session, endpoint: Endpoint, now: datetime) -> DeliveryRead:
    """Send a test event to the endpoint alone, whatever it subscribes to and how it stands."""
    event_id = new_event_id()
    attributes = headers_of(
        event_id=event_id,
        source=f"{ENDPOINT.source}/test",
        type_=TEST_TYPE,
        key=str(endpoint.endpoint_id),
        occurred_at=clock.now(),
        correlation_id=correlation_id.get(),
        traceparent=traceparent.get(),
    )
    payload = {"endpoint_id": str(endpoint.endpoint_id), "message": "梯田推送测试 Terrace test"}
    connection = await session.connection()
    event_no = await connection.scalar(
        _TEST_EVENT,
        {
            "source": attributes["ce_source"],
            "event_id": str(event_id),
            "type": TEST_TYPE,
            "audience": sorted(OWNER),
            "about": json.dumps({"owner_role": endpoint.owner_role, "owner": endpoint.owner}),
            "now": now,
            "body": envelope(attributes, json.dumps(payload, ensure_ascii=False).encode()),
        },
    )
    delivery_id = await connection.scalar(
        _TEST,
        {
            "endpoint": endpoint.endpoint_id,
            "event_no": event_no,
            "event_id": str(event_id),
            "now": now,
        },
    )
    assert isinstance(delivery_id, int)
    return read(await find_delivery(session, endpoint.endpoint_id, delivery_id))


def read(row: Any) -> DeliveryRead:
    """The delivery as it is shown."""
    return DeliveryRead(**{name: row._mapping[name] for name in DeliveryRead.model_fields})
