"""HTTP of the financing needs: for the enterprise that has them, for a bank that may meet them."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any

from fastapi import Path, Request, Response

from contracts.values import BankCode
from services.funding.enterprises import Standing, find_enterprise
from services.funding.needs.fitting import NeedFit
from services.funding.needs.models import FinancingNeed
from services.funding.needs.schemas import (
    AspectRead,
    MatchedNeedRead,
    MatchedNeeds,
    NeedProductRead,
    SeenNeedRead,
    SeenNeeds,
)
from services.funding.needs.service import match_needs, needs_for_bank
from services.funding.products.rendering import brief
from shared import clock
from shared.app import create_router
from shared.auth import Forbidden, Role, Subject, allow
from shared.http import Db, Limit, decode_cursor, encode_cursor, link_next
from shared.scope import Reader
from shared.uscc import CheckedUscc

router = create_router("融资需求 Financing needs")

Bank = Annotated[Subject, allow(Role.BANK)]


@router.get("/v1/enterprises/{uscc}/financing-needs", summary="企业融资需求匹配")
async def match_financing_needs(uscc: CheckedUscc, session: Db, caller: Reader) -> MatchedNeeds:
    """Its open financing needs, each with the products it fits and how they meet it."""
    standing = Standing(await find_enterprise(session, uscc, caller), clock.now())
    return MatchedNeeds(
        uscc=uscc,
        judged_on=standing.on,
        needs=[
            MatchedNeedRead(
                **_need(found.need),
                open_to_all_banks=found.need.open_to_all_banks,
                banks=found.need.banks,
                meeting=_products(found.fits, True, standing.on),
                open_ones=_products(found.fits, None, standing.on),
                falling_short=_products(found.fits, False, standing.on),
            )
            for found in await match_needs(session, standing)
        ],
    )


@router.get("/v1/banks/{code}/financing-needs", summary="银行可对接融资需求")
async def list_financing_needs(
    code: Annotated[BankCode, Path(title="银行代码")],
    request: Request,
    response: Response,
    session: Db,
    caller: Bank,
    limit: Limit = 50,
    cursor: str | None = None,
) -> SeenNeeds:
    """Needs that a product of this bank may meet, of enterprises that let it see them.

    Nothing else of the enterprise is shown. A consent withdrawn today hides its needs today.
    """
    if caller.org != code:
        raise Forbidden(
            f"You are {caller.org}; a bank reads its own needs only.",
            f"您所属机构为 {caller.org},仅可查看本行可对接的需求。",
        )
    after = decode_cursor(cursor, [str, str])
    found, following = await needs_for_bank(
        session, code, (after[0], after[1]) if after else None, limit
    )
    if following is not None:
        link_next(request, response, encode_cursor(*following))
    return SeenNeeds(
        needs=[
            SeenNeedRead(
                **_need(one.need),
                uscc=one.need.uscc,
                name=one.name,
                by_eligibility=one.judged,
                products=[_product(fit, clock.today()) for fit in one.fits],
            )
            for one in found
        ]
    )


def _need(need: FinancingNeed) -> dict[str, Any]:
    return {
        "need_id": need.need_id,
        "amount_cny": need.amount_cny,
        "tenor_months": need.tenor_months,
        "purpose": need.purpose,
        "text": need.text,
        "wanted_by_on": need.wanted_by_on,
        "opened_at": need.opened_at,
    }


def _products(fits: Iterable[NeedFit], meets: bool | None, on: date) -> list[NeedProductRead]:
    return [_product(fit, on) for fit in fits if fit.meets is meets]


def _product(fit: NeedFit, on: date) -> NeedProductRead:
    own = None if fit.limit is None else fit.limit.rate
    return NeedProductRead(
        **brief(fit.product, own or fit.product.terms.rate, on),
        limit_cny=None if fit.limit is None else fit.limit.value_cny,
        limit_secured_cny=None if fit.limit is None else fit.limit.secured_cny,
        meets=fit.meets,
        aspects=[AspectRead(id=one.id, met=one.met, text=one.text) for one in fit.aspects],
    )
