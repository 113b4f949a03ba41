"""Requests and responses of the enterprise service."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from contracts.dossier import Document, Dossier
from contracts.events.enterprise import ConsentedField, DossierStatus
from contracts.values import BankCode, Day, IndustryCode, Instant, RegionCode
from services.enterprise.checks import check_dossier
from services.enterprise.codes import check_industry, check_region
from shared.uscc import CheckedUscc


class DossierWrite(Dossier):
    """A dossier as it is filed (填报的企业档案): codes exist, years are closed, sums agree."""

    uscc: CheckedUscc
    region: Annotated[RegionCode, AfterValidator(check_region)]
    industry: Annotated[IndustryCode, AfterValidator(check_industry)]

    @model_validator(mode="after")
    def _consistent(self) -> "DossierWrite":
        check_dossier(self)
        return self


class EnterpriseSummary(BaseModel):
    """An enterprise in a list (企业概要)."""

    uscc: str = Field(title="统一社会信用代码")
    name: str = Field(title="企业名称")
    region: str = Field(title="行政区划代码")
    region_name: str | None = Field(title="行政区划")
    industry: str = Field(title="国民经济行业代码")
    industry_name: str = Field(title="行业大类")
    segment: str | None = Field(title="细分领域")
    status: DossierStatus = Field(title="登记状态")
    version: int = Field(title="版本")
    changed_at: Instant = Field(title="变更时间")


class EnterpriseRead(EnterpriseSummary):
    """An enterprise with its present dossier (企业)."""

    registered_at: Instant = Field(title="建档时间")
    dossier: Dossier = Field(title="企业档案")


class EnterprisePage(BaseModel):
    """A page of enterprises; the next one is in the Link header."""

    enterprises: list[EnterpriseSummary]


class VersionSummary(BaseModel):
    """One version of a dossier in a list (档案版本)."""

    version: int = Field(title="版本")
    status: DossierStatus = Field(title="登记状态")
    known_at: Instant = Field(title="知悉时间", description="Known to the platform from here on.")
    changed_by: str = Field(title="变更人")


class VersionRead(VersionSummary):
    """One version of a dossier."""

    dossier: Dossier = Field(title="企业档案")


class VersionPage(BaseModel):
    """A page of versions, newest first; the next one is in the Link header."""

    versions: list[VersionSummary]


class ConsentCreate(BaseModel):
    """Leave for one bank to see named fields for one purpose until a day (授权书)."""

    model_config = ConfigDict(extra="forbid")

    bank: BankCode
    purpose: str = Field(title="授权用途", min_length=4, max_length=200, examples=["贷款资格预审"])
    fields: list[ConsentedField] = Field(title="授权字段", min_length=1, max_length=20)
    expires_on: Day = Field(title="有效期至", examples=["2023-09-30"])
    evidence: Document = Field(title="授权书", description="The signed authorisation document.")


class ConsentRead(BaseModel):
    """A consent (授权)."""

    consent_id: UUID = Field(title="授权编号")
    bank: str = Field(title="银行代码")
    purpose: str = Field(title="授权用途")
    fields: list[ConsentedField] = Field(title="授权字段")
    evidence: Document = Field(title="授权书")
    granted_at: Instant = Field(title="授权时间")
    granted_by: str = Field(title="授权人")
    expires_on: date = Field(title="有效期至")
    withdrawn_at: Instant | None = Field(title="撤回时间")
    valid: bool = Field(title="当前有效")


class ConsentList(BaseModel):
    """Every consent of one enterprise, newest first."""

    consents: list[ConsentRead]


class RegionRead(BaseModel):
    """A region (行政区划), GB/T 2260."""

    code: str
    name: str


class IndustryRead(BaseModel):
    """A division (大类) of GB/T 4754-2017."""

    code: str
    name: str
    section: str = Field(title="门类")
    section_name: str = Field(title="门类名称")


class SegmentWrite(BaseModel):
    """A segment of the region's taxonomy (细分领域)."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(title="细分领域", min_length=2, max_length=100)
    chain: str = Field(title="产业链", min_length=2, max_length=100)
    positions: list[Annotated[str, Field(min_length=1, max_length=64)]] = Field(
        title="产业链位置", min_length=1, max_length=20
    )


class SegmentRead(SegmentWrite):
    """A segment with its id."""

    segment_id: str = Field(title="细分领域编号")


class AuthorityRead(BaseModel):
    """An authority (主管部门) and the region prefixes it covers."""

    code: str
    name: str
    level: str
    parent: str | None
    covers: list[str]
    excludes: list[str]


class FactName(BaseModel):
    """A fact that rules may read (规则可读取的事实)."""

    name: str
    title: str = Field(title="中文名称")
    unit: str | None = Field(title="单位")
    source: str = Field(title="依据")
