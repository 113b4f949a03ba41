"""Events of the enterprise service: the dossier, consents and needs (一户一档, 授权, 需求)."""

from datetime import date
from enum import StrEnum

from pydantic import Field

from contracts.events.catalog import ServiceKind
from contracts.fact import ENTERPRISE, INTERNAL, Fact, Topic
from contracts.facts import EnterpriseFacts
from contracts.values import BankCode, Instant, Money, Uscc, Value

DOSSIER = Topic(
    name="enterprise.dossier",
    owner="enterprise",
    title="企业档案",
    compacted=True,
    partitions=6,
)
CONSENT = Topic(name="enterprise.consent", owner="enterprise", title="数据授权", compacted=True)
NEED = Topic(name="enterprise.need", owner="enterprise", title="企业需求", compacted=True)


class DossierStatus(StrEnum):
    """Whether the enterprise still stands in the register (登记状态)."""

    REGISTERED = "registered"
    DEREGISTERED = "deregistered"


class DossierChanged(
    Fact,
    topic=DOSSIER,
    name="enterprise.dossier-changed.v1",
    key="uscc",
    audience=ENTERPRISE,
):
    """The dossier of an enterprise as rules see it (企业档案变更). The latest snapshot suffices."""

    uscc: Uscc
    version: int = Field(ge=1, description="Grows by one per change; never restarts.")
    status: DossierStatus
    name: str = Field(title="企业名称", max_length=200)
    changed_at: Instant
    facts: EnterpriseFacts


class ConsentedField(StrEnum):
    """Fields an enterprise may let a bank see (授权字段)."""

    NAME = "name"
    REGION = "region"
    INDUSTRY = "industry"
    REVENUE = "revenue"
    NET_PROFIT = "net_profit"
    DEBT_RATIO = "debt_ratio"
    RD_EXPENSE = "rd_expense"
    EMPLOYEES = "employees"


class Consent(Value):
    """Leave given to one bank, for one purpose, until a date (授权)."""

    consent_id: str
    bank: BankCode
    purpose: str = Field(title="授权用途", max_length=200)
    fields: tuple[ConsentedField, ...] = Field(title="授权字段")
    granted_at: Instant = Field(title="授权时间")
    expires_on: date = Field(title="有效期至")
    withdrawn_at: Instant | None = Field(None, title="撤回时间")


class ConsentsChanged(
    Fact,
    topic=CONSENT,
    name="enterprise.consents-changed.v1",
    key="uscc",
    audience=INTERNAL,
):
    """Every consent the enterprise gave, the withdrawn ones among them (授权变更)."""

    uscc: Uscc
    version: int = Field(ge=1, description="Grows by one per change; never restarts.")
    consents: tuple[Consent, ...]


class NeedKind(StrEnum):
    """What an enterprise lacks (需求类别): 资金, 数字化, 创新协同, 市场拓展, 人才, 政策, 公共服务.

    The first four are the urgent needs that the founding report names. Every kind but `service`
    asks for one of the six products for 专精特新; `service` for one of the six public services.
    """

    FINANCING = "financing"
    DIGITAL = "digital"
    INNOVATION = "innovation"
    MARKET = "market"
    TALENT = "talent"
    POLICY = "policy"
    SERVICE = "service"


class NeedStatus(StrEnum):
    """Where a need stands (需求状态): 待对接, 已满足, 已撤回."""

    OPEN = "open"
    MET = "met"
    WITHDRAWN = "withdrawn"


class FinancingTerms(Value):
    """The money a financing need asks for, and which banks may see it (融资需求)."""

    amount_cny: Money = Field(title="融资金额", gt=0, examples=["5000000.00"])
    tenor_months: int = Field(title="期限(月)", ge=1, le=360, examples=[12])
    purpose: str = Field(title="用途", min_length=2, max_length=200, examples=["采购原材料"])
    open_to_all_banks: bool = Field(title="向所有银行开放")
    banks: tuple[BankCode, ...] = Field(
        (),
        title="可见银行",
        max_length=50,
        description="The only banks that may see it, unless it is open to all.",
    )


class Need(Value):
    """Something an enterprise asks for (企业需求). Its text names no persons and no contacts."""

    need_id: str = Field(title="需求编号", max_length=64)
    kind: NeedKind = Field(title="需求类别")
    service: ServiceKind | None = Field(
        None, title="公共服务类别", description="Of the kind `service` alone, and always there."
    )
    financing: FinancingTerms | None = Field(
        None, title="融资需求", description="Of the kind `financing` alone, and always there."
    )
    text: str = Field(title="需求说明", max_length=500)
    segment: str | None = Field(
        None,
        title="细分领域",
        max_length=64,
        description="The segment it lies in, where that is not the enterprise's own.",
    )
    wanted_by_on: date | None = Field(None, title="希望完成日期")
    status: NeedStatus = Field(title="状态")
    opened_at: Instant = Field(title="提出时间")
    closed_at: Instant | None = Field(None, title="办结时间")


class NeedsChanged(
    Fact,
    topic=NEED,
    name="enterprise.needs-changed.v1",
    key="uscc",
    audience=ENTERPRISE,
):
    """The needs of an enterprise (企业需求变更): every open one, and the hundred closed last.

    The latest snapshot suffices. A closed need that is no longer listed stays closed.
    """

    uscc: Uscc
    version: int = Field(ge=1, description="Grows by one per change; never restarts.")
    needs: tuple[Need, ...]
