"""Runs, notices and claw-backs as they are shown; reads only."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlmodel import col, select

from services.funding.awards.service import find_scheme
from services.funding.payments.claw_back_schemas import AppealRead, ClawBackRead
from services.funding.payments.desk import desk_of
from services.funding.payments.lines import count_states, find_run, lines_of
from services.funding.payments.models import (
    Appeal,
    ClawBack,
    PaymentFile,
    PaymentLine,
    PaymentObjection,
    PaymentRun,
)
from services.funding.payments.notice_schemas import NoticeLine, NoticeRead, ObjectionRead
from services.funding.payments.notices import approvals_of, count_open_objections, levels_of
from services.funding.payments.run_schemas import (
    ExportRead,
    FileRead,
    LevelRead,
    LineRead,
    RunRead,
    SchemeOnRun,
)
from services.funding.payments.runs import count_carried_over
from services.funding.rule_files import Texts
from shared.authorities import authorities
from shared.db import Session

STANDING = ("listed", "paid", "refused", "reversed", "clawed_back")
"""States of lines that were not taken out of their list."""


async def show_run(session: Session, run: PaymentRun) -> RunRead:
    """The run with its sums, its objections and who signed."""
    lines = await lines_of(session, run.run_id, *STANDING, "withdrawn")
    standing = [line for line in lines if line.state in STANDING]
    signed = await approvals_of(session, run)
    carried = await count_carried_over(session, [run.run_id])
    return RunRead.model_validate(
        {
            **run.model_dump(),
            "schemes": _schemes(standing),
            "lines": count_states(lines),
            "amount_cny": sum((line.amount_cny for line in standing), Decimal(0)),
            "carried_over": carried.get(run.run_id, 0),
            "objections_open": await count_open_objections(session, run.run_id),
            "levels": [
                LevelRead(
                    level=level.id,
                    name=Texts(zh=level.zh, en=level.en),
                    role=level.role,
                    signatures=level.signatures,
                    signed_by=[row.signed_by for row in signed if row.level == level.id],
                )
                for level in await levels_of(session, run)
            ],
        }
    )


async def show_export(session: Session, run: PaymentRun) -> ExportRead:
    """What was handed to the finance bureau."""
    lines = await lines_of(session, run.run_id, *STANDING)
    statement = select(PaymentFile.format, PaymentFile.sha256).where(
        PaymentFile.run_id == run.run_id
    )
    files = await session.exec(statement.order_by(col(PaymentFile.format)))
    return ExportRead.model_validate(
        {
            "run_id": run.run_id,
            "exported_at": run.exported_at,
            "lines": len(lines),
            "amount_cny": sum((line.amount_cny for line in lines), Decimal(0)),
            "without_account": sum(line.account_id is None for line in lines),
            "files": [
                FileRead(
                    format=format_,
                    sha256=sha256,
                    url=f"/v1/payment-runs/{run.run_id}/file?format={format_}",
                )
                for format_, sha256 in files
            ],
        }
    )


def show_line(line: PaymentLine) -> LineRead:
    """A line without the payee's account."""
    return LineRead.model_validate(line.model_dump())


def show_notice(run: PaymentRun, today: date) -> NoticeRead:
    """The notice of a run."""
    assert run.notice_until is not None  # a run in notice has its days
    notice = desk_of(run.payer).notice
    return NoticeRead.model_validate(
        {
            **run.model_dump(),
            "payer_name": authorities()[run.payer].name,
            "running": run.state == "on_notice" and today <= run.notice_until,
            **notice.model_dump(),
        }
    )


def show_notice_line(line: PaymentLine) -> NoticeLine:
    """An intended payee."""
    scheme = find_scheme(line.scheme)
    return NoticeLine.model_validate(
        {**line.model_dump(), "scheme": Texts(zh=scheme.zh, en=scheme.en)}
    )


def show_objection(row: PaymentObjection) -> ObjectionRead:
    """An objection and how it was decided."""
    return ObjectionRead.model_validate(row.model_dump())


async def show_claw_backs(session: Session, rows: Sequence[ClawBack]) -> list[ClawBackRead]:
    """Claw-backs with their appeals."""
    ids = [row.claw_back_id for row in rows]
    found = await session.exec(select(Appeal).where(col(Appeal.claw_back_id).in_(ids)))
    appeals: dict[UUID, Appeal] = {row.claw_back_id: row for row in found}
    return [
        ClawBackRead.model_validate({**row.model_dump(), "appeal": _appeal(appeals, row)})
        for row in rows
    ]


async def payers_of(session: Session, lines: Sequence[PaymentLine]) -> dict[UUID, str]:
    """The payer of each line's run."""
    return {
        run_id: (await find_run(session, run_id)).payer
        for run_id in {line.run_id for line in lines}
    }


def _appeal(appeals: dict[UUID, Appeal], row: ClawBack) -> AppealRead | None:
    appeal = appeals.get(row.claw_back_id)
    return None if appeal is None else AppealRead.model_validate(appeal.model_dump())


def _schemes(lines: Sequence[PaymentLine]) -> list[SchemeOnRun]:
    return [
        SchemeOnRun(
            scheme=scheme,
            lines=len(of_scheme),
            payable_cny=sum((line.payable_cny for line in of_scheme), Decimal(0)),
            amount_cny=sum((line.amount_cny for line in of_scheme), Decimal(0)),
        )
        for scheme in sorted({line.scheme for line in lines})
        if (of_scheme := [line for line in lines if line.scheme == scheme])
    ]
