"""Events of the webhook service: endpoints that stop or recover, messages taken (推送)."""

from enum import StrEnum

from pydantic import Field

from contracts.fact import INTERNAL, Audience, Fact, Topic
from contracts.values import Instant

ENDPOINT = Topic(
    name="webhook.endpoint",
    owner="webhook",
    title="推送端点",
    compacted=False,
    retention_days=30,
)
INBOUND = Topic(
    name="webhook.inbound",
    owner="webhook",
    title="接收的推送",
    compacted=False,
    retention_days=30,
)
OWNER: Audience = frozenset({"owner"})
"""The owner of the endpoint the fact is about, and nobody else."""


class DisabledReason(StrEnum):
    """Why nothing is sent to an endpoint (停用原因): 持续失败, 对方已撤销."""

    FAILING = "failing"
    GONE = "gone"


class EndpointDisabled(
    Fact,
    topic=ENDPOINT,
    name="webhook.endpoint-disabled.v1",
    key="endpoint_id",
    audience=OWNER,
):
    """An endpoint gets nothing until it recovers; its events are kept meanwhile (推送端点停用)."""

    endpoint_id: str = Field(title="端点编号", examples=["5e0f3a52-6b0e-4b57-9a7d-2f0c8f0f3a11"])
    owner_role: str = Field(title="所有者角色", examples=["provider"])
    owner: str = Field(title="所有者", examples=["huadian-software"])
    address: str = Field(
        title="地址",
        description="The URL without its query.",
        examples=["https://hooks.provider.example/terrace"],
    )
    reason: DisabledReason = Field(title="停用原因")
    failing_since: Instant | None = Field(None, title="最近一次成功后的首次失败时间")
    disabled_at: Instant = Field(title="停用时间")
    kept_days: int = Field(title="事件保留天数", ge=1, examples=[30])


class EndpointRecovered(
    Fact,
    topic=ENDPOINT,
    name="webhook.endpoint-recovered.v1",
    key="endpoint_id",
    audience=OWNER,
):
    """A disabled endpoint takes events again; what was kept is sent in order (推送端点恢复)."""

    endpoint_id: str = Field(title="端点编号", examples=["5e0f3a52-6b0e-4b57-9a7d-2f0c8f0f3a11"])
    owner_role: str = Field(title="所有者角色", examples=["provider"])
    owner: str = Field(title="所有者", examples=["huadian-software"])
    address: str = Field(
        title="地址",
        description="The URL without its query.",
        examples=["https://hooks.provider.example/terrace"],
    )
    recovered_at: Instant = Field(title="恢复时间")
    waiting: int = Field(title="待推送事件数", ge=0, examples=[12])


class WebhookReceived(
    Fact,
    topic=INBOUND,
    name="webhook.received.v1",
    key="source",
    audience=INTERNAL,
):
    """A signed message of a provider, verified, once per message id (收到推送)."""

    source: str = Field(title="来源", examples=["huadian-cases"])
    provider: str = Field(title="服务机构", examples=["huadian-software"])
    message_id: str = Field(title="消息编号", examples=["msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"])
    type: str | None = Field(
        None, title="消息类型", description="The body's `type`, as sent.", examples=["case.closed"]
    )
    received_at: Instant = Field(title="接收时间")
    body: str = Field(
        title="消息内容",
        description="The message as it was signed: one JSON object, as text.",
        examples=['{"type": "case.closed", "data": {"case": "C-2022-17"}}'],
    )
