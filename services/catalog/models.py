"""What the parts of the catalog share: the registry of tables, and what is known of enterprises."""

from typing import Any

from sqlalchemy import DateTime, MetaData
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from contracts.events.enterprise import DossierStatus


class Base(SQLModel, registry=registry(metadata=MetaData())):
    """This service's own tables; two services can be loaded in one process."""


def instant() -> Any:
    """A column that holds a moment, or nothing yet."""
    return Field(default=None, sa_type=DateTime(timezone=True))


class Enterprise(Base, table=True):
    """What the catalog heard of an enterprise (企业), each part by its own version.

    Version 0 means not heard of yet.
    """

    __tablename__ = "enterprise"

    uscc: str = Field(primary_key=True)
    name: str | None = None
    region: str | None = None
    industry: str | None = None
    segment: str | None = None
    status: str | None = None
    dossier_version: int = 0
    titles: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSONB)
    titles_version: int = 0
    outlook: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSONB)
    outlook_version: int = 0
    needs_version: int = 0

    @property
    def registered(self) -> bool:
        """Whether it stands in the register."""
        return self.status == DossierStatus.REGISTERED
