"""Runs and their lines: found, locked, counted, taken out. Shared by the steps of a run.

Taking a line out is a change of the list: it grows the revision, so earlier approvals hold no
more, and gives the money back to what is available.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select

from contracts.events.funding import PaymentChanged, PaymentStatus
from services.funding.ledger import service as ledger
from services.funding.ledger.accounts import Account
from services.funding.payments.errors import LineNotFound, RunNotFound, StepNotPossible
from services.funding.payments.models import PaymentDeferral, PaymentLine, PaymentRun
from shared import clock
from shared.auth import Subject
from shared.db import Session

LIVE = ("listed", "paid", "refused")
"""States in which a payment line takes its payee's place; the database's index says the same."""


async def find_run(session: Session, run_id: UUID) -> PaymentRun:
    """The run. Raises RunNotFound."""
    run = await session.get(PaymentRun, run_id)
    if run is None:
        raise RunNotFound(
            f"There is no payment run {run_id}. GET /v1/payment-runs lists them.",
            f"没有编号为 {run_id} 的拨付批次,请查看 GET /v1/payment-runs。",
        )
    return run


async def lock_run(
    session: Session, run_id: UUID, by: Subject | None = None, *, tell_payees: bool = False
) -> PaymentRun:
    """The run, its payer's desk held; with `tell_payees`, its payees as well.

    Raises RunNotFound, NotThePayer.
    """
    run = await find_run(session, run_id)
    if by is not None:
        ledger.require_payer(by, run.payer)
    usccs: Sequence[str] = ()
    if tell_payees:  # a run's payees never change once it is made
        payees = select(PaymentLine.uscc).where(PaymentLine.run_id == run_id).distinct()
        usccs = (await session.exec(payees)).all()
    await ledger.lock_desk(session, run.payer, usccs)
    await session.refresh(run)
    return run


async def lines_of(session: Session, run_id: UUID, *states: str) -> Sequence[PaymentLine]:
    """The run's payment lines in these states, in their order."""
    statement = select(PaymentLine).where(
        PaymentLine.run_id == run_id, col(PaymentLine.state).in_(states)
    )
    fresh = statement.order_by(col(PaymentLine.number)).execution_options(populate_existing=True)
    return (await session.exec(fresh)).all()


async def find_line(session: Session, line_id: UUID) -> PaymentLine:
    """The line. Raises LineNotFound."""
    line = await session.get(PaymentLine, line_id)
    if line is None:
        raise LineNotFound(
            f"There is no payment line {line_id}. The lines of a run list them.",
            f"没有编号为 {line_id} 的支付明细,请查看拨付批次的明细。",
        )
    return line


def require_state(run: PaymentRun, step: str, step_zh: str, *states: str) -> None:
    """Raises StepNotPossible unless the run is in one of the states."""
    if run.state not in states:
        raise StepNotPossible(
            f"{step} is not possible: the list {run.list_no} is {run.state}, not"
            f" {' or '.join(states)}.",
            f"不能{step_zh}:名单 {run.list_no} 当前状态为 {run.state},应为 {'、'.join(states)}。",
        )


def sum_by_scheme(lines: Sequence[PaymentLine]) -> dict[str, Decimal]:
    """The lines' amounts by scheme; each scheme has its own book."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        sums[line.scheme] += line.amount_cny
    return sums


async def book(
    session: Session,
    run: PaymentRun,
    occasion: str,
    source: Account,
    target: Account,
    lines: Sequence[PaymentLine],
    by: str,
) -> None:
    """Move the lines' money from one account to another, in the books of their schemes."""
    for scheme, amount in sorted(sum_by_scheme(lines).items()):
        found = await ledger.find_book(session, run.payer, scheme, run.year)
        await ledger.transfer(session, found.book_id, occasion, source, {target: amount}, by)


async def withdraw_lines(
    session: Session, run: PaymentRun, lines: Sequence[PaymentLine], reason: str, by: str
) -> None:
    """Take listed lines out of a run that was not exported yet; approvals are void then.

    A list without a line is cancelled, and what it left to the next year is this year's again.
    """
    held = Account.COMMITTED if run.state == "listed" else Account.NOTIFIED
    run.revision += 1
    if run.state == "approved":
        run.state = "on_notice"
    for line in lines:
        line.state, line.reason = "withdrawn", reason
    occasion = f"list {run.list_no} revision {run.revision}: {len(lines)} taken out"
    await book(session, run, occasion, held, Account.AVAILABLE, lines, by)
    await session.flush()
    if not await lines_of(session, run.run_id, "listed"):
        run.state, run.ended_at, run.end_reason = "cancelled", clock.now(), reason
        await session.flush()
        left_over = delete(PaymentDeferral).where(col(PaymentDeferral.run_id) == run.run_id)
        await (await session.connection()).execute(left_over)


def count_states(lines: Sequence[PaymentLine]) -> Counter[str]:
    """How many lines are in which state."""
    return Counter(line.state for line in lines)


def payment_changed(
    run: PaymentRun, line: PaymentLine, status: PaymentStatus, reason: str | None = None
) -> PaymentChanged:
    """What happened to the line, for its payee."""
    return PaymentChanged(
        uscc=line.uscc,
        line_id=str(line.line_id),
        entitlement_id=str(line.entitlement_id),
        scheme=line.scheme,
        period=line.period,
        payer=run.payer,
        status=status,
        amount_cny=abs(line.amount_cny),
        reason=reason,
    )
