"""HTTP of payment runs: the list, its approval, its file, its return, corrections."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy import Text, cast, tuple_
from sqlmodel import col, select

from services.funding.ledger.service import may_read
from services.funding.payments import notices, runs, settling
from services.funding.payments.bank_files import MEDIA, Format, read_return
from services.funding.payments.errors import RunNotFound
from services.funding.payments.lines import find_run, lines_of
from services.funding.payments.models import PaymentLine, PaymentRun
from services.funding.payments.run_schemas import (
    ExportRead,
    LinePage,
    LineRead,
    LineState,
    ReasonWrite,
    ReturnRead,
    ReversalWrite,
    RunPage,
    RunRead,
    RunWrite,
    SignatureWrite,
)
from services.funding.payments.showing import show_export, show_line, show_run
from shared.app import create_router
from shared.auth import Role, Subject, allow
from shared.authorities import authorities
from shared.http import Db, Limit, decode_cursor, encode_cursor, link_next
from shared.scope import Staff
from shared.uploaded_table import CSV, XLSX

router = create_router("奖补拨付 Payment runs")

Desk = Annotated[Subject, allow(Role.REGULATOR, Role.FINANCE)]
Finance = Annotated[Subject, allow(Role.FINANCE)]

RETURN_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            CSV: {
                "schema": {"type": "string"},
                "example": "支付编号,金额,拨付结果,退回原因,银行流水号,处理日期\n"
                "3b2a6d0e-9a54-4f53-8b1f-0c7f6e1d2a44,200000.00,已拨付,,20221101-1,2022-11-01\n",
            },
            XLSX: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


@router.post(
    "/v1/payment-runs",
    status_code=201,
    summary="编制拟拨付名单 Make a list",
    responses={200: {"model": RunRead, "description": "The list of this number, made before."}},
)
async def make_payment_list(
    wanted: RunWrite, response: Response, session: Db, caller: Desk
) -> RunRead:
    """Every payable entitlement that is on no list, as far as the budget reaches."""
    run, is_new = await runs.make_list(session, wanted, caller)
    response.headers["location"] = f"/v1/payment-runs/{run.run_id}"
    if not is_new:
        response.status_code = 200
    return await show_run(session, run)


@router.get("/v1/payment-runs", summary="拨付批次列表 List runs")
async def list_payment_runs(
    request: Request,
    response: Response,
    session: Db,
    caller: Staff,
    limit: Limit = 20,
    cursor: str | None = None,
) -> RunPage:
    """The runs of the payers within the caller's authority, by payer and list number."""
    payers = [code for code in authorities() if may_read(caller, code)]
    statement = select(PaymentRun).where(col(PaymentRun.payer).in_(payers))
    after = decode_cursor(cursor, [str, str])
    if after is not None:
        key = tuple_(col(PaymentRun.list_no), cast(col(PaymentRun.run_id), Text))
        statement = statement.where(key > tuple_(*after))
    order = col(PaymentRun.list_no), cast(col(PaymentRun.run_id), Text)
    rows = (await session.exec(statement.order_by(*order).limit(limit + 1))).all()
    if len(rows) > limit:
        last = rows[limit - 1]
        link_next(request, response, encode_cursor(last.list_no, str(last.run_id)))
    return RunPage(runs=[await show_run(session, row) for row in rows[:limit]])


@router.get("/v1/payment-runs/{run_id}", summary="拨付批次 Read a run")
async def read_payment_run(run_id: UUID, session: Db, caller: Staff) -> RunRead:
    """A run, where it stands and who signed it."""
    return await show_run(session, await _readable(session, run_id, caller))


@router.get("/v1/payment-runs/{run_id}/lines", summary="拨付明细 Read the lines")
async def list_payment_lines(
    run_id: UUID,
    request: Request,
    response: Response,
    session: Db,
    caller: Staff,
    state: LineState | None = None,
    limit: Limit = 200,
    cursor: str | None = None,
) -> LinePage:
    """The run's lines and reversals by number."""
    await _readable(session, run_id, caller)
    after = decode_cursor(cursor, [int])
    statement = select(PaymentLine).where(
        PaymentLine.run_id == run_id, col(PaymentLine.number) > (after[0] if after else 0)
    )
    if state is not None:
        statement = statement.where(PaymentLine.state == state)
    rows = (await session.exec(statement.order_by(col(PaymentLine.number)).limit(limit + 1))).all()
    if len(rows) > limit:
        link_next(request, response, encode_cursor(rows[limit - 1].number))
    return LinePage(lines=[show_line(row) for row in rows[:limit]])


@router.post("/v1/payment-runs/{run_id}/notice", summary="发布公示 Open the notice")
async def open_payment_notice(run_id: UUID, session: Db, caller: Desk) -> RunRead:
    """Publish the list; nobody signs it before the notice has ended."""
    return await show_run(session, await notices.open_notice(session, run_id, caller))


@router.post("/v1/payment-runs/{run_id}/approvals", summary="签批 Sign")
async def sign_payment_run(
    run_id: UUID, signature: SignatureWrite, session: Db, caller: Desk
) -> RunRead:
    """Sign at the level whose turn it is; the last signature approves the list."""
    run = await notices.sign(session, run_id, signature.revision, signature.note, caller)
    return await show_run(session, run)


@router.post("/v1/payment-runs/{run_id}/cancellation", summary="撤销名单 Cancel")
async def cancel_payment_run(
    run_id: UUID, cancellation: ReasonWrite, session: Db, caller: Desk
) -> RunRead:
    """Give up a list that was not exported yet; its money is available again."""
    return await show_run(
        session, await runs.cancel_run(session, run_id, cancellation.reason, caller)
    )


@router.post("/v1/payment-runs/{run_id}/export", summary="送财政 Export")
async def export_payment_run(run_id: UUID, session: Db, caller: Finance) -> ExportRead:
    """The approved list as a file for the finance bureau; asking again gives the same file."""
    return await show_export(session, await settling.export_run(session, run_id, caller))


@router.get(
    "/v1/payment-runs/{run_id}/file",
    summary="拨付文件 The exported file",
    response_class=Response,
    responses={200: {"content": {CSV: {}, XLSX: {}}, "description": "拨付文件"}},
)
async def read_payment_file(
    run_id: UUID,
    session: Db,
    caller: Finance,
    format: Annotated[Format, Query(title="格式")] = "csv",
) -> Response:
    """The file as it was handed out, with the payees' accounts."""
    file = await settling.find_file(session, run_id, format, caller)
    headers = {
        "etag": f'"{file.sha256}"',
        "content-disposition": f'attachment; filename="payment-{run_id}.{format}"',
    }
    return Response(file.content, media_type=MEDIA[format], headers=headers)


@router.post(
    "/v1/payment-runs/{run_id}/returns",
    summary="导入回单 Import a return file",
    openapi_extra=RETURN_BODY,
)
async def import_payment_return(
    run_id: UUID, request: Request, session: Db, caller: Finance
) -> ReturnRead:
    """What the bank did, line by line (CSV or XLSX). One wrong row refuses the file whole."""
    media = request.headers.get("content-type", "")
    answers = await asyncio.to_thread(read_return, await request.body(), media)
    taken, repeated = await settling.take_return(session, run_id, answers, caller)
    run = await find_run(session, run_id)
    outstanding = len(await lines_of(session, run_id, "listed"))
    return ReturnRead.model_validate(
        {
            **taken.model_dump(),
            "repeated": repeated,
            "outstanding": outstanding,
            "state": run.state,
        }
    )


@router.post("/v1/payment-lines/{line_id}/reversal", status_code=201, summary="冲正 Reverse")
async def reverse_payment_line(
    line_id: UUID, reversal: ReversalWrite, session: Db, caller: Finance
) -> LineRead:
    """Correct a refused or wrongly paid line; its entitlement can go on a list again."""
    return show_line(await settling.reverse_line(session, line_id, reversal, caller))


async def _readable(session: Db, run_id: UUID, caller: Subject) -> PaymentRun:
    run = await find_run(session, run_id)
    if not may_read(caller, run.payer):
        raise RunNotFound(
            f"There is no payment run {run_id} of your authority.",
            f"权限范围内没有编号为 {run_id} 的拨付批次。",
        )
    return run
