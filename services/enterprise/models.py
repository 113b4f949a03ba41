"""Tables of the enterprise service."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from contracts.events.enterprise import DossierStatus


class Base(SQLModel, registry=registry(metadata=MetaData())):
    """This service's own tables; two services can be loaded in one process."""


class Enterprise(Base, table=True):
    """One enterprise and its present dossier (企业)."""

    __tablename__ = "enterprise"

    uscc: str = Field(primary_key=True)
    name: str
    region: str
    industry: str
    segment: str | None
    status: str
    version: int
    registered_at: datetime = Field(sa_type=DateTime(timezone=True))
    changed_at: datetime = Field(sa_type=DateTime(timezone=True))
    dossier: dict[str, Any] = Field(sa_type=JSONB)

    @property
    def registered(self) -> bool:
        """Whether it still stands in the register."""
        return self.status == DossierStatus.REGISTERED


class DossierVersion(Base, table=True):
    """One version of a dossier, as it was known from `known_at` on (档案版本)."""

    __tablename__ = "dossier_version"

    uscc: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    status: str
    known_at: datetime = Field(sa_type=DateTime(timezone=True))
    changed_by: str
    dossier: dict[str, Any] = Field(sa_type=JSONB)


class ConsentGiven(Base, table=True):
    """Leave one enterprise gave one bank, with its evidence (授权)."""

    __tablename__ = "consent"

    consent_id: UUID = Field(primary_key=True)
    uscc: str
    bank: str
    purpose: str
    fields: list[str] = Field(sa_type=ARRAY(Text))
    evidence: dict[str, Any] = Field(sa_type=JSONB)
    granted_at: datetime = Field(sa_type=DateTime(timezone=True))
    granted_by: str
    expires_on: date
    withdrawn_at: datetime | None = Field(sa_type=DateTime(timezone=True))


class Segment(Base, table=True):
    """A market segment of the region's taxonomy (细分领域), finer than an industry code."""

    __tablename__ = "segment"

    segment_id: str = Field(primary_key=True)
    name: str
    chain: str
    positions: list[str] = Field(sa_type=ARRAY(Text))
