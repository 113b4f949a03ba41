"""Tables of the webhook service. Deliveries and attempts are written by SQL in `deliveries/`."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, MetaData, Text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from services.webhook.readers import Owner

_INSTANT = DateTime(timezone=True)


class Base(SQLModel, registry=registry(metadata=MetaData())):
    """This service's own tables; two services can be loaded in one process."""


class EndpointStatus(StrEnum):
    """Whether an endpoint gets its events now (端点状态)."""

    ENABLED = "enabled"
    DISABLED = "disabled"


class DeliveryStatus(StrEnum):
    """Where a delivery stands (推送状态): 待推送, 推送中, 已送达, 不予推送, 已过期."""

    PENDING = "pending"
    SENDING = "sending"
    DELIVERED = "delivered"
    WITHHELD = "withheld"
    EXPIRED = "expired"


class Endpoint(Base, table=True):
    """Where a partner takes events, and which (推送端点)."""

    __tablename__ = "endpoint"

    endpoint_id: UUID = Field(primary_key=True)
    owner_role: str
    owner: str
    created_by: str
    created_at: datetime = Field(sa_type=_INSTANT)
    url: str
    description: str
    types: list[str] = Field(sa_type=ARRAY(Text))
    enterprises: list[str] = Field(sa_type=ARRAY(Text))
    regions: list[str] = Field(sa_type=ARRAY(Text))
    ordered: bool
    version: int
    status: str
    disabled_reason: str | None = None
    disabled_at: datetime | None = Field(default=None, sa_type=_INSTANT)
    failing_since: datetime | None = Field(default=None, sa_type=_INSTANT)
    last_success_at: datetime | None = Field(default=None, sa_type=_INSTANT)
    last_failure_at: datetime | None = Field(default=None, sa_type=_INSTANT)
    probe_at: datetime | None = Field(default=None, sa_type=_INSTANT)
    catch_up_to: int = 0
    deleted_at: datetime | None = Field(default=None, sa_type=_INSTANT)

    @property
    def belongs_to(self) -> Owner:
        """Who may read through it."""
        return Owner(self.owner_role, self.owner)

    @property
    def address(self) -> str:
        """The URL without its query, which may hold a token."""
        return self.url.partition("?")[0]


class EndpointSecret(Base, table=True):
    """A signing secret of an endpoint, sealed (签名密钥)."""

    __tablename__ = "endpoint_secret"

    secret_id: int | None = Field(default=None, primary_key=True)
    endpoint_id: UUID
    sealed: bytes
    created_at: datetime = Field(sa_type=_INSTANT)
    expires_at: datetime | None = Field(default=None, sa_type=_INSTANT)


class InboundSource(Base, table=True):
    """A partner's system that may post messages here (推送来源)."""

    __tablename__ = "inbound_source"

    source: str = Field(primary_key=True)
    owner_role: str
    owner: str
    description: str
    created_by: str
    created_at: datetime = Field(sa_type=_INSTANT)


class InboundSecret(Base, table=True):
    """A signing secret of an inbound source, sealed."""

    __tablename__ = "inbound_secret"

    secret_id: int | None = Field(default=None, primary_key=True)
    source: str
    sealed: bytes
    created_at: datetime = Field(sa_type=_INSTANT)
    expires_at: datetime | None = Field(default=None, sa_type=_INSTANT)
