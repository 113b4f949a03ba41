"""HTTP of the awards: what a payer offers, what a payee may have, the amounts set, the totals."""

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy import and_
from sqlmodel import col, select

from contracts.events.funding import EntitlementStatus
from services.funding.awards.amounts import decisions_of, find_entitlement, set_amount
from services.funding.awards.answering import answer_enterprise
from services.funding.awards.models import Entitlement
from services.funding.awards.schemas import (
    AmountDecisionRead,
    AmountWrite,
    AwardAnswer,
    AwardSchemeList,
    AwardSchemeRead,
    EntitlementDetail,
    EntitlementList,
    EntitlementPage,
    EntitlementSummary,
    SchemeTotal,
)
from services.funding.awards.schemes import schemes
from services.funding.awards.service import (
    entitlements_of,
    find_scheme,
    sum_entitlements,
)
from services.funding.awards.showing import (
    largest_first,
    name_of,
    show_entitlement,
    show_scheme,
)
from services.funding.enterprises import find_enterprise
from shared.app import create_router
from shared.auth import AUTHORITY_ROLES, Role, Subject, allow, open_to_all
from shared.http import Db, Limit, decode_cursor, encode_cursor, link_next
from shared.scope import Reader, Staff, covered_by
from shared.uscc import CheckedUscc

router = create_router("奖补 Awards")

PayerStaff = Annotated[Subject, allow(Role.FINANCE, Role.REGULATOR)]
"""People of the payer who may set amounts."""

PayeeOrStaff = Annotated[
    Subject,
    allow(Role.ENTERPRISE, Role.INSTITUTION, *sorted(AUTHORITY_ROLES)),
]
"""A payee, or people of an authority."""


@router.get("/v1/award-schemes", summary="奖补项目列表", dependencies=[open_to_all])
async def list_award_schemes(payer: str | None = None, title: str | None = None) -> AwardSchemeList:
    """What payers offer for titles, as the rule files say, with source and verification."""
    return AwardSchemeList(
        schemes=[
            show_scheme(scheme)
            for scheme in schemes().values()
            if payer in (None, scheme.payer.code) and (title is None or title in scheme.titles)
        ]
    )


@router.get("/v1/award-schemes/{scheme_id}", summary="奖补项目", dependencies=[open_to_all])
async def read_award_scheme(scheme_id: str) -> AwardSchemeRead:
    """One scheme with every amount it ever had."""
    return show_scheme(find_scheme(scheme_id))


@router.get("/v1/enterprises/{uscc}/entitlements", summary="企业奖补权益")
async def list_entitlements(uscc: CheckedUscc, session: Db, caller: Reader) -> EntitlementList:
    """What the enterprise may have, how much, by when, from whom and why."""
    await find_enterprise(session, uscc, caller)
    rows = sorted(await entitlements_of(session, uscc), key=largest_first)
    return EntitlementList(
        uscc=uscc,
        payable_cny=sum((row.payable_cny or Decimal(0) for row in rows), Decimal(0)),
        entitlements=[show_entitlement(row) for row in rows],
    )


@router.get("/v1/enterprises/{uscc}/awards", summary="我的奖补 What the enterprise gets")
async def read_awards(uscc: CheckedUscc, session: Db, caller: Reader) -> AwardAnswer:
    """What it gets, how much, by when, from whom and why, and what is missing for the rest."""
    return await answer_enterprise(session, uscc, caller)


@router.get("/v1/entitlements/summary", summary="奖补汇总")
async def summarise_entitlements(session: Db, caller: Staff) -> EntitlementSummary:
    """Counts and payable amounts of the enterprises within the caller's authority."""
    totals = await sum_entitlements(session, caller.authority)
    return EntitlementSummary(
        authority=caller.authority or "",
        automatic=sum(total.count for total in totals if total.automatic),
        to_be_set=sum(total.to_be_set for total in totals),
        ended=sum(total.ended for total in totals),
        payable_cny=sum((total.payable_cny for total in totals), Decimal(0)),
        schemes=[
            SchemeTotal(
                scheme_id=total.scheme,
                name=name_of(schemes()[total.scheme]),
                automatic=total.automatic,
                count=total.count,
                ended=total.ended,
                payable_cny=total.payable_cny,
            )
            for total in totals
        ],
    )


@router.get("/v1/entitlements", summary="奖补权益列表 List entitlements")
async def list_all_entitlements(
    request: Request,
    response: Response,
    session: Db,
    caller: PayeeOrStaff,
    scheme: str | None = None,
    to_be_set: bool | None = None,
    limit: Limit = 50,
    cursor: str | None = None,
) -> EntitlementPage:
    """A payee's own, or those of the payers within an authority, by id.

    `to_be_set` picks those whose payer has not set an amount yet, or has.
    """
    after = decode_cursor(cursor, [str])
    statement = select(Entitlement)
    if caller.role in AUTHORITY_ROLES:
        statement = statement.where(covered_by(caller.authority, col(Entitlement.payer)))
    else:
        statement = statement.where(Entitlement.uscc == (caller.uscc or ""))
    if scheme is not None:
        statement = statement.where(Entitlement.scheme == scheme)
    if to_be_set is not None:
        unset = and_(
            col(Entitlement.granted_cny).is_(None),
            col(Entitlement.unit).is_(None),
            col(Entitlement.status) == EntitlementStatus.APPEARED,
        )
        statement = statement.where(unset == to_be_set)
    if after is not None:
        statement = statement.where(col(Entitlement.entitlement_id) > _uuid(after[0]))
    order = col(Entitlement.entitlement_id)
    rows = (await session.exec(statement.order_by(order).limit(limit + 1))).all()
    if len(rows) > limit:
        link_next(request, response, encode_cursor(str(rows[limit - 1].entitlement_id)))
    return EntitlementPage(entitlements=[show_entitlement(row) for row in rows[:limit]])


@router.get("/v1/entitlements/{entitlement_id}", summary="奖补权益 Read an entitlement")
async def read_entitlement(
    entitlement_id: UUID, session: Db, caller: PayeeOrStaff
) -> EntitlementDetail:
    """One entitlement with every amount that its payer set."""
    return await _detail(session, await find_entitlement(session, entitlement_id, caller))


@router.post("/v1/entitlements/{entitlement_id}/amount", summary="核定金额 Set the amount")
async def set_entitlement_amount(
    entitlement_id: UUID, amount: AmountWrite, session: Db, caller: PayerStaff
) -> EntitlementDetail:
    """The payer sets the amount within the bounds of its scheme, with a reason."""
    row = await set_amount(session, entitlement_id, amount, caller)
    await session.flush()
    return await _detail(session, row)


async def _detail(session: Db, row: Entitlement) -> EntitlementDetail:
    decisions = await decisions_of(session, row.entitlement_id)
    return EntitlementDetail(
        **show_entitlement(row).model_dump(),
        uscc=row.uscc,
        decisions=[
            AmountDecisionRead.model_validate(decision.model_dump()) for decision in decisions
        ],
    )


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)
