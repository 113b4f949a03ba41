"""HTTP of claw-backs and appeals, and of a payee's own account and payments."""

from typing import Annotated
from uuid import UUID

from fastapi import Request, Response
from sqlmodel import col, select

from services.funding.ledger.service import may_read
from services.funding.models import Enterprise
from services.funding.payments import accounts, appeals, claw_backs
from services.funding.payments.claw_back_schemas import (
    AppealWrite,
    ClawBackPage,
    ClawBackRead,
    ClawBackWrite,
    RepaymentWrite,
)
from services.funding.payments.errors import ClawBackNotFound
from services.funding.payments.models import ClawBack, PayeeAccount, PaymentLine
from services.funding.payments.notice_schemas import DecisionWrite
from services.funding.payments.run_schemas import AccountRead, AccountWrite, LinePage
from services.funding.payments.showing import payers_of, show_claw_backs, show_line
from shared.app import create_router
from shared.auth import AUTHORITY_ROLES, Role, Subject, allow
from shared.authorities import authorities, covers
from shared.errors import Unprocessable
from shared.http import Db, Limit, decode_cursor, encode_cursor, link_next
from shared.uscc import CheckedUscc

router = create_router("奖补追回 Claw-backs")

Desk = Annotated[Subject, allow(Role.REGULATOR, Role.FINANCE)]
Finance = Annotated[Subject, allow(Role.FINANCE)]
Payee = Annotated[Subject, allow(Role.ENTERPRISE, Role.INSTITUTION)]
PayeeOrFinance = Annotated[Subject, allow(Role.ENTERPRISE, Role.INSTITUTION, Role.FINANCE)]
PayeeOrStaff = Annotated[
    Subject,
    allow(
        Role.ENTERPRISE,
        Role.INSTITUTION,
        Role.REGULATOR,
        Role.FINANCE,
        Role.OPERATOR,
        Role.AUDITOR,
    ),
]


@router.post(
    "/v1/payment-lines/{line_id}/claw-back", status_code=201, summary="追回决定 Order a claw-back"
)
async def order_claw_back(
    line_id: UUID, order: ClawBackWrite, session: Db, caller: Desk
) -> ClawBackRead:
    """Claim paid money back for fraud or moving away, where the scheme provides for it."""
    return await _shown(session, await claw_backs.order_claw_back(session, line_id, order, caller))


@router.get("/v1/claw-backs", summary="追回列表 List claw-backs")
async def list_claw_backs(
    request: Request,
    response: Response,
    session: Db,
    caller: PayeeOrStaff,
    limit: Limit = 50,
    cursor: str | None = None,
) -> ClawBackPage:
    """A payee's own claw-backs, or those of the payers within the caller's authority."""
    if caller.role in AUTHORITY_ROLES:
        payers = [code for code in authorities() if may_read(caller, code)]
        statement = select(ClawBack).where(col(ClawBack.payer).in_(payers))
    else:
        statement = select(ClawBack).where(ClawBack.uscc == (caller.uscc or ""))
    after = decode_cursor(cursor, [str])
    if after is not None:
        statement = statement.where(col(ClawBack.claw_back_id) > _uuid(after[0]))
    order = statement.order_by(col(ClawBack.claw_back_id)).limit(limit + 1)
    rows = (await session.exec(order)).all()
    if len(rows) > limit:
        link_next(request, response, encode_cursor(str(rows[limit - 1].claw_back_id)))
    return ClawBackPage(claw_backs=await show_claw_backs(session, rows[:limit]))


@router.get("/v1/claw-backs/{claw_back_id}", summary="追回 Read a claw-back")
async def read_claw_back(claw_back_id: UUID, session: Db, caller: PayeeOrStaff) -> ClawBackRead:
    """A claw-back with its deadlines and its appeal."""
    found = await claw_backs.find_claw_back(session, claw_back_id)
    is_staff = caller.role in AUTHORITY_ROLES
    if not (may_read(caller, found.payer) if is_staff else caller.uscc == found.uscc):
        raise ClawBackNotFound(
            f"There is no claw-back {claw_back_id} of yours.",
            f"权限范围内没有编号为 {claw_back_id} 的追回。",
        )
    return await _shown(session, found)


@router.post("/v1/claw-backs/{claw_back_id}/repayments", summary="退款入账 Book a repayment")
async def book_repayment(
    claw_back_id: UUID, repayment: RepaymentWrite, session: Db, caller: Finance
) -> ClawBackRead:
    """Book money that came back; the last of it ends the claw-back."""
    found = await claw_backs.book_repayment(session, claw_back_id, repayment, caller)
    return await _shown(session, found)


@router.post("/v1/claw-backs/{claw_back_id}/appeal", summary="申诉 Appeal")
async def appeal_claw_back(
    claw_back_id: UUID, appeal: AppealWrite, session: Db, caller: Payee
) -> ClawBackRead:
    """The payee appeals within the deadline, once, with reasons."""
    return await _shown(
        session, await appeals.file_appeal(session, claw_back_id, appeal.reasons, caller)
    )


@router.post("/v1/claw-backs/{claw_back_id}/appeal/decision", summary="申诉处理 Decide an appeal")
async def decide_appeal(
    claw_back_id: UUID, decision: DecisionWrite, session: Db, caller: Desk
) -> ClawBackRead:
    """Another person than who ordered it decides; an upheld appeal cancels the claw-back."""
    found = await appeals.decide_appeal(
        session, claw_back_id, decision.outcome, decision.reason, caller
    )
    return await _shown(session, found)


@router.put("/v1/payees/{uscc}/account", summary="登记收款账户 Give an account")
async def give_payee_account(
    uscc: CheckedUscc, account: AccountWrite, session: Db, caller: Payee
) -> AccountRead:
    """The payee's own bank account; it is never published."""
    return _account(await accounts.give_account(session, uscc, account, caller))


@router.get("/v1/payees/{uscc}/account", summary="收款账户 Read the account")
async def read_payee_account(uscc: CheckedUscc, session: Db, caller: PayeeOrFinance) -> AccountRead:
    """The account on file; of the number, the last four digits."""
    return _account(await accounts.read_account(session, uscc, caller))


@router.get("/v1/payees/{uscc}/payments", summary="单位拨付记录 A payee's payments")
async def list_payee_payments(
    uscc: CheckedUscc,
    request: Request,
    response: Response,
    session: Db,
    caller: PayeeOrStaff,
    limit: Limit = 50,
    cursor: str | None = None,
) -> LinePage:
    """The payee's lines by id: to itself and to staff of its region all, to others of theirs."""
    is_staff = caller.role in AUTHORITY_ROLES
    if not is_staff:
        appeals.require_payee(caller, uscc)
    after = decode_cursor(cursor, [str])
    statement = select(PaymentLine).where(PaymentLine.uscc == uscc)
    if after is not None:
        statement = statement.where(col(PaymentLine.line_id) > _uuid(after[0]))
    order = statement.order_by(col(PaymentLine.line_id)).limit(limit + 1)
    rows = (await session.exec(order)).all()
    if len(rows) > limit:
        link_next(request, response, encode_cursor(str(rows[limit - 1].line_id)))
    enterprise = await session.get(Enterprise, uscc)
    all_of_them = not is_staff or covers(caller.authority, (enterprise and enterprise.region) or "")
    payers = await payers_of(session, rows[:limit])
    shown = [row for row in rows[:limit] if all_of_them or may_read(caller, payers[row.run_id])]
    return LinePage(lines=[show_line(row) for row in shown])


def _account(row: PayeeAccount) -> AccountRead:
    shown = {**row.model_dump(), "number": accounts.masked(row.number)}
    return AccountRead.model_validate(shown)


async def _shown(session: Db, row: ClawBack) -> ClawBackRead:
    return (await show_claw_backs(session, [row]))[0]


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Unprocessable(
            "This cursor is not one of ours. Follow the Link header of the page before.",
            "游标无效,请使用上一页 Link 头中的地址。",
        ) from None
