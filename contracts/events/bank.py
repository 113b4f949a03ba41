"""Events between the platform and one bank: applications and decisions (贷款申请、贷款审批).

The platform publishes the applications, the bank its decisions; each on a topic of that bank.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from contracts.fact import BANK, Fact, Topic
from contracts.values import BankCode, Instant, Money, Uscc, Value

LOAN_APPLICATION = Topic(
    name="bank.{bank}.loan-application",
    owner="funding",
    title="贷款申请",
    compacted=True,
    compaction_hours=12,
)
LOAN_DECISION = Topic(
    name="bank.{bank}.loan-decision",
    owner="bank",
    title="贷款审批",
    compacted=True,
    partitions=1,
    compaction_hours=12,
    outsiders=True,
)

ApplicationId = Annotated[
    str,
    Field(
        pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
        title="申请编号",
        examples=["3f0c1a52-9a53-4a1e-8a7e-2d1f5b6c7d88"],
    ),
]

RatePercent = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{1,2}(\.[0-9]{1,4})?$",
        title="年利率",
        description="Percent a year, exact, as a string: 3.45 is 3.45 %.",
        examples=["3.45"],
    ),
]

Months = Annotated[int, Field(ge=1, le=480, title="期限", description="Months.", examples=[12])]


class Disclosure(StrEnum):
    """Whether the bank may work on the application (申请可见状态)."""

    OPEN = "open"
    WITHDRAWN = "withdrawn"


class ApplicationWithdrawal(StrEnum):
    """Why an application is withdrawn (撤回原因): 企业撤回, 撤回授权, 授权到期."""

    BY_ENTERPRISE = "by_enterprise"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    CONSENT_EXPIRED = "consent_expired"


class LoanApplicationChanged(
    Fact,
    topic=LOAN_APPLICATION,
    name="funding.loan-application-changed.v1",
    key="application_id",
    audience=BANK,
):
    """An enterprise applies to this bank, or takes the application back (贷款申请变更).

    A withdrawn snapshot carries its reason and no data. It stays the key's last value for seven
    days, then a tombstone follows.
    """

    bank: BankCode
    application_id: ApplicationId
    version: int = Field(ge=1, description="Grows by one per change; never restarts.")
    status: Disclosure
    reason: ApplicationWithdrawal | None = Field(None, title="撤回原因")
    uscc: Uscc | None = None
    name: str | None = Field(
        None, title="企业名称", description="Absent where the consent does not name it."
    )
    product: str | None = Field(
        None, title="产品编号", description="Absent: no product, a wish of the enterprise."
    )
    amount_cny: Money | None = Field(None, title="申请金额")
    tenor_months: Months | None = None
    purpose: str | None = Field(None, title="贷款用途")
    note: str | None = Field(None, title="补充说明")
    consent_id: str | None = Field(None, title="授权编号")
    filed_at: Instant | None = Field(None, title="申请时间")


class DecisionState(StrEnum):
    """Where the application stands at the bank (审批状态).

    已受理, 已批准, 已拒绝, 已放款, 已结清.
    """

    RECEIVED = "received"
    APPROVED = "approved"
    REFUSED = "refused"
    DRAWN_DOWN = "drawn_down"
    CLOSED = "closed"


class RefusalReason(StrEnum):
    """Why a bank refuses (拒绝原因).

    信用记录, 还款能力, 担保不足, 材料不全, 不符合政策, 额度已满, 其他.
    """

    CREDIT_RECORD = "credit_record"
    REPAYMENT_ABILITY = "repayment_ability"
    SECURITY = "security"
    DOCUMENTS = "documents"
    POLICY = "policy"
    QUOTA = "quota"
    OTHER = "other"


class Refusal(Value):
    """One reason for a refusal, for the enterprise to read (拒绝理由)."""

    reason: RefusalReason = Field(title="原因类别")
    text: str = Field(title="说明", min_length=2, max_length=500, examples=["近两年存在逾期记录"])


class DrawDown(Value):
    """Money that the bank paid out under the approval (放款)."""

    number: int = Field(ge=1, le=10_000, title="放款序号", description="The bank's own count.")
    drawn_on: date = Field(title="放款日期")
    amount_cny: Money = Field(title="放款金额")


class LoanDecided(
    Fact,
    topic=LOAN_DECISION,
    name="bank.loan-decided.v1",
    key="application_id",
    audience=BANK,
):
    """What the bank says of one application, whole at each version (贷款审批).

    Written by the bank. The latest version alone suffices: it repeats the approval and every
    draw-down, and so corrects what an earlier one said.
    """

    bank: BankCode
    application_id: ApplicationId
    decision_id: str = Field(
        title="审批编号", description="The bank's own number.", min_length=1, max_length=64
    )
    version: int = Field(
        ge=1, le=2**53, description="Grows with each version the bank writes of this application."
    )
    state: DecisionState
    decided_on: date = Field(title="审批日期")
    amount_cny: Money | None = Field(
        None, title="批准金额", description="From the approval on; draw-downs do not exceed it."
    )
    rate_percent: RatePercent | None = Field(None, description="From the approval on.")
    tenor_months: Months | None = Field(None, description="Months; from the approval on.")
    refusals: tuple[Refusal, ...] = Field(
        (), title="拒绝理由", max_length=20, description="One or more where the state is refused."
    )
    draw_downs: tuple[DrawDown, ...] = Field(
        (), title="放款", max_length=1000, description="All of them, each once."
    )
    repaid_cny: Money | None = Field(None, title="已还本金")
