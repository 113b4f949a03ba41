"""Tables of the finance products: versions made at run time, and what each bank was told."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

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


class ProductVersion(Base, table=True):
    """One version of a product that its owner made at run time; never changed, never deleted.

    `document` is the text the loader reads, so that an old snapshot's version can be looked up.
    """

    __tablename__ = "product_version"

    product_id: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    owner: str
    document: str
    published_at: datetime = Field(sa_type=DateTime(timezone=True))
    published_by: str


class CatalogueRevision(Base, table=True):
    """One row: a new value with every version published, so a process knows an old copy."""

    __tablename__ = "catalogue_revision"

    single: bool = Field(default=True, primary_key=True)
    revision: UUID
