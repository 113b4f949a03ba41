"""The table of the population matches."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Identity
from sqlmodel import Field

from services.funding.models import Base
from shared.leased import Leased


class MatchStatus(StrEnum):
    """Where a match stands; superseded: a later version of the product took its place."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SUPERSEDED = "superseded"


class ProductMatch(Leased, Base, table=True):
    """One version of a product matched to the whole population (全量匹配).

    `after_uscc` is how far it is.
    """

    __tablename__ = "product_match"

    match_id: UUID = Field(primary_key=True)
    number: int = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), nullable=False)
    )
    product_id: str
    version: int
    owner: str
    changes_per_s: int
    requested_at: datetime = Field(sa_type=DateTime(timezone=True))
    requested_by: str
    total: int | None = None
    judged: int = 0
    eligible: int = 0
    not_eligible: int = 0
    not_judged: int = 0
    changes: int = 0
    after_uscc: str = ""
