"""Tables of the offerings and the carriers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.catalog.models import Base, instant


def texts() -> Any:
    """A column of texts."""
    return Field(sa_type=ARRAY(Text))


class Offering(Base, table=True):
    """A service that can be chosen (服务项目). `content` is what the provider wrote."""

    __tablename__ = "offering"

    offering_id: UUID = Field(primary_key=True)
    provider: str
    status: str
    service: str
    product: str | None
    name: str
    searchable: str
    name_terms: list[str] = texts()
    terms: list[str] = texts()
    regions: list[str] = texts()
    industries: list[str] = texts()
    segments: list[str] = texts()
    tiers: list[str] = texts()
    closes: list[str] = texts()
    content: dict[str, Any] = Field(sa_type=JSONB)
    version: int
    changed_at: datetime = instant()


class OfferingVersion(Base, table=True):
    """One version of an offering (服务项目版本); never changed."""

    __tablename__ = "offering_version"

    offering_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    status: str
    content: dict[str, Any] = Field(sa_type=JSONB)
    changed_by: str
    changed_at: datetime = instant()


class Carrier(Base, table=True):
    """A linked carrier (链接载体): a base, a public platform, a feature carrier."""

    __tablename__ = "carrier"

    carrier_id: str = Field(primary_key=True)
    kind: str
    name: str
    level: str
    region: str
    fields: list[str] = texts()
    host: str | None = None
    url: str | None = None
