"""Requests and responses of the vouchers."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.events.catalog import VoucherState
from contracts.values import Day, Instant, Money, Whole
from services.catalog.cases.schemas import CaseKind
from services.catalog.periods import Period
from services.catalog.providers.schemas import AuthorityCode
from shared.uscc import CheckedUscc


class SupportKind(StrEnum):
    """Kinds of support the founding report names.

    政府购买服务 and 服务后补贴 go to the provider, 改造后补助 and 服务券 to the enterprise.
    """

    GOVERNMENT_PURCHASE = "government_purchase"
    POST_SERVICE_SUBSIDY = "post_service_subsidy"
    POST_TRANSFORMATION_AID = "post_transformation_aid"
    VOUCHER = "voucher"


BENEFICIARY = {
    SupportKind.GOVERNMENT_PURCHASE: "provider",
    SupportKind.POST_SERVICE_SUBSIDY: "provider",
    SupportKind.POST_TRANSFORMATION_AID: "enterprise",
    SupportKind.VOUCHER: "enterprise",
}


class BudgetWrite(BaseModel):
    """A budget and its issue rules (服务券预算与发放规则)."""

    model_config = ConfigDict(extra="forbid")

    authority: AuthorityCode
    support: SupportKind = Field(SupportKind.VOUCHER, title="支持方式")
    kind: CaseKind = Field(title="券种")
    period: Period
    total_cny: Money = Field(title="预算总额", gt=0)
    face_cny: Money = Field(title="面值", gt=0)
    titles: list[Annotated[str, Field(max_length=64)]] = Field(
        default_factory=list,
        max_length=20,
        title="发放对象称号",
        description="One of these titles must be held; empty: every registered enterprise.",
    )
    valid_days: Whole = Field(title="有效天数", ge=1, le=1000)
    ends_on: Day = Field(title="预算截止日")


class BudgetRead(BudgetWrite):
    """A budget with its balance (预算余额)."""

    budget_id: UUID = Field(title="预算编号")
    beneficiary: str = Field(title="受益方")
    issued_cny: Money = Field(title="已发放未兑付")
    redeemed_cny: Money = Field(title="已兑付未结算")
    settled_cny: Money = Field(title="已结算")
    left_cny: Money = Field(title="余额")


class BudgetList(BaseModel):
    """Budgets of the authority asked for."""

    budgets: list[BudgetRead]


class VoucherIssue(BaseModel):
    """An enterprise asks for a voucher (申领)."""

    model_config = ConfigDict(extra="forbid")

    budget_id: UUID = Field(title="预算编号")
    uscc: CheckedUscc


class SupportGrant(BaseModel):
    """A subsidy for an accepted case (购买服务、服务后补贴、改造后补助)."""

    model_config = ConfigDict(extra="forbid")

    budget_id: UUID = Field(title="预算编号")


class Redemption(BaseModel):
    """A voucher is used on an accepted case (兑付)."""

    model_config = ConfigDict(extra="forbid")

    case_id: UUID = Field(title="案件编号")


class Settlement(BaseModel):
    """The money was paid outside the platform (结算)."""

    model_config = ConfigDict(extra="forbid")

    reference: str = Field(title="支付凭证号", min_length=2, max_length=200)


class VoucherRead(BaseModel):
    """A voucher (服务券)."""

    voucher_id: UUID = Field(title="服务券编号")
    budget_id: UUID = Field(title="预算编号")
    uscc: str = Field(title="统一社会信用代码")
    support: SupportKind = Field(title="支持方式")
    beneficiary: str = Field(title="受益方")
    kind: CaseKind = Field(title="券种")
    period: str = Field(title="期间")
    state: VoucherState = Field(title="状态")
    amount_cny: Money = Field(title="金额")
    case_id: UUID | None = Field(title="案件编号")
    provider: str | None = Field(title="服务商编号")
    issued_at: Instant = Field(title="发放时间")
    redeemed_at: Instant | None = Field(title="兑付时间")
    settled_at: Instant | None = Field(title="结算时间")
    expired_at: Instant | None = Field(title="过期时间")
    settlement_reference: str | None = Field(title="支付凭证号")
    expires_on: date = Field(title="有效期至")


class VoucherPage(BaseModel):
    """A page of vouchers; the next one is in the Link header."""

    vouchers: list[VoucherRead]
