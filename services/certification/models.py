"""The tables that outlooks, titles and evaluations share."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import DateTime, MetaData
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from contracts.events.enterprise import DossierStatus


class Base(SQLModel, registry=registry(metadata=MetaData())):
    """This service's own tables; two services can be loaded in one process."""


class Enterprise(Base, table=True):
    """The latest dossier certification heard of, and what it last published of it (企业).

    `outlook`, `eligible`, `at_risk` and `titles` are what was last published, so that only a
    change is published.
    `judged_on` is the day of the law the outlook was last judged for.
    """

    __tablename__ = "enterprise"

    uscc: str = Field(primary_key=True)
    name: str
    region: str
    status: str
    facts: dict[str, Any] = Field(sa_type=JSONB)
    dossier_version: int
    judged_on: date
    outlook: list[dict[str, Any]] | None = Field(default=None, sa_type=JSONB)
    eligible: list[str] | None = Field(default=None, sa_type=JSONB)
    at_risk: list[str] | None = Field(default=None, sa_type=JSONB)
    titles: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSONB)

    @property
    def registered(self) -> bool:
        """Whether it still stands in the register."""
        return self.status == DossierStatus.REGISTERED


class KnownDossier(Base, table=True):
    """A version of a dossier as certification heard it (档案版本); never changed.

    `facts` is canonical JSON; `known_at` the moment the dossier changed to it.
    """

    __tablename__ = "dossier"

    uscc: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    name: str
    status: str
    facts: str
    known_at: datetime = Field(sa_type=DateTime(timezone=True))

    @property
    def registered(self) -> bool:
        """Whether it stood in the register then."""
        return self.status == DossierStatus.REGISTERED
