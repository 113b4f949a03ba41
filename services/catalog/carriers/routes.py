"""HTTP of the carriers: link, list."""

from typing import Annotated

from fastapi import Query, Request, Response
from sqlmodel import col, select

from services.catalog.carriers import service
from services.catalog.carriers.models import Carrier
from services.catalog.carriers.schemas import (
    CarrierId,
    CarrierKind,
    CarrierPage,
    CarrierRead,
    CarrierWrite,
)
from services.catalog.scope import Office
from shared.app import create_router
from shared.auth import open_to_all
from shared.http import Db, Limit, decode_cursor, encode_cursor, link_next

router = create_router("链接载体 Carriers")


@router.put("/v1/carriers/{carrier_id}", summary="登记载体 Write a carrier")
async def write_carrier(
    carrier_id: CarrierId, carrier: CarrierWrite, session: Db, caller: Office
) -> CarrierRead:
    """Link a carrier of the caller's region, or change its entry."""
    return read_carrier(await service.write_carrier(session, carrier_id, carrier, caller))


@router.get("/v1/carriers", summary="链接载体 List carriers", dependencies=[open_to_all])
async def list_carriers(
    request: Request,
    response: Response,
    session: Db,
    region: Annotated[str | None, Query(pattern="^[0-9]{2,6}$", title="行政区划前缀")] = None,
    kind: CarrierKind | None = None,
    limit: Limit = 50,
    cursor: str | None = None,
) -> CarrierPage:
    """Carriers by id; the next page is in the Link header."""
    after = decode_cursor(cursor, [str])
    statement = select(Carrier)
    if region is not None:
        statement = statement.where(col(Carrier.region).startswith(region))
    if kind is not None:
        statement = statement.where(Carrier.kind == kind)
    if after is not None:
        statement = statement.where(col(Carrier.carrier_id) > after[0])
    rows = (await session.exec(statement.order_by(col(Carrier.carrier_id)).limit(limit + 1))).all()
    if len(rows) > limit:
        link_next(request, response, encode_cursor(rows[limit - 1].carrier_id))
    return CarrierPage(carriers=[read_carrier(row) for row in rows[:limit]])


def read_carrier(row: Carrier) -> CarrierRead:
    """A carrier as it is shown."""
    return CarrierRead.model_validate(row.model_dump())
