"""Requests and responses of public notices and objections. No personal data is shown."""

from datetime import date
from typing import Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.values import Instant, Money
from services.funding.payments.run_schemas import LineState, Reason, Request
from services.funding.rule_files import Texts

Outcome: TypeAlias = Literal["upheld", "dismissed"]


class NoticeRead(BaseModel):
    """A list of intended payees in public notice (拟拨付名单公示)."""

    run_id: UUID = Field(title="公示编号")
    payer: str = Field(title="奖补主体")
    payer_name: str = Field(title="奖补主体名称")
    list_no: str = Field(title="名单编号")
    year: int = Field(title="预算年度")
    notice_from: date = Field(title="公示起")
    notice_until: date = Field(title="公示止", description="Inclusive.")
    running: bool = Field(title="公示中", description="Objections are taken.")
    days: int = Field(title="公示天数")
    unit: Literal["working_days", "calendar_days"] = Field(title="天数单位")
    source: str = Field(title="公示期依据")
    verification: str = Field(title="核验程度")


class NoticePage(BaseModel):
    """A page of notices, newest first; the next one is in the Link header."""

    notices: list[NoticeRead]


class NoticeLine(BaseModel):
    """One intended payee (拟拨付对象)."""

    line_id: UUID = Field(title="支付编号")
    number: int = Field(title="序号")
    name: str = Field(title="单位名称")
    uscc: str = Field(title="统一社会信用代码")
    scheme: Texts = Field(title="奖补项目")
    amount_cny: Money = Field(title="拟拨付金额")
    state: LineState = Field(title="状态", description="withdrawn: taken out after the notice.")


class NoticeDetail(NoticeRead):
    """A notice with a page of its lines; the next one is in the Link header."""

    lines: list[NoticeLine]


class ObjectionWrite(Request):
    """An objection of anyone affected (公示异议)."""

    line_id: UUID | None = Field(
        None, title="支付编号", description="Without it: somebody is missing from the list."
    )
    reason: Reason


class DecisionWrite(Request):
    """A decision with its reasons (处理意见)."""

    outcome: Outcome = Field(title="处理结果", description="upheld 成立, dismissed 不成立.")
    reason: Reason


class ObjectionRead(BaseModel):
    """An objection and how it was decided (异议及处理)."""

    objection_id: UUID = Field(title="异议编号")
    run_id: UUID = Field(title="批次编号")
    line_id: UUID | None = Field(title="支付编号")
    reason: str = Field(title="异议理由")
    raised_by: str = Field(title="提出人")
    raised_at: Instant = Field(title="提出时间")
    outcome: Outcome | None = Field(title="处理结果")
    decision: str | None = Field(title="处理意见")
    decided_by: str | None = Field(title="处理人")
    decided_at: Instant | None = Field(title="处理时间")


class ObjectionList(BaseModel):
    """Every objection to a list, oldest first."""

    objections: list[ObjectionRead]
