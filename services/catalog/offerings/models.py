"""Tables of the offerings."""

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
    """A service that can be chosen (服务项目). `content` is what the provider wrote.

    `terms` are the words of its text and the marks of whom and what it is for.
    """

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
