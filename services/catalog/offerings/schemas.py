"""Requests and responses of the offerings, recommendations and packs."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.events.catalog import OfferingStatus, ProductKind, ServiceKind
from contracts.values import IndustryCode, Instant, Money, RegionCode, Tier
from services.catalog.carriers.schemas import CarrierId, CarrierRead

Word = Annotated[str, Field(min_length=1, max_length=64)]


class OfferingWrite(BaseModel):
    """A service as a provider offers it (服务项目)."""

    model_config = ConfigDict(extra="forbid")

    service: ServiceKind = Field(title="公共服务类别")
    product: ProductKind | None = Field(None, title="专精特新专属产品类别")
    name: str = Field(title="服务名称", min_length=2, max_length=200, examples=["数字化水平诊断"])
    description: str = Field(title="服务内容", min_length=2, max_length=4000)
    regions: list[RegionCode] = Field(
        default_factory=list, max_length=50, title="服务区域", description="Empty: nationwide."
    )
    industries: list[IndustryCode] = Field(
        default_factory=list, max_length=50, title="服务行业", description="Empty: any."
    )
    segments: list[Word] = Field(
        default_factory=list,
        max_length=50,
        title="细分领域",
        description="With `industries` empty too: any field.",
    )
    tiers: list[Tier] = Field(default_factory=list, max_length=10, title="适用梯度")
    closes: list[Word] = Field(
        default_factory=list,
        max_length=50,
        title="可补齐的评价条件",
        description="Ids of criteria as verdicts name them.",
        examples=[["digital_level"]],
    )
    price_cny: Money | None = Field(None, title="价格")
    price_unit: str | None = Field(None, title="计价单位", max_length=50, examples=["次"])
    voucher_cny: Money | None = Field(None, title="可用服务券面值")
    lead_contact: str | None = Field(None, title="业务联系方式", max_length=200)
    carriers: list[CarrierId] = Field(
        default_factory=list, max_length=20, title="服务载体", description="Where it is given."
    )


class OfferingRead(OfferingWrite):
    """An offering with its version (服务项目)."""

    offering_id: UUID = Field(title="服务项目编号")
    provider: str = Field(title="服务商编号")
    status: OfferingStatus = Field(title="状态")
    version: int = Field(title="版本")
    changed_at: Instant = Field(title="变更时间")


class OfferingPage(BaseModel):
    """A page of offerings; the next one is in the Link header."""

    offerings: list[OfferingRead]


class VersionRead(OfferingWrite):
    """An offering as it was in one version."""

    version: int = Field(title="版本")
    status: OfferingStatus = Field(title="状态")
    changed_at: Instant = Field(title="变更时间")


class VersionList(BaseModel):
    """Every version, newest first."""

    versions: list[VersionRead]


class Fit(StrEnum):
    """How near an offering is to the enterprise's own field: 细分领域, 行业, 通用, 其他领域."""

    SEGMENT = "segment"
    INDUSTRY = "industry"
    GENERAL = "general"
    OTHER = "other"


class OfferingHit(BaseModel):
    """An offering that was found, and how near it is."""

    fit: Fit = Field(title="匹配程度")
    offering: OfferingRead


class SearchResult(BaseModel):
    """What a search found, nearest first. `exact`: each hit contains every word that was asked."""

    exact: bool = Field(title="完全匹配")
    hits: list[OfferingHit]


class Recommendation(BaseModel):
    """Offerings that can close one unmet criterion, or meet one need, and why."""

    criterion: str | None = Field(title="未满足条件", examples=["digital_level"])
    need: str | None = Field(title="需求")
    need_id: str | None = Field(title="需求编号", description="Of a need on file.")
    tier: Tier | None = Field(title="目标梯度")
    reason_zh: str = Field(title="推荐理由")
    reason_en: str = Field(title="推荐理由 (英文)")
    hits: list[OfferingHit]


class RecommendationList(BaseModel):
    """What can bring the enterprise to its next tier, what answers its needs, and where to go.

    `without_offer`: nothing closes these criteria; `needs_without_offer`: nothing meets these.
    """

    uscc: str = Field(title="统一社会信用代码")
    next_tier: Tier | None = Field(title="下一梯度")
    recommendations: list[Recommendation]
    without_offer: list[str] = Field(title="暂无对应服务的条件")
    needs_without_offer: list[str] = Field(title="暂无对应服务的需求")
    carriers: list[CarrierRead] = Field(title="就近载体")


class PackRead(BaseModel):
    """A tier pack (梯度服务包)."""

    id: str
    zh: str = Field(title="名称")
    en: str = Field(title="名称 (英文)")
    provider: str = Field(title="服务商编号")
    for_zh: str = Field(title="适用对象")
    content: list[str] = Field(title="服务内容")
    source: str = Field(title="来源")
    verification: str = Field(title="核验程度")


class PackChoice(BaseModel):
    """The pack that fits the enterprise, and the title that decided."""

    uscc: str = Field(title="统一社会信用代码")
    decided_by: str | None = Field(title="依据称号", description="Null: no title; an applicant.")
    packs: list[PackRead]


class PackList(BaseModel):
    """Every pack."""

    packs: list[PackRead]
