"""HTTP of the offerings: publish, read, search."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from sqlmodel import col, select

from contracts.events.catalog import OfferingStatus, ProductKind, ProviderStatus, ServiceKind
from services.catalog.offerings import service
from services.catalog.offerings.finding import Hit, Surroundings, search_offerings
from services.catalog.offerings.models import Offering
from services.catalog.offerings.schemas import (
    OfferingHit,
    OfferingPage,
    OfferingRead,
    OfferingWrite,
    SearchResult,
    VersionList,
    VersionRead,
)
from services.catalog.providers.models import Provider
from services.catalog.providers.schemas import ProviderCode
from services.catalog.scope import Offeror
from shared.app import create_router
from shared.auth import open_to_all
from shared.db import Session
from shared.http import (
    Db,
    ExpectedVersion,
    Limit,
    decode_cursor,
    encode_cursor,
    etag,
    link_next,
)

router = create_router("服务项目 Offerings")

_KNOWN = set(OfferingWrite.model_fields)


@router.post(
    "/v1/service-providers/{provider}/offerings", status_code=201, summary="发布服务项目 Offer"
)
async def publish_offering(
    provider: ProviderCode,
    offering: OfferingWrite,
    session: Db,
    caller: Offeror,
    response: Response,
) -> OfferingRead:
    """A listed provider puts a service into the catalogue."""
    row = await service.publish_offering(session, provider, offering, caller)
    response.headers["location"] = f"/v1/service-offerings/{row.offering_id}"
    response.headers["etag"] = etag(row.version)
    return read_offering_row(row)


@router.get("/v1/service-offerings", summary="服务目录 List", dependencies=[open_to_all])
async def list_offerings(
    request: Request,
    response: Response,
    session: Db,
    provider: ProviderCode | None = None,
    service_kind: Annotated[ServiceKind | None, Query(alias="service")] = None,
    product: ProductKind | None = None,
    limit: Limit = 50,
    cursor: str | None = None,
) -> OfferingPage:
    """Published offerings of listed providers by id; the next page is in the Link header."""
    after = decode_cursor(cursor, [str])
    listed = select(Provider.provider).where(Provider.status == ProviderStatus.LISTED)
    statement = select(Offering).where(
        Offering.status == OfferingStatus.PUBLISHED, col(Offering.provider).in_(listed)
    )
    if provider is not None:
        statement = statement.where(Offering.provider == provider)
    if service_kind is not None:
        statement = statement.where(Offering.service == service_kind)
    if product is not None:
        statement = statement.where(Offering.product == product)
    if after is not None:
        statement = statement.where(col(Offering.offering_id) > _uuid(after[0]))
    rows = (
        await session.exec(statement.order_by(col(Offering.offering_id)).limit(limit + 1))
    ).all()
    if len(rows) > limit:
        link_next(request, response, encode_cursor(str(rows[limit - 1].offering_id)))
    return OfferingPage(offerings=[read_offering_row(row) for row in rows[:limit]])


@router.get("/v1/service-offerings/search", summary="服务检索", dependencies=[open_to_all])
async def search_service_offerings(
    session: Db,
    q: Annotated[str, Query(min_length=1, max_length=100, title="检索词")],
    region: Annotated[str | None, Query(pattern="^[1-8][0-9]{5}$", title="行政区划")] = None,
    segment: Annotated[str | None, Query(max_length=64, title="细分领域")] = None,
    industry: Annotated[str | None, Query(pattern="^[0-9]{2,4}$", title="行业")] = None,
    service_kind: Annotated[ServiceKind | None, Query(alias="service")] = None,
    limit: Annotated[int, Query(ge=1, le=50)] = 20,
) -> SearchResult:
    """Offerings of listed providers that contain the words; the own segment before the industry."""
    near = Surroundings(region, segment, industry)
    found = await search_offerings(session, q, near, limit, service_kind)
    return SearchResult(exact=found.exact, hits=await read_hits(session, found.hits))


@router.get(
    "/v1/service-offerings/{offering_id}", summary="服务项目 Read", dependencies=[open_to_all]
)
async def read_offering(offering_id: UUID, session: Db, response: Response) -> OfferingRead:
    """One offering; its version is the ETag."""
    row = await service.find_offering(session, offering_id)
    response.headers["etag"] = etag(row.version)
    return read_offering_row(row)


@router.put("/v1/service-offerings/{offering_id}", summary="更新服务项目 Write a version")
async def change_offering(
    offering_id: UUID,
    offering: OfferingWrite,
    expected: ExpectedVersion,
    session: Db,
    caller: Offeror,
    response: Response,
) -> OfferingRead:
    """Write the next version of an offering; cases keep the one they were picked by."""
    row = await service.change_offering(session, offering_id, expected, offering, caller)
    response.headers["etag"] = etag(row.version)
    return read_offering_row(row)


@router.post("/v1/service-offerings/{offering_id}/withdrawal", summary="下架 Withdraw")
async def withdraw_offering(offering_id: UUID, session: Db, caller: Offeror) -> OfferingRead:
    """Take an offering from the catalogue; running cases go on."""
    return read_offering_row(await service.withdraw_offering(session, offering_id, caller))


@router.get(
    "/v1/service-offerings/{offering_id}/versions",
    summary="服务项目版本 Versions",
    dependencies=[open_to_all],
)
async def list_offering_versions(offering_id: UUID, session: Db) -> VersionList:
    """Every version of an offering, newest first."""
    await service.find_offering(session, offering_id)
    rows = await service.versions_of(session, offering_id)
    return VersionList(
        versions=[
            VersionRead(
                **_known(row.content),
                version=row.version,
                status=OfferingStatus(row.status),
                changed_at=row.changed_at,
            )
            for row in rows
        ]
    )


async def read_hits(session: Session, hits: Sequence[Hit]) -> list[OfferingHit]:
    """What was found, with the offerings, in the order of the hits."""
    ids = [hit.offering_id for hit in hits]
    rows = await session.exec(select(Offering).where(col(Offering.offering_id).in_(ids)))
    by_id = {row.offering_id: read_offering_row(row) for row in rows}
    return [OfferingHit(fit=hit.fit, offering=by_id[hit.offering_id]) for hit in hits]


def read_offering_row(row: Offering) -> OfferingRead:
    """An offering as it is shown."""
    return OfferingRead(
        **_known(row.content),
        offering_id=row.offering_id,
        provider=row.provider,
        status=OfferingStatus(row.status),
        version=row.version,
        changed_at=row.changed_at,
    )


def _known(content: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name in _KNOWN}


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)
