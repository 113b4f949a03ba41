"""HTTP of deliveries: what was sent to an endpoint, every attempt, and sending one now."""

import json
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from services.webhook.deliveries import service
from services.webhook.deliveries.schemas import DeliveryDetail, DeliveryPage, DeliveryRead
from services.webhook.endpoints.service import find_endpoint
from services.webhook.models import DeliveryStatus
from services.webhook.owners import OWNERS, owner_of
from services.webhook.parts import Own
from shared.app import create_router
from shared.auth import Subject, allow
from shared.http import Db, Limit, decode_cursor, encode_cursor, link_next

router = create_router("推送 Webhooks")

Partner = Annotated[Subject, allow(*OWNERS)]
NEWEST = 2**63 - 1


@router.get("/v1/webhook-endpoints/{endpoint_id}/deliveries", summary="推送列表 List deliveries")
async def list_webhook_deliveries(
    endpoint_id: UUID,
    request: Request,
    response: Response,
    session: Db,
    caller: Partner,
    status: Annotated[DeliveryStatus | None, Query(title="推送状态")] = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Limit = 50,
) -> DeliveryPage:
    """What was and is to be sent to the endpoint, newest first."""
    await find_endpoint(session, endpoint_id, owner_of(caller))
    key = decode_cursor(cursor, [int])
    before = min(key[0], NEWEST) if key else NEWEST
    rows = await service.list_deliveries(session, endpoint_id, before, status, limit + 1)
    if len(rows) > limit:
        link_next(request, response, encode_cursor(rows[limit - 1].delivery_id))
    return DeliveryPage(deliveries=[service.read(row) for row in rows[:limit]])


@router.get(
    "/v1/webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}",
    summary="推送记录 Read a delivery with its attempts",
)
async def read_webhook_delivery(
    endpoint_id: UUID, delivery_id: int, session: Db, caller: Partner
) -> DeliveryDetail:
    """One delivery: the body that is sent, and each attempt with status and duration."""
    await find_endpoint(session, endpoint_id, owner_of(caller))
    # The log first: the state read after it is never older than the log shows.
    log = await service.attempts_of(session, _number(delivery_id))
    row = await service.find_delivery(session, endpoint_id, _number(delivery_id))
    return DeliveryDetail(
        **service.read(row).model_dump(),
        request_body=json.loads(row.body),
        log=log,
    )


@router.post(
    "/v1/webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}/retry",
    status_code=202,
    summary="立即重试 Retry a delivery now",
)
async def retry_webhook_delivery(
    endpoint_id: UUID, delivery_id: int, session: Db, caller: Partner, own: Own
) -> DeliveryRead:
    """Send a waiting delivery now, then those behind it; a finished one stays as it is."""
    await find_endpoint(session, endpoint_id, owner_of(caller), lock=True)
    row = await service.retry_delivery(session, endpoint_id, _number(delivery_id), own.time.now())
    return service.read(row)


def _number(given: int) -> int:
    return given if 0 <= given <= NEWEST else 0
