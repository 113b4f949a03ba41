"""Tables that both aggregates of the funding service share."""

from datetime import date
from typing import Any

from sqlalchemy import MetaData
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


class Base(SQLModel, registry=registry(metadata=MetaData())):
    """This service's own tables; two services can be loaded in one process."""


class Enterprise(Base, table=True):
    """The latest dossier, titles and consents that funding heard of (企业).

    Each part comes by its own topic and in any order; version 0 means not heard of yet.
    `judged_on` is the day for which entitlements and eligibility were last settled;
    `awards_settled_for` names everything that entitlements were then settled by.
    """

    __tablename__ = "enterprise"

    uscc: str = Field(primary_key=True)
    name: str | None = None
    region: str | None = None
    status: str | None = None
    facts: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    dossier_version: int = 0
    titles: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSONB)
    titles_version: int = 0
    consents: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSONB)
    consents_version: int = 0
    judged_on: date | None = None
    awards_settled_for: str | None = None
