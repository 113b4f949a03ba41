"""Fan-out: one event becomes one delivery per endpoint that wants it and may read it.

Runs in the inbox transaction of the event, whose key is locked, so the deliveries of a key stand
in the order of its events. Every deliverable event is kept, wanted or not: replay needs it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import col, select

from contracts.events.enterprise import DossierChanged
from contracts.events.webhook import EndpointDisabled, EndpointRecovered
from contracts.fact import Fact
from services.webhook.envelope import envelope
from services.webhook.models import Endpoint
from services.webhook.readers import about, may_read
from shared.bus.current import current_event
from shared.db import Session, lock_keys

_ENDPOINTS = "webhook_endpoints"
TOLD_ALWAYS = frozenset({EndpointDisabled.contract.name, EndpointRecovered.contract.name})
"""An owner hears of a stopped endpoint at every other one, whatever types those ask for."""

_KEEP = text(
    "INSERT INTO event (source, event_id, type, key, audience, about, uscc, awaits_region,"
    " received_at, body) SELECT :source, :event_id, :type, :key, CAST(:audience AS text[]),"
    " CAST(:about AS jsonb), CAST(:uscc AS text),"
    " CAST(:uscc AS text) IS NOT NULL AND place.region IS NULL,"
    " CAST(:received_at AS timestamptz), CAST(:body AS bytea)"
    " FROM (SELECT (SELECT region FROM enterprise_region"
    " WHERE uscc = CAST(:uscc AS text)) AS region) AS place"
    " ON CONFLICT (source, event_id) DO NOTHING"
    " RETURNING event_no, (SELECT region FROM enterprise_region AS r WHERE r.uscc = event.uscc)"
)
_DELIVER = text(
    "INSERT INTO delivery (endpoint_id, event_no, key, replay, forced, status, created_at, due_at)"
    " SELECT endpoint_id, :event_no, :key, 0, false, 'pending', :now, :now"
    " FROM unnest(CAST(:endpoints AS uuid[])) AS e(endpoint_id)"
    " ON CONFLICT (event_no, endpoint_id, replay) DO NOTHING"
)
_LEARN = text(
    "INSERT INTO enterprise_region (uscc, region) VALUES (:uscc, :region)"
    " ON CONFLICT (uscc) DO UPDATE SET region = excluded.region"
)
_AWAITING = text(
    "UPDATE event SET awaits_region = false WHERE uscc = :uscc AND awaits_region"
    " RETURNING event_no, type, key, audience, about, uscc"
)


@dataclass(frozen=True)
class Kept:
    """What decides who gets an event."""

    event_no: int
    type: str
    key: str
    audience: Sequence[str]
    about: Mapping[str, str]
    uscc: str | None


async def take_fact(session: Session, fact: Fact, now: datetime) -> None:
    """Keep the event that is being handled and make its deliveries. `now` is machine time."""
    uscc = getattr(fact, "uscc", None)
    if uscc is not None and uscc != fact.key:
        # A dossier that arrives now must either see this event waiting or be seen by it.
        await lock_keys(session, [uscc])
    if isinstance(fact, DossierChanged):
        await learn_region(session, fact.uscc, fact.facts.region, now)
    kept, region = await _keep(session, fact, uscc, now)
    if kept is not None:
        await _deliver(session, kept, region, now)


async def learn_region(session: Session, uscc: str, region: str, now: datetime) -> None:
    """Note where an enterprise is, and deliver what waited to know it."""
    connection = await session.connection()
    await connection.execute(_LEARN, {"uscc": uscc, "region": region})
    rows = (await connection.execute(_AWAITING, {"uscc": uscc})).all()
    for row in sorted(rows, key=lambda row: row.event_no):
        await _deliver(session, Kept(**row._mapping), region, now)


def wants(endpoint: Endpoint, event: Kept, region: str | None) -> bool:
    """Whether the endpoint's subscription and filters take the event, and its owner may read it."""
    if event.type in TOLD_ALWAYS:
        return str(endpoint.endpoint_id) != event.key and may_read(
            endpoint.belongs_to, event.type, event.audience, event.about, region
        )
    return (
        (not endpoint.types or event.type in endpoint.types)
        and (not endpoint.enterprises or event.uscc in endpoint.enterprises)
        and (
            not endpoint.regions
            or (region is not None and region.startswith(tuple(endpoint.regions)))
        )
        and may_read(endpoint.belongs_to, event.type, event.audience, event.about, region)
    )


async def _keep(
    session: Session, fact: Fact, uscc: str | None, now: datetime
) -> tuple[Kept | None, str | None]:
    """The event as it was kept, and where its enterprise is; None when it was kept before."""
    event = current_event()
    audience, deciding = sorted(fact.contract.audience), about(fact)
    values: dict[str, Any] = {
        "source": event.source,
        "event_id": event.id,
        "type": event.type,
        "key": fact.key,
        "audience": audience,
        "about": json.dumps(deciding),
        "uscc": uscc,
        "received_at": now,
        "body": envelope(event.received.attributes, event.received.payload or b"null"),
    }
    row = (await (await session.connection()).execute(_KEEP, values)).one_or_none()
    if row is None:
        return None, None
    event_no, region = row
    return Kept(event_no, event.type, fact.key, audience, deciding, uscc), region


async def _deliver(session: Session, event: Kept, region: str | None, now: datetime) -> None:
    endpoints = [
        endpoint.endpoint_id
        for endpoint in await _endpoints(session)
        if wants(endpoint, event, region)
    ]
    if endpoints:
        await (await session.connection()).execute(
            _DELIVER,
            {"event_no": event.event_no, "key": event.key, "endpoints": endpoints, "now": now},
        )


async def _endpoints(session: Session) -> list[Endpoint]:
    """Every endpoint, read once per transaction: a batch of events is one transaction."""
    found: list[Endpoint] | None = session.info.get(_ENDPOINTS)
    if found is None:
        statement = select(Endpoint).where(col(Endpoint.deleted_at).is_(None))
        found = list((await session.exec(statement.order_by(col(Endpoint.created_at)))).all())
        session.info[_ENDPOINTS] = found
    return found
