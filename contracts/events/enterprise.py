"""Events of the enterprise service: the dossier and the consents (一户一档, 授权)."""

from datetime import date
from enum import StrEnum

from pydantic import Field

from contracts.fact import ENTERPRISE, INTERNAL, Fact, Topic
from contracts.facts import EnterpriseFacts
from contracts.values import BankCode, Instant, Uscc, Value

DOSSIER = Topic(
    name="enterprise.dossier",
    owner="enterprise",
    title="企业档案",
    compacted=True,
    partitions=6,
)
CONSENT = Topic(name="enterprise.consent", owner="enterprise", title="数据授权", compacted=True)


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
