"""Tables of the banks' own routes."""

from datetime import date, datetime

from sqlalchemy import BigInteger, DateTime, LargeBinary
from sqlmodel import Field

from services.funding.models import Base


class DailyFile(Base, table=True):
    """The one file a bank may download now (每日文件); an earlier one is not kept.

    `horizon` is the oldest transaction that was open when it was made: a snapshot written at or
    above it may not be in the file, and then the file is made again before it is given out.
    """

    __tablename__ = "daily_file"

    bank: str = Field(primary_key=True)
    day: date
    edition: int
    made_at: datetime = Field(sa_type=DateTime(timezone=True))
    horizon: int = Field(sa_type=BigInteger)
    key_id: str
    manifest: str
    content: bytes = Field(sa_type=LargeBinary)
