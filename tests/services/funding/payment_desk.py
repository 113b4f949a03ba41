"""A payment desk for tests: people, titled enterprises, budgets, and the steps of a run."""

import csv
import io
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import text

from services.funding.ledger import service as ledger
from services.funding.ledger.accounts import Account
from services.funding.ledger.schemas import AppropriationWrite
from services.funding.payments import notices, runs, settling
from services.funding.payments.bank_files import read_return
from services.funding.payments.lines import lines_of
from services.funding.payments.models import PaymentLine, PaymentReturn, PaymentRun
from services.funding.payments.run_schemas import RunWrite
from shared.auth import Role, Subject
from shared.db import Database, Session
from shared.uploaded_table import CSV
from tests.factories import make_uscc
from tests.services.funding.makers import dossier_changed, take, title, titles_changed

T = TypeVar("T")

CITY = "440100"
SPECIALIZED = "guangzhou-specialized-sme-one-off"
GIANT = "guangzhou-little-giant-one-off"
AWARD = Decimal(200_000)
AFTER_NOTICE = date(2022, 10, 13)
"""The day after the notice of a list published on the sample's day."""


def person(name: str, role: Role = Role.REGULATOR, authority: str = CITY) -> Subject:
    return Subject(sub=name, role=role, authority=authority)


MAKER, HEAD, DEPUTY = person("maker"), person("head"), person("deputy")
FINANCE, TREASURER = person("finance", Role.FINANCE), person("treasurer", Role.FINANCE)
SIGNERS = (HEAD, DEPUTY, FINANCE, TREASURER)
"""Everyone who signs, in the order of the levels; small lists need the first of each role."""


async def award(
    database: Database, count: int = 1, kind: str = "specialized_sme", day: date | None = None
) -> list[str]:
    """Enterprises with an effective title; each is entitled to the award of its kind.

    Without a day, each title took effect a day after the one before.
    """
    usccs = [make_uscc() for _ in range(count)]
    for number, uscc in enumerate(usccs):
        first = day or date(2022, 1, 1) + timedelta(days=number)
        await take(
            database,
            dossier_changed(uscc),
            titles_changed(uscc, title(kind, valid_from=first, valid_to=date(2026, 1, 1))),
        )
    return usccs


@dataclass
class Desk:
    """The desk of Guangzhou on a database."""

    database: Database

    async def do(self, use_case: Callable[..., Awaitable[T]], *args: Any) -> T:
        """Run a use case in a transaction of its own."""
        return await self.database.run(lambda session: use_case(session, *args))

    async def budget(
        self, amount: Decimal | int, scheme: str = SPECIALIZED, document_no: str = "穗财〔2022〕1号"
    ) -> None:
        wanted = AppropriationWrite(
            scheme=scheme, year=2022, change_cny=f"{amount:.2f}", document_no=document_no
        )
        await self.do(ledger.appropriate, wanted, FINANCE)

    async def make_list(self, list_no: str = "名单1", **changes: Any) -> PaymentRun:
        wanted = RunWrite.model_validate({"payer": CITY, "list_no": list_no, **changes})
        run, _ = await self.do(runs.make_list, wanted, MAKER)
        return run

    async def publish(self, run_id: UUID) -> PaymentRun:
        return await self.do(notices.open_notice, run_id, MAKER)

    async def sign(self, run_id: UUID, *signers: Subject) -> PaymentRun:
        """Sign by these, or by whoever is needed."""
        run = await self.run(run_id)
        for signer in signers or SIGNERS:
            if run.state == "approved":
                break
            try:
                run = await self.do(notices.sign, run_id, run.revision, None, signer)
            except notices.NotYourLevel:
                if signers:
                    raise
        return run

    async def export(self, run_id: UUID) -> PaymentRun:
        return await self.do(settling.export_run, run_id, FINANCE)

    async def take_return(
        self, run_id: UUID, refused: Sequence[str] = (), on: date = AFTER_NOTICE
    ) -> tuple[PaymentReturn, bool]:
        """The bank paid every line but those of these payees."""
        body = return_file(await self.lines(run_id, "listed"), refused, on)
        return await self.do(settling.take_return, run_id, read_return(body, CSV), FINANCE)

    async def pay(
        self, move: Callable[[date], None], refused: Sequence[str] = (), **changes: Any
    ) -> PaymentRun:
        """A whole run, from its list to its return."""
        run = await self.make_list(**changes)
        await self.publish(run.run_id)
        move(AFTER_NOTICE)
        await self.sign(run.run_id)
        await self.export(run.run_id)
        await self.take_return(run.run_id, refused)
        return await self.run(run.run_id)

    async def run(self, run_id: UUID) -> PaymentRun:
        async def read(session: Session) -> PaymentRun:
            run = await session.get(PaymentRun, run_id)
            assert run is not None
            return run

        return await self.do(read)

    async def lines(self, run_id: UUID, *states: str) -> Sequence[PaymentLine]:
        known = ("listed", "withdrawn", "paid", "refused", "reversed", "clawed_back", "booked")
        return await self.do(lines_of, run_id, *(states or known))

    async def balances(self, scheme: str = SPECIALIZED, year: int = 2022) -> dict[str, Decimal]:
        """Accounts of the book that are not empty."""

        async def read(session: Session) -> dict[Account, Decimal]:
            book = await ledger.find_book(session, CITY, scheme, year)
            return await ledger.balances(session, book.book_id)

        found = await self.do(read)
        assert sum(found.values()) == 0
        return {account.value: balance for account, balance in found.items() if balance}

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        async with self.database.transaction() as session:
            return list(await (await session.connection()).execute(text(statement), values))

    async def line_of(self, uscc: str) -> PaymentLine:
        """The payee's latest payment line."""

        async def read(session: Session) -> PaymentLine:
            [row] = await self.rows(
                "SELECT line_id FROM payment_line JOIN payment_run USING (run_id)"
                " WHERE uscc = :uscc AND kind = 'payment' ORDER BY made_at DESC LIMIT 1",
                uscc=uscc,
            )
            line = await session.get(PaymentLine, row.line_id)
            assert line is not None
            return line

        return await self.do(read)


def return_file(
    lines: Sequence[PaymentLine], refused: Sequence[str] = (), on: date = AFTER_NOTICE
) -> bytes:
    """What the bank answers, as CSV."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["支付编号", "金额", "拨付结果", "退回原因", "银行流水号", "处理日期"])
    for line in lines:
        back = line.uscc in refused
        writer.writerow(
            [
                str(line.line_id),
                f"{line.amount_cny:.2f}",
                "已退回" if back else "已拨付",
                "账号户名不符" if back else "",
                "" if back else f"bank-{line.number}",
                on.isoformat(),
            ]
        )
    return text.getvalue().encode()


async def check_books(desk: Desk) -> None:
    """Every book says the same as the lines: where each yuan is, and that none is twice."""
    wrong = await desk.rows(CROSS_CHECK)
    assert not wrong, wrong
    assert not await desk.rows(
        "SELECT entry_no FROM posting GROUP BY entry_no HAVING sum(amount_cny) <> 0"
    )
    assert not await desk.rows(
        "SELECT uscc FROM payment_line WHERE state IN ('listed', 'paid', 'refused')"
        " GROUP BY uscc, scheme, period HAVING count(*) > 1"
    )


CROSS_CHECK = """
WITH due AS (
    SELECT r.payer, l.scheme, r.year, CASE
        WHEN l.state = 'listed' AND r.state = 'listed' THEN 'committed'
        WHEN l.state = 'listed' THEN 'notified'
        WHEN l.state = 'refused' THEN 'returned'
        ELSE 'paid' END AS account, l.amount_cny - COALESCE(c.repaid_cny, 0) AS amount
    FROM payment_line l JOIN payment_run r USING (run_id)
    LEFT JOIN claw_back c ON c.line_id = l.line_id AND c.state <> 'cancelled'
    WHERE l.state IN ('listed', 'refused', 'paid', 'clawed_back')
    UNION ALL
    SELECT r.payer, l.scheme, r.year, 'clawed_back', c.repaid_cny
    FROM claw_back c JOIN payment_line l USING (line_id) JOIN payment_run r USING (run_id)
    WHERE c.state <> 'cancelled'
), wanted AS (
    SELECT payer, scheme, year, account, sum(amount) AS amount
    FROM due GROUP BY payer, scheme, year, account
), posted AS (
    SELECT book_id, account, sum(amount_cny) AS amount FROM posting GROUP BY book_id, account
)
SELECT b.payer, b.scheme, b.year, a.account, a.balance_cny, w.amount, p.amount AS posted
FROM ledger_book b JOIN ledger_account a USING (book_id)
LEFT JOIN wanted w USING (payer, scheme, year, account)
LEFT JOIN posted p USING (book_id, account)
WHERE a.balance_cny <> COALESCE(p.amount, 0)
   OR (a.account NOT IN ('appropriated', 'available') AND a.balance_cny <> COALESCE(w.amount, 0))
"""
