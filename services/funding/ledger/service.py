"""Use cases of the ledger: finance appropriates, the payment desk books.

The caller holds the desk of the payer (`lock_desk`). The database keeps every balance with its
postings, refuses an entry that does not sum to zero, and a balance under zero: a budget cannot be
overspent on any path.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from uuid import UUID, uuid4

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, insert, select

from services.funding.awards.service import find_scheme
from services.funding.ledger.accounts import Account, moved
from services.funding.ledger.errors import (
    BudgetExhausted,
    BudgetNotFound,
    BudgetTooLarge,
    DocumentBooked,
    NotThePayer,
)
from services.funding.ledger.models import Balance, Book, Entry, Posting
from services.funding.ledger.schemas import AppropriationWrite
from shared import clock
from shared.auth import Subject
from shared.authorities import covers
from shared.db import Session, lock_keys

Balances = dict[Account, Decimal]
BUDGET_CNY_MAX = Decimal(10) ** 12
"""A book holds less, so that every amount of it can be written as money."""


def desk_key(payer: str) -> str:
    """The key that all money of a payer is moved under. It sorts after every payee's code."""
    return f"payment-desk/{payer}"


async def lock_desk(session: Session, payer: str, usccs: Sequence[str] = ()) -> None:
    """Hold the payer's desk, and the payees that are to be told, until the transaction ends."""
    await lock_desks(session, [payer], usccs)


async def lock_desks(session: Session, payers: Sequence[str], usccs: Sequence[str]) -> None:
    """Hold the desks of several payers, and their payees, until the transaction ends."""
    await lock_keys(session, [*usccs, *map(desk_key, payers)])


def require_payer(by: Subject, payer: str) -> None:
    """Whoever moves a payer's money is its own staff. Raises NotThePayer."""
    if by.authority != payer:
        raise NotThePayer(
            f"This is the money of {payer}; it is for the staff of {payer} itself.",
            f"该资金由 {payer} 管理,仅限其工作人员办理。",
        )


def may_read(by: Subject, payer: str) -> bool:
    """Whether the caller's authority is the payer, or covers it."""
    return by.authority == payer or covers(by.authority, payer)


async def appropriate(session: Session, wanted: AppropriationWrite, by: Subject) -> Book:
    """Set or change the budget of a scheme and year by a document (预算安排、追加、调减).

    The same document again changes nothing. Raises NotThePayer, AwardSchemeNotFound,
    BudgetNotFound, DocumentBooked, BudgetTooLarge, BudgetExhausted.
    """
    scheme = find_scheme(wanted.scheme)
    require_payer(by, scheme.payer.code)
    await lock_desk(session, scheme.payer.code)
    book = await _find_or_open(session, scheme.payer.code, scheme.id, wanted)
    occasion = f"appropriation {wanted.document_no}"
    earlier = await _booked(session, book, occasion)
    if earlier is not None:
        if earlier[Account.AVAILABLE] != wanted.change_cny:
            raise DocumentBooked(
                f"{wanted.document_no} is booked with {earlier[Account.AVAILABLE]} yuan already."
                " A correction is a document of its own.",
                f"{wanted.document_no} 已按 {earlier[Account.AVAILABLE]} 元入账,更正请另行发文。",
            )
        return book
    change = wanted.change_cny
    total = change - (await balances(session, book.book_id))[Account.APPROPRIATED]
    if total >= BUDGET_CNY_MAX:
        raise BudgetTooLarge(
            f"The budget would be {total} yuan; a book holds less than {BUDGET_CNY_MAX}.",
            f"预算将达 {total} 元,每本账须低于 {BUDGET_CNY_MAX} 元。",
        )
    postings = {Account.APPROPRIATED: -change, Account.AVAILABLE: change}
    await book_entry(session, book.book_id, occasion, postings, by.sub, wanted.document_no)
    return book


async def transfer(
    session: Session,
    book_id: UUID,
    occasion: str,
    source: Account,
    targets: Mapping[Account, Decimal],
    by: str,
) -> None:
    """Move money from one account to others. Nothing to move is no entry."""
    if postings := moved(source, targets):
        await book_entry(session, book_id, occasion, postings, by)


async def book_entry(
    session: Session,
    book_id: UUID,
    occasion: str,
    postings: Mapping[Account, Decimal],
    by: str,
    document_no: str | None = None,
) -> None:
    """Add one entry. Raises BudgetExhausted when an account does not cover what is taken."""
    entry = Entry(
        book_id=book_id,
        occasion=occasion,
        document_no=document_no,
        booked_by=by,
        booked_at=clock.now(),
    )
    session.add(entry)
    try:
        await session.flush()
        rows = [
            {"entry_no": entry.entry_no, "book_id": book_id, "account": a, "amount_cny": amount}
            for a, amount in postings.items()
        ]
        await (await session.connection()).execute(insert(Posting), rows)
    except IntegrityError as error:
        if "ledger_account_covered" not in str(error.orig):
            raise
        raise BudgetExhausted(
            f"The book does not cover this: {occasion}. GET /v1/award-budgets shows what is left;"
            " finance adds to it with POST /v1/award-budgets.",
            f"预算余额不足:{occasion}。余额见 GET /v1/award-budgets,追加用 POST。",
        ) from None


async def find_book(session: Session, payer: str, scheme: str, year: int) -> Book:
    """The book of a payer, scheme and year. Raises BudgetNotFound."""
    statement = select(Book).where(Book.payer == payer, Book.scheme == scheme, Book.year == year)
    book = (await session.exec(statement)).one_or_none()
    if book is None:
        raise BudgetNotFound(
            f"{scheme} has no budget of {year}. Finance sets it with POST /v1/award-budgets.",
            f"{scheme} 尚无 {year} 年度预算,请财政部门先通过 POST /v1/award-budgets 设立。",
        )
    return book


async def find_book_by_id(session: Session, book_id: UUID, by: Subject) -> Book:
    """The book, when the caller's authority covers its payer. Raises BudgetNotFound."""
    book = await session.get(Book, book_id)
    if book is None or not may_read(by, book.payer):
        raise BudgetNotFound(
            f"There is no budget {book_id} of your authority. GET /v1/award-budgets lists them.",
            f"权限范围内没有编号为 {book_id} 的预算,请查看 GET /v1/award-budgets。",
        )
    return book


async def balances(session: Session, book_id: UUID) -> Balances:
    """What stands on every account of the book."""
    return (await balances_of(session, [book_id]))[book_id]


async def balances_of(session: Session, book_ids: Sequence[UUID]) -> dict[UUID, Balances]:
    """What stands on every account of the books."""
    statement = select(Balance).where(col(Balance.book_id).in_(book_ids))
    found: dict[UUID, Balances] = {book_id: {} for book_id in book_ids}
    for row in await session.exec(statement.execution_options(populate_existing=True)):
        found[row.book_id][Account(row.account)] = row.balance_cny
    return found


async def _find_or_open(
    session: Session, payer: str, scheme: str, wanted: AppropriationWrite
) -> Book:
    try:
        return await find_book(session, payer, scheme, wanted.year)
    except BudgetNotFound:
        if wanted.change_cny < 0:
            raise
    book = Book(book_id=uuid4(), payer=payer, scheme=scheme, year=wanted.year)
    session.add(book)
    await session.flush()
    rows = [
        {"book_id": book.book_id, "account": account, "balance_cny": Decimal(0)}
        for account in Account
    ]
    await (await session.connection()).execute(insert(Balance), rows)
    return book


async def _booked(session: Session, book: Book, occasion: str) -> dict[Account, Decimal] | None:
    rows = await session.exec(
        select(Posting)
        .join(Entry, col(Entry.entry_no) == col(Posting.entry_no))
        .where(Entry.book_id == book.book_id, Entry.occasion == occasion)
    )
    return {Account(row.account): row.amount_cny for row in rows} or None
