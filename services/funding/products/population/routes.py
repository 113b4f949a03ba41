"""HTTP of the population matches: how far they are and what they found."""

from typing import Annotated
from uuid import UUID

from fastapi import Request, Response

from services.funding.products.population.schemas import (
    ProductMatchPage,
    ProductMatchRead,
    read_product_match,
)
from services.funding.products.population.service import find_match, matches_before
from shared.app import create_router
from shared.auth import Role, Subject, allow
from shared.http import Db, Limit, decode_cursor, encode_cursor, link_next

router = create_router("金融产品 Finance products")

Watcher = Annotated[Subject, allow(Role.BANK, Role.OPERATOR, Role.REGULATOR, Role.AUDITOR)]


@router.get("/v1/product-matches", summary="产品全量匹配任务")
async def list_product_matches(
    request: Request,
    response: Response,
    session: Db,
    caller: Watcher,
    limit: Limit = 50,
    cursor: str | None = None,
) -> ProductMatchPage:
    """Matches of products to the whole population, newest first; a bank sees its own."""
    before = decode_cursor(cursor, [int])
    rows = await matches_before(session, caller, before[0] if before else None, limit + 1)
    if len(rows) > limit:
        link_next(request, response, encode_cursor(rows[limit - 1].number))
    return ProductMatchPage(matches=[read_product_match(row) for row in rows[:limit]])


@router.get("/v1/product-matches/{match_id}", summary="产品全量匹配进度")
async def read_match(match_id: UUID, session: Db, caller: Watcher) -> ProductMatchRead:
    """How far one match is: judged, eligible, published."""
    return read_product_match(await find_match(session, match_id, caller))
