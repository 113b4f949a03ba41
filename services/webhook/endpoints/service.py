"""Use cases of endpoints. Every one locks the endpoint's key before it reads.

An endpoint belongs to an enterprise, authority or organisation, not to a person: whoever holds
its token may see and change it.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlmodel import col, select

from services.webhook.connect import Guard
from services.webhook.endpoints.schemas import EndpointChange, EndpointCreate
from services.webhook.endpoints.states import recover
from services.webhook.errors import (
    EndpointNotFound,
    ReplayTooOld,
    TooManyEndpoints,
    TypeNotReadable,
    UrlNotAllowed,
)
from services.webhook.fan_out import Kept, wants
from services.webhook.models import Endpoint, EndpointSecret, EndpointStatus
from services.webhook.readers import Owner, could_read, deliverable
from services.webhook.sealing import Sealer
from services.webhook.signing import new_secret
from services.webhook.urls import UrlRefused
from shared.db import Session, lock_keys

REPLAY_PAGE = 1_000

_WAITING = text(
    "SELECT endpoint_id, count(*) AS waiting, min(created_at) AS oldest FROM delivery"
    " WHERE endpoint_id = ANY(CAST(:ids AS uuid[])) AND status IN ('pending', 'sending')"
    " GROUP BY endpoint_id"
)
_GIVE_UP = text(
    "UPDATE delivery SET status = 'expired', finished_at = :now"
    " WHERE endpoint_id = :id AND status = 'pending'"
)
_REPLAYABLE = text(
    "SELECT event_no, type, key, audience, about, event.uscc, region"
    " FROM event LEFT JOIN enterprise_region USING (uscc)"
    " WHERE received_at >= :since AND event_no > :after AND type <> :test"
    " ORDER BY event_no LIMIT :limit"
)
_REPLAY = text(
    "INSERT INTO delivery (endpoint_id, event_no, key, replay, forced, status, created_at, due_at)"
    " SELECT :id, event_no, key, :run, false, 'pending', :now, :now FROM event"
    " WHERE event_no = ANY(CAST(:numbers AS bigint[])) ORDER BY event_no"
)
_RUN = text("SELECT nextval('replay_run')")

TEST_TYPE = "webhook.test.v1"


async def create_endpoint(
    session: Session,
    wanted: EndpointCreate,
    owner: Owner,
    by: str,
    *,
    guard: Guard,
    sealer: Sealer,
    endpoints_max: int,
    now: datetime,
) -> tuple[Endpoint, str]:
    """A new endpoint and its secret. Raises TooManyEndpoints, UrlNotAllowed, TypeNotReadable."""
    await lock_keys(session, [f"{owner.role}:{owner.owner}"])
    if len(await endpoints_of(session, owner)) >= endpoints_max:
        raise TooManyEndpoints(
            f"There are {endpoints_max} endpoints already. Delete one, or use one for more types.",
            f"推送端点已达上限 {endpoints_max} 个,请先删除不用的端点。",
        )
    await _require_url(guard, wanted.url)
    _require_types(owner, wanted.types)
    endpoint = Endpoint(
        endpoint_id=uuid4(),
        owner_role=owner.role,
        owner=owner.owner,
        created_by=by,
        created_at=now,
        status=EndpointStatus.ENABLED,
        version=1,
        **wanted.model_dump(),
    )
    session.add(endpoint)
    await session.flush()  # the secret's row refers to the endpoint's
    return endpoint, _add_secret(session, endpoint, sealer)


async def change_endpoint(
    session: Session, endpoint_id: UUID, wanted: EndpointChange, owner: Owner, guard: Guard
) -> Endpoint:
    """Change what is given. Raises EndpointNotFound, UrlNotAllowed, TypeNotReadable."""
    endpoint = await find_endpoint(session, endpoint_id, owner, lock=True)
    changes = {
        name: value
        for name, value in wanted.model_dump(exclude_unset=True).items()
        if value is not None
    }
    if "url" in changes:
        await _require_url(guard, changes["url"])
    _require_types(owner, changes.get("types", []))
    endpoint.sqlmodel_update({**changes, "version": endpoint.version + 1})
    return endpoint


async def delete_endpoint(session: Session, endpoint_id: UUID, owner: Owner, now: datetime) -> None:
    """Send nothing there any more; what waits is given up. Raises EndpointNotFound."""
    endpoint = await find_endpoint(session, endpoint_id, owner, lock=True)
    endpoint.deleted_at = now
    await (await session.connection()).execute(_GIVE_UP, {"id": endpoint_id, "now": now})


async def rotate_secret(
    session: Session, endpoint_id: UUID, owner: Owner, overlap_s: int, sealer: Sealer
) -> tuple[str, datetime]:
    """A new secret, and until when the earlier ones sign too. Raises EndpointNotFound."""
    endpoint = await find_endpoint(session, endpoint_id, owner, lock=True)
    until = datetime.now(UTC) + timedelta(seconds=overlap_s)
    statement = select(EndpointSecret).where(EndpointSecret.endpoint_id == endpoint_id)
    for earlier in (await session.exec(statement)).all():
        earlier.expires_at = min(earlier.expires_at or until, until)
    endpoint.version += 1
    return _add_secret(session, endpoint, sealer), until


async def enable_endpoint(
    session: Session, endpoint_id: UUID, owner: Owner, now: datetime
) -> Endpoint:
    """Send what was kept, in order, and what comes. Twice is once. Raises EndpointNotFound."""
    endpoint = await find_endpoint(session, endpoint_id, owner, lock=True)
    await recover(session, endpoint_id, now)
    await session.refresh(endpoint)
    return endpoint


async def replay_events(
    session: Session,
    endpoint_id: UUID,
    owner: Owner,
    since: datetime,
    *,
    now: datetime,
    kept_days: int,
) -> int:
    """Deliver again what came in since then, in order; returns how many.

    Counts every event the endpoint takes and its owner may read now, whether it was delivered
    before or not, also from before the endpoint. Raises EndpointNotFound, ReplayTooOld.
    """
    endpoint = await find_endpoint(session, endpoint_id, owner, lock=True)
    oldest = now - timedelta(days=kept_days)
    if since < oldest:
        raise ReplayTooOld(
            f"Events are kept for {kept_days} days. Choose a time after"
            f" {oldest.isoformat(timespec='seconds')}.",
            f"事件仅保留 {kept_days} 天,请选择 {oldest.isoformat(timespec='seconds')} 之后的时间。",
        )
    connection = await session.connection()
    run, after, total = await connection.scalar(_RUN), 0, 0
    while True:
        page = {"since": since, "after": after, "limit": REPLAY_PAGE, "test": TEST_TYPE}
        rows = (await connection.execute(_REPLAYABLE, page)).all()
        numbers = [row.event_no for row in rows if wants(endpoint, _kept(row), row.region)]
        values = {"id": endpoint_id, "run": run, "now": now, "numbers": numbers}
        if numbers:
            await connection.execute(_REPLAY, values)
        total += len(numbers)
        if len(rows) < REPLAY_PAGE:
            return total
        after = rows[-1].event_no


async def find_endpoint(
    session: Session, endpoint_id: UUID, owner: Owner, *, lock: bool = False
) -> Endpoint:
    """The owner's endpoint. Raises EndpointNotFound, also for another owner's."""
    if lock:
        await lock_keys(session, [str(endpoint_id)])
    endpoint = await session.get(Endpoint, endpoint_id)
    if endpoint is None or endpoint.deleted_at or endpoint.belongs_to != owner:
        raise EndpointNotFound(
            f"You have no endpoint {endpoint_id}. See GET /v1/webhook-endpoints.",
            f"您没有编号为 {endpoint_id} 的推送端点。",
        )
    return endpoint


async def endpoints_of(session: Session, owner: Owner) -> Sequence[Endpoint]:
    """Every endpoint of the owner, oldest first."""
    statement = select(Endpoint).where(
        Endpoint.owner_role == owner.role,
        Endpoint.owner == owner.owner,
        col(Endpoint.deleted_at).is_(None),
    )
    return (await session.exec(statement.order_by(col(Endpoint.created_at)))).all()


async def waiting_of(session: Session, endpoints: Sequence[Endpoint]) -> Mapping[UUID, Any]:
    """How many deliveries wait at each endpoint, and since when."""
    ids = [endpoint.endpoint_id for endpoint in endpoints]
    rows = await (await session.connection()).execute(_WAITING, {"ids": ids})
    return {row.endpoint_id: row for row in rows}


def _kept(row: Any) -> Kept:
    return Kept(row.event_no, row.type, row.key, row.audience, row.about, row.uscc)


def _add_secret(session: Session, endpoint: Endpoint, sealer: Sealer) -> str:
    secret = new_secret()
    session.add(
        EndpointSecret(
            endpoint_id=endpoint.endpoint_id,
            sealed=sealer.seal(secret),
            created_at=datetime.now(UTC),
        )
    )
    return secret


async def _require_url(guard: Guard, url: str) -> None:
    try:
        await guard.check(url)
    except UrlRefused as error:
        raise UrlNotAllowed(str(error), f"该地址不可用作推送端点:{error}") from None


def _require_types(owner: Owner, types: Sequence[str]) -> None:
    known = deliverable()
    for name in types:
        if name not in known or not could_read(owner.role, known[name]):
            raise TypeNotReadable(
                f"{name[:100]!r} is no event type that the role {owner.role} may read."
                " See GET /v1/webhook-event-types.",
                f"角色 {owner.role} 不可接收事件类型 {name[:100]},参见 /v1/webhook-event-types。",
            )
