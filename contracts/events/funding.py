"""Events of the funding service: entitlements, and what each bank may hear (奖补, 贷款资格)."""

from datetime import date
from enum import StrEnum

from pydantic import Field

from contracts.fact import BANK, ENTERPRISE, Fact, Topic
from contracts.values import BankCode, Instant, Money, SignedMoney, Uscc, Value

ENTITLEMENT = Topic(
    name="funding.entitlement",
    owner="funding",
    title="奖补权益",
    compacted=False,
    retention_days=90,
)
LOAN_ELIGIBILITY = Topic(
    name="bank.{bank}.loan-eligibility",
    owner="funding",
    title="贷款资格",
    compacted=True,
    compaction_hours=12,
)


class EntitlementStatus(StrEnum):
    """Life of an entitlement (权益状态)."""

    APPEARED = "appeared"
    ENDED = "ended"


class AmountKind(StrEnum):
    """How the payer states the amount: 定额, 上限, 区间, 多值, 无金额."""

    FIXED = "fixed"
    CAP = "cap"
    RANGE = "range"
    BY_SUBTYPE = "by_subtype"
    NONE = "none"


class EntitlementChanged(
    Fact,
    topic=ENTITLEMENT,
    name="funding.entitlement-changed.v1",
    key="uscc",
    audience=ENTERPRISE,
):
    """An award entitlement appeared or ended (奖补权益变更). One happening, not a snapshot."""

    uscc: Uscc
    entitlement_id: str
    scheme: str = Field(title="奖补项目")
    period: str = Field(title="期间", examples=["once"])
    status: EntitlementStatus
    automatic: bool = Field(title="免申即享")
    payer: str = Field(
        title="奖补主体", description="Authority code of the payer.", examples=["440100"]
    )
    title: str = Field(
        title="称号类别",
        description="Empty where it rests on no title.",
        examples=["little_giant"],
    )
    amount_kind: AmountKind
    amount_min_cny: Money | None = Field(None, title="金额下限")
    amount_max_cny: Money | None = Field(None, title="金额上限")
    payable_cny: Money | None = Field(
        None,
        title="应付金额",
        description="Empty until the payer sets it, unless the law fixes it.",
    )
    reason: str = Field(title="依据")
    payee_kind: str | None = Field(None, title="奖补对象", examples=["enterprise"])
    origin: str | None = Field(
        None,
        title="产生方式",
        description="`title`, or `claim` for an approved claim.",
        examples=["title"],
    )
    budget_year: int | None = Field(None, title="预算年度", examples=[2022])
    quantity: int | None = Field(
        None, title="数量", description="Of a benefit without money; such a benefit has no amount."
    )
    unit: str | None = Field(None, title="单位", examples=["vehicle"])


class EligibilityStatus(StrEnum):
    """Whether the bank may act on the snapshot (资格状态)."""

    ELIGIBLE = "eligible"
    WITHDRAWN = "withdrawn"


class WithdrawalReason(StrEnum):
    """Why a bank must stop using what it heard (撤回原因)."""

    CONSENT_WITHDRAWN = "consent_withdrawn"
    CONSENT_EXPIRED = "consent_expired"
    NO_LONGER_ELIGIBLE = "no_longer_eligible"
    DEREGISTERED = "deregistered"


class EligibleProduct(Value):
    """One loan product the enterprise fits, and why."""

    product: str = Field(title="产品编号")
    version: int | None = Field(
        None, title="产品版本", description="Which version of the product was judged."
    )
    kind: str | None = Field(None, title="产品类别", examples=["credit"])
    name: str = Field(title="产品名称")
    limit_cny: Money | None = Field(
        None, title="信用额度", description="The most on credit; empty: by need and risk."
    )
    limit_secured_cny: Money | None = Field(
        None, title="抵质押或担保额度", description="The most with security, where it is higher."
    )
    rate: str | None = Field(None, title="参考利率", description="As the bank states it.")
    reasons: tuple[str, ...] = Field(
        title="符合条件", description="The conditions met, in Chinese, without the values seen."
    )


class SharedProfile(Value):
    """The consented fields; a field without consent is absent. Amounts are of `fiscal_year`."""

    name: str | None = None
    region: str | None = None
    industry: str | None = None
    fiscal_year: int | None = None
    revenue_cny: Money | None = None
    net_profit_cny: SignedMoney | None = None
    debt_ratio_bp: int | None = Field(None, description="Basis points: 5000 is 50 %.")
    rd_expense_cny: Money | None = None
    employees: int | None = None


class LoanEligibilityChanged(
    Fact,
    topic=LOAN_ELIGIBILITY,
    name="funding.loan-eligibility-changed.v1",
    key="uscc",
    audience=BANK,
):
    """All of one bank's products an enterprise fits, with its consent (贷款资格变更).

    A withdrawn snapshot carries its reason and no data. It stays the key's last value for seven
    days, then a tombstone follows. Keep the version after deletion, honour `valid_until`, and
    read from the beginning after a longer absence.
    """

    bank: BankCode
    uscc: Uscc
    version: int = Field(ge=1, description="Grows by one per change; never restarts.")
    status: EligibilityStatus
    reason: WithdrawalReason | None = None
    consent_id: str | None = None
    purpose: str | None = None
    valid_until: date | None = Field(None, title="有效期至", description="Inclusive.")
    judged_at: Instant
    products: tuple[EligibleProduct, ...] = ()
    profile: SharedProfile | None = None


PAYMENT = Topic(
    name="funding.payment",
    owner="funding",
    title="奖补资金拨付",
    compacted=False,
    retention_days=90,
)


class PaymentStatus(StrEnum):
    """What happened: 已拨付, 已退回, 已冲正; 追回决定, 追回逾期, 追回撤销, 已追回."""

    PAID = "paid"
    REFUSED = "refused"
    REVERSED = "reversed"
    CLAW_BACK_ORDERED = "claw_back_ordered"
    CLAW_BACK_OVERDUE = "claw_back_overdue"
    CLAW_BACK_CANCELLED = "claw_back_cancelled"
    CLAWED_BACK = "clawed_back"


class PaymentChanged(
    Fact, topic=PAYMENT, name="funding.payment-changed.v1", key="uscc", audience=ENTERPRISE
):
    """A payment line was answered by the bank, or its money is claimed back (拨付进展).

    One happening, not a snapshot. The payee's bank account is never named.
    """

    uscc: Uscc
    line_id: str = Field(title="支付编号")
    entitlement_id: str
    scheme: str = Field(title="奖补项目")
    period: str = Field(title="期间", examples=["once"])
    payer: str = Field(
        title="奖补主体", description="Authority code of the payer.", examples=["440100"]
    )
    status: PaymentStatus
    amount_cny: Money = Field(title="金额")
    reason: str | None = Field(None, title="原因")
    due_on: date | None = Field(None, title="退款期限")
    appeal_until: date | None = Field(None, title="申诉期限")
