"""Claw-back of paid money (追回): ordered, repaid, overdue.

A paid line whose title was annulled from the start is claimed back without anyone's asking;
fraud and moving away where the scheme provides for it. A title that expires or is revoked later
takes nothing back. The payee hears of every step by event, with its deadlines.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal, TypeAlias
from uuid import UUID, uuid4

from sqlmodel import col, select

from contracts.events.funding import PaymentStatus
from services.funding.awards.deciding import EndReason
from services.funding.awards.models import Entitlement
from services.funding.awards.service import find_scheme
from services.funding.ledger import service as ledger
from services.funding.ledger.accounts import Account
from services.funding.payments.claw_back_schemas import ClawBackWrite, RepaymentWrite
from services.funding.payments.desk import desk_of
from services.funding.payments.errors import ClauseMissing, ClawBackNotFound, StepNotPossible
from services.funding.payments.lines import find_line, find_run, payment_changed
from services.funding.payments.models import ClawBack, PaymentLine, PaymentRun, Repayment
from shared import clock
from shared.auth import Subject
from shared.bus import outbox
from shared.db import Session

Ground: TypeAlias = Literal["annulled", "fraud", "moved_away"]
PLATFORM = "platform"
"""Who orders a claw-back that needs no decision."""


async def claw_back_annulled(
    session: Session, run: PaymentRun, paid: Sequence[PaymentLine]
) -> None:
    """Order the claw-back of paid lines whose title turned out void from the start.

    The payees' keys and the payer's desk are held by the caller.
    """
    statement = select(Entitlement.entitlement_id).where(
        col(Entitlement.entitlement_id).in_([line.entitlement_id for line in paid]),
        Entitlement.end_reason == EndReason.TITLE_ANNULLED,
    )
    void = set((await session.exec(statement)).all())
    for line in paid:
        if line.entitlement_id in void and not await has_claw_back(session, line.line_id):
            reason = "称号自始无效 The title is void from the start"
            await _order(session, run, line, "annulled", reason, PLATFORM)


async def has_claw_back(session: Session, line_id: UUID) -> bool:
    """Whether a claw-back of the line stands."""
    statement = select(ClawBack.claw_back_id).where(
        ClawBack.line_id == line_id, ClawBack.state != "cancelled"
    )
    return (await session.exec(statement)).first() is not None


async def order_claw_back(
    session: Session, line_id: UUID, wanted: ClawBackWrite, by: Subject
) -> ClawBack:
    """Order a payee to repay for fraud or moving away (追回决定). The same order again is once.

    Raises LineNotFound, NotThePayer, ClauseMissing, StepNotPossible.
    """
    line = await find_line(session, line_id)
    run = await find_run(session, line.run_id)
    ledger.require_payer(by, run.payer)
    if wanted.ground not in find_scheme(line.scheme).claw_back:
        raise ClauseMissing(
            f"{line.scheme} does not provide for a claw-back on {wanted.ground}.",
            f"{line.scheme} 办法未规定以 {wanted.ground} 为由追回。",
        )
    await ledger.lock_desk(session, run.payer, [line.uscc])
    await session.refresh(line)
    statement = select(ClawBack).where(ClawBack.line_id == line_id, ClawBack.state != "cancelled")
    earlier = (await session.exec(statement)).one_or_none()
    if earlier is not None and (earlier.ground, earlier.reason) == (wanted.ground, wanted.reason):
        return earlier
    if earlier is not None or line.state != "paid":
        raise StepNotPossible(
            "Only a paid line that is not claimed back already is clawed back.",
            "仅已拨付且未作追回的明细可以追回。",
        )
    return await _order(session, run, line, wanted.ground, wanted.reason, by.sub)


async def book_repayment(
    session: Session, claw_back_id: UUID, wanted: RepaymentWrite, by: Subject
) -> ClawBack:
    """Book money that came back; the last of it ends the claw-back. A reference is booked once.

    Raises ClawBackNotFound, NotThePayer, StepNotPossible.
    """
    claw_back, line, run = await lock_claw_back(session, claw_back_id, by)
    earlier = await session.get(Repayment, (claw_back_id, wanted.bank_reference))
    if earlier is not None and earlier.amount_cny == wanted.amount_cny:
        return claw_back
    open_cny = claw_back.amount_cny - claw_back.repaid_cny
    if claw_back.state != "ordered" or earlier is not None or wanted.amount_cny > open_cny:
        raise StepNotPossible(
            f"The claw-back is {claw_back.state} and {open_cny} yuan are open; a bank reference is"
            " booked once.",
            f"追回状态为 {claw_back.state},未退金额 {open_cny} 元;同一流水号只能入账一次。",
        )
    session.add(
        Repayment(
            claw_back_id=claw_back_id,
            bank_reference=wanted.bank_reference,
            amount_cny=wanted.amount_cny,
            repaid_on=wanted.repaid_on,
            booked_by=by.sub,
            booked_at=clock.now(),
        )
    )
    book = await ledger.find_book(session, run.payer, line.scheme, run.year)
    occasion = f"claw-back {claw_back_id}: {wanted.bank_reference}"
    moved = {Account.CLAWED_BACK: wanted.amount_cny}
    await ledger.transfer(session, book.book_id, occasion, Account.PAID, moved, by.sub)
    claw_back.repaid_cny += wanted.amount_cny
    if claw_back.repaid_cny == claw_back.amount_cny:
        claw_back.state, claw_back.ended_at, line.state = "repaid", clock.now(), "clawed_back"
        fact = payment_changed(run, line, PaymentStatus.CLAWED_BACK, claw_back.reason)
        await outbox.add(session, fact)
    return claw_back


async def lock_claw_back(
    session: Session, claw_back_id: UUID, by: Subject | None = None
) -> tuple[ClawBack, PaymentLine, PaymentRun]:
    """The claw-back with its line and run; its payee and its payer's desk are held.

    Raises ClawBackNotFound, NotThePayer.
    """
    claw_back = await find_claw_back(session, claw_back_id)
    if by is not None:
        ledger.require_payer(by, claw_back.payer)
    await ledger.lock_desk(session, claw_back.payer, [claw_back.uscc])
    await session.refresh(claw_back)
    line = await find_line(session, claw_back.line_id)
    await session.refresh(line)
    return claw_back, line, await find_run(session, line.run_id)


async def find_claw_back(session: Session, claw_back_id: UUID) -> ClawBack:
    """The claw-back. Raises ClawBackNotFound."""
    claw_back = await session.get(ClawBack, claw_back_id)
    if claw_back is None:
        raise ClawBackNotFound(
            f"There is no claw-back {claw_back_id}. GET /v1/claw-backs lists them.",
            f"没有编号为 {claw_back_id} 的追回,请查看 GET /v1/claw-backs。",
        )
    return claw_back


async def find_overdue(session: Session, now: datetime, after: str, limit: int) -> Sequence[str]:
    """Claw-backs whose day to repay has passed and that were not marked yet."""
    statement = select(ClawBack.claw_back_id).where(
        ClawBack.state == "ordered",
        col(ClawBack.overdue_at).is_(None),
        col(ClawBack.due_on) < now.date(),
        *([col(ClawBack.claw_back_id) > UUID(after)] if after else []),
    )
    rows = await session.exec(statement.order_by(col(ClawBack.claw_back_id)).limit(limit))
    return [str(claw_back_id) for claw_back_id in rows]


async def mark_overdue(session: Session, claw_back_ids: Sequence[str], now: datetime) -> None:
    """Mark what is overdue, once, and tell the payees."""
    ids = [UUID(text) for text in claw_back_ids]
    found = (await session.exec(select(ClawBack).where(col(ClawBack.claw_back_id).in_(ids)))).all()
    await ledger.lock_desks(session, [one.payer for one in found], [one.uscc for one in found])
    for claw_back in found:
        await session.refresh(claw_back)
        overdue = claw_back.state == "ordered" and claw_back.due_on < now.date()
        if not overdue or claw_back.overdue_at is not None:
            continue
        claw_back.overdue_at = now
        await tell(session, claw_back, PaymentStatus.CLAW_BACK_OVERDUE, claw_back.reason)


async def tell(session: Session, claw_back: ClawBack, status: PaymentStatus, reason: str) -> None:
    """Tell the payee what became of the claw-back, with the deadlines that hold now."""
    line = await find_line(session, claw_back.line_id)
    run = await find_run(session, line.run_id)
    deadlines = {"due_on": claw_back.due_on, "appeal_until": claw_back.appeal_until}
    fact = payment_changed(run, line, status, reason).model_copy(update=deadlines)
    await outbox.add(session, fact)


async def _order(
    session: Session, run: PaymentRun, line: PaymentLine, ground: Ground, reason: str, by: str
) -> ClawBack:
    terms, today = desk_of(run.payer).claw_back, clock.today()
    claw_back = ClawBack(
        claw_back_id=uuid4(),
        line_id=line.line_id,
        entitlement_id=line.entitlement_id,
        uscc=line.uscc,
        payer=run.payer,
        scheme=line.scheme,
        ground=ground,
        reason=reason,
        amount_cny=line.amount_cny,
        repaid_cny=Decimal(0),
        ordered_by=by,
        ordered_at=clock.now(),
        due_on=today + timedelta(days=terms.repay_days),
        appeal_until=today + timedelta(days=terms.appeal_days),
    )
    session.add(claw_back)
    await tell(session, claw_back, PaymentStatus.CLAW_BACK_ORDERED, reason)
    return claw_back
