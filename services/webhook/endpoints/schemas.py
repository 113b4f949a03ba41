"""Requests and responses of endpoints."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.values import Instant, Uscc
from services.webhook.models import EndpointStatus
from services.webhook.urls import URL_LENGTH_MAX

OVERLAP_S_MAX = 7 * 86_400

EventType = Annotated[str, Field(max_length=100, examples=["certification.titles-changed.v1"])]
RegionPrefix = Annotated[str, Field(pattern="^[1-8][0-9]{1,5}$", examples=["4401"])]

_URL = Field(
    title="地址",
    min_length=1,
    max_length=URL_LENGTH_MAX,
    description="https, a public host, an allowed port, no name or password.",
    examples=["https://hooks.provider.cn/terrace"],
)
_TYPES = Field(title="事件类型", max_length=50, description="Empty: every type the owner may read.")
_ENTERPRISES = Field(
    title="企业筛选", max_length=1_000, description="Only events of these enterprises."
)
_REGIONS = Field(
    title="地区筛选",
    max_length=100,
    description="Only events of enterprises whose region code begins so.",
)
_ORDERED = Field(
    title="按序推送",
    description="Per key (enterprise), the next event waits until the one before was taken.",
)


class EndpointCreate(BaseModel):
    """Where to send which events (推送端点)."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, _URL]
    description: str = Field("", title="说明", max_length=200)
    types: Annotated[list[EventType], _TYPES] = []
    enterprises: Annotated[list[Uscc], _ENTERPRISES] = []
    regions: Annotated[list[RegionPrefix], _REGIONS] = []
    ordered: Annotated[bool, _ORDERED] = False


class EndpointChange(BaseModel):
    """What changes; a field that is absent stays."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str | None, _URL] = None
    description: str | None = Field(None, title="说明", max_length=200)
    types: Annotated[list[EventType] | None, _TYPES] = None
    enterprises: Annotated[list[Uscc] | None, _ENTERPRISES] = None
    regions: Annotated[list[RegionPrefix] | None, _REGIONS] = None
    ordered: Annotated[bool | None, _ORDERED] = None


class EndpointRead(BaseModel):
    """An endpoint and how it does (推送端点)."""

    endpoint_id: UUID = Field(title="端点编号")
    url: str = Field(title="地址")
    description: str = Field(title="说明")
    types: list[str] = Field(title="事件类型")
    enterprises: list[str] = Field(title="企业筛选")
    regions: list[str] = Field(title="地区筛选")
    ordered: bool = Field(title="按序推送")
    status: EndpointStatus = Field(title="端点状态")
    disabled_reason: str | None = Field(title="停用原因", description="failing or gone.")
    disabled_at: Instant | None = Field(title="停用时间")
    failing_since: Instant | None = Field(
        title="持续失败起始时间", description="The first failure since the last success."
    )
    last_success_at: Instant | None = Field(title="最近成功时间")
    last_failure_at: Instant | None = Field(title="最近失败时间")
    next_probe_at: Instant | None = Field(title="下次探测时间")
    waiting: int = Field(title="待推送事件数")
    oldest_waiting_at: Instant | None = Field(title="最早待推送时间")
    version: int = Field(title="版本")
    created_at: Instant = Field(title="创建时间")
    created_by: str = Field(title="创建人")


class EndpointMade(EndpointRead):
    """A new endpoint with its secret, which is shown this once."""

    secret: str = Field(
        title="签名密钥",
        description="Shown this once. Keep it where the receiver checks signatures.",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )


class EndpointList(BaseModel):
    """Every endpoint of the caller's owner, oldest first."""

    endpoints: list[EndpointRead]


class SecretRotation(BaseModel):
    """How long the old secrets stay valid beside the new one."""

    model_config = ConfigDict(extra="forbid")

    overlap_s: int = Field(86_400, title="重叠时长(秒)", ge=0, le=OVERLAP_S_MAX)


class SecretMade(BaseModel):
    """A new secret, shown this once (新签名密钥)."""

    secret: str = Field(title="签名密钥")
    earlier_valid_until: Instant = Field(title="旧密钥有效期至")


class ReplayWanted(BaseModel):
    """Send again what came in since then (重新推送)."""

    model_config = ConfigDict(extra="forbid")

    since: Instant = Field(title="起始时间", examples=["2022-09-30T10:15:00+08:00"])


class ReplayRead(BaseModel):
    """How many deliveries the replay made."""

    deliveries: int = Field(title="推送数")


class EventTypeRead(BaseModel):
    """A type of event the caller's role may read (事件类型)."""

    type: str = Field(title="事件类型")
    title: str = Field(title="主题名称")
    description: str = Field(title="说明")
    audience: list[str] = Field(title="可见范围")


class EventTypeList(BaseModel):
    """Types for `types` of an endpoint."""

    types: list[EventTypeRead]
