"""Events of the catalog service: providers, offerings, service cases, vouchers (公共服务).

A case and a voucher publish single happenings; a provider and an offering publish snapshots.
Names of persons and contacts stay out.
"""

from datetime import date
from enum import StrEnum

from pydantic import Field

from contracts.fact import PUBLIC, Audience, Fact, Topic
from contracts.facts import Certificate, Count, DigitalLevel, IpRight
from contracts.values import Day, Instant, Money, RegionCode, Uscc, Value

PROVIDER = Topic(name="catalog.provider", owner="catalog", title="服务商", compacted=True)
OFFERING = Topic(name="catalog.offering", owner="catalog", title="服务项目", compacted=True)
CASE = Topic(
    name="catalog.case", owner="catalog", title="服务案件", compacted=False, retention_days=90
)
VOUCHER = Topic(
    name="catalog.voucher", owner="catalog", title="服务券", compacted=False, retention_days=90
)
BOTH_SIDES: Audience = frozenset({"enterprise", "provider"})
_PROVIDER = Field(title="服务商编号", examples=["alibaba-cloud"])


class ProviderKind(StrEnum):
    """Three types of market providers: 大型平台型企业, 区域性科技服务机构, 龙头型“专精特新”企业."""

    PLATFORM_COMPANY = "platform_company"
    REGIONAL_INSTITUTION = "regional_institution"
    LEADING_SPECIALIST = "leading_specialist"


class ProviderStatus(StrEnum):
    """Where a provider stands in the database: 待遴选, 入库, 暂停, 出库."""

    CANDIDATE = "candidate"
    LISTED = "listed"
    SUSPENDED = "suspended"
    DELISTED = "delisted"


class ServiceKind(StrEnum):
    """Six kinds of public service: 信息, 技术, 创业, 培训, 融资, 综合服务."""

    INFORMATION = "information"
    TECHNOLOGY = "technology"
    ENTREPRENEURSHIP = "entrepreneurship"
    TRAINING = "training"
    FINANCING = "financing"
    COMPREHENSIVE = "comprehensive"


class ProductKind(StrEnum):
    """Products for 专精特新: 信贷产品, 人才服务, 市场营销, 协同创新, 数字化, 政策宣贯."""

    CREDIT = "credit"
    TALENT = "talent"
    MARKETING = "marketing"
    COOPERATION = "cooperation"
    DIGITAL = "digital"
    POLICY = "policy"


class ProviderChanged(
    Fact, topic=PROVIDER, name="catalog.provider-changed.v1", key="provider", audience=PUBLIC
):
    """A provider of the database (服务商变更). Published from the first listing on."""

    provider: str = _PROVIDER
    version: int = Field(ge=1, description="Grows by one per change; never restarts.")
    status: ProviderStatus = Field(examples=["listed"])
    kind: ProviderKind
    name: str = Field(title="服务商名称", max_length=200)
    authority: str = Field(title="遴选机关", examples=["440100"])
    reason: str | None = Field(None, title="原因")


class OfferingStatus(StrEnum):
    """Whether an offering can be chosen: 已发布, 已下架."""

    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class OfferingChanged(
    Fact, topic=OFFERING, name="catalog.offering-changed.v1", key="offering_id", audience=PUBLIC
):
    """An offering of a provider (服务项目变更). The latest snapshot suffices."""

    offering_id: str = Field(examples=["5a4b1f7e-0f0e-4c6b-9f7a-2f1f6f0f3c11"])
    version: int = Field(ge=1, description="Grows by one per change; never restarts.")
    provider: str = _PROVIDER
    status: OfferingStatus
    service: ServiceKind = Field(title="服务类别")
    name: str = Field(title="服务名称", max_length=200)


class CaseState(StrEnum):
    """Where a service case stands (服务案件状态)."""

    ASSIGNED = "assigned"
    PICKED = "picked"
    DIAGNOSING = "diagnosing"
    DIAGNOSED = "diagnosed"
    TRANSFORMING = "transforming"
    COMPLETED = "completed"
    ACCEPTED = "accepted"
    FOLLOWED_UP = "followed_up"
    CLOSED = "closed"
    ABORTED = "aborted"


class CaseMoved(Fact, topic=CASE, name="catalog.case-moved.v1", key="uscc", audience=BOTH_SIDES):
    """A case moved from one state to the next, or a deadline of it passed (服务案件进展)."""

    uscc: Uscc
    case_id: str
    provider: str | None = Field(None, title="服务商编号", examples=["alibaba-cloud"])
    move: str = Field(title="操作", examples=["pick"])
    before: CaseState | None = Field(None, title="原状态")
    after: CaseState = Field(title="现状态", examples=["picked"])
    due_on: date | None = Field(None, title="办理期限")


class CaseEvidence(Value):
    """What an accepted case proved of the enterprise (验收成果). Written into its dossier."""

    digital_level: DigitalLevel | None = Field(None, title="数字化水平")
    green_level: int | None = Field(None, ge=1, le=5, title="绿色化水平")
    core_processes_on_it: Count | None = Field(None, title="采用信息系统支撑的核心业务数")
    certificates: tuple[Certificate, ...] = Field((), max_length=20, title="认证")
    ip_rights: tuple[IpRight, ...] = Field((), max_length=20, title="知识产权")
    report: str = Field(title="验收报告", max_length=500, examples=["穗服务验〔2022〕1号"])
    report_on: Day = Field(title="验收报告日期")


class CaseAccepted(
    Fact, topic=CASE, name="catalog.case-accepted.v1", key="uscc", audience=BOTH_SIDES
):
    """An authority accepted the result of a case (验收通过), with what it proved."""

    uscc: Uscc
    case_id: str
    provider: str = _PROVIDER
    region: RegionCode
    accepted_at: Instant = Field(title="验收时间")
    evidence: CaseEvidence | None = Field(None, title="验收成果")


class VoucherState(StrEnum):
    """Where a voucher stands: 已发放, 已兑付, 已结算, 已过期."""

    ISSUED = "issued"
    REDEEMED = "redeemed"
    SETTLED = "settled"
    EXPIRED = "expired"


class VoucherMoved(
    Fact, topic=VOUCHER, name="catalog.voucher-moved.v1", key="uscc", audience=BOTH_SIDES
):
    """A voucher or subsidy was issued, redeemed, settled or expired (服务券、补贴变更)."""

    uscc: Uscc
    voucher_id: str
    budget_id: str
    support: str | None = Field(None, title="支持方式", examples=["voucher"])
    provider: str | None = Field(
        None,
        title="服务商编号",
        description="Whose case it is used on.",
        examples=["alibaba-cloud"],
    )
    kind: str = Field(title="券种", examples=["digital"])
    period: str = Field(title="期间", examples=["2022"])
    state: VoucherState
    amount_cny: Money
    case_id: str | None = Field(None)
    expires_on: date = Field(title="有效期至")
