"""Tables of the award entitlements."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import DateTime, Numeric
from sqlmodel import Field

from contracts.events.funding import EntitlementStatus
from services.funding.models import Base


class Entitlement(Base, table=True):
    """What one payee may have under one scheme in one period (奖补权益); never deleted.

    The database admits one per payee, scheme and period (constraint `entitlement_once`). `uscc` is
    the payee's code; not every payee is an enterprise. A benefit without money has a quantity with
    its unit and no amount. `granted_cny` is what the scheme alone gives, once it is known;
    `payable_cny` what is left of it beside other payers' awards for the same title.
    """

    __tablename__ = "entitlement"

    entitlement_id: UUID = Field(primary_key=True)
    uscc: str
    payee_kind: str
    scheme: str
    period: str
    origin: str
    status: str
    automatic: bool
    payer: str
    budget_year: int
    amount_kind: str
    amount_min_cny: Decimal | None = Field(default=None, sa_type=Numeric(14, 2))
    amount_max_cny: Decimal | None = Field(default=None, sa_type=Numeric(14, 2))
    granted_cny: Decimal | None = Field(default=None, sa_type=Numeric(14, 2))
    payable_cny: Decimal | None = Field(default=None, sa_type=Numeric(14, 2))
    quantity: Decimal | None = Field(default=None, sa_type=Numeric(14, 2))
    unit: str | None = None
    subtype: str | None = None
    title_kind: str | None = None
    title_authority: str | None = None
    document_no: str | None = None
    effective_on: date
    appeared_at: datetime = Field(sa_type=DateTime(timezone=True))
    ended_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    end_reason: str | None = None

    @property
    def ended(self) -> bool:
        """Whether the title it rests on fell away."""
        return self.status == EntitlementStatus.ENDED

    @property
    def is_money(self) -> bool:
        """Whether money is paid; a benefit without money (关键资源) never has an amount."""
        return self.unit is None


class AmountDecision(Base, table=True):
    """An amount that the payer set within the bounds of its scheme (核定), with its reason."""

    __tablename__ = "amount_decision"

    entitlement_id: UUID = Field(primary_key=True)
    number: int = Field(primary_key=True)
    amount_cny: Decimal = Field(sa_type=Numeric(14, 2))
    subtype: str | None
    reason: str
    document_no: str | None
    decided_by: str
    decided_at: datetime = Field(sa_type=DateTime(timezone=True))
