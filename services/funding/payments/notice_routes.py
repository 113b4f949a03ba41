"""HTTP of public notices (公示): open to everyone, with name and amount and no personal data."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy import tuple_
from sqlmodel import col, select

from services.funding.ledger.service import may_read
from services.funding.payments import notices
from services.funding.payments.errors import RunNotFound
from services.funding.payments.lines import find_run
from services.funding.payments.models import PaymentLine, PaymentObjection, PaymentRun
from services.funding.payments.notice_schemas import (
    DecisionWrite,
    NoticeDetail,
    NoticePage,
    ObjectionList,
    ObjectionRead,
    ObjectionWrite,
)
from services.funding.payments.showing import show_notice, show_notice_line, show_objection
from shared import clock
from shared.app import create_router
from shared.auth import Role, Subject, allow, open_to_all
from shared.errors import Unprocessable
from shared.http import Db, Limit, decode_cursor, encode_cursor, link_next
from shared.scope import Staff

router = create_router("拨付公示 Payment notices")

Desk = Annotated[Subject, allow(Role.REGULATOR, Role.FINANCE)]
Affected = Annotated[
    Subject,
    allow(
        Role.ENTERPRISE,
        Role.PROVIDER,
        Role.INSTITUTION,
        Role.BANK,
        Role.OPERATOR,
        Role.REGULATOR,
        Role.FINANCE,
        Role.AUDITOR,
    ),
]


@router.get("/v1/payment-notices", summary="公示列表 List notices", dependencies=[open_to_all])
async def list_payment_notices(
    request: Request, response: Response, session: Db, limit: Limit = 20, cursor: str | None = None
) -> NoticePage:
    """Lists that are or were in public notice, newest first."""
    newest = tuple_(col(PaymentRun.notice_from), col(PaymentRun.run_id))
    statement = select(PaymentRun).where(col(PaymentRun.state).in_(notices.PUBLIC))
    before = decode_cursor(cursor, [str, str])
    if before is not None:
        statement = statement.where(newest < tuple_(*_key(before)))
    order = col(PaymentRun.notice_from).desc(), col(PaymentRun.run_id).desc()
    rows = (await session.exec(statement.order_by(*order).limit(limit + 1))).all()
    if len(rows) > limit:
        last = rows[limit - 1]
        link_next(request, response, encode_cursor(str(last.notice_from), str(last.run_id)))
    return NoticePage(notices=[show_notice(row, clock.today()) for row in rows[:limit]])


@router.get(
    "/v1/payment-notices/{run_id}", summary="公示名单 Read a notice", dependencies=[open_to_all]
)
async def read_payment_notice(
    run_id: UUID,
    request: Request,
    response: Response,
    session: Db,
    limit: Limit = 200,
    cursor: str | None = None,
) -> NoticeDetail:
    """The intended payees with their amounts, by number."""
    run = await notices.find_notice(session, run_id)
    after = decode_cursor(cursor, [int])
    statement = select(PaymentLine).where(
        PaymentLine.run_id == run_id,
        PaymentLine.kind == "payment",
        col(PaymentLine.number) > (after[0] if after else 0),
    )
    rows = (await session.exec(statement.order_by(col(PaymentLine.number)).limit(limit + 1))).all()
    if len(rows) > limit:
        link_next(request, response, encode_cursor(rows[limit - 1].number))
    notice = show_notice(run, clock.today())
    return NoticeDetail.model_validate(
        {**notice.model_dump(), "lines": [show_notice_line(row) for row in rows[:limit]]}
    )


@router.post("/v1/payment-notices/{run_id}/objections", status_code=201, summary="提出异议 Object")
async def object_to_payment(
    run_id: UUID, objection: ObjectionWrite, session: Db, caller: Affected
) -> ObjectionRead:
    """Object to a line, or to one who is missing, while the notice runs."""
    return show_objection(await notices.raise_objection(session, run_id, objection, caller))


@router.get("/v1/payment-runs/{run_id}/objections", summary="异议列表 List objections")
async def list_payment_objections(run_id: UUID, session: Db, caller: Staff) -> ObjectionList:
    """Every objection to a list and how it was decided."""
    run = await find_run(session, run_id)
    if not may_read(caller, run.payer):
        raise RunNotFound(
            f"There is no payment run {run_id} of your authority.",
            f"权限范围内没有编号为 {run_id} 的拨付批次。",
        )
    statement = select(PaymentObjection).where(PaymentObjection.run_id == run_id)
    rows = await session.exec(
        statement.order_by(col(PaymentObjection.raised_at), col(PaymentObjection.objection_id))
    )
    return ObjectionList(objections=[show_objection(row) for row in rows])


@router.post(
    "/v1/payment-objections/{objection_id}/decision", summary="异议处理 Decide an objection"
)
async def decide_payment_objection(
    objection_id: UUID, decision: DecisionWrite, session: Db, caller: Desk
) -> ObjectionRead:
    """Uphold or dismiss with reasons; an upheld one takes its line off the list."""
    decided = await notices.decide_objection(
        session, objection_id, decision.outcome, decision.reason, caller
    )
    return show_objection(decided)


def _key(before: list[str]) -> tuple[date, UUID]:
    try:
        return date.fromisoformat(before[0]), UUID(before[1])
    except ValueError:
        raise Unprocessable(
            "This cursor is not one of ours. Follow the Link header of the page before.",
            "游标无效,请使用上一页 Link 头中的地址。",
        ) from None
