"""Tables of the talent service."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Identity, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


class Base(SQLModel, registry=registry(metadata=MetaData())):
    """This service's own tables; two services can be loaded in one process."""


def _instant() -> Any:
    return Field(default=None, sa_type=DateTime(timezone=True))


class Enterprise(Base, table=True):
    """What talent heard of an enterprise (企业). Version 0 means not heard of yet."""

    __tablename__ = "enterprise"

    uscc: str = Field(primary_key=True)
    name: str | None = None
    region: str | None = None
    segment: str | None = None
    status: str | None = None
    dossier_version: int = 0
    titles: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSONB)
    titles_version: int = 0


class PositionBatch(Base, table=True):
    """One publication of the demand directory (目录批次): an authority's positions of a period."""

    __tablename__ = "position_batch"

    batch_id: UUID = Field(primary_key=True)
    authority: str
    period: str
    title: str
    status: str
    opened_at: datetime = _instant()
    published_at: datetime | None = _instant()


class Position(Base, table=True):
    """A position (岗位需求). `wanted` holds what the enterprise asks, as it was written."""

    __tablename__ = "position"

    position_id: UUID = Field(primary_key=True)
    ordinal: int | None = Field(default=None, sa_column_args=[Identity(always=True)])
    uscc: str
    batch_id: UUID | None = None
    status: str
    kind: str
    mode: str
    region: str
    segment: str | None
    level: int
    discipline: int
    wanted: dict[str, Any] = Field(sa_type=JSONB)
    headcount: int
    filled: int = 0
    open_until: date
    review_note: str | None = None
    reviewed_by: str | None = None
    created_at: datetime = _instant()
    changed_at: datetime = _instant()
    published_at: datetime | None = _instant()
    version: int


class Candidate(Base, table=True):
    """A candidate (人才). `personal` is encrypted; nothing else in the row names the person.

    `mentions` are the skills its words name, read once when they are written.
    """

    __tablename__ = "candidate"

    candidate_id: UUID = Field(primary_key=True)
    ordinal: int | None = Field(default=None, sa_column_args=[Identity(always=True)])
    owner: str | None
    status: str
    kinds: list[str] = Field(sa_type=ARRAY(Text))
    level: int
    discipline: int
    region: str
    segment: str | None
    profile: dict[str, Any] = Field(sa_type=JSONB)
    mentions: list[Any] = Field(sa_type=JSONB)
    hidden_from: list[str] = Field(sa_type=ARRAY(Text))
    consent_until: date | None
    consent_reference: str | None
    confirmed_on: date
    created_at: datetime = _instant()
    changed_at: datetime = _instant()
    version: int
    personal: bytes | None = None
    key_id: str | None = None


class ContactRead(Base, table=True):
    """One reading of a person's contact (查阅记录)."""

    __tablename__ = "contact_read"

    read_id: int | None = Field(default=None, primary_key=True)
    candidate_id: UUID
    read_at: datetime = _instant()
    role: str
    reader: str
    view: str
    purpose: str


class ContactRequest(Base, table=True):
    """An enterprise asks a candidate for contact (对接申请), and what came of it."""

    __tablename__ = "contact_request"

    request_id: UUID = Field(primary_key=True)
    position_id: UUID
    candidate_id: UUID
    uscc: str
    status: str
    message: str
    requested_at: datetime = _instant()
    answer_until: date
    answered_at: datetime | None = _instant()
    outcome_at: datetime | None = _instant()
    outcome_on: date | None = None


class Secondment(Base, table=True):
    """A researcher lent to an enterprise for a share of time (柔性引才协议)."""

    __tablename__ = "secondment"

    secondment_id: UUID = Field(primary_key=True)
    candidate_id: UUID
    home_org: str
    uscc: str
    position_id: UUID | None
    status: str
    share_percent: int
    starts_on: date
    ends_on: date
    ip_clause: str
    duties: str
    proposed_at: datetime = _instant()
    home_agreed_at: datetime | None = _instant()
    person_agreed_at: datetime | None = _instant()
    ended_at: datetime | None = _instant()


class Internship(Base, table=True):
    """Practice places an institution and an enterprise agreed on (实习实践协议)."""

    __tablename__ = "internship"

    internship_id: UUID = Field(primary_key=True)
    org: str
    uscc: str
    title: str
    discipline: int
    region: str
    status: str
    places: int
    taken: int = 0
    starts_on: date
    ends_on: date
    proposed_at: datetime = _instant()


class Intern(Base, table=True):
    """A candidate on a practice place (实习生)."""

    __tablename__ = "intern"

    intern_id: UUID = Field(primary_key=True)
    internship_id: UUID
    candidate_id: UUID
    status: str
    placed_at: datetime = _instant()
    ended_at: datetime | None = _instant()


class Fair(Base, table=True):
    """A recruiting event (招聘活动)."""

    __tablename__ = "fair"

    fair_id: UUID = Field(primary_key=True)
    kind: str
    title: str
    authority: str
    status: str
    starts_at: datetime = _instant()
    ends_at: datetime = _instant()
    announced_at: datetime = _instant()


class FairVenue(Base, table=True):
    """A place of a fair with its capacity (会场)."""

    __tablename__ = "fair_venue"

    venue_id: UUID = Field(primary_key=True)
    fair_id: UUID
    name: str
    region: str
    place: str
    capacity: int
    taken: int = 0


class FairRegistration(Base, table=True):
    """A candidate's or an enterprise's seat, or its place on the waiting list (报名)."""

    __tablename__ = "fair_registration"

    registration_id: UUID = Field(primary_key=True)
    number: int | None = Field(default=None, sa_column_args=[Identity(always=True)])
    fair_id: UUID
    venue_id: UUID
    candidate_id: UUID | None = None
    uscc: str | None = None
    status: str
    registered_at: datetime = _instant()
    checked_in_at: datetime | None = _instant()


class FairOutcome(Base, table=True):
    """What an enterprise reports of a fair (活动成效)."""

    __tablename__ = "fair_outcome"

    fair_id: UUID = Field(primary_key=True)
    uscc: str = Field(primary_key=True)
    interviews: int
    offers: int
    hires: int
    reported_at: datetime = _instant()
