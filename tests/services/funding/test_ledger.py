"""The double-entry ledger: what it refuses, and that it balances after any flow of a desk."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from services.funding.ledger import service as ledger
from services.funding.ledger.accounts import Account
from services.funding.ledger.errors import (
    BudgetExhausted,
    BudgetNotFound,
    BudgetTooLarge,
    DocumentBooked,
    NotThePayer,
)
from services.funding.ledger.schemas import AppropriationWrite
from services.funding.payments import appeals, claw_backs, notices, runs, settling
from services.funding.payments.bank_files import read_return
from services.funding.payments.claw_back_schemas import ClawBackWrite, RepaymentWrite
from services.funding.payments.errors import NothingToPay
from services.funding.payments.notice_schemas import ObjectionWrite
from services.funding.payments.run_schemas import ReversalWrite
from shared import clock
from shared.auth import Role, Subject
from shared.db import Database, Session
from shared.errors import DomainError
from shared.uploaded_table import CSV
from tests.services.funding.conftest import MoveTo
from tests.services.funding.payment_desk import (
    AWARD,
    DEPUTY,
    FINANCE,
    HEAD,
    SPECIALIZED,
    Desk,
    award,
    check_books,
    person,
    return_file,
)

FLOWS, ROUNDS = 6, 4
ONWARD = ("titles", "budget", "list", "notice", "days", "sign", "export", "return")
"""What leads to a payment; between any two something else happens."""
ASIDE = ("titles", "budget", "objection", "cancel", "return", "reversal", "claw_back")
ASIDE += ("claw_back", "repayment", "appeal", "days")


@pytest.fixture
async def desk(own_database: Database) -> AsyncIterator[Desk]:
    desk = Desk(own_database)
    yield desk
    await check_books(desk)


async def test_budget_is_raised_and_cut_by_documents_and_never_under_what_is_used(
    desk: Desk,
) -> None:
    await award(desk.database, 1)
    await desk.budget(AWARD * 2, document_no="年初")
    await desk.budget(AWARD * 2, document_no="年初")
    await desk.budget(AWARD, document_no="追加")
    await desk.make_list()
    await desk.budget(-AWARD * 2, document_no="调减")
    assert await desk.balances() == {"appropriated": -AWARD, "committed": AWARD}
    with pytest.raises(BudgetExhausted):
        await desk.budget(-1, document_no="再调减")
    with pytest.raises(DocumentBooked, match="年初"):
        await desk.budget(AWARD, document_no="年初")


async def test_book_holds_no_more_than_can_be_written(desk: Desk) -> None:
    await desk.budget(Decimal("999999999999.99"), document_no="一")
    with pytest.raises(BudgetTooLarge):
        await desk.budget(Decimal("0.01"), document_no="二")


async def test_money_is_moved_by_the_payers_own_staff_and_needs_a_book(desk: Desk) -> None:
    wanted = AppropriationWrite(
        scheme=SPECIALIZED, year=2022, change_cny="1.00", document_no="穗财1号"
    )
    for stranger in ("440000", "440106", "440300"):
        with pytest.raises(NotThePayer):
            await desk.do(ledger.appropriate, wanted, person("f", Role.FINANCE, stranger))
    cut = wanted.model_copy(update={"change_cny": Decimal(-1)})
    with pytest.raises(BudgetNotFound):
        await desk.do(ledger.appropriate, cut, FINANCE)
    await award(desk.database, 1)
    with pytest.raises(BudgetNotFound, match="POST /v1/award-budgets"):
        await desk.make_list()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE posting SET amount_cny = 1 RETURNING 1",
        "DELETE FROM posting RETURNING 1",
        "UPDATE journal_entry SET booked_by = 'x' RETURNING 1",
        "DELETE FROM journal_entry RETURNING 1",
        "UPDATE ledger_account SET balance_cny = 5 RETURNING 1",
        "DELETE FROM ledger_account RETURNING 1",
        "INSERT INTO journal_entry (book_id, occasion, booked_by, booked_at)"
        " SELECT book_id, 'empty', 'x', now() FROM ledger_book RETURNING 1",
        "INSERT INTO posting SELECT entry_no, book_id, 'paid', 1 FROM journal_entry RETURNING 1",
    ],
)
async def test_the_database_refuses_to_change_the_books(desk: Desk, statement: str) -> None:
    await desk.budget(AWARD)
    with pytest.raises(DBAPIError, match=r"never changed|by a posting only|sum to zero"):
        await desk.rows(statement)


async def test_budget_is_never_overspent_by_entries_at_the_same_time(desk: Desk) -> None:
    """Even without the desk's lock: the balance itself refuses."""
    await desk.budget(10)
    [row] = await desk.rows("SELECT book_id FROM ledger_book")

    async def take(number: int) -> None:
        async def entry(session: Session) -> None:
            moved = {Account.COMMITTED: Decimal(3)}
            occasion = f"rush {number}"
            await ledger.transfer(session, row.book_id, occasion, Account.AVAILABLE, moved, "x")

        await desk.do(entry)

    found = await asyncio.gather(*(take(n) for n in range(8)), return_exceptions=True)
    assert sum(isinstance(one, BudgetExhausted) for one in found) == 5
    assert (await desk.rows("SELECT count(*) FROM posting WHERE account = 'committed'"))[0][0] == 3
    give_back = {Account.AVAILABLE: Decimal(9)}
    async with desk.database.transaction() as session:
        await ledger.transfer(session, row.book_id, "end", Account.COMMITTED, give_back, "x")


async def test_two_lists_at_the_same_time_share_no_payee_and_no_yuan(desk: Desk) -> None:
    await award(desk.database, 3)
    await desk.budget(AWARD * 3)
    found = await asyncio.gather(
        *(desk.make_list(f"名单{number}") for number in range(4)), return_exceptions=True
    )
    assert sum(isinstance(one, NothingToPay) for one in found) == 3
    assert (await desk.balances())["committed"] == AWARD * 3


class Flow:
    """One desk that does at random what a desk may do, in any order, refused or not."""

    def __init__(self, desk: Desk, chance: random.Random, move: MoveTo) -> None:
        self.desk, self.chance, self.move = desk, chance, move
        self.number = 0

    async def step(self, name: str) -> None:
        with suppress(DomainError):  # what cannot be done now changes nothing
            await getattr(self, f"try_{name}")()
        await check_books(self.desk)

    async def pick(self, statement: str) -> Any:
        rows = await self.desk.rows(f"SELECT * FROM {statement}")
        return self.chance.choice(rows) if rows else None

    async def try_titles(self) -> None:
        await award(self.desk.database, self.chance.randint(1, 2))

    async def try_budget(self) -> None:
        self.number += 1
        change = self.chance.choice([-150_000, 100_000, 350_000, 333_333])
        await self.desk.budget(change, document_no=f"文件{self.number}")

    async def try_list(self) -> None:
        self.number += 1
        decision = {
            "scheme": SPECIALIZED,
            "clause": self.chance.choice(["scale_down", "carry_over", "first_titles_first"]),
            "ties": self.chance.choice(["share", "wait"]),
            "document_no": "处理意见",
        }
        await self.desk.make_list(f"名单{self.number}", shortages=[decision])

    async def try_notice(self) -> None:
        if run := await self.pick("payment_run WHERE state = 'listed'"):
            await self.desk.publish(run.run_id)

    async def try_objection(self) -> None:
        if line := await self.pick("payment_line WHERE state = 'listed'"):
            by = Subject(sub="n", role=Role.ENTERPRISE, uscc=line.uscc)
            wanted = ObjectionWrite(line_id=line.line_id, reason="有异议")
            one = await self.desk.do(notices.raise_objection, line.run_id, wanted, by)
            outcome = self.chance.choice(["upheld", "dismissed"])
            await self.desk.do(notices.decide_objection, one.objection_id, outcome, "处理", HEAD)

    async def try_days(self) -> None:
        self.move(clock.today() + timedelta(days=self.chance.randint(5, 20)))

    async def try_sign(self) -> None:
        if run := await self.pick("payment_run WHERE state = 'on_notice'"):
            await self.desk.sign(run.run_id)

    async def try_cancel(self) -> None:
        if self.chance.random() < 0.3 and (run := await self.pick("payment_run")):
            await self.desk.do(runs.cancel_run, run.run_id, "撤销", HEAD)

    async def try_export(self) -> None:
        if run := await self.pick("payment_run WHERE state = 'approved'"):
            await self.desk.export(run.run_id)

    async def try_return(self) -> None:
        if run := await self.pick("payment_run WHERE state = 'exported'"):
            lines = list(await self.desk.lines(run.run_id, "listed"))
            some = self.chance.sample(lines, self.chance.randint(1, len(lines)))
            refused = [line.uscc for line in some if self.chance.random() < 0.3]
            answers = read_return(return_file(some, refused, clock.today()), CSV)
            await self.desk.do(settling.take_return, run.run_id, answers, FINANCE)

    async def try_reversal(self) -> None:
        if line := await self.pick("payment_line WHERE state IN ('refused', 'paid')"):
            wanted = ReversalWrite(reason="更正", document_no="更正")
            await self.desk.do(settling.reverse_line, line.line_id, wanted, FINANCE)

    async def try_claw_back(self) -> None:
        if line := await self.pick("payment_line WHERE state = 'paid'"):
            wanted = ClawBackWrite(ground="fraud", reason="虚假材料")
            await self.desk.do(claw_backs.order_claw_back, line.line_id, wanted, HEAD)

    async def try_repayment(self) -> None:
        if one := await self.pick("claw_back WHERE state = 'ordered'"):
            self.number += 1
            amount = self.chance.choice([one.amount_cny - one.repaid_cny, Decimal("1234.56")])
            wanted = RepaymentWrite(
                amount_cny=f"{amount:.2f}",
                bank_reference=f"退{self.number}",
                repaid_on=clock.today(),
            )
            await self.desk.do(claw_backs.book_repayment, one.claw_back_id, wanted, FINANCE)

    async def try_appeal(self) -> None:
        if one := await self.pick("claw_back WHERE state = 'ordered'"):
            by = Subject(sub="p", role=Role.ENTERPRISE, uscc=one.uscc)
            await self.desk.do(appeals.file_appeal, one.claw_back_id, "理由", by)
            outcome = self.chance.choice(["upheld", "dismissed"])
            decided = one.claw_back_id, outcome, "处理", DEPUTY
            await self.desk.do(appeals.decide_appeal, *decided)


@pytest.mark.parametrize("seed", range(FLOWS))
async def test_books_agree_with_the_lines_after_every_step_of_any_flow(
    desk: Desk, domain_day: MoveTo, seed: int
) -> None:
    flow = Flow(desk, random.Random(seed), domain_day)
    await award(desk.database, 2)
    await desk.budget(AWARD * 2)
    await desk.pay(domain_day)
    [paid] = await desk.rows("SELECT max(entry_no) AS entry FROM journal_entry")
    for _ in range(ROUNDS):
        for name in ONWARD:
            await flow.step(flow.chance.choice(ASIDE))
            await flow.step(name)
    [booked] = await desk.rows("SELECT max(entry_no) AS entry FROM journal_entry")
    assert booked.entry > paid.entry
