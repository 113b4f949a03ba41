"""The table of what banks report of their programmes."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import BigInteger, Column, DateTime, Identity, Numeric
from sqlmodel import Field

from services.funding.models import Base


class ProgrammeUse(Base, table=True):
    """What a bank said was used by a day (已使用额度); never changed, only corrected."""

    __tablename__ = "programme_use"

    programme_id: str = Field(primary_key=True)
    number: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    as_of_on: date
    used_cny: Decimal = Field(sa_type=Numeric(16, 2))
    enterprises: int | None
    reported_at: datetime = Field(sa_type=DateTime(timezone=True))
    reported_by: str
