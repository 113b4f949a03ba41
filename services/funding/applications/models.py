"""Tables of the loan applications: each as it stands, and every version of the bank's word."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Numeric
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.funding.models import Base


class ApplicationState(StrEnum):
    """Where an application stands (申请状态)."""

    FILED = "filed"
    RECEIVED = "received"
    APPROVED = "approved"
    REFUSED = "refused"
    DRAWN_DOWN = "drawn_down"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


UNDECIDED = frozenset({ApplicationState.FILED, ApplicationState.RECEIVED})


class Disclosed(StrEnum):
    """What last went to the bank's topic of applications; `deleted` is the tombstone."""

    OPEN = "open"
    WITHDRAWN = "withdrawn"
    DELETED = "deleted"


class LoanApplication(Base, table=True):
    """An application of one enterprise to one bank (贷款申请), with the bank's latest word.

    `name` is there only where the consent names it. From `decision_version` on everything is as
    the bank said it; 0 means that it has said nothing yet.
    """

    __tablename__ = "loan_application"

    application_id: UUID = Field(primary_key=True)
    uscc: str
    bank: str
    product: str | None
    tier: str | None
    amount_cny: Decimal = Field(sa_type=Numeric(14, 2))
    tenor_months: int
    purpose: str
    note: str | None
    name: str | None
    consent_id: str
    consent_until: date
    state: str
    filed_at: datetime = Field(sa_type=DateTime(timezone=True))
    filed_by: str
    changed_at: datetime = Field(sa_type=DateTime(timezone=True))
    disclosed: str
    withdrawn_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    withdrawal: str | None = None
    decision_version: int = Field(default=0, sa_type=BigInteger)
    decision_id: str | None = None
    decided_on: date | None = None
    approved_cny: Decimal | None = Field(default=None, sa_type=Numeric(14, 2))
    rate_percent: Decimal | None = Field(default=None, sa_type=Numeric(7, 4))
    approved_months: int | None = None
    refusal_reasons: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSONB)
    draw_downs: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSONB)
    drawn_cny: Decimal = Field(default=Decimal(0), sa_type=Numeric(14, 2))
    repaid_cny: Decimal = Field(default=Decimal(0), sa_type=Numeric(14, 2))


class LoanDecision(Base, table=True):
    """One version of what the bank said of an application (审批记录); never changed."""

    __tablename__ = "loan_decision"

    application_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True, sa_type=BigInteger)
    content: dict[str, Any] = Field(sa_type=JSONB)
    taken_at: datetime = Field(sa_type=DateTime(timezone=True))
