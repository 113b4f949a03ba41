"""Tables of the payment desk. A line's amount, payee and scheme never change; it is reversed."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Numeric
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.funding.models import Base

INSTANT = DateTime(timezone=True)
MONEY = Numeric(14, 2)


class PayeeAccount(Base, table=True):
    """A bank account as its payee gave it (收款账户); a new one is a new row."""

    __tablename__ = "payee_account"

    account_id: UUID = Field(primary_key=True)
    uscc: str
    holder: str
    bank: str
    number: str
    given_by: str
    given_at: datetime = Field(sa_type=INSTANT)


class PaymentRun(Base, table=True):
    """One list on its way from the desk to the bank and back (拨付批次).

    `revision` grows with every change of the list; approvals hold for one revision.
    """

    __tablename__ = "payment_run"

    run_id: UUID = Field(primary_key=True)
    payer: str
    list_no: str
    scheme: str | None
    year: int
    titles_until: date | None
    shortages: list[dict[str, Any]] = Field(sa_type=JSONB)
    state: str
    revision: int = 1
    made_by: str
    made_at: datetime = Field(sa_type=INSTANT)
    notice_from: date | None = None
    notice_until: date | None = None
    exported_at: datetime | None = Field(default=None, sa_type=INSTANT)
    ended_at: datetime | None = Field(default=None, sa_type=INSTANT)
    end_reason: str | None = None


class PaymentLine(Base, table=True):
    """One payment to one payee, or the reversal of one (拨付明细、冲正).

    The database admits one live line per payee, scheme and period.
    """

    __tablename__ = "payment_line"

    line_id: UUID = Field(primary_key=True)
    run_id: UUID
    number: int
    kind: str = "payment"
    reverses: UUID | None = None
    entitlement_id: UUID
    uscc: str
    name: str
    scheme: str
    period: str
    payable_cny: Decimal = Field(sa_type=MONEY)
    amount_cny: Decimal = Field(sa_type=MONEY)
    state: str = "listed"
    reason: str | None = None
    account_id: UUID | None = None
    bank_reference: str | None = None
    settled_on: date | None = None


class PaymentDeferral(Base, table=True):
    """An entitlement that a year's budget did not reach; that year's runs leave it out (结转)."""

    __tablename__ = "payment_deferral"

    entitlement_id: UUID = Field(primary_key=True)
    year: int = Field(primary_key=True)
    run_id: UUID


class PaymentObjection(Base, table=True):
    """An objection to a line, or to one who is missing (公示异议), and how it was decided."""

    __tablename__ = "payment_objection"

    objection_id: UUID = Field(primary_key=True)
    run_id: UUID
    line_id: UUID | None
    reason: str
    raised_by: str
    raised_at: datetime = Field(sa_type=INSTANT)
    outcome: str | None = None
    decision: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = Field(default=None, sa_type=INSTANT)


class PaymentApproval(Base, table=True):
    """One signature under one revision of a list (审批)."""

    __tablename__ = "payment_approval"

    run_id: UUID = Field(primary_key=True)
    revision: int = Field(primary_key=True)
    signed_by: str = Field(primary_key=True)
    level: str
    role: str
    signed_at: datetime = Field(sa_type=INSTANT)
    note: str | None


class PaymentFile(Base, table=True):
    """The file for the finance bureau, kept as it was handed out (拨付文件)."""

    __tablename__ = "payment_file"

    run_id: UUID = Field(primary_key=True)
    format: str = Field(primary_key=True)
    sha256: str
    content: bytes


class PaymentReturn(Base, table=True):
    """One return file that was taken in (回单), by what it says and not by its bytes."""

    __tablename__ = "payment_return"

    run_id: UUID = Field(primary_key=True)
    digest: str = Field(primary_key=True)
    paid: int
    paid_cny: Decimal = Field(sa_type=MONEY)
    refused: int
    refused_cny: Decimal = Field(sa_type=MONEY)
    imported_by: str
    imported_at: datetime = Field(sa_type=INSTANT)


class ClawBack(Base, table=True):
    """An order to repay a paid line (追回决定)."""

    __tablename__ = "claw_back"

    claw_back_id: UUID = Field(primary_key=True)
    line_id: UUID
    entitlement_id: UUID
    uscc: str
    payer: str
    scheme: str
    ground: str
    reason: str
    amount_cny: Decimal = Field(sa_type=MONEY)
    repaid_cny: Decimal = Field(default=Decimal(0), sa_type=MONEY)
    state: str = "ordered"
    ordered_by: str
    ordered_at: datetime = Field(sa_type=INSTANT)
    due_on: date
    appeal_until: date
    overdue_at: datetime | None = Field(default=None, sa_type=INSTANT)
    ended_at: datetime | None = Field(default=None, sa_type=INSTANT)


class Repayment(Base, table=True):
    """Money that came back under a claw-back (退款)."""

    __tablename__ = "repayment"

    claw_back_id: UUID = Field(primary_key=True)
    bank_reference: str = Field(primary_key=True)
    amount_cny: Decimal = Field(sa_type=MONEY)
    repaid_on: date
    booked_by: str
    booked_at: datetime = Field(sa_type=INSTANT)


class Appeal(Base, table=True):
    """The payee's appeal against a claw-back (申诉); one per claw-back."""

    __tablename__ = "appeal"

    claw_back_id: UUID = Field(primary_key=True)
    reasons: str
    filed_by: str
    filed_at: datetime = Field(sa_type=INSTANT)
    decide_by: date
    overdue_at: datetime | None = Field(default=None, sa_type=INSTANT)
    outcome: str | None = None
    decision: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = Field(default=None, sa_type=INSTANT)
