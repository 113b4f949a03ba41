"""Requests and responses of the loan applications."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from contracts.events.bank import (
    ApplicationWithdrawal,
    DrawDown,
    LoanDecided,
    Months,
    Refusal,
    RefusalReason,
)
from contracts.values import BankCode, Instant, Money, Tier
from services.funding.applications.models import ApplicationState

Words = Annotated[str, Field(min_length=2, max_length=500)]


class ApplicationCreate(BaseModel):
    """An application for a product, or with a wish to a bank (贷款申请)."""

    model_config = ConfigDict(extra="forbid")

    product: str | None = Field(
        None,
        title="产品编号",
        max_length=64,
        description="A product of GET /v1/enterprises/{uscc}/loan-products that fits.",
        examples=["icbc-little-giant-loan"],
    )
    bank: BankCode | None = Field(
        None, description="Only without a product: the bank that is asked (融资意愿)."
    )
    amount_cny: Money = Field(title="申请金额", gt=0, examples=["5000000.00"])
    tenor_months: Months
    purpose: Words = Field(title="贷款用途", examples=["采购伺服电机原材料"])
    note: Words | None = Field(None, title="补充说明")
    consent_id: UUID = Field(
        title="授权编号",
        description="A consent to this bank whose purpose names 贷款申请.",
    )

    @model_validator(mode="after")
    def _product_or_bank(self) -> "ApplicationCreate":
        if (self.product is None) == (self.bank is None):
            raise ValueError("name either a product or a bank: a product says whose it is")
        return self


class LoanApplicationRead(BaseModel):
    """A loan application as it stands (贷款申请).

    A bank that may not work on it any more sees its own words only; the rest is null.
    """

    application_id: UUID = Field(title="申请编号")
    bank: str = Field(title="银行代码")
    state: ApplicationState = Field(title="申请状态")
    uscc: str | None = Field(title="统一社会信用代码")
    name: str | None = Field(title="企业名称", description="Null unless the consent names it.")
    product: str | None = Field(title="产品编号", description="Null: a wish.")
    tier: Tier | None = Field(title="申请时梯度", description="Of the titles held then.")
    amount_cny: Money | None = Field(title="申请金额")
    tenor_months: int | None = Field(title="申请期限")
    purpose: str | None = Field(title="贷款用途")
    note: str | None = Field(title="补充说明")
    consent_id: str | None = Field(title="授权编号")
    filed_at: Instant | None = Field(title="申请时间")
    changed_at: Instant = Field(title="变更时间")
    withdrawal: ApplicationWithdrawal | None = Field(title="撤回原因")
    decision_id: str | None = Field(title="审批编号")
    decision_version: int | None = Field(title="审批版本", description="Null: nothing said yet.")
    decided_on: date | None = Field(title="审批日期")
    approved_cny: Money | None = Field(title="批准金额")
    rate_percent: str | None = Field(title="年利率", examples=["3.45"])
    approved_months: int | None = Field(title="批准期限")
    refusals: list[Refusal] = Field(title="拒绝理由")
    draw_downs: list[DrawDown] = Field(title="放款")
    drawn_cny: Money = Field(title="放款合计")
    repaid_cny: Money = Field(title="已还本金")


class LoanApplicationDetail(LoanApplicationRead):
    """An application with every version of the bank's word, latest first."""

    decisions: list[LoanDecided] = Field(title="审批记录")


class LoanApplicationPage(BaseModel):
    """A page of applications, oldest first; the next one is in the Link header."""

    applications: list[LoanApplicationRead]


class ApplicationFigures(BaseModel):
    """Applications for one product by enterprises of one tier (贷款统计)."""

    bank: str = Field(title="银行代码")
    product: str | None = Field(title="产品编号", description="Null: wishes.")
    tier: Tier | None = Field(title="申请时梯度")
    applications: int = Field(title="申请数")
    states: dict[ApplicationState, int] = Field(title="按状态")
    requested_cny: Money = Field(title="申请金额合计")
    approved_cny: Money = Field(title="批准金额合计")
    drawn_cny: Money = Field(title="放款合计")
    repaid_cny: Money = Field(title="已还本金合计")
    rate_percent: str | None = Field(
        title="平均年利率", description="Weighted by the amounts approved; null: none approved."
    )
    refusals: dict[RefusalReason, int] = Field(title="拒绝原因")


class ApplicationSummary(BaseModel):
    """Figures per bank, product and tier."""

    figures: list[ApplicationFigures]
