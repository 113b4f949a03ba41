"""Appeal against a claw-back (申诉): one, by the payee, with reasons, within the deadline.

Another person than the one who ordered decides it. While it is open nothing falls due. A deadline
for the decision that passes is marked once.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlmodel import col, select

from contracts.events.funding import PaymentStatus
from services.funding.ledger import service as ledger
from services.funding.ledger.accounts import Account
from services.funding.payments.claw_backs import find_claw_back, lock_claw_back, tell
from services.funding.payments.desk import desk_of
from services.funding.payments.errors import FourEyes, NotThePayee, StepNotPossible, TooLate
from services.funding.payments.models import Appeal, ClawBack
from services.funding.payments.notice_schemas import Outcome
from shared import clock
from shared.auth import Subject
from shared.db import Session


async def file_appeal(session: Session, claw_back_id: UUID, reasons: str, by: Subject) -> ClawBack:
    """Appeal against a claw-back, once. The same words again change nothing.

    Raises ClawBackNotFound, NotThePayee, TooLate, StepNotPossible.
    """
    claw_back = await find_claw_back(session, claw_back_id)
    require_payee(by, claw_back.uscc)
    await ledger.lock_desk(session, claw_back.payer, [claw_back.uscc])
    await session.refresh(claw_back)
    earlier = await session.get(Appeal, claw_back_id)
    if earlier is not None and earlier.reasons == reasons:
        return claw_back
    if earlier is not None or claw_back.state != "ordered":
        raise StepNotPossible(
            f"The claw-back is {claw_back.state}; it can be appealed once, while it is open.",
            f"追回状态为 {claw_back.state},每项追回在办理期间可申诉一次。",
        )
    if clock.today() > claw_back.appeal_until:
        raise TooLate(
            f"An appeal was possible until {claw_back.appeal_until}.",
            f"申诉期限为 {claw_back.appeal_until},已过期。",
        )
    days = desk_of(claw_back.payer).claw_back.decide_days
    session.add(
        Appeal(
            claw_back_id=claw_back_id,
            reasons=reasons,
            filed_by=by.sub,
            filed_at=clock.now(),
            decide_by=clock.today() + timedelta(days=days),
        )
    )
    claw_back.state = "appealed"
    return claw_back


async def decide_appeal(
    session: Session, claw_back_id: UUID, outcome: Outcome, decision: str, by: Subject
) -> ClawBack:
    """Uphold the appeal, which cancels the claw-back, or dismiss it, with reasons.

    A dismissed one gives the payee a new day to repay. The same decision again changes nothing.
    Raises ClawBackNotFound, NotThePayer, FourEyes, StepNotPossible.
    """
    claw_back, line, run = await lock_claw_back(session, claw_back_id, by)
    appeal = await session.get(Appeal, claw_back_id, populate_existing=True)
    if appeal is not None and (appeal.outcome, appeal.decision) == (outcome, decision):
        return claw_back
    if appeal is None or claw_back.state != "appealed":
        raise StepNotPossible("No appeal waits for a decision.", "没有待处理的申诉。")
    if by.sub == claw_back.ordered_by:
        raise FourEyes(
            "You ordered this claw-back; another person decides the appeal.",
            "追回由您作出,申诉须由他人处理。",
        )
    appeal.outcome, appeal.decision = outcome, decision
    appeal.decided_by, appeal.decided_at = by.sub, clock.now()
    if outcome == "dismissed":
        days = desk_of(claw_back.payer).claw_back.repay_days
        claw_back.state, claw_back.overdue_at = "ordered", None
        claw_back.due_on = max(claw_back.due_on, clock.today() + timedelta(days=days))
        await tell(session, claw_back, PaymentStatus.CLAW_BACK_ORDERED, decision)
        return claw_back
    claw_back.state, claw_back.ended_at = "cancelled", clock.now()
    book = await ledger.find_book(session, run.payer, line.scheme, run.year)
    occasion = f"claw-back {claw_back_id} cancelled on appeal"
    moved = {Account.PAID: claw_back.repaid_cny}
    await ledger.transfer(session, book.book_id, occasion, Account.CLAWED_BACK, moved, by.sub)
    claw_back.repaid_cny = Decimal(0)
    await tell(session, claw_back, PaymentStatus.CLAW_BACK_CANCELLED, decision)
    return claw_back


async def find_undecided(session: Session, now: datetime, after: str, limit: int) -> Sequence[str]:
    """Appeals whose day to be decided has passed and that were not marked yet."""
    statement = select(Appeal.claw_back_id).where(
        col(Appeal.outcome).is_(None),
        col(Appeal.overdue_at).is_(None),
        col(Appeal.decide_by) < now.date(),
        *([col(Appeal.claw_back_id) > UUID(after)] if after else []),
    )
    rows = await session.exec(statement.order_by(col(Appeal.claw_back_id)).limit(limit))
    return [str(claw_back_id) for claw_back_id in rows]


async def mark_undecided(session: Session, claw_back_ids: Sequence[str], now: datetime) -> None:
    """Mark appeals that wait too long, once; the payer's lists show them."""
    for text in claw_back_ids:
        await lock_claw_back(session, UUID(text))
        appeal = await session.get(Appeal, UUID(text), populate_existing=True)
        assert appeal is not None  # appeals are never deleted
        late = appeal.outcome is None and appeal.decide_by < now.date()
        if late and appeal.overdue_at is None:
            appeal.overdue_at = now


def require_payee(by: Subject, uscc: str) -> None:
    """Raises NotThePayee unless the caller is this payee."""
    if by.uscc != uscc:
        raise NotThePayee(
            f"This is the matter of the payee {uscc} itself.", f"此事项仅限收款单位 {uscc} 办理。"
        )
