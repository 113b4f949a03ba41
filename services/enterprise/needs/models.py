"""The table of the needs."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Identity
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from contracts.events.enterprise import NeedStatus
from services.enterprise.models import Base


class NeedFiled(Base, table=True):
    """One need of one enterprise (企业需求). `number` grows with every need that is filed."""

    __tablename__ = "need"

    need_id: UUID = Field(primary_key=True)
    number: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), nullable=False)
    )
    uscc: str
    kind: str
    service: str | None
    financing: dict[str, Any] | None = Field(sa_type=JSONB(none_as_null=True))
    text: str
    segment: str | None
    wanted_by_on: date | None
    status: str
    opened_at: datetime = Field(sa_type=DateTime(timezone=True))
    opened_by: str
    closed_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    closed_by: str | None = None
    closing_note: str | None = None

    @property
    def open(self) -> bool:
        """Whether it is neither met nor withdrawn."""
        return self.status == NeedStatus.OPEN
