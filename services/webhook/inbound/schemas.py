"""Requests and responses of inbound sources and messages."""

from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from contracts.values import Instant

SourceName = Annotated[
    str,
    Path(
        pattern="^[a-z][a-z0-9-]{2,63}$",
        title="来源",
        openapi_examples={"cases": {"value": "huadian-cases"}},
    ),
]


class SourceCreate(BaseModel):
    """A system of yours that will post messages (推送来源)."""

    model_config = ConfigDict(extra="forbid")

    source: str = Field(
        title="来源",
        pattern="^[a-z][a-z0-9-]{2,63}$",
        description="The last part of the URL it posts to; unique on the platform.",
        examples=["huadian-cases"],
    )
    description: str = Field("", title="说明", max_length=200)


class SourceRead(BaseModel):
    """An inbound source."""

    source: str = Field(title="来源")
    path: str = Field(title="接收路径", examples=["/v1/inbound/huadian-cases"])
    description: str = Field(title="说明")
    created_at: Instant = Field(title="创建时间")
    created_by: str = Field(title="创建人")


class SourceMade(SourceRead):
    """A new source with its secret, which is shown this once."""

    secret: str = Field(title="签名密钥", description="Shown this once; sign messages with it.")


class SourceList(BaseModel):
    """Every inbound source of the caller's owner."""

    sources: list[SourceRead]


class MessageTaken(BaseModel):
    """The message was verified and taken, now or before."""

    message_id: str = Field(title="消息编号")
    repeated: bool = Field(title="重复消息", description="It was taken before and is not again.")
