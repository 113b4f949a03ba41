"""Tables of the providers."""

from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.catalog.models import Base, instant


class Provider(Base, table=True):
    """A provider in an authority's database (服务商). `source` says where sample facts are from."""

    __tablename__ = "provider"

    provider: str = Field(primary_key=True)
    authority: str
    name: str
    kind: str
    status: str
    status_reason: str | None = None
    introduction: str
    region: str | None = None
    uscc: str | None = None
    founded_in: int | None = None
    source: str | None = None
    sample: bool = False
    warnings: int = 0
    version: int = 0
    registered_at: datetime = instant()
    changed_at: datetime = instant()


class ProviderReview(Base, table=True):
    """One decision about a provider with its reason (遴选、动态调整记录); never changed."""

    __tablename__ = "provider_review"

    provider: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    move: str
    status: str
    reason: str
    findings: list[dict[str, Any]] = Field(sa_type=JSONB)
    reviewed_by: str
    reviewed_at: datetime = instant()
