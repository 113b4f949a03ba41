"""Tables of titles and official lists."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import DateTime
from sqlmodel import Field

from services.certification.models import Base


class HeldTitle(Base, table=True):
    """A title that an official list gave one enterprise (称号); never deleted.

    One row for a notice and the list that makes it effective. The database admits one row per
    enterprise, kind, authority and document, and one in public notice (公示) at a time.
    """

    __tablename__ = "title"

    title_id: int = Field(primary_key=True)
    uscc: str
    kind: str
    authority: str
    status: str
    document_no: str
    document_on: date
    batch: str | None
    valid_from: date | None
    valid_to: date | None
    list_id: UUID


class OfficialList(Base, table=True):
    """An official list as it was imported (公告名单、公示名单)."""

    __tablename__ = "official_list"

    list_id: UUID = Field(primary_key=True)
    kind: str
    status: str
    authority: str
    document_no: str
    document_on: date
    valid_from: date | None
    valid_to: date | None
    encoding: str
    row_count: int
    digest: str
    imported_at: datetime = Field(sa_type=DateTime(timezone=True))
    imported_by: str


class ListRow(Base, table=True):
    """A row of an official list, kept whether or not a dossier matches (名单行)."""

    __tablename__ = "official_list_row"

    list_id: UUID = Field(primary_key=True)
    uscc: str = Field(primary_key=True)
    name: str
    batch: str | None
    valid_from: date | None
    valid_to: date | None
