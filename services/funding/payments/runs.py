"""A list of intended payees (拟拨付名单): made from the payable entitlements, or cancelled.

Every payable entitlement that is on no live line goes on it, as far as the year's budget reaches.
What an earlier year did not pay is paid from this year's budget. A short budget is handled as the
scheme says; where it does not say, the payer says so by a document.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy
from sqlalchemy import ColumnElement
from sqlmodel import col, exists, insert, select

from contracts.events.funding import EntitlementStatus
from services.funding.awards.models import Entitlement
from services.funding.awards.service import find_scheme
from services.funding.ledger import service as ledger
from services.funding.ledger.accounts import Account
from services.funding.models import Enterprise
from services.funding.payments.errors import (
    ListNoTaken,
    NothingToPay,
    ShortageUndecided,
    TitlesTied,
    TooManyLines,
)
from services.funding.payments.lines import LIVE, lines_of, lock_run, require_state, withdraw_lines
from services.funding.payments.models import PaymentDeferral, PaymentLine, PaymentRun
from services.funding.payments.run_schemas import RunWrite, ShortageDecision
from services.funding.payments.sharing import Clause, Due, Shares, Tied, share
from shared import clock
from shared.auth import Subject
from shared.authorities import authorities
from shared.db import Session

LINES_MAX = 3_000


@dataclass(frozen=True)
class Found:
    """A payable entitlement, its payee's name, and whether an earlier year carried it over."""

    entitlement: Entitlement
    name: str
    carried_over: bool

    @property
    def due(self) -> Due:
        """What is payable, for sharing."""
        row = self.entitlement
        assert row.payable_cny is not None  # only payable ones are read
        return Due(
            row.entitlement_id, row.uscc, row.payable_cny, row.effective_on, self.carried_over
        )

    @property
    def place(self) -> tuple[date, str, str]:
        """Where it stands on the list."""
        return self.entitlement.effective_on, self.name, self.entitlement.uscc


async def make_list(session: Session, wanted: RunWrite, by: Subject) -> tuple[PaymentRun, bool]:
    """Put every payable entitlement on a new list; False beside the list that was made before.

    Raises NotThePayer, ListNoTaken, NothingToPay, TooManyLines, BudgetNotFound,
    ShortageUndecided, TitlesTied.
    """
    ledger.require_payer(by, wanted.payer)
    await ledger.lock_desk(session, wanted.payer)
    run = _run(wanted, by)
    earlier = await _same_number(session, run)
    if earlier is not None:
        return earlier, False
    by_scheme: defaultdict[str, list[Found]] = defaultdict(list)
    for one in await _payable(session, run):
        by_scheme[one.entitlement.scheme].append(one)
    session.add(run)
    decisions = {decision.scheme: decision for decision in wanted.shortages}
    lines: list[dict[str, Any]] = []
    for scheme, found in sorted(by_scheme.items()):
        shares = await _shares(session, run, scheme, found, decisions.get(scheme), by)
        lines += _lines(run, found, shares, first=len(lines) + 1)
    if not lines:
        raise _nothing(wanted)
    await (await session.connection()).execute(insert(PaymentLine), lines)
    return run, True


async def cancel_run(session: Session, run_id: UUID, reason: str, by: Subject) -> PaymentRun:
    """Give up a list that was not exported yet; its money is available again. Twice is once.

    Raises RunNotFound, NotThePayer, StepNotPossible.
    """
    run = await lock_run(session, run_id, by)
    if run.state == "cancelled":
        return run
    require_state(run, "Cancelling", "撤销", "listed", "on_notice", "approved")
    lines = await lines_of(session, run_id, "listed")
    await withdraw_lines(session, run, lines, reason, by.sub)
    return run


async def count_carried_over(session: Session, run_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many entitlements each run left to the next year."""
    rows = await (await session.connection()).execute(
        sqlalchemy.select(
            col(PaymentDeferral.run_id), sqlalchemy.func.count().label("entitlements")
        )
        .where(col(PaymentDeferral.run_id).in_(run_ids))
        .group_by(col(PaymentDeferral.run_id))
    )
    return {row.run_id: row.entitlements for row in rows}


def _run(wanted: RunWrite, by: Subject) -> PaymentRun:
    return PaymentRun(
        run_id=uuid4(),
        payer=wanted.payer,
        list_no=wanted.list_no,
        scheme=wanted.scheme,
        year=wanted.year or clock.today().year,
        titles_until=wanted.titles_until,
        shortages=[decision.model_dump(mode="json") for decision in wanted.shortages],
        state="listed",
        made_by=by.sub,
        made_at=clock.now(),
    )


async def _same_number(session: Session, run: PaymentRun) -> PaymentRun | None:
    """The list with this number, when it was made by the same words. Raises ListNoTaken."""
    statement = select(PaymentRun).where(
        PaymentRun.payer == run.payer, PaymentRun.list_no == run.list_no
    )
    earlier = (await session.exec(statement)).one_or_none()
    if earlier is None:
        return None
    words = ("scheme", "year", "titles_until", "shortages")
    if any(getattr(earlier, word) != getattr(run, word) for word in words):
        raise ListNoTaken(
            f"{run.list_no} is another list of {run.payer} ({earlier.run_id}). Take a new number.",
            f"名单编号 {run.list_no} 已用于其他名单({earlier.run_id}),请更换编号。",
        )
    return earlier


async def _payable(session: Session, run: PaymentRun) -> Sequence[Found]:
    """Payable entitlements on no live line; held, so that none ends before its line is there."""
    carried = exists().where(
        col(PaymentDeferral.entitlement_id) == col(Entitlement.entitlement_id),
        col(PaymentDeferral.year) < run.year,
    )
    statement = (
        select(Entitlement, col(Enterprise.name), carried)
        .outerjoin(Enterprise, col(Enterprise.uscc) == col(Entitlement.uscc))
        .where(*_is_payable(run))
        .order_by(col(Entitlement.entitlement_id))
        .limit(LINES_MAX + 1)
        .with_for_update(read=True, of=Entitlement)
    )
    rows = (await session.exec(statement)).all()
    if len(rows) > LINES_MAX:
        raise TooManyLines(
            f"Over {LINES_MAX} entitlements are payable. Name a scheme, or titles_until.",
            f"应付权益超过 {LINES_MAX} 项,请指定奖补项目或称号生效截止日分批编制。",
        )
    return [Found(row, name or row.uscc, carried_over) for row, name, carried_over in rows]


def _is_payable(run: PaymentRun) -> list[ColumnElement[bool]]:
    on_a_line = exists().where(
        col(PaymentLine.uscc) == col(Entitlement.uscc),
        col(PaymentLine.scheme) == col(Entitlement.scheme),
        col(PaymentLine.period) == col(Entitlement.period),
        col(PaymentLine.state).in_(LIVE),
    )
    left_to_next_year = exists().where(
        col(PaymentDeferral.entitlement_id) == col(Entitlement.entitlement_id),
        col(PaymentDeferral.year) == run.year,
    )
    conditions = [
        col(Entitlement.payer) == run.payer,
        col(Entitlement.status) == EntitlementStatus.APPEARED,
        col(Entitlement.payable_cny) > 0,
        col(Entitlement.budget_year) <= run.year,
        ~on_a_line,
        ~left_to_next_year,
    ]
    if run.scheme is not None:
        conditions.append(col(Entitlement.scheme) == run.scheme)
    if run.titles_until is not None:
        conditions.append(col(Entitlement.effective_on) <= run.titles_until)
    return conditions


async def _shares(
    session: Session,
    run: PaymentRun,
    scheme: str,
    found: Sequence[Found],
    decision: ShortageDecision | None,
    by: Subject,
) -> Shares:
    """Who of one scheme gets how much, booked as committed (已安排)."""
    book = await ledger.find_book(session, run.payer, scheme, run.year)
    available = (await ledger.balances(session, book.book_id))[Account.AVAILABLE]
    due = [one.due for one in found]
    total = sum((one.amount_cny for one in due), Decimal(0))
    shares: Shares = {one.entitlement_id: one.amount_cny for one in due}
    if total > available:
        clause = _clause(scheme, decision, total, available)
        try:
            shares = share(clause, due, available, decision.ties if decision else None)
        except Tied as tied:
            raise _tied(scheme, tied) from None
        if clause is Clause.CARRY_OVER:
            await _carry_over(session, run, [one.entitlement_id for one in due], shares)
    committed = sum(shares.values(), Decimal(0))
    occasion = f"list {run.list_no}: {len(shares)} lines committed"
    await ledger.transfer(
        session,
        book.book_id,
        occasion,
        Account.AVAILABLE,
        {Account.COMMITTED: committed},
        by.sub,
    )
    return shares


def _clause(
    scheme: str, decision: ShortageDecision | None, total: Decimal, available: Decimal
) -> Clause:
    said = find_scheme(scheme).shortage
    named = None if decision is None else decision.clause
    if said == "unknown" and named is not None:
        return named
    if said == "unknown":
        raise ShortageUndecided(
            f"{scheme}: {total} yuan are due and {available} available, and the scheme does not say"
            " what follows. Name the clause (scale_down, carry_over or first_titles_first) with its"
            f" document in shortages, or add to the budget with POST /v1/award-budgets.",
            f"{scheme}:应付 {total} 元,可用 {available} 元,项目办法未明确预算不足时的处理方式。"
            f"请在 shortages 中注明处理方式及文号,或通过 POST /v1/award-budgets 追加预算。",
        )
    if named not in (None, said):
        raise ShortageUndecided(
            f"{scheme} itself says {said} of a short budget; leave the clause out.",
            f"{scheme} 办法已明确预算不足时按 {said} 处理,请勿另行指定。",
        )
    return Clause(said)


async def _carry_over(
    session: Session, run: PaymentRun, due: Sequence[UUID], shares: Shares
) -> None:
    rows = [
        {"entitlement_id": one, "year": run.year, "run_id": run.run_id}
        for one in due
        if one not in shares
    ]
    if rows:
        await session.flush()
        await (await session.connection()).execute(insert(PaymentDeferral), rows)


def _lines(
    run: PaymentRun, found: Sequence[Found], shares: Shares, first: int
) -> list[dict[str, Any]]:
    ordered = sorted(found, key=lambda one: one.place)
    paid = [one for one in ordered if one.entitlement.entitlement_id in shares]
    return [
        {
            "line_id": uuid4(),
            "run_id": run.run_id,
            "number": number,
            "kind": "payment",
            "entitlement_id": one.entitlement.entitlement_id,
            "uscc": one.entitlement.uscc,
            "name": one.name,
            "scheme": one.entitlement.scheme,
            "period": one.entitlement.period,
            "payable_cny": one.entitlement.payable_cny,
            "amount_cny": shares[one.entitlement.entitlement_id],
            "state": "listed",
        }
        for number, one in enumerate(paid, first)
    ]


def _nothing(wanted: RunWrite) -> NothingToPay:
    payer = authorities()[wanted.payer].name if wanted.payer in authorities() else wanted.payer
    return NothingToPay(
        f"Nothing of {payer} can go on a list: every payable entitlement is on one already, or the"
        f" budget is used up. See /v1/entitlements/summary and GET /v1/award-budgets.",
        f"{payer} 没有可列入名单的权益:均已列入名单,或预算已用完。",
    )


def _tied(scheme: str, tied: Tied) -> TitlesTied:
    return TitlesTied(
        f"{scheme}: {tied.left_cny} yuan are left for {tied.count} titles that took effect on"
        f" {tied.day}, and none of them is first. Say with its document in shortages whether they"
        " share it (ties: share) or wait (ties: wait), or add to the budget.",
        f"{scheme}:剩余 {tied.left_cny} 元,{tied.day} 同日生效的称号有 {tied.count} 项,不分先后。"
        "请在 shortages 中注明按比例分配(share)或暂缓(wait)及文号,或追加预算。",
    )
