"""Tables of the service cases."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Numeric, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.catalog.models import Base, instant


class ServiceBatch(Base, table=True):
    """A batch of enterprises an authority organised (分批组织)."""

    __tablename__ = "service_batch"

    batch_id: UUID = Field(primary_key=True)
    authority: str
    kind: str
    title: str
    opened_by: str
    opened_at: datetime = instant()


class ServiceCase(Base, table=True):
    """One enterprise's service from assignment to close (服务案件).

    `overdue_at` is set when the deadline of the present state fired. `reached_before` are the
    tiers the enterprise reached when the result was accepted, `gained` those it reached since.
    """

    __tablename__ = "service_case"

    case_id: UUID = Field(primary_key=True)
    batch_id: UUID
    uscc: str
    region: str
    authority: str
    kind: str
    state: str
    provider: str | None = None
    offering_id: UUID | None = None
    offering_version: int | None = None
    diagnosis: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    evidence: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    contract_cny: Decimal | None = Field(default=None, sa_type=Numeric(14, 2))
    settlement_cny: Decimal | None = Field(default=None, sa_type=Numeric(14, 2))
    assigned_at: datetime = instant()
    picked_at: datetime | None = instant()
    accepted_at: datetime | None = instant()
    changed_at: datetime = instant()
    due_at: datetime | None = instant()
    overdue_at: datetime | None = instant()
    reached_before: list[str] | None = Field(default=None, sa_type=ARRAY(Text))
    gained: list[str] = Field(default_factory=list, sa_type=ARRAY(Text))


class CaseStep(Base, table=True):
    """One move of a case (办理记录); never changed."""

    __tablename__ = "case_step"

    case_id: UUID = Field(primary_key=True)
    number: int = Field(primary_key=True)
    move: str
    before: str | None
    after: str
    side: str
    moved_by: str
    moved_at: datetime = instant()
    note: str | None = None
