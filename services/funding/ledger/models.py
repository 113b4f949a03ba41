"""Tables of the ledger. Entries and postings are only ever added; the database sees to it."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import DateTime, Numeric
from sqlmodel import Field

from services.funding.models import Base


class Book(Base, table=True):
    """The money of one payer for one scheme in one year (预算账簿)."""

    __tablename__ = "ledger_book"

    book_id: UUID = Field(primary_key=True)
    payer: str
    scheme: str
    year: int


class Balance(Base, table=True):
    """What stands on one account of a book; the database changes it with every posting."""

    __tablename__ = "ledger_account"

    book_id: UUID = Field(primary_key=True)
    account: str = Field(primary_key=True)
    balance_cny: Decimal = Field(sa_type=Numeric(14, 2))


class Entry(Base, table=True):
    """One happening in a book (记账凭证). `occasion` names it; a book has each once."""

    __tablename__ = "journal_entry"

    entry_no: int | None = Field(default=None, primary_key=True)
    book_id: UUID
    occasion: str
    document_no: str | None
    booked_by: str
    booked_at: datetime = Field(sa_type=DateTime(timezone=True))


class Posting(Base, table=True):
    """What an entry adds to one account (分录)."""

    __tablename__ = "posting"

    entry_no: int = Field(primary_key=True)
    book_id: UUID
    account: str = Field(primary_key=True)
    amount_cny: Decimal = Field(sa_type=Numeric(14, 2))
