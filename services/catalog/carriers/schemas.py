"""Requests and responses of the carriers."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from contracts.values import Flag, Level, RegionCode

CarrierId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,59}$", title="载体编号")]


class CarrierKind(StrEnum):
    """Carriers: 小微企业创业创新示范基地, 公共服务示范平台, 特色载体, 公共技术服务平台."""

    DEMONSTRATION_BASE = "demonstration_base"
    PUBLIC_SERVICE_PLATFORM = "public_service_platform"
    FEATURE_CARRIER = "feature_carrier"
    PUBLIC_TECHNOLOGY_PLATFORM = "public_technology_platform"


class CarrierWrite(BaseModel):
    """A linked carrier (载体)."""

    model_config = ConfigDict(extra="forbid")

    kind: CarrierKind = Field(title="载体类型")
    name: str = Field(title="名称", min_length=2, max_length=200)
    level: Level = Field(title="级别")
    region: RegionCode
    fields: list[Annotated[str, Field(min_length=1, max_length=64)]] = Field(
        default_factory=list, max_length=20, title="领域"
    )
    host: str | None = Field(None, title="运营机构", max_length=200)
    url: str | None = Field(
        None,
        title="链接",
        max_length=500,
        pattern=r"^https?://[^\s]+$",
        examples=["https://platform.example/"],
    )
    source: str | None = Field(None, title="资料来源", max_length=200)
    sample: Flag = Field(False, title="示例数据")


class CarrierRead(CarrierWrite):
    """A carrier with its id."""

    carrier_id: str = Field(title="载体编号")


class CarrierPage(BaseModel):
    """A page of carriers; the next one is in the Link header."""

    carriers: list[CarrierRead]
