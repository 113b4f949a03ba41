"""The table of the carriers."""

from sqlalchemy import ARRAY, Text
from sqlmodel import Field

from services.catalog.models import Base


class Carrier(Base, table=True):
    """A linked carrier (链接载体). `source` says where sample facts are from."""

    __tablename__ = "carrier"

    carrier_id: str = Field(primary_key=True)
    kind: str
    name: str
    level: str
    region: str
    fields: list[str] = Field(sa_type=ARRAY(Text))
    host: str | None = None
    url: str | None = None
    source: str | None = None
    sample: bool = False
