"""Needs as heard: kept by version, answered by offerings, shown to providers that could meet them.

A need of money is answered to the enterprise only: which banks may see it is between the two, and
the funding service keeps that.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text, tuple_
from sqlmodel import col, delete, select

from contracts.events.catalog import ProductKind
from contracts.events.enterprise import Need as NeedSaid
from contracts.events.enterprise import NeedKind, NeedsChanged, NeedStatus
from services.catalog.enterprises import find_enterprise
from services.catalog.errors import NeedNotFound
from services.catalog.models import Enterprise
from services.catalog.needs.models import Need
from services.catalog.offerings.finding import Hit, Surroundings, find_answering
from services.catalog.search import ANY_FIELD, ANY_REGION, mark
from shared.auth import Subject
from shared.db import Session
from shared.followed import newer

PRODUCTS = {
    NeedKind.FINANCING: ProductKind.CREDIT,
    NeedKind.DIGITAL: ProductKind.DIGITAL,
    NeedKind.INNOVATION: ProductKind.COOPERATION,
    NeedKind.MARKET: ProductKind.MARKETING,
    NeedKind.TALENT: ProductKind.TALENT,
    NeedKind.POLICY: ProductKind.POLICY,
}
"""Which product for 专精特新 answers a need. One of a public service names the service itself."""

_FOR_PROVIDER = text("""
    SELECT need.uscc, need.need_id, able.offerings
    FROM need
    JOIN enterprise AS firm ON firm.uscc = need.uscc AND firm.status = 'registered'
    CROSS JOIN LATERAL (
        SELECT array_agg(CAST(offering_id AS text) ORDER BY name, offering_id) AS offerings
        FROM offering
        WHERE provider = :provider AND status = 'published'
          AND terms @> ARRAY[need.mark]
          AND terms && ARRAY[:any_region, 'region:' || firm.region,
              'region:' || left(firm.region, 4) || '00',
              'region:' || left(firm.region, 2) || '0000']
          AND terms && ARRAY[:any_field, 'segment:' || coalesce(need.segment, firm.segment, ''),
              'industry:' || left(firm.industry, 2), 'industry:' || left(firm.industry, 3),
              'industry:' || left(firm.industry, 4)]
    ) AS able
    WHERE able.offerings IS NOT NULL AND need.kind <> 'financing'
      AND need.mark IN (
          SELECT unnest(terms) FROM offering WHERE provider = :provider AND status = 'published')
      AND (CAST(:before_at AS timestamptz) IS NULL
           OR (need.opened_at, need.need_id) < (:before_at, :before_id))
    ORDER BY need.opened_at DESC, need.need_id DESC LIMIT :limit
""")


async def keep_needs(session: Session, fact: NeedsChanged) -> None:
    """Keep the open needs; nothing when newer ones are kept already."""
    if await newer(session, Enterprise, fact, "needs_version") is None:
        return
    await session.exec(delete(Need).where(col(Need.uscc) == fact.uscc))
    session.add_all(_kept(fact.uscc, n) for n in fact.needs if n.status is NeedStatus.OPEN)


async def open_needs(session: Session, uscc: str, limit: int) -> Sequence[Need]:
    """Open needs of the enterprise, newest first."""
    statement = select(Need).where(Need.uscc == uscc).limit(limit)
    newest = statement.order_by(col(Need.opened_at).desc(), col(Need.need_id).desc())
    return (await session.exec(newest)).all()


async def find_need(
    session: Session, uscc: str, need_id: str, by: Subject
) -> tuple[Enterprise, Need]:
    """An open need with its enterprise. Raises OutOfScope, EnterpriseNotFound, NeedNotFound."""
    enterprise = await find_enterprise(session, uscc, by)
    need = await session.get(Need, (uscc, need_id))
    if need is None:
        raise NeedNotFound(
            f"{uscc} has no open need {need_id[:64]}. A new one is heard of within seconds.",
            f"{uscc} 没有编号为 {need_id[:64]} 的待对接需求,新需求数秒内同步。",
        )
    return enterprise, need


async def answers_to(session: Session, enterprise: Enterprise, need: Need, limit: int) -> list[Hit]:
    """Offerings that could meet the need, in its field and region, nearest first."""
    near = Surroundings(enterprise.region, need.segment or enterprise.segment, enterprise.industry)
    return await find_answering(session, need.mark, need.text, near, limit)


async def needs_for(
    session: Session, provider: str, before: tuple[datetime, str] | None, limit: int
) -> list[tuple[Need, Enterprise, list[str]]]:
    """Needs that published offerings of the provider could meet, newest first, with those."""
    before_at, before_id = before or (None, None)
    values = {
        "provider": provider,
        "any_region": ANY_REGION,
        "any_field": ANY_FIELD,
        "before_at": before_at,
        "before_id": before_id,
        "limit": limit,
    }
    rows = (await (await session.connection()).execute(_FOR_PROVIDER, values)).all()
    keys = [(row.uscc, row.need_id) for row in rows]
    statement = (
        select(Need, Enterprise)
        .join(Enterprise, col(Enterprise.uscc) == col(Need.uscc))
        .where(tuple_(col(Need.uscc), col(Need.need_id)).in_(keys))
    )
    known = {
        (need.uscc, need.need_id): (need, firm) for need, firm in await session.exec(statement)
    }
    return [(*known[row.uscc, row.need_id], list(row.offerings)) for row in rows]


def reason_for(need: Need) -> tuple[str, str]:
    """Why an offering is recommended for the need, in Chinese and in English."""
    return f"可满足贵企业提出的需求“{need.text}”。", f"Answers the need “{need.text}”."


def _kept(uscc: str, said: NeedSaid) -> Need:
    answered_by = (
        mark("service", said.service) if said.service else mark("product", PRODUCTS[said.kind])
    )
    return Need(
        uscc=uscc,
        mark=answered_by,
        **said.model_dump(
            include={"need_id", "kind", "service", "text", "segment", "wanted_by_on", "opened_at"}
        ),
    )
