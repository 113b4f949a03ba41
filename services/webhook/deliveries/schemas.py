"""Responses of deliveries and the attempt log."""

from typing import Any

from pydantic import BaseModel, Field

from contracts.values import Instant
from services.webhook.models import DeliveryStatus


class DeliveryRead(BaseModel):
    """One event on its way to one endpoint (推送)."""

    delivery_id: int = Field(title="推送编号")
    event_id: str = Field(title="事件编号", description="The `webhook-id` of its messages.")
    type: str = Field(title="事件类型")
    key: str = Field(title="主体")
    replayed: bool = Field(title="重新推送")
    status: DeliveryStatus = Field(title="推送状态")
    attempts: int = Field(title="尝试次数")
    created_at: Instant = Field(title="创建时间")
    due_at: Instant = Field(title="应推送时间", description="When it is tried (again).")
    finished_at: Instant | None = Field(title="完成时间")


class AttemptRead(BaseModel):
    """One request and what came of it (推送尝试)."""

    number: int = Field(title="次序")
    outcome: str = Field(
        title="结果", description="delivered, failed, withheld, or interrupted: answer unknown."
    )
    started_at: Instant | None = Field(title="开始时间")
    duration_ms: float | None = Field(title="耗时(毫秒)")
    url: str | None = Field(title="请求地址")
    status: int | None = Field(title="响应状态码")
    error: str | None = Field(title="失败原因")
    response: str | None = Field(title="响应内容", description="The first 2 kB.")


class DeliveryDetail(DeliveryRead):
    """A delivery with what was sent and every attempt."""

    request_body: dict[str, Any] = Field(title="请求内容", description="The CloudEvent as sent.")
    log: list[AttemptRead] = Field(title="推送记录", description="Oldest first.")


class DeliveryPage(BaseModel):
    """A page of deliveries, newest first; the next one is in the Link header."""

    deliveries: list[DeliveryRead]
