"""HTTP of the claims: file, resubmit, withdraw, review; the shares a payer sets."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Request, Response
from sqlmodel import col, select

from contracts.values import SHANGHAI
from services.funding.awards.schemes import schemes
from services.funding.awards.service import find_scheme
from services.funding.awards.showing import name_of
from services.funding.claims import reviewing, service, shares
from services.funding.claims.machine import ClaimState
from services.funding.claims.models import AidShare, Claim
from services.funding.claims.schemas import (
    ClaimDetail,
    ClaimItemRead,
    ClaimPage,
    ClaimRead,
    ClaimStepRead,
    ClaimWrite,
    ResubmissionWrite,
    ReviewWrite,
    ShareList,
    ShareRead,
    ShareWrite,
    WithdrawalWrite,
)
from shared.app import create_router
from shared.auth import Role, Subject, allow, open_to_all
from shared.http import Db, Limit, decode_cursor, encode_cursor, link_next
from shared.scope import covered_by

router = create_router("申报 Claims")

Payee = Annotated[Subject, allow(Role.ENTERPRISE, Role.INSTITUTION)]
Reviewer = Annotated[Subject, allow(Role.REVIEWER, Role.REGULATOR)]
PayerStaff = Annotated[Subject, allow(Role.FINANCE, Role.REGULATOR)]
ClaimReader = Annotated[
    Subject,
    allow(
        Role.ENTERPRISE,
        Role.INSTITUTION,
        Role.REVIEWER,
        Role.REGULATOR,
        Role.FINANCE,
        Role.OPERATOR,
        Role.AUDITOR,
    ),
]


@router.post("/v1/claims", status_code=201, summary="申报 File a claim")
async def file_claim(claim: ClaimWrite, session: Db, caller: Payee) -> ClaimDetail:
    """Claim under a scheme, with the documents of the cost; one claim per scheme and period."""
    return await _detail(session, await service.file_claim(session, claim, caller))


@router.get("/v1/claims", summary="申报列表 List claims")
async def list_claims(
    request: Request,
    response: Response,
    session: Db,
    caller: ClaimReader,
    state: ClaimState | None = None,
    scheme: str | None = None,
    overdue: bool | None = None,
    limit: Limit = 50,
    cursor: str | None = None,
) -> ClaimPage:
    """A payee's own claims, or those of the payers within an authority, by id."""
    after = decode_cursor(cursor, [str])
    statement = select(Claim)
    if caller.role in (Role.ENTERPRISE, Role.INSTITUTION):
        statement = statement.where(Claim.uscc == (caller.uscc or ""))
    else:
        statement = statement.where(covered_by(caller.authority, col(Claim.payer)))
    if state is not None:
        statement = statement.where(Claim.state == state)
    if scheme is not None:
        statement = statement.where(Claim.scheme == scheme)
    if overdue is not None:
        statement = statement.where(col(Claim.overdue_at).is_not(None) == overdue)
    if after is not None:
        statement = statement.where(col(Claim.claim_id) > _uuid(after[0]))
    rows = (await session.exec(statement.order_by(col(Claim.claim_id)).limit(limit + 1))).all()
    if len(rows) > limit:
        link_next(request, response, encode_cursor(str(rows[limit - 1].claim_id)))
    return ClaimPage(claims=[show_claim(row) for row in rows[:limit]])


@router.get("/v1/claims/{claim_id}", summary="申报详情 Read a claim")
async def read_claim(claim_id: UUID, session: Db, caller: ClaimReader) -> ClaimDetail:
    """One claim with its documents, what is accepted of each and why, and every move."""
    return await _detail(session, await service.find_claim(session, claim_id, caller))


@router.post("/v1/claims/{claim_id}/resubmission", summary="补正 Resubmit")
async def resubmit_claim(
    claim_id: UUID, resubmission: ResubmissionWrite, session: Db, caller: Payee
) -> ClaimDetail:
    """Send the whole evidence anew after a return."""
    claim = await service.resubmit_claim(session, claim_id, resubmission, caller)
    return await _detail(session, claim)


@router.post("/v1/claims/{claim_id}/withdrawal", summary="撤回 Withdraw")
async def withdraw_claim(
    claim_id: UUID, withdrawal: WithdrawalWrite, session: Db, caller: Payee
) -> ClaimDetail:
    """Withdraw a claim that is not decided; it may be filed anew."""
    claim = await service.withdraw_claim(session, claim_id, withdrawal, caller)
    return await _detail(session, claim)


@router.post("/v1/claims/{claim_id}/review", summary="审核 Review")
async def review_claim(
    claim_id: UUID, review: ReviewWrite, session: Db, caller: Reviewer
) -> ClaimDetail:
    """Approve in whole or in part with a reason per document, return, or reject."""
    return await _detail(session, await reviewing.review_claim(session, claim_id, review, caller))


@router.get(
    "/v1/award-schemes/{scheme_id}/shares",
    summary="补助比例 Shares",
    dependencies=[open_to_all],
)
async def list_shares(scheme_id: str, session: Db) -> ShareList:
    """The shares that the payer set, the latest first; they stand before the source's own."""
    scheme = find_scheme(scheme_id)
    return _shares(scheme.id, await shares.shares_of(session, scheme.id))


@router.post("/v1/award-schemes/{scheme_id}/shares", summary="设定补助比例 Set a share")
async def set_share(
    scheme_id: str, share: ShareWrite, session: Db, caller: PayerStaff
) -> ShareList:
    """The payer sets the share of the cost for claims filed from a day on."""
    return _shares(scheme_id, await shares.set_share(session, scheme_id, share, caller))


def show_claim(row: Claim) -> ClaimRead:
    """A claim as the API shows it."""
    scheme = schemes()[row.scheme]
    offer = scheme.amount_on(row.filed_on) or scheme.amounts[-1]
    return ClaimRead(
        **row.model_dump(include=set(ClaimRead.model_fields) & set(Claim.model_fields)),
        scheme_id=row.scheme,
        name=name_of(scheme),
        source=offer.source,
        verification=offer.verification,
        due_on=None if row.due_at is None else row.due_at.astimezone(SHANGHAI).date(),
        overdue=row.overdue_at is not None,
    )


async def _detail(session: Db, row: Claim) -> ClaimDetail:
    await session.flush()
    items = await service.items_of(session, row)
    steps = await service.steps_of(session, row.claim_id)
    return ClaimDetail(
        **show_claim(row).model_dump(),
        items=[ClaimItemRead.model_validate(item.model_dump()) for item in items],
        steps=[ClaimStepRead.model_validate(step.model_dump()) for step in steps],
    )


def _shares(scheme_id: str, rows: Sequence[AidShare]) -> ShareList:
    return ShareList(
        scheme_id=scheme_id,
        shares=[ShareRead.model_validate(row.model_dump()) for row in rows],
    )


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)
