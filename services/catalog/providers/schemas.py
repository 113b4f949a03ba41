"""Requests and responses of the providers."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from contracts.events.catalog import ProviderKind, ProviderStatus
from contracts.values import Flag, Instant, RegionCode, Whole
from shared.uscc import CheckedUscc

ProviderCode = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9-]{1,39}$",
        title="服务商编号",
        description="The `org` of the provider's tokens.",
        examples=["alibaba-cloud"],
    ),
]
AuthorityCode = Annotated[str, Field(pattern=r"^[0-9]{6}$", title="主管部门", examples=["440100"])]


class ProviderWrite(BaseModel):
    """A provider as it applies (服务商申请)."""

    model_config = ConfigDict(extra="forbid")

    provider: ProviderCode
    authority: AuthorityCode
    name: str = Field(title="服务商名称", min_length=2, max_length=200)
    kind: ProviderKind = Field(title="服务商类型")
    introduction: str = Field(title="简介", min_length=2, max_length=2000)
    region: RegionCode | None = Field(None, title="注册地")
    uscc: CheckedUscc | None = None
    founded_in: Whole | None = Field(None, ge=1900, le=2100, title="成立年份")
    source: str | None = Field(None, title="资料来源", max_length=200)
    sample: Flag = Field(False, title="示例数据")


class FindingWrite(BaseModel):
    """What a review found of one criterion (遴选条件)."""

    model_config = ConfigDict(extra="forbid")

    criterion: str = Field(title="条件编号", max_length=64, examples=["track_record"])
    met: Flag = Field(title="是否满足")
    note: str = Field("", title="说明", max_length=500)


class ReviewWrite(BaseModel):
    """A decision about a provider (遴选、动态调整)."""

    model_config = ConfigDict(extra="forbid")

    move: str = Field(title="操作", max_length=32, examples=["list"])
    reason: str = Field(title="原因", min_length=2, max_length=1000, examples=["遴选通过"])
    findings: list[FindingWrite] = Field(default_factory=list, max_length=50, title="遴选结论")


class ReviewRead(BaseModel):
    """A decision about a provider with its reason."""

    number: int = Field(title="序号")
    move: str = Field(title="操作")
    status: ProviderStatus = Field(title="结果")
    reason: str = Field(title="原因")
    findings: list[FindingWrite] = Field(title="遴选结论")
    reviewed_at: Instant = Field(title="时间")


class ProviderRead(BaseModel):
    """A provider (服务商)."""

    provider: str = Field(title="服务商编号")
    authority: str = Field(title="遴选机关")
    name: str = Field(title="服务商名称")
    kind: ProviderKind = Field(title="服务商类型")
    status: ProviderStatus = Field(title="状态")
    status_reason: str | None = Field(title="状态原因")
    introduction: str = Field(title="简介")
    region: str | None = Field(title="注册地")
    uscc: str | None = Field(title="统一社会信用代码")
    founded_in: int | None = Field(title="成立年份")
    source: str | None = Field(title="资料来源")
    sample: bool = Field(title="示例数据")
    warnings: int = Field(title="连续预警次数")
    version: int = Field(title="版本")
    changed_at: Instant = Field(title="变更时间")
    moves: list[str] = Field(title="可执行操作")


class ProviderDetail(ProviderRead):
    """A provider with every decision about it."""

    reviews: list[ReviewRead] = Field(title="遴选、动态调整记录")


class ProviderPage(BaseModel):
    """A page of providers; the next one is in the Link header."""

    providers: list[ProviderRead]


class CriterionRead(BaseModel):
    """A criterion of the selection (遴选条件)."""

    id: str = Field(title="条件编号")
    zh: str = Field(title="中文")
    en: str = Field(title="英文")
    source: str = Field(title="依据")
    verification: str = Field(title="核验程度")


class CriterionList(BaseModel):
    """What a review must find before a provider enters the database."""

    criteria: list[CriterionRead]
