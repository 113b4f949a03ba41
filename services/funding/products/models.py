"""Tables of the loan products: what each bank was told."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.funding.models import Base


class SnapshotStatus(StrEnum):
    """The last that went to the bank's topic for this enterprise; `deleted` is the tombstone."""

    ELIGIBLE = "eligible"
    WITHDRAWN = "withdrawn"
    DELETED = "deleted"


class LoanSnapshot(Base, table=True):
    """What one bank was last told about one enterprise. A bank never told has no row."""

    __tablename__ = "loan_snapshot"

    uscc: str = Field(primary_key=True)
    bank: str = Field(primary_key=True)
    version: int
    status: str
    content: dict[str, Any] = Field(sa_type=JSONB)
    published_at: datetime = Field(sa_type=DateTime(timezone=True))
