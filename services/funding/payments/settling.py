"""From the approved list to the reconciled return (拨付、回单、对账), and corrections by reversal.

The file is made once and kept; asking again gives the same bytes. A return file is taken in whole
or not at all, and twice is once. The platform moves no money: it books what the bank answered.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID, uuid4

from sqlmodel import col, func, select

from contracts.events.funding import PaymentStatus
from contracts.values import SHANGHAI
from services.funding.awards.service import find_scheme
from services.funding.ledger import service as ledger
from services.funding.ledger.accounts import Account
from services.funding.payments.bank_files import Answer, Format, digest_of, write_file
from services.funding.payments.claw_backs import claw_back_annulled, has_claw_back
from services.funding.payments.errors import ReturnUnusable, StepNotPossible
from services.funding.payments.lines import (
    find_line,
    find_run,
    lines_of,
    lock_run,
    payment_changed,
    require_state,
)
from services.funding.payments.models import (
    PayeeAccount,
    PaymentFile,
    PaymentLine,
    PaymentReturn,
    PaymentRun,
)
from services.funding.payments.run_schemas import ReversalWrite
from shared import clock
from shared.auth import Subject
from shared.bus import outbox
from shared.db import Session
from shared.uploaded_table import RowProblems

FORMATS: tuple[Format, ...] = ("csv", "xlsx")


async def export_run(session: Session, run_id: UUID, by: Subject) -> PaymentRun:
    """Hand the approved list to the finance bureau; from now on it is not changed. Twice is once.

    Each line keeps the account that its payee had on file at this moment. Raises RunNotFound,
    NotThePayer, StepNotPossible.
    """
    run = await lock_run(session, run_id, by)
    if run.state in ("exported", "reconciled"):
        return run
    require_state(run, "Exporting", "送财政", "approved")
    lines = await lines_of(session, run_id, "listed")
    accounts = await _accounts(session, lines)
    for line in lines:
        account = accounts.get(line.uscc)
        line.account_id = None if account is None else account.account_id
    rows = [_row(run, line, accounts.get(line.uscc)) for line in lines]
    for format_ in FORMATS:
        content = await asyncio.to_thread(write_file, format_, rows)
        session.add(
            PaymentFile(
                run_id=run_id,
                format=format_,
                sha256=hashlib.sha256(content).hexdigest(),
                content=content,
            )
        )
    run.state, run.exported_at = "exported", clock.now()
    return run


async def find_file(session: Session, run_id: UUID, format_: Format, by: Subject) -> PaymentFile:
    """The file as it was handed out. Raises RunNotFound, NotThePayer, StepNotPossible."""
    run = await find_run(session, run_id)
    ledger.require_payer(by, run.payer)
    file = await session.get(PaymentFile, (run_id, format_))
    if file is None:
        raise StepNotPossible(
            f"The list {run.list_no} was not exported yet. POST …/export first.",
            f"名单 {run.list_no} 尚未送财政,请先导出。",
        )
    return file


async def take_return(
    session: Session, run_id: UUID, answers: Sequence[Answer], by: Subject
) -> tuple[PaymentReturn, bool]:
    """Book what the bank did with each line; True beside a return that was taken in before.

    When every line is answered the run is reconciled. Raises RunNotFound, NotThePayer,
    StepNotPossible, ReturnUnusable.
    """
    run = await lock_run(session, run_id, by, tell_payees=True)
    digest = digest_of(answers)
    earlier = await session.get(PaymentReturn, (run_id, digest))
    if earlier is not None:
        return earlier, True
    require_state(run, "A return", "导入回单", "exported", "reconciled")
    states = ("listed", "paid", "refused", "reversed", "clawed_back")
    lines = {line.line_id: line for line in await lines_of(session, run_id, *states)}
    fresh = _fresh(run, lines, answers)
    for answer in fresh:
        line = lines[answer.line_id]
        line.state, line.reason = answer.result, answer.reason
        line.bank_reference, line.settled_on = answer.bank_reference, answer.settled_on
    paid = [lines[answer.line_id] for answer in fresh if answer.result == "paid"]
    refused = [lines[answer.line_id] for answer in fresh if answer.result == "refused"]
    await _book_return(session, run, digest, paid, refused, by)
    await outbox.add(
        session,
        *(payment_changed(run, line, PaymentStatus.PAID) for line in paid),
        *(payment_changed(run, line, PaymentStatus.REFUSED, line.reason) for line in refused),
    )
    taken = PaymentReturn(
        run_id=run_id,
        digest=digest,
        paid=len(paid),
        paid_cny=_sum(paid),
        refused=len(refused),
        refused_cny=_sum(refused),
        imported_by=by.sub,
        imported_at=clock.now(),
    )
    session.add(taken)
    if all(line.state != "listed" for line in lines.values()):
        run.state, run.ended_at = "reconciled", run.ended_at or clock.now()
    await session.flush()
    await claw_back_annulled(session, run, paid)
    return taken, False


async def reverse_line(
    session: Session, line_id: UUID, wanted: ReversalWrite, by: Subject
) -> PaymentLine:
    """Correct a refused line, or one that the bank gave back later, by a reversing line (冲正).

    The entitlement can go on a list again. Twice is once. Raises LineNotFound, NotThePayer,
    StepNotPossible.
    """
    line = await find_line(session, line_id)
    run = await find_run(session, line.run_id)
    ledger.require_payer(by, run.payer)
    await ledger.lock_desk(session, run.payer, [line.uscc])
    await session.refresh(line)
    if line.state == "reversed":
        statement = select(PaymentLine).where(PaymentLine.reverses == line_id)
        return (await session.exec(statement)).one()
    if line.state not in ("paid", "refused") or await has_claw_back(session, line_id):
        raise StepNotPossible(
            f"Only a refused or paid line without a claw-back is reversed; this one is"
            f" {line.state}.",
            f"仅已退回或已拨付且未作追回的明细可以冲正,当前状态为 {line.state}。",
        )
    held = Account.PAID if line.state == "paid" else Account.RETURNED
    line.state = "reversed"
    await session.flush()
    reversal = await _reversal(session, run, line, f"{wanted.reason} ({wanted.document_no})")
    session.add(reversal)
    book = await ledger.find_book(session, run.payer, line.scheme, run.year)
    occasion = f"line {line_id} reversed, {wanted.document_no}"
    moved = {Account.AVAILABLE: line.amount_cny}
    await ledger.transfer(session, book.book_id, occasion, held, moved, by.sub)
    fact = payment_changed(run, line, PaymentStatus.REVERSED, wanted.reason)
    await outbox.add(session, fact)
    return reversal


async def _reversal(
    session: Session, run: PaymentRun, line: PaymentLine, reason: str
) -> PaymentLine:
    last = await session.scalar(
        select(func.max(PaymentLine.number)).where(PaymentLine.run_id == run.run_id)
    )
    return PaymentLine(
        line_id=uuid4(),
        run_id=run.run_id,
        number=(last or 0) + 1,
        kind="reversal",
        reverses=line.line_id,
        entitlement_id=line.entitlement_id,
        uscc=line.uscc,
        name=line.name,
        scheme=line.scheme,
        period=line.period,
        payable_cny=-line.payable_cny,
        amount_cny=-line.amount_cny,
        state="booked",
        reason=reason,
        settled_on=clock.today(),
    )


def _fresh(
    run: PaymentRun, lines: dict[UUID, PaymentLine], answers: Sequence[Answer]
) -> list[Answer]:
    """The answers that say something new. Raises ReturnUnusable when one cannot be true."""
    assert run.exported_at is not None  # the run is exported
    exported_on, today = run.exported_at.astimezone(SHANGHAI).date(), clock.today()
    problems, fresh = RowProblems(ReturnUnusable), list[Answer]()
    for answer in answers:
        line = lines.get(answer.line_id)
        if line is None:
            problems.add(answer.row, "line_id", "not a line of this run", "不属于本批次")
        elif answer.amount_cny != line.amount_cny:
            problems.add(
                answer.row,
                "amount_cny",
                f"{answer.amount_cny} is not the line's {line.amount_cny}",
                f"金额 {answer.amount_cny} 与明细 {line.amount_cny} 不符",
            )
        elif not exported_on <= answer.settled_on <= today:
            problems.add(
                answer.row,
                "settled_on",
                f"not between the export ({exported_on}) and today ({today})",
                f"日期不在送财政日 {exported_on} 至今日 {today} 之间",
            )
        elif line.state == "listed":
            fresh.append(answer)
        elif not _said_before(line, answer):
            problems.add(
                answer.row,
                "result",
                f"the line was answered before ({line.state}); correct it by a reversal",
                f"该明细已有回单({line.state}),如有误请冲正",
            )
    problems.refuse()
    return fresh


def _said_before(line: PaymentLine, answer: Answer) -> bool:
    return (line.bank_reference, line.settled_on, line.reason) == (
        answer.bank_reference,
        answer.settled_on,
        answer.reason,
    )


async def _book_return(
    session: Session,
    run: PaymentRun,
    digest: str,
    paid: Sequence[PaymentLine],
    refused: Sequence[PaymentLine],
    by: Subject,
) -> None:
    for scheme in sorted({line.scheme for line in (*paid, *refused)}):
        book = await ledger.find_book(session, run.payer, scheme, run.year)
        targets = {
            Account.PAID: _sum([line for line in paid if line.scheme == scheme]),
            Account.RETURNED: _sum([line for line in refused if line.scheme == scheme]),
        }
        occasion = f"list {run.list_no}: return {digest[:16]}"
        await ledger.transfer(session, book.book_id, occasion, Account.NOTIFIED, targets, by.sub)


async def _accounts(session: Session, lines: Sequence[PaymentLine]) -> dict[str, PayeeAccount]:
    """The latest account of each payee that gave one."""
    statement = (
        select(PayeeAccount)
        .where(col(PayeeAccount.uscc).in_({line.uscc for line in lines}))
        .order_by(col(PayeeAccount.given_at))
    )
    return {account.uscc: account for account in await session.exec(statement)}


def _row(run: PaymentRun, line: PaymentLine, account: PayeeAccount | None) -> list[str]:
    return [
        str(line.number),
        str(line.line_id),
        line.name,
        line.uscc,
        find_scheme(line.scheme).zh,
        line.period,
        f"{line.amount_cny:.2f}",
        account.holder if account else "",
        account.bank if account else "",
        account.number if account else "",
        run.list_no,
    ]


def _sum(lines: Sequence[PaymentLine]) -> Decimal:
    return sum((line.amount_cny for line in lines), Decimal(0))
