"""Responses of the needs."""

from datetime import date

from pydantic import BaseModel, Field

from contracts.events.catalog import ServiceKind
from contracts.events.enterprise import NeedKind
from contracts.values import Instant
from services.catalog.offerings.schemas import OfferingHit


class NeedAnswers(BaseModel):
    """Offerings that could meet a need, nearest first (需求匹配)."""

    need_id: str = Field(title="需求编号")
    text: str = Field(title="需求说明")
    reason_zh: str = Field(title="推荐理由")
    reason_en: str = Field(title="推荐理由 (英文)")
    hits: list[OfferingHit]


class NeedForProvider(BaseModel):
    """A need that offerings of the provider could meet, without the enterprise's accounts."""

    need_id: str = Field(title="需求编号")
    kind: NeedKind = Field(title="需求类别")
    service: ServiceKind | None = Field(title="公共服务类别")
    text: str = Field(title="需求说明")
    wanted_by_on: date | None = Field(title="希望完成日期")
    opened_at: Instant = Field(title="提出时间")
    uscc: str = Field(title="统一社会信用代码")
    name: str = Field(title="企业名称")
    region: str = Field(title="行政区划代码")
    industry: str = Field(title="国民经济行业代码")
    segment: str | None = Field(title="细分领域")
    titles: list[str] = Field(title="有效称号")
    offerings: list[str] = Field(title="可满足需求的服务项目编号")


class ProviderNeeds(BaseModel):
    """A page of needs for a provider, newest first; the next one is in the Link header."""

    needs: list[NeedForProvider]
