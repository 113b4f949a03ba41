"""Tables of the award entitlements."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import DateTime, Numeric
from sqlmodel import Field

from contracts.events.funding import EntitlementStatus
from services.funding.models import Base


class Entitlement(Base, table=True):
    """What one enterprise may have under one scheme in one period (奖补权益); never deleted.

    The database admits one per enterprise, scheme and period (constraint `entitlement_once`).
    """

    __tablename__ = "entitlement"

    entitlement_id: UUID = Field(primary_key=True)
    uscc: str
    scheme: str
    period: str
    status: str
    automatic: bool
    payer: str
    amount_kind: str
    amount_min_cny: Decimal | None = Field(sa_type=Numeric(14, 2))
    amount_max_cny: Decimal | None = Field(sa_type=Numeric(14, 2))
    payable_cny: Decimal | None = Field(sa_type=Numeric(14, 2))
    title_kind: str
    title_authority: str
    document_no: str
    effective_on: date
    appeared_at: datetime = Field(sa_type=DateTime(timezone=True))
    ended_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    end_reason: str | None

    @property
    def ended(self) -> bool:
        """Whether the title it rests on fell away."""
        return self.status == EntitlementStatus.ENDED
