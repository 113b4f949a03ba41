"""HTTP of the ledger: budgets with their balances, and the journal."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy import tuple_
from sqlmodel import col, select

from services.funding.ledger import service
from services.funding.ledger.accounts import Account
from services.funding.ledger.models import Book, Entry, Posting
from services.funding.ledger.schemas import (
    AppropriationWrite,
    BudgetPage,
    BudgetRead,
    EntryPage,
    EntryRead,
)
from services.funding.ledger.service import Balances
from shared.app import create_router
from shared.auth import Role, Subject, allow
from shared.authorities import authorities
from shared.http import Db, Limit, decode_cursor, encode_cursor, link_next
from shared.scope import Staff

router = create_router("奖补预算 Award budgets")

Finance = Annotated[Subject, allow(Role.FINANCE)]


@router.post("/v1/award-budgets", status_code=201, summary="预算安排 Appropriate")
async def appropriate_budget(
    appropriation: AppropriationWrite, session: Db, caller: Finance
) -> BudgetRead:
    """Set, raise or cut the budget of a scheme and year by a document; the same one is once."""
    book = await service.appropriate(session, appropriation, caller)
    return _budget(book, await service.balances(session, book.book_id))


@router.get("/v1/award-budgets", summary="预算与执行 Budgets")
async def list_award_budgets(
    request: Request,
    response: Response,
    session: Db,
    caller: Staff,
    payer: Annotated[str | None, Query(max_length=20, title="奖补主体")] = None,
    year: Annotated[int | None, Query(ge=2000, le=2100, title="预算年度")] = None,
    limit: Limit = 50,
    cursor: str | None = None,
) -> BudgetPage:
    """The budgets of the payers within the caller's authority, by payer, scheme and year."""
    payers = [
        code for code in authorities() if service.may_read(caller, code) and payer in (None, code)
    ]
    key = tuple_(col(Book.payer), col(Book.scheme), col(Book.year))
    statement = select(Book).where(col(Book.payer).in_(payers))
    if year is not None:
        statement = statement.where(Book.year == year)
    after = decode_cursor(cursor, [str, str, int])
    if after is not None:
        statement = statement.where(key > tuple_(*after))
    order = col(Book.payer), col(Book.scheme), col(Book.year)
    rows = (await session.exec(statement.order_by(*order).limit(limit + 1))).all()
    if len(rows) > limit:
        last = rows[limit - 1]
        link_next(request, response, encode_cursor(last.payer, last.scheme, last.year))
    known = await service.balances_of(session, [row.book_id for row in rows[:limit]])
    return BudgetPage(budgets=[_budget(row, known[row.book_id]) for row in rows[:limit]])


@router.get("/v1/award-budgets/{book_id}/entries", summary="记账凭证 Journal")
async def list_journal_entries(
    book_id: UUID,
    request: Request,
    response: Response,
    session: Db,
    caller: Staff,
    limit: Limit = 50,
    cursor: str | None = None,
) -> EntryPage:
    """Every entry of the book with its postings, in the order in which they were booked."""
    await service.find_book_by_id(session, book_id, caller)
    after = decode_cursor(cursor, [int])
    statement = select(Entry).where(
        Entry.book_id == book_id, col(Entry.entry_no) > (after[0] if after else 0)
    )
    rows = (await session.exec(statement.order_by(col(Entry.entry_no)).limit(limit + 1))).all()
    if len(rows) > limit:
        link_next(request, response, encode_cursor(rows[limit - 1].entry_no or 0))
    numbers = [row.entry_no for row in rows[:limit]]
    postings: dict[int, Balances] = {}
    for row in await session.exec(select(Posting).where(col(Posting.entry_no).in_(numbers))):
        postings.setdefault(row.entry_no, {})[Account(row.account)] = row.amount_cny
    return EntryPage(
        entries=[
            EntryRead.model_validate(
                {**row.model_dump(), "postings_cny": postings[row.entry_no or 0]}
            )
            for row in rows[:limit]
        ]
    )


def _budget(book: Book, balances: Balances) -> BudgetRead:
    ordered = {account: balances[account] for account in Account}
    return BudgetRead.model_validate({**book.model_dump(), "balances_cny": ordered})
