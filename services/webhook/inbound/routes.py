"""HTTP of inbound messages. The message route is open: its signature is its authorisation."""

from typing import Annotated

from fastapi import Body, Request

from services.webhook.endpoints.schemas import SecretMade, SecretRotation
from services.webhook.inbound import service
from services.webhook.inbound.schemas import (
    MessageTaken,
    SourceCreate,
    SourceList,
    SourceMade,
    SourceName,
    SourceRead,
)
from services.webhook.models import InboundSource
from services.webhook.owners import OWNERS, owner_of
from services.webhook.parts import Own, shows_a_secret
from shared.app import create_router
from shared.auth import Subject, allow, open_to_all
from shared.http import Db

router = create_router("接收推送 Inbound messages")

Partner = Annotated[Subject, allow(*OWNERS)]

_MESSAGE = {
    "parameters": [
        {
            "name": name,
            "in": "header",
            "required": True,
            "schema": {"type": "string"},
            "description": about,
        }
        for name, about in (
            ("webhook-id", "消息编号 Unique per message; the same when it is sent again."),
            ("webhook-timestamp", "发送时间 Seconds since 1970, at most five minutes off."),
            ("webhook-signature", "签名 `v1,` and base64, by Standard Webhooks."),
        )
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object"},
                "example": {"type": "case.closed", "data": {"case": "C-2022-17"}},
            }
        },
    },
}


@router.post(
    "/v1/inbound/{source}",
    summary="接收推送消息 Take a signed message",
    dependencies=[open_to_all],
    openapi_extra=_MESSAGE,
)
async def receive_inbound_message(
    source: SourceName, request: Request, session: Db, own: Own
) -> MessageTaken:
    """Take a message that is signed by the source; the same message id again changes nothing."""
    message_id, repeated = await service.receive_message(
        session,
        source,
        request.headers,
        await request.body(),
        sealer=own.sealer,
        now=own.time.now(),
    )
    return MessageTaken(message_id=message_id, repeated=repeated)


@router.post(
    "/v1/inbound-sources",
    status_code=201,
    summary="新增推送来源 Add a source",
    dependencies=[shows_a_secret],
)
async def create_inbound_source(
    wanted: SourceCreate, session: Db, caller: Partner, own: Own
) -> SourceMade:
    """Name a system of yours that posts messages. The answer shows its secret, once."""
    source, secret = await service.create_source(
        session,
        wanted.source,
        wanted.description,
        owner_of(caller),
        caller.sub,
        sealer=own.sealer,
        now=own.time.now(),
    )
    return SourceMade(**_read(source).model_dump(), secret=secret)


@router.get("/v1/inbound-sources", summary="推送来源列表 List sources")
async def list_inbound_sources(session: Db, caller: Partner) -> SourceList:
    """Every inbound source of yours."""
    sources = await service.sources_of(session, owner_of(caller))
    return SourceList(sources=[_read(source) for source in sources])


@router.post(
    "/v1/inbound-sources/{source}/secrets",
    status_code=201,
    summary="轮换来源密钥 Rotate a source's secret",
    dependencies=[shows_a_secret],
)
async def rotate_inbound_secret(
    source: SourceName,
    session: Db,
    caller: Partner,
    own: Own,
    rotation: Annotated[SecretRotation, Body(default_factory=SecretRotation)],
) -> SecretMade:
    """A new secret, shown once. During the overlap messages signed with the old one are taken."""
    secret, until = await service.rotate_source_secret(
        session, source, owner_of(caller), rotation.overlap_s, own.sealer
    )
    return SecretMade(secret=secret, earlier_valid_until=until)


def _read(source: InboundSource) -> SourceRead:
    return SourceRead(
        source=source.source,
        path=f"/v1/inbound/{source.source}",
        description=source.description,
        created_at=source.created_at,
        created_by=source.created_by,
    )
