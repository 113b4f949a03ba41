"""HTTP of endpoints: a partner's own, with secrets, state, test button and replay."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Body, Request, Response

from services.webhook.deliveries.schemas import DeliveryRead
from services.webhook.deliveries.service import send_test_event
from services.webhook.endpoints import service
from services.webhook.endpoints.schemas import (
    EndpointChange,
    EndpointCreate,
    EndpointList,
    EndpointMade,
    EndpointRead,
    EventTypeList,
    EventTypeRead,
    ReplayRead,
    ReplayWanted,
    SecretMade,
    SecretRotation,
)
from services.webhook.models import Endpoint, EndpointStatus
from services.webhook.owners import OWNERS, owner_of
from services.webhook.parts import Own, shows_a_secret
from services.webhook.readers import could_read, deliverable
from shared.app import create_router
from shared.auth import Subject, allow
from shared.http import Db

router = create_router("推送 Webhooks")

Partner = Annotated[Subject, allow(*OWNERS)]


@router.post(
    "/v1/webhook-endpoints",
    status_code=201,
    summary="新增推送端点 Add an endpoint",
    dependencies=[shows_a_secret],
)
async def create_webhook_endpoint(
    wanted: EndpointCreate, session: Db, caller: Partner, own: Own, response: Response
) -> EndpointMade:
    """Take events at a URL. The answer shows the signing secret, once."""
    endpoint, secret = await service.create_endpoint(
        session,
        wanted,
        owner_of(caller),
        caller.sub,
        guard=own.guard,
        sealer=own.sealer,
        endpoints_max=own.settings.webhook_endpoints_max,
        now=own.time.now(),
    )
    response.headers["location"] = f"/v1/webhook-endpoints/{endpoint.endpoint_id}"
    [read] = await _read(session, [endpoint])
    return EndpointMade(**read.model_dump(), secret=secret)


@router.get("/v1/webhook-endpoints", summary="推送端点列表 List endpoints")
async def list_webhook_endpoints(session: Db, caller: Partner) -> EndpointList:
    """Every endpoint of yours, with its state: here you see which are disabled, and why."""
    endpoints = await service.endpoints_of(session, owner_of(caller))
    return EndpointList(endpoints=await _read(session, endpoints))


@router.get("/v1/webhook-endpoints/{endpoint_id}", summary="推送端点 Read an endpoint")
async def read_webhook_endpoint(endpoint_id: UUID, session: Db, caller: Partner) -> EndpointRead:
    """One endpoint with its state."""
    endpoint = await service.find_endpoint(session, endpoint_id, owner_of(caller))
    return (await _read(session, [endpoint]))[0]


@router.patch("/v1/webhook-endpoints/{endpoint_id}", summary="修改推送端点 Change an endpoint")
async def change_webhook_endpoint(
    endpoint_id: UUID, wanted: EndpointChange, session: Db, caller: Partner, own: Own
) -> EndpointRead:
    """Change the URL, the types or the filters. Events that wait go to the new URL."""
    endpoint = await service.change_endpoint(
        session, endpoint_id, wanted, owner_of(caller), own.guard
    )
    return (await _read(session, [endpoint]))[0]


@router.delete(
    "/v1/webhook-endpoints/{endpoint_id}",
    status_code=204,
    summary="删除推送端点 Delete an endpoint",
)
async def delete_webhook_endpoint(
    endpoint_id: UUID, session: Db, caller: Partner, own: Own
) -> None:
    """Send nothing there any more. What waits for it is given up."""
    await service.delete_endpoint(session, endpoint_id, owner_of(caller), own.time.now())


@router.post(
    "/v1/webhook-endpoints/{endpoint_id}/secrets",
    status_code=201,
    summary="轮换签名密钥 Rotate the secret",
    dependencies=[shows_a_secret],
)
async def rotate_webhook_secret(
    endpoint_id: UUID,
    session: Db,
    caller: Partner,
    own: Own,
    rotation: Annotated[SecretRotation, Body(default_factory=SecretRotation)],
) -> SecretMade:
    """A new secret, shown once. During the overlap messages carry signatures of both."""
    secret, until = await service.rotate_secret(
        session, endpoint_id, owner_of(caller), rotation.overlap_s, own.sealer
    )
    return SecretMade(secret=secret, earlier_valid_until=until)


@router.post(
    "/v1/webhook-endpoints/{endpoint_id}/activation", summary="启用推送端点 Enable an endpoint"
)
async def enable_webhook_endpoint(
    endpoint_id: UUID, session: Db, caller: Partner, own: Own
) -> EndpointRead:
    """Enable a disabled endpoint: what was kept is sent in order, then what comes."""
    endpoint = await service.enable_endpoint(session, endpoint_id, owner_of(caller), own.time.now())
    return (await _read(session, [endpoint]))[0]


@router.post(
    "/v1/webhook-endpoints/{endpoint_id}/test-events",
    status_code=202,
    summary="发送测试事件 Send a test event",
)
async def send_webhook_test_event(
    endpoint_id: UUID, session: Db, caller: Partner, own: Own, response: Response
) -> DeliveryRead:
    """Send a signed test event, also to a disabled endpoint. Location says how it went."""
    endpoint = await service.find_endpoint(session, endpoint_id, owner_of(caller), lock=True)
    delivery = await send_test_event(session, endpoint, own.time.now())
    response.headers["location"] = (
        f"/v1/webhook-endpoints/{endpoint_id}/deliveries/{delivery.delivery_id}"
    )
    return delivery


@router.post(
    "/v1/webhook-endpoints/{endpoint_id}/replays",
    status_code=202,
    summary="重新推送 Replay since a time",
)
async def replay_webhook_events(
    endpoint_id: UUID, wanted: ReplayWanted, session: Db, caller: Partner, own: Own
) -> ReplayRead:
    """Send again, in order, every event since then that the endpoint takes."""
    count = await service.replay_events(
        session,
        endpoint_id,
        owner_of(caller),
        wanted.since,
        now=own.time.now(),
        kept_days=own.settings.webhook_kept_days,
    )
    return ReplayRead(deliveries=count)


@router.get("/v1/webhook-event-types", summary="可订阅事件类型 List event types")
async def list_webhook_event_types(request: Request, caller: Partner) -> EventTypeList:
    """The types of events your role may read; of each only those about what you may see."""
    return EventTypeList(
        types=[
            EventTypeRead(
                type=name,
                title=fact.contract.topic.title,
                description=(fact.__doc__ or "").strip(),
                audience=sorted(fact.contract.audience),
            )
            for name, fact in sorted(deliverable().items())
            if could_read(caller.role, fact)
        ]
    )


async def _read(session: Db, endpoints: Sequence[Endpoint]) -> list[EndpointRead]:
    waiting = await service.waiting_of(session, endpoints)
    return [
        EndpointRead(
            **endpoint.model_dump(
                include=set(EndpointRead.model_fields), exclude={"status", "waiting"}
            ),
            status=EndpointStatus(endpoint.status),
            next_probe_at=endpoint.probe_at,
            waiting=found.waiting if found else 0,
            oldest_waiting_at=found.oldest if found else None,
        )
        for endpoint in endpoints
        for found in [waiting.get(endpoint.endpoint_id)]
    ]
