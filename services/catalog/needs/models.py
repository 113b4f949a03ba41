"""The table of the needs."""

from datetime import date, datetime

from sqlmodel import Field

from services.catalog.models import Base, instant


class Need(Base, table=True):
    """An open need as it was heard (企业需求). `mark` is the kind of offering that answers it."""

    __tablename__ = "need"

    uscc: str = Field(primary_key=True)
    need_id: str = Field(primary_key=True)
    kind: str
    service: str | None = None
    mark: str
    text: str
    segment: str | None = None
    wanted_by_on: date | None = None
    opened_at: datetime = instant()
