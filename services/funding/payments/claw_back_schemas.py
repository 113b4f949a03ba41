"""Requests and responses of claw-backs and appeals."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.values import Day, Instant, Money
from services.funding.payments.notice_schemas import Outcome
from services.funding.payments.run_schemas import Reason, Request


class ClawBackWrite(Request):
    """An order to repay (追回决定)."""

    ground: Literal["fraud", "moved_away"] = Field(title="追回事由")
    reason: Reason


class RepaymentWrite(Request):
    """Money that came back (退款)."""

    amount_cny: Money = Field(title="退款金额", gt=0)
    bank_reference: str = Field(title="银行流水号", pattern=r"^\S(.*\S)?$", max_length=200)
    repaid_on: Day = Field(title="退款日期")


class AppealWrite(Request):
    """The payee's reasons (申诉理由)."""

    reasons: Reason


class AppealRead(BaseModel):
    """An appeal and its decision (申诉及处理)."""

    reasons: str = Field(title="申诉理由")
    filed_at: Instant = Field(title="申诉时间")
    decide_by: date = Field(title="处理期限")
    overdue_at: Instant | None = Field(title="超期未处理")
    outcome: Outcome | None = Field(title="处理结果")
    decision: str | None = Field(title="处理意见")
    decided_at: Instant | None = Field(title="处理时间")


class ClawBackRead(BaseModel):
    """A claw-back (追回)."""

    claw_back_id: UUID = Field(title="追回编号")
    line_id: UUID = Field(title="支付编号")
    uscc: str = Field(title="统一社会信用代码")
    payer: str = Field(title="奖补主体")
    scheme: str = Field(title="奖补项目编号")
    ground: Literal["annulled", "fraud", "moved_away"] = Field(title="追回事由")
    reason: str = Field(title="理由")
    amount_cny: Money = Field(title="追回金额")
    repaid_cny: Money = Field(title="已退金额")
    state: Literal["ordered", "appealed", "repaid", "cancelled"] = Field(title="状态")
    ordered_at: Instant = Field(title="决定时间")
    due_on: date = Field(title="退款期限")
    appeal_until: date = Field(title="申诉期限")
    overdue_at: Instant | None = Field(title="逾期时间")
    ended_at: Instant | None = Field(title="办结时间")
    appeal: AppealRead | None = Field(title="申诉")


class ClawBackPage(BaseModel):
    """A page of claw-backs by id; the next one is in the Link header."""

    claw_backs: list[ClawBackRead]
