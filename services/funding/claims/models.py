"""Tables of the claims. A claim and its steps are never deleted."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import DateTime, Numeric
from sqlmodel import Field

from services.funding.models import Base

INSTANT = DateTime(timezone=True)
MONEY = Numeric(14, 2)


class Claim(Base, table=True):
    """A payee's claim under one scheme for one period (申报).

    The database admits one per payee, scheme and period (constraint `claim_once`). `round` grows
    with every filing and resubmission.
    """

    __tablename__ = "claim"

    claim_id: UUID = Field(primary_key=True)
    uscc: str
    payee_kind: str
    payee_name: str
    scheme: str
    payer: str
    period: str
    round: int = 0
    state: str
    title_kind: str | None = None
    title_authority: str | None = None
    document_no: str | None = None
    filed_on: date
    changed_at: datetime = Field(sa_type=INSTANT)
    due_at: datetime | None = Field(default=None, sa_type=INSTANT)
    overdue_at: datetime | None = Field(default=None, sa_type=INSTANT)
    claimed_cny: Decimal = Field(sa_type=MONEY)
    eligible_cny: Decimal | None = Field(default=None, sa_type=MONEY)
    percent: Decimal | None = Field(default=None, sa_type=Numeric(5, 2))
    approved_cny: Decimal | None = Field(default=None, sa_type=MONEY)
    entitlement_id: UUID | None = None


class ClaimItem(Base, table=True):
    """One document of a claim with its amount (凭证), and what the review accepts of it.

    `counts` while it stands in the last round of a claim that is open or approved: the database
    admits a document once among those.
    """

    __tablename__ = "claim_item"

    claim_id: UUID = Field(primary_key=True)
    round: int = Field(primary_key=True)
    number: int = Field(primary_key=True)
    kind: str
    issuer: str
    document_no: str
    issued_on: date
    amount_cny: Decimal = Field(sa_type=MONEY)
    note: str | None
    sha256: str | None
    counts: bool = True
    accepted_cny: Decimal | None = Field(default=None, sa_type=MONEY)
    reason: str | None = None


class ClaimStep(Base, table=True):
    """One move of a claim (办理记录)."""

    __tablename__ = "claim_step"

    claim_id: UUID = Field(primary_key=True)
    number: int = Field(primary_key=True)
    move: str
    before: str | None
    after: str
    role: str
    moved_by: str
    moved_at: datetime = Field(sa_type=INSTANT)
    note: str | None


class AidShare(Base, table=True):
    """The share of the cost that a payer pays from a day on (补助比例), where it set one."""

    __tablename__ = "aid_share"

    scheme: str = Field(primary_key=True)
    since: date = Field(primary_key=True)
    percent: Decimal = Field(sa_type=Numeric(5, 2))
    document_no: str
    reason: str
    decided_by: str
    decided_at: datetime = Field(sa_type=INSTANT)
