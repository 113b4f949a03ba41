"""Tables of the financing needs."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import DateTime, Numeric, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.funding.models import Base


class NeedsHeard(Base, table=True):
    """The version of an enterprise's needs that was last taken."""

    __tablename__ = "needs_heard"

    uscc: str = Field(primary_key=True)
    version: int = 0


class FinancingNeed(Base, table=True):
    """An open financing need of one enterprise (融资需求)."""

    __tablename__ = "financing_need"

    uscc: str = Field(primary_key=True)
    need_id: str = Field(primary_key=True)
    amount_cny: Decimal = Field(sa_type=Numeric(14, 2))
    tenor_months: int
    purpose: str
    open_to_all_banks: bool
    banks: list[str] = Field(sa_type=ARRAY(Text))
    text: str
    wanted_by_on: date | None
    opened_at: datetime = Field(sa_type=DateTime(timezone=True))
