"""Requests and responses of the claims."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from contracts.values import Day, Instant, Money, Whole
from services.funding.claims.machine import ClaimMove, ClaimState
from services.funding.rule_files import Texts
from shared.rules.provenance import Verification

ITEMS_MAX = 50
Percent = Annotated[
    Decimal, Field(title="补助比例", gt=0, le=100, max_digits=5, decimal_places=2, examples=["50"])
]

PercentRead = Annotated[
    Decimal, PlainSerializer(lambda value: f"{value:.2f}", return_type=str, when_used="json")
]


class DocumentKind(StrEnum):
    """Evidence of a cost: 发票, 合同, 付款凭证, 利息清单, 担保费凭证, 其他."""

    INVOICE = "invoice"
    CONTRACT = "contract"
    PAYMENT_RECEIPT = "payment_receipt"
    INTEREST_STATEMENT = "interest_statement"
    GUARANTEE_FEE_RECEIPT = "guarantee_fee_receipt"
    OTHER = "other"


class ClaimItemWrite(BaseModel):
    """One document with its amount (凭证)."""

    model_config = ConfigDict(extra="forbid")

    kind: DocumentKind = Field(title="凭证类型")
    issuer: str = Field(title="开具方", pattern=r"\S", max_length=200)
    document_no: str = Field(title="凭证号码", pattern=r"\S", max_length=100)
    issued_on: Day = Field(title="开具日期")
    amount_cny: Annotated[Money, Field(gt=0, le=10_000_000_000)] = Field(title="金额")
    note: str | None = Field(None, title="用途", max_length=500)
    sha256: str | None = Field(
        None,
        title="文件摘要",
        pattern="^[0-9a-f]{64}$",
        description="SHA-256 of the document; the platform keeps no file.",
    )


class ClaimWrite(BaseModel):
    """A claim under a scheme (申报)."""

    model_config = ConfigDict(extra="forbid")

    scheme_id: str = Field(title="奖补项目编号", max_length=100, examples=["guangzhou-listing-aid"])
    name: str | None = Field(
        None,
        title="单位名称",
        min_length=2,
        max_length=200,
        description="Of a payee that is no enterprise; enterprises are known by their dossier.",
    )
    project: str | None = Field(
        None,
        title="项目编号",
        pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]{0,59}$",
        description="For a scheme that is one per project.",
    )
    items: list[ClaimItemWrite] = Field(title="凭证", min_length=1, max_length=ITEMS_MAX)


class ResubmissionWrite(BaseModel):
    """The whole of the evidence anew (补正)."""

    model_config = ConfigDict(extra="forbid")

    items: list[ClaimItemWrite] = Field(title="凭证", min_length=1, max_length=ITEMS_MAX)
    note: str | None = Field(None, title="说明", min_length=2, max_length=1000)


class WithdrawalWrite(BaseModel):
    """Why a claim is withdrawn (撤回)."""

    model_config = ConfigDict(extra="forbid")

    note: str | None = Field(None, title="说明", min_length=2, max_length=1000)


class ReviewOutcome(StrEnum):
    """What a review decides: 核定, 退回补正, 不予支持."""

    APPROVE = "approve"
    RETURN = "return"
    REJECT = "reject"


class ItemReview(BaseModel):
    """What is accepted of one document; less than all needs a reason (逐项审核)."""

    model_config = ConfigDict(extra="forbid")

    number: Whole = Field(title="凭证序号", ge=1, le=100_000)
    accepted_cny: Money = Field(title="认可金额")
    reason: str | None = Field(None, title="核减理由", min_length=2, max_length=500)


class ReviewWrite(BaseModel):
    """The review of a claim (审核)."""

    model_config = ConfigDict(extra="forbid")

    outcome: ReviewOutcome = Field(title="审核结论")
    note: str | None = Field(
        None, title="意见", min_length=2, max_length=1000, description="Needed unless approved."
    )
    items: list[ItemReview] = Field(
        default_factory=list,
        max_length=ITEMS_MAX,
        title="逐项审核",
        description="For an approval: every document of the claim.",
    )
    amount_cny: Money | None = Field(
        None,
        title="核定金额",
        gt=0,
        description="For a scheme that is no share of the cost: what is granted.",
    )


class ClaimItemRead(BaseModel):
    """One document of a claim, and what the review accepts of it."""

    number: int = Field(title="凭证序号")
    kind: DocumentKind = Field(title="凭证类型")
    issuer: str = Field(title="开具方")
    document_no: str = Field(title="凭证号码")
    issued_on: date = Field(title="开具日期")
    amount_cny: Money = Field(title="金额")
    note: str | None = Field(title="用途")
    sha256: str | None = Field(title="文件摘要")
    accepted_cny: Money | None = Field(title="认可金额")
    reason: str | None = Field(title="核减理由")


class ClaimStepRead(BaseModel):
    """One move of a claim (办理记录)."""

    number: int = Field(title="序号")
    move: ClaimMove = Field(title="操作")
    before: ClaimState | None = Field(title="原状态")
    after: ClaimState = Field(title="现状态")
    role: str = Field(title="办理角色")
    moved_at: Instant = Field(title="时间")
    note: str | None = Field(title="说明")


class ClaimRead(BaseModel):
    """A claim (申报)."""

    claim_id: UUID = Field(title="申报编号")
    scheme_id: str = Field(title="奖补项目编号")
    name: Texts = Field(title="奖补项目")
    uscc: str = Field(title="统一社会信用代码")
    payee_kind: str = Field(title="奖补对象")
    payee_name: str = Field(title="单位名称")
    payer: str = Field(title="奖补主体")
    period: str = Field(title="期间")
    state: ClaimState = Field(title="状态")
    filed_on: date = Field(title="申报日期")
    due_on: date | None = Field(title="办理期限")
    overdue: bool = Field(title="已逾期")
    claimed_cny: Money = Field(title="申报金额")
    eligible_cny: Money | None = Field(title="认可金额合计")
    percent: PercentRead | None = Field(
        title="补助比例", description="The payer's, where it set one; else the source's."
    )
    source: str = Field(title="来源", description="Of the offer the claim stays on.")
    verification: Verification = Field(title="核验程度")
    approved_cny: Money | None = Field(title="核定金额")
    entitlement_id: UUID | None = Field(title="权益编号")


class ClaimDetail(ClaimRead):
    """A claim with its documents and every move it made."""

    items: list[ClaimItemRead] = Field(title="凭证")
    steps: list[ClaimStepRead] = Field(title="办理记录")


class ClaimPage(BaseModel):
    """A page of claims; the next one is in the Link header."""

    claims: list[ClaimRead]


class ShareWrite(BaseModel):
    """The share of the cost that the payer pays from a day on (补助比例)."""

    model_config = ConfigDict(extra="forbid")

    percent: Percent
    since: Day = Field(title="施行日期", description="Counts for claims filed from this day on.")
    document_no: str = Field(title="依据文号", min_length=2, max_length=200)
    reason: str = Field(title="理由", min_length=2, max_length=1000)


class ShareRead(BaseModel):
    """A share that the payer set (补助比例)."""

    percent: PercentRead = Field(title="补助比例")
    since: date = Field(title="施行日期")
    document_no: str = Field(title="依据文号")
    reason: str = Field(title="理由")
    decided_at: Instant = Field(title="设定时间")


class ShareList(BaseModel):
    """Every share that the payer of a scheme set, the latest first."""

    scheme_id: str = Field(title="奖补项目编号")
    shares: list[ShareRead]
