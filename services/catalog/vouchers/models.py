"""Tables of the vouchers."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ARRAY, Numeric, Text
from sqlmodel import Field

from services.catalog.models import Base, instant


class VoucherBudget(Base, table=True):
    """An authority's money for one kind of support and period (服务券预算).

    The three sums are booked by the database with every step of a voucher; code only reads them.
    """

    __tablename__ = "voucher_budget"

    budget_id: UUID = Field(primary_key=True)
    authority: str
    support: str
    kind: str
    period: str
    total_cny: Decimal = Field(sa_type=Numeric(14, 2))
    face_cny: Decimal = Field(sa_type=Numeric(14, 2))
    titles: list[str] = Field(sa_type=ARRAY(Text))
    valid_days: int
    ends_on: date
    issued_cny: Decimal = Field(default=Decimal(0), sa_type=Numeric(14, 2))
    redeemed_cny: Decimal = Field(default=Decimal(0), sa_type=Numeric(14, 2))
    settled_cny: Decimal = Field(default=Decimal(0), sa_type=Numeric(14, 2))
    opened_by: str
    opened_at: datetime = instant()


class Voucher(Base, table=True):
    """One support to be paid: a voucher (服务券), or a subsidy granted on an accepted case.

    One per enterprise, support, kind and period. A subsidy begins as issued and is redeemed on
    its case in one step.
    """

    __tablename__ = "voucher"

    voucher_id: UUID = Field(primary_key=True)
    budget_id: UUID
    uscc: str
    region: str
    support: str
    kind: str
    period: str
    state: str
    amount_cny: Decimal = Field(sa_type=Numeric(14, 2))
    case_id: UUID | None = None
    provider: str | None = None
    issued_at: datetime = instant()
    redeemed_at: datetime | None = instant()
    settled_at: datetime | None = instant()
    expired_at: datetime | None = instant()
    settlement_reference: str | None = None
    expires_on: date
