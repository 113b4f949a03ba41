"""Use cases of inbound sources and messages.

A message is taken once per (source, message id): the row and the fact are one transaction.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlmodel import col, select

from contracts.events.webhook import WebhookReceived
from services.webhook.errors import (
    MessageDiffers,
    MessageRefused,
    MessageUnusable,
    SourceExists,
    SourceNotFound,
)
from services.webhook.models import InboundSecret, InboundSource
from services.webhook.readers import Owner
from services.webhook.sealing import Sealer
from services.webhook.signing import NotVerified, new_secret, verify
from shared import clock
from shared.bus import outbox
from shared.db import Session, lock_keys

TYPE_LENGTH_MAX = 200
DEPTH_MAX = 64

_TAKE = text(
    "INSERT INTO inbound_message (source, message_id, digest, received_at)"
    " VALUES (:source, :message_id, :digest, :now) ON CONFLICT (source, message_id) DO NOTHING"
    " RETURNING message_id"
)
_TAKEN = text(
    "SELECT digest FROM inbound_message WHERE source = :source AND message_id = :message_id"
)


async def create_source(
    session: Session,
    name: str,
    description: str,
    owner: Owner,
    by: str,
    *,
    sealer: Sealer,
    now: datetime,
) -> tuple[InboundSource, str]:
    """A source and its secret. Raises SourceExists."""
    await lock_keys(session, [name])
    if await session.get(InboundSource, name) is not None:
        raise SourceExists(
            f"There is a source {name} already. Choose another name.",
            f"来源 {name} 已存在,请更换名称。",
        )
    source = InboundSource(
        source=name,
        owner_role=owner.role,
        owner=owner.owner,
        description=description,
        created_by=by,
        created_at=now,
    )
    session.add(source)
    await session.flush()  # the secret's row refers to the source's
    return source, _add_secret(session, name, sealer)


async def rotate_source_secret(
    session: Session, name: str, owner: Owner, overlap_s: int, sealer: Sealer
) -> tuple[str, datetime]:
    """A new secret, and until when the earlier ones are accepted. Raises SourceNotFound."""
    await lock_keys(session, [name])
    await find_source(session, name, owner)
    until = datetime.now(UTC) + timedelta(seconds=overlap_s)
    statement = select(InboundSecret).where(InboundSecret.source == name)
    for earlier in (await session.exec(statement)).all():
        earlier.expires_at = min(earlier.expires_at or until, until)
    return _add_secret(session, name, sealer), until


async def sources_of(session: Session, owner: Owner) -> Sequence[InboundSource]:
    """Every source of the owner."""
    statement = select(InboundSource).where(
        InboundSource.owner_role == owner.role, InboundSource.owner == owner.owner
    )
    return (await session.exec(statement.order_by(col(InboundSource.source)))).all()


async def find_source(session: Session, name: str, owner: Owner) -> InboundSource:
    """The owner's source. Raises SourceNotFound, also for another owner's."""
    source = await session.get(InboundSource, name)
    if source is None or Owner(source.owner_role, source.owner) != owner:
        raise SourceNotFound(
            f"You have no source {name}. See GET /v1/inbound-sources.", f"您没有来源 {name}。"
        )
    return source


async def receive_message(
    session: Session,
    name: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    sealer: Sealer,
    now: datetime,
) -> tuple[str, bool]:
    """Verify and take a message; returns its id and whether it was taken before.

    Raises MessageRefused (unknown source, wrong signature, too old or new, changed),
    MessageDiffers, MessageUnusable.
    """
    await lock_keys(session, [name])
    source = await session.get(InboundSource, name)
    secrets = await _secrets_of(session, name, sealer) if source else []
    try:
        message_id = verify(secrets, headers, body)
    except NotVerified as error:
        raise MessageRefused(
            f"The message is not taken: {error} Sign id, time and body as Standard Webhooks says.",
            f"消息未被接收:{error}请按 Standard Webhooks 规范签名。",
        ) from None
    assert source is not None  # without a source there is no secret that verifies
    values = {"source": name, "message_id": message_id, "digest": _digest(body), "now": now}
    connection = await session.connection()
    if await connection.scalar(_TAKE, values) is None:
        if await connection.scalar(_TAKEN, values) != values["digest"]:
            raise MessageDiffers(
                f"The message {message_id} came before with another body. Give it a new id.",
                f"消息 {message_id} 此前已以不同内容收到,请使用新的编号。",
            )
        return message_id, True
    content = _read(body)
    type_ = content.get("type")
    fact = WebhookReceived(
        source=name,
        provider=source.owner,
        message_id=message_id,
        type=type_[:TYPE_LENGTH_MAX] if isinstance(type_, str) else None,
        received_at=clock.now(),
        body=body.decode(),
    )
    await outbox.add(session, fact)
    return message_id, False


async def _secrets_of(session: Session, name: str, sealer: Sealer) -> list[str]:
    statement = select(InboundSecret).where(InboundSecret.source == name)
    rows = await session.exec(statement.order_by(col(InboundSecret.secret_id).desc()))
    now = datetime.now(UTC)
    return [sealer.open(row.sealed) for row in rows if not row.expires_at or row.expires_at > now]


def _add_secret(session: Session, name: str, sealer: Sealer) -> str:
    secret = new_secret()
    sealed = sealer.seal(secret)
    session.add(InboundSecret(source=name, sealed=sealed, created_at=datetime.now(UTC)))
    return secret


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()


def _read(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
        if b"\\u0000" in json.dumps(content, ensure_ascii=False, allow_nan=False).encode():
            content = None  # a NUL, which PostgreSQL cannot store as text
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or _depth(content) > DEPTH_MAX:
        raise MessageUnusable(
            "The body must be one JSON object of sensible depth, such as"
            ' {"type": "case.closed", "data": {}}.',
            "消息内容应为一个 JSON 对象,且嵌套不宜过深。",
        )
    return content


def _depth(content: Any) -> int:
    depth, level = 0, [content]
    while level:
        depth += 1
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]
    return depth
