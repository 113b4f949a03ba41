"""HTTP of the providers: apply, list, review."""

from typing import Annotated

from fastapi import Query, Request, Response
from sqlmodel import col, select

from contracts.events.catalog import ProviderKind, ProviderStatus
from services.catalog.providers import service
from services.catalog.providers.models import Provider
from services.catalog.providers.schemas import (
    CriterionList,
    CriterionRead,
    ProviderCode,
    ProviderDetail,
    ProviderPage,
    ProviderRead,
    ProviderWrite,
    ReviewRead,
    ReviewWrite,
)
from services.catalog.scope import Offeror
from shared.app import create_router
from shared.auth import open_to_all
from shared.http import Db, Limit, decode_cursor, encode_cursor, link_next

router = create_router("服务商 Providers")


@router.post("/v1/service-providers", status_code=201, summary="服务商申请入库 Apply")
async def register_provider(
    provider: ProviderWrite, session: Db, caller: Offeror, response: Response
) -> ProviderRead:
    """A provider applies to an authority's database and waits as a candidate."""
    row = await service.register_provider(session, provider, caller)
    response.headers["location"] = f"/v1/service-providers/{row.provider}"
    return ProviderRead(**_read(row))


@router.get(
    "/v1/service-providers", summary="服务商数据库 List providers", dependencies=[open_to_all]
)
async def list_providers(
    request: Request,
    response: Response,
    session: Db,
    authority: Annotated[str | None, Query(pattern="^[0-9]{6}$", title="遴选机关")] = None,
    kind: ProviderKind | None = None,
    status: ProviderStatus = ProviderStatus.LISTED,
    limit: Limit = 50,
    cursor: str | None = None,
) -> ProviderPage:
    """Providers of one status by code; listed ones unless asked otherwise."""
    after = decode_cursor(cursor, [str])
    statement = select(Provider).where(Provider.status == status)
    if authority is not None:
        statement = statement.where(Provider.authority == authority)
    if kind is not None:
        statement = statement.where(Provider.kind == kind)
    if after is not None:
        statement = statement.where(col(Provider.provider) > after[0])
    rows = (await session.exec(statement.order_by(col(Provider.provider)).limit(limit + 1))).all()
    if len(rows) > limit:
        link_next(request, response, encode_cursor(rows[limit - 1].provider))
    return ProviderPage(providers=[ProviderRead(**_read(row)) for row in rows[:limit]])


@router.get(
    "/v1/service-providers/{provider}", summary="服务商 Read a provider", dependencies=[open_to_all]
)
async def read_provider(provider: ProviderCode, session: Db) -> ProviderDetail:
    """One provider with every decision about it and its reason."""
    row = await service.find_provider(session, provider)
    reviews = await service.reviews_of(session, provider)
    return ProviderDetail(
        **_read(row), reviews=[ReviewRead.model_validate(r.model_dump()) for r in reviews]
    )


@router.post("/v1/service-providers/{provider}/reviews", status_code=201, summary="遴选、动态调整")
async def review_provider(
    provider: ProviderCode, review: ReviewWrite, session: Db, caller: Offeror
) -> ProviderRead:
    """List, decline, suspend, restore, delist; the reason is kept and shown."""
    return ProviderRead(**_read(await service.review_provider(session, provider, review, caller)))


@router.get("/v1/selection-criteria", summary="遴选条件", dependencies=[open_to_all])
async def list_selection_criteria() -> CriterionList:
    """What a review must find before a provider enters the database."""
    return CriterionList(criteria=[CriterionRead(**row) for row in service.criteria()])


def _read(row: Provider) -> dict[str, object]:
    moves = [move.name for move in service.machine().legal(row.status)]
    return {**row.model_dump(exclude={"registered_at"}), "moves": moves}
