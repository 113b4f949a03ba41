"""Use cases of the offerings: publish, change, withdraw; each change is a version."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import col, select

from contracts.events.catalog import OFFERING, OfferingChanged, OfferingStatus, ServiceKind
from services.catalog.carriers.service import require_carriers
from services.catalog.errors import NotOffered, OfferingNotFound
from services.catalog.offerings.models import Offering, OfferingVersion
from services.catalog.offerings.schemas import OfferingWrite
from services.catalog.providers.models import Provider
from services.catalog.providers.service import find_listed, find_provider
from services.catalog.scope import require_offeror
from services.catalog.search import ANY_FIELD, ANY_REGION, ANY_TIER, mark, normal, terms_of
from shared import clock
from shared.auth import Subject
from shared.bus import outbox
from shared.db import Session, lock_keys
from shared.http import PreconditionFailed


async def publish_offering(
    session: Session, code: str, wanted: OfferingWrite, by: Subject
) -> Offering:
    """A listed provider offers a service.

    Raises ProviderNotFound, NotListed, OutsideDatabase, CarrierUnknown.
    """
    offering_id = uuid4()
    await lock_keys(session, [str(offering_id)])
    provider = await find_listed(session, code)
    require_offeror(by, code, provider.authority)
    await require_carriers(session, wanted.carriers)
    offering = Offering(
        offering_id=offering_id,
        provider=code,
        status=OfferingStatus.PUBLISHED,
        version=0,
        **columns_of(wanted, provider.name),
    )
    session.add(offering)
    return await _keep_version(session, offering, by)


async def change_offering(
    session: Session, offering_id: UUID, expected: int, wanted: OfferingWrite, by: Subject
) -> Offering:
    """Write a new version of an offering.

    Raises OfferingNotFound, PreconditionFailed, OutsideDatabase, CarrierUnknown.
    """
    offering, provider = await _own(session, offering_id, by)
    if offering.version != expected:
        raise PreconditionFailed(
            f"You read version {expected}; the offering is at {offering.version}. Read it again.",
            f"您读取的是版本 {expected},当前版本为 {offering.version},请重新读取。",
        )
    await require_carriers(session, wanted.carriers)
    offering.sqlmodel_update(columns_of(wanted, provider.name))
    return await _keep_version(session, offering, by)


async def withdraw_offering(session: Session, offering_id: UUID, by: Subject) -> Offering:
    """Take an offering from the catalogue (下架). Twice is once.

    Raises OfferingNotFound, OutsideDatabase.
    """
    offering, _ = await _own(session, offering_id, by)
    if offering.status == OfferingStatus.WITHDRAWN:
        return offering
    offering.status = OfferingStatus.WITHDRAWN
    return await _keep_version(session, offering, by)


async def find_offering(session: Session, offering_id: UUID) -> Offering:
    """The offering, withdrawn or not. Raises OfferingNotFound."""
    offering = await session.get(Offering, offering_id)
    if offering is None:
        raise OfferingNotFound(
            f"There is no offering {offering_id}. Search with /v1/service-offerings/search.",
            f"没有编号为 {offering_id} 的服务项目。",
        )
    return offering


async def require_offered(session: Session, offering_id: UUID, provider: str, region: str) -> None:
    """Raises OfferingNotFound, NotOffered unless this provider offers it in this region."""
    offering = await find_offering(session, offering_id)
    served = not offering.regions or set(offering.regions) & set(regions_above(region))
    if offering.provider != provider or offering.status != "published" or not served:
        raise NotOffered(
            f"The offering {offering_id} is withdrawn, another provider's, or not for {region}.",
            f"服务项目 {offering_id} 已下架、不属于该服务商或不服务 {region}。",
        )


async def versions_of(session: Session, offering_id: UUID) -> Sequence[OfferingVersion]:
    """Every version, newest first."""
    statement = select(OfferingVersion).where(OfferingVersion.offering_id == offering_id)
    return (await session.exec(statement.order_by(col(OfferingVersion.version).desc()))).all()


def regions_above(region: str) -> list[str]:
    """The region and those that it lies in: district, city, province."""
    return [region, f"{region[:4]}00", f"{region[:2]}0000"]


def industries_above(industry: str) -> list[str]:
    """The class and the group and division that it lies in."""
    return [industry[:length] for length in range(2, len(industry) + 1)]


def columns_of(wanted: OfferingWrite, provider_name: str) -> dict[str, Any]:
    """The columns of an offering as it was written, with the terms it is found by."""
    searchable = f"{wanted.name}\n{wanted.description}\n{provider_name}"
    marks = _marks(wanted)
    return {
        "service": wanted.service,
        "product": wanted.product,
        "name": wanted.name,
        "searchable": normal(searchable),
        "name_terms": terms_of(wanted.name) + marks,
        "terms": terms_of(searchable) + marks,
        "regions": wanted.regions,
        "content": wanted.model_dump(mode="json"),
        "changed_at": clock.now(),
    }


def _marks(wanted: OfferingWrite) -> list[str]:
    """What an offering is found by beside its words; what it leaves open it serves altogether."""
    fields = [mark("segment", segment) for segment in wanted.segments]
    fields += [mark("industry", industry) for industry in wanted.industries]
    return [
        mark("service", wanted.service),
        *([mark("product", wanted.product)] if wanted.product else []),
        *(fields or [ANY_FIELD]),
        *([mark("region", region) for region in wanted.regions] or [ANY_REGION]),
        *([mark("tier", tier) for tier in wanted.tiers] or [ANY_TIER]),
        *(mark("closes", criterion) for criterion in wanted.closes),
    ]


async def _own(session: Session, offering_id: UUID, by: Subject) -> tuple[Offering, Provider]:
    await lock_keys(session, [str(offering_id)])
    offering = await find_offering(session, offering_id)
    provider = await find_provider(session, offering.provider)
    require_offeror(by, provider.provider, provider.authority)
    return offering, provider


async def _keep_version(session: Session, offering: Offering, by: Subject) -> Offering:
    offering.changed_at = clock.now()
    offering.version = await outbox.next_version(session, OFFERING, str(offering.offering_id))
    await session.flush()  # the version row refers to the offering row
    session.add(
        OfferingVersion(
            offering_id=offering.offering_id,
            version=offering.version,
            status=offering.status,
            content=offering.content,
            changed_by=by.sub,
            changed_at=offering.changed_at,
        )
    )
    fact = OfferingChanged(
        offering_id=str(offering.offering_id),
        version=offering.version,
        provider=offering.provider,
        status=OfferingStatus(offering.status),
        service=ServiceKind(offering.service),
        name=offering.name,
    )
    await outbox.add(session, fact)
    return offering
