"""Public notice of a list (公示) with objections (异议), and approval by levels (分级审批).

A list stands in notice before anyone signs. An objection is decided with reasons; an upheld one
takes its line out. Who made the list never signs it, one person signs once, and a change of the
list voids what was signed before.
"""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID, uuid4

from sqlmodel import col, select

from services.funding.ledger import service as ledger
from services.funding.ledger.accounts import Account
from services.funding.payments.desk import Level, desk_of
from services.funding.payments.errors import (
    FourEyes,
    NoticeRunning,
    NotYourLevel,
    ObjectionNotFound,
    ObjectionsOpen,
    RunNotFound,
    StepNotPossible,
    TooLate,
)
from services.funding.payments.lines import (
    book,
    find_line,
    find_run,
    lines_of,
    lock_run,
    require_state,
    withdraw_lines,
)
from services.funding.payments.models import PaymentApproval, PaymentObjection, PaymentRun
from services.funding.payments.notice_schemas import ObjectionWrite, Outcome
from shared import clock
from shared.auth import Subject
from shared.db import Session

PUBLIC = ("on_notice", "approved", "exported", "reconciled")
"""States in which a list is, or was, in public notice."""


async def open_notice(session: Session, run_id: UUID, by: Subject) -> PaymentRun:
    """Publish the list; its notice ends with the last day the rules give. Twice is once.

    Raises RunNotFound, NotThePayer, StepNotPossible, CalendarUnknown.
    """
    run = await lock_run(session, run_id, by)
    if run.state in PUBLIC:
        return run
    require_state(run, "A notice", "公示", "listed")
    today = clock.today()
    run.notice_from = today
    run.notice_until = desk_of(run.payer).notice.last_day(today)
    run.state = "on_notice"
    lines = await lines_of(session, run_id, "listed")
    occasion = f"list {run.list_no}: in public notice"
    await book(session, run, occasion, Account.COMMITTED, Account.NOTIFIED, lines, by.sub)
    return run


async def find_notice(session: Session, run_id: UUID) -> PaymentRun:
    """A list that is or was in public notice; no other is shown. Raises RunNotFound."""
    run = await find_run(session, run_id)
    if run.state not in PUBLIC:
        raise RunNotFound(
            f"There is no public notice {run_id}. GET /v1/payment-notices lists them.",
            f"没有编号为 {run_id} 的公示,请查看 GET /v1/payment-notices。",
        )
    return run


async def raise_objection(
    session: Session, run_id: UUID, wanted: ObjectionWrite, by: Subject
) -> PaymentObjection:
    """Object to a line, or to one who is missing, while the notice runs. Twice is once.

    Raises RunNotFound, LineNotFound, TooLate.
    """
    run = await find_notice(session, run_id)
    await ledger.lock_desk(session, run.payer)
    await session.refresh(run)
    until = run.notice_until
    if run.state != "on_notice" or until is None or clock.today() > until:
        raise TooLate(
            f"Objections to {run.list_no} were taken until {until}.",
            f"名单 {run.list_no} 的异议受理截止日为 {until}。",
        )
    if wanted.line_id is not None:
        line = await find_line(session, wanted.line_id)
        if line.run_id != run_id or line.state != "listed":
            raise StepNotPossible(
                f"Line {wanted.line_id} is not on the list {run.list_no}.",
                f"明细 {wanted.line_id} 不在名单 {run.list_no} 上。",
            )
    raised_by = f"{by.role}:{by.uscc or by.org or by.authority or by.sub}"
    same = select(PaymentObjection).where(
        PaymentObjection.run_id == run_id,
        PaymentObjection.line_id == wanted.line_id,
        PaymentObjection.raised_by == raised_by,
        PaymentObjection.reason == wanted.reason,
    )
    earlier = (await session.exec(same)).first()
    if earlier is not None:
        return earlier
    objection = PaymentObjection(
        objection_id=uuid4(),
        run_id=run_id,
        line_id=wanted.line_id,
        reason=wanted.reason,
        raised_by=raised_by,
        raised_at=clock.now(),
    )
    session.add(objection)
    return objection


async def decide_objection(
    session: Session, objection_id: UUID, outcome: Outcome, decision: str, by: Subject
) -> PaymentObjection:
    """Uphold or dismiss an objection with reasons; an upheld one takes its line out.

    The same decision again changes nothing. Raises ObjectionNotFound, NotThePayer,
    StepNotPossible.
    """
    objection = await session.get(PaymentObjection, objection_id)
    if objection is None:
        raise ObjectionNotFound(
            f"There is no objection {objection_id}.", f"没有编号为 {objection_id} 的异议。"
        )
    run = await lock_run(session, objection.run_id, by)
    await session.refresh(objection)
    if objection.outcome is not None:
        if (objection.outcome, objection.decision) == (outcome, decision):
            return objection
        raise StepNotPossible(
            f"The objection was {objection.outcome} already.",
            f"该异议已作出处理:{objection.outcome}。",
        )
    objection.outcome, objection.decision = outcome, decision
    objection.decided_by, objection.decided_at = by.sub, clock.now()
    if outcome == "upheld" and objection.line_id is not None:
        line = await find_line(session, objection.line_id)
        if line.state == "listed" and run.state in ("on_notice", "approved"):
            reason = f"objection {objection_id} upheld"
            await withdraw_lines(session, run, [line], reason, by.sub)
    return objection


async def sign(
    session: Session, run_id: UUID, revision: int, note: str | None, by: Subject
) -> PaymentRun:
    """Sign the list at the level whose turn it is; the last signature approves it. Twice is once.

    Raises RunNotFound, StepNotPossible, NoticeRunning, ObjectionsOpen, FourEyes, NotYourLevel.
    """
    run = await lock_run(session, run_id)
    signed = await approvals_of(session, run)
    if any(approval.signed_by == by.sub for approval in signed) and revision == run.revision:
        return run
    _may_be_signed(run, revision)
    if await count_open_objections(session, run_id):
        raise ObjectionsOpen(
            "An objection waits for its decision; decide it first.", "尚有异议未处理,请先处理。"
        )
    if by.sub == run.made_by:
        raise FourEyes(
            "You made this list; another person signs it.", "名单由您编制,须由他人签批。"
        )
    levels = await levels_of(session, run)
    level = _next_level(levels, signed)
    if level is None or not level.admits(by, run.payer):
        raise _not_yours(level, run.payer)
    approval = PaymentApproval(
        run_id=run_id,
        revision=revision,
        signed_by=by.sub,
        level=level.id,
        role=by.role,
        signed_at=clock.now(),
        note=note,
    )
    session.add(approval)
    if _next_level(levels, [*signed, approval]) is None:
        run.state = "approved"
    return run


async def approvals_of(session: Session, run: PaymentRun) -> Sequence[PaymentApproval]:
    """The signatures under the list as it is now."""
    statement = select(PaymentApproval).where(
        PaymentApproval.run_id == run.run_id, PaymentApproval.revision == run.revision
    )
    return (await session.exec(statement.order_by(col(PaymentApproval.signed_at)))).all()


async def levels_of(session: Session, run: PaymentRun) -> tuple[Level, ...]:
    """The levels that sign a list of this total."""
    lines = await lines_of(session, run.run_id, "listed", "paid", "refused", "reversed")
    total = sum((line.amount_cny for line in lines), Decimal(0))
    return desk_of(run.payer).approval.levels_for(total)


async def count_open_objections(session: Session, run_id: UUID) -> int:
    """Objections that wait for their decision."""
    statement = select(PaymentObjection.objection_id).where(
        PaymentObjection.run_id == run_id, col(PaymentObjection.outcome).is_(None)
    )
    return len((await session.exec(statement)).all())


def _may_be_signed(run: PaymentRun, revision: int) -> None:
    require_state(run, "Signing", "签批", "on_notice")
    if revision != run.revision:
        raise StepNotPossible(
            f"The list is at revision {run.revision} now; read it again and sign that one.",
            f"名单已更新至第 {run.revision} 版,请重新核对后签批。",
        )
    until = run.notice_until
    assert until is not None  # the database wants it in this state
    if clock.today() <= until:
        raise NoticeRunning(
            f"The public notice runs until the end of {until}; sign after it.",
            f"公示期至 {until} 结束,期满后方可签批。",
        )


def _next_level(levels: Sequence[Level], signed: Sequence[PaymentApproval]) -> Level | None:
    for level in levels:
        if sum(approval.level == level.id for approval in signed) < level.signatures:
            return level
    return None


def _not_yours(level: Level | None, payer: str) -> NotYourLevel:
    en, zh = ("nobody", "无") if level is None else (f"{level.en} ({level.role})", level.zh)
    return NotYourLevel(
        f"The next signature is for {en}; the payer is {payer}.",
        f"下一签批层级:{zh};奖补主体:{payer}。",
    )
