"""HTTP of what fits one enterprise: recommendations, tier packs; and the linked carriers."""

from typing import Annotated

from fastapi import Path, Query, Request, Response
from sqlmodel import col, select

from contracts.values import Level
from services.catalog.enterprises import find_enterprise, valid_titles
from services.catalog.offerings import service
from services.catalog.offerings.models import Carrier
from services.catalog.offerings.packs import choose_packs, packs
from services.catalog.offerings.recommending import (
    answer_need,
    criterion_of,
    next_outlook,
    recommend,
)
from services.catalog.offerings.routes import read_hits
from services.catalog.offerings.schemas import (
    CarrierKind,
    CarrierPage,
    CarrierRead,
    CarrierWrite,
    PackChoice,
    PackList,
    Recommendation,
    RecommendationList,
)
from services.catalog.scope import Office
from shared import clock
from shared.app import create_router
from shared.auth import open_to_all
from shared.http import Db, Limit, decode_cursor, encode_cursor, link_next
from shared.scope import Reader
from shared.uscc import CheckedUscc

router = create_router("服务推荐 Recommendations")

CarrierId = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{1,59}$", title="载体编号")]


@router.get("/v1/enterprises/{uscc}/service-recommendations", summary="服务推荐 Recommend")
async def recommend_services(
    uscc: CheckedUscc,
    session: Db,
    caller: Reader,
    need: Annotated[
        list[Annotated[str, Query(min_length=1, max_length=100)]] | None,
        Query(max_length=10, title="需求", description="Needs in the enterprise's own words."),
    ] = None,
) -> RecommendationList:
    """What can close the unmet criteria of the next tier, and what answers its needs."""
    enterprise = await find_enterprise(session, uscc, caller)
    ahead = next_outlook(enterprise)
    advice, without = await recommend(session, enterprise, ahead) if ahead else ([], [])
    found = [
        Recommendation(
            criterion=criterion,
            need=None,
            tier=ahead.tier if ahead else None,
            reason_zh=f"评价条件“{criterion_of(criterion).zh}”未满足,以下服务可助补齐。",
            reason_en=f"The criterion {criterion_of(criterion).en} is not met; these can close it.",
            hits=await read_hits(session, hits),
        )
        for criterion, hits in advice
    ]
    for wish in need or []:
        hits = await answer_need(session, enterprise, wish)
        found.append(
            Recommendation(
                criterion=None,
                need=wish,
                tier=None,
                reason_zh=f"根据贵企业提出的需求“{wish}”。",
                reason_en=f"For the need you named: {wish}.",
                hits=await read_hits(session, hits),
            )
        )
    return RecommendationList(
        uscc=uscc,
        next_tier=ahead.tier if ahead else None,
        recommendations=found,
        without_offer=without,
    )


@router.get("/v1/enterprises/{uscc}/tier-packs", summary="适用梯度服务包 Packs that fit")
async def choose_tier_packs(uscc: CheckedUscc, session: Db, caller: Reader) -> PackChoice:
    """The pack of the highest valid title, else the one for applicants."""
    enterprise = await find_enterprise(session, uscc, caller)
    kinds = [title.kind for title in valid_titles(enterprise, clock.today())]
    decided, chosen = choose_packs(kinds)
    return PackChoice(uscc=uscc, decided_by=decided, packs=chosen)


@router.get("/v1/tier-packs", summary="梯度服务包 Every pack", dependencies=[open_to_all])
async def list_tier_packs() -> PackList:
    """Every pack with its source."""
    return PackList(packs=packs())


@router.put("/v1/carriers/{carrier_id}", summary="登记载体 Write a carrier")
async def write_carrier(
    carrier_id: CarrierId, carrier: CarrierWrite, session: Db, caller: Office
) -> CarrierRead:
    """Link a carrier of the caller's region, or change its entry."""
    return _carrier(await service.write_carrier(session, carrier_id, carrier, caller))


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
    return CarrierPage(carriers=[_carrier(row) for row in rows[:limit]])


def _carrier(row: Carrier) -> CarrierRead:
    return CarrierRead(
        carrier_id=row.carrier_id,
        kind=CarrierKind(row.kind),
        name=row.name,
        level=Level(row.level),
        region=row.region,
        fields=row.fields,
        host=row.host,
        url=row.url,
    )
