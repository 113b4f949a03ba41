"""HTTP of the loan applications: filed and withdrawn by enterprises, decided by banks."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy import ColumnElement
from sqlmodel import col, select

from contracts.events.bank import LoanDecided
from services.funding.applications.decisions import take_decision
from services.funding.applications.figures import sum_applications
from services.funding.applications.models import (
    ApplicationState,
    Disclosed,
    LoanApplication,
    LoanDecision,
)
from services.funding.applications.schemas import (
    ApplicationCreate,
    ApplicationFigures,
    ApplicationSummary,
    LoanApplicationDetail,
    LoanApplicationPage,
    LoanApplicationRead,
)
from services.funding.applications.service import (
    file_application,
    find_application,
    withdraw_application,
)
from services.funding.banks.access import BankInPath, BankStaff, own_bank
from services.funding.banks.errors import NotYourBank
from services.funding.enterprises import find_enterprise
from shared.app import create_router
from shared.auth import Role, Subject, allow
from shared.db import Session
from shared.http import Db, Limit, decode_cursor, encode_cursor, link_next
from shared.scope import Reader
from shared.uscc import CheckedUscc

router = create_router("贷款申请 Loan applications")

Applicant = Annotated[Subject, allow(Role.ENTERPRISE)]
Party = Annotated[
    Subject,
    allow(Role.ENTERPRISE, Role.BANK, Role.REGULATOR, Role.OPERATOR, Role.FINANCE, Role.AUDITOR),
]
Counter = Annotated[
    Subject, allow(Role.BANK, Role.REGULATOR, Role.OPERATOR, Role.FINANCE, Role.AUDITOR)
]

# What a bank may not see once an application is closed to it.
_ENTERPRISES_OWN = (
    "uscc",
    "name",
    "product",
    "tier",
    "amount_cny",
    "tenor_months",
    "purpose",
    "note",
    "consent_id",
    "filed_at",
)


@router.post(
    "/v1/enterprises/{uscc}/loan-applications", status_code=201, summary="申请贷款 Apply for a loan"
)
async def apply_for_loan(
    uscc: CheckedUscc, wanted: ApplicationCreate, session: Db, caller: Applicant
) -> LoanApplicationRead:
    """Apply to a bank: for a product that fits, or with a wish. The bank hears of it at once.

    Needs a valid consent to that bank whose purpose names 贷款申请. The platform decides nothing.
    """
    return _read(await file_application(session, uscc, wanted, caller), caller)


@router.get("/v1/enterprises/{uscc}/loan-applications", summary="企业贷款申请 Applications")
async def list_enterprise_applications(
    request: Request,
    response: Response,
    uscc: CheckedUscc,
    session: Db,
    caller: Reader,
    limit: Limit = 50,
    cursor: str | None = None,
) -> LoanApplicationPage:
    """The enterprise's applications, oldest first."""
    await find_enterprise(session, uscc, caller)
    return await _page(
        session, (request, response), caller, [LoanApplication.uscc == uscc], limit, cursor
    )


@router.get("/v1/loan-applications/summary", summary="贷款统计 Figures")
async def summarise_loan_applications(session: Db, caller: Counter) -> ApplicationSummary:
    """Applications, decisions and draw-downs per bank, product and tier.

    A bank sees its own; an authority those of the enterprises it covers.
    """
    found = await sum_applications(session, caller)
    return ApplicationSummary(
        figures=[
            ApplicationFigures.model_validate(
                {
                    "bank": bank,
                    "product": product,
                    "tier": tier,
                    "applications": sums.states.total(),
                    "states": sums.states,
                    "requested_cny": sums.requested_cny,
                    "approved_cny": sums.approved_cny,
                    "drawn_cny": sums.drawn_cny,
                    "repaid_cny": sums.repaid_cny,
                    "rate_percent": sums.rate_percent,
                    "refusals": sums.refusals,
                }
            )
            for (bank, product, tier), sums in found.items()
        ]
    )


@router.get("/v1/loan-applications/{application_id}", summary="贷款申请 An application")
async def read_loan_application(
    application_id: UUID, session: Db, caller: Party
) -> LoanApplicationDetail:
    """One application with every version of the bank's word."""
    application = await find_application(session, application_id, caller)
    statement = select(LoanDecision).where(LoanDecision.application_id == application_id)
    rows = await session.exec(statement.order_by(col(LoanDecision.version).desc()))
    decisions = [LoanDecided.model_validate(row.content, extra="ignore") for row in rows]
    return LoanApplicationDetail(**_read(application, caller).model_dump(), decisions=decisions)


@router.post("/v1/loan-applications/{application_id}/withdrawal", summary="撤回申请 Take it back")
async def withdraw_loan_application(
    application_id: UUID, session: Db, caller: Applicant
) -> LoanApplicationRead:
    """Take the application back before money flows; the bank hears of it at once."""
    return _read(await withdraw_application(session, application_id, caller), caller)


@router.get("/v1/banks/{code}/loan-applications", summary="本行贷款申请 The bank's applications")
async def list_bank_applications(
    request: Request,
    response: Response,
    code: BankInPath,
    session: Db,
    caller: BankStaff,
    state: ApplicationState | None = None,
    limit: Limit = 50,
    cursor: str | None = None,
) -> LoanApplicationPage:
    """The applications made to the bank, oldest first."""
    own_bank(caller, code)
    which = [LoanApplication.bank == code]
    if state is not None:
        which.append(LoanApplication.state == state)
    return await _page(session, (request, response), caller, which, limit, cursor)


@router.post("/v1/banks/{code}/loan-decisions", summary="提交审批 Say what was decided")
async def post_loan_decision(
    code: BankInPath, decision: LoanDecided, session: Db, caller: BankStaff
) -> LoanApplicationRead:
    """The same content as a record on `bank.<code>.loan-decision`, taken at once.

    Each version says everything; a version that is known changes nothing.
    """
    own_bank(caller, code)
    if decision.bank != code:
        raise NotYourBank(
            f"The decision names the bank {decision.bank}; send it as {code}.",
            f"审批中的银行代码为 {decision.bank},应为 {code}。",
        )
    return _read(await take_decision(session, decision), caller)


async def _page(
    session: Session,
    exchange: tuple[Request, Response],
    caller: Subject,
    which: Sequence[ColumnElement[bool] | bool],
    limit: int,
    cursor: str | None,
) -> LoanApplicationPage:
    after = decode_cursor(cursor, [str])
    statement = select(LoanApplication).where(*which)
    if after is not None:
        statement = statement.where(col(LoanApplication.application_id) > _uuid(after[0]))
    ordered = statement.order_by(col(LoanApplication.application_id)).limit(limit + 1)
    rows = (await session.exec(ordered)).all()
    if len(rows) > limit:
        link_next(*exchange, encode_cursor(str(rows[limit - 1].application_id)))
    return LoanApplicationPage(applications=[_read(row, caller) for row in rows[:limit]])


def _read(row: LoanApplication, by: Subject) -> LoanApplicationRead:
    shown = row.model_dump()
    if by.role is Role.BANK and row.disclosed != Disclosed.OPEN:
        shown |= dict.fromkeys(_ENTERPRISES_OWN)
    rate = None if row.rate_percent is None else f"{row.rate_percent.normalize():f}"
    return LoanApplicationRead.model_validate(
        shown
        | {
            "decision_version": row.decision_version or None,
            "rate_percent": rate,
            "refusals": row.refusal_reasons,
        }
    )


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)
