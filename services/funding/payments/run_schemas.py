"""Requests and responses of payment runs, lines, approvals and returns."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from contracts.values import Day, Instant, Money, SignedMoney
from services.funding.ledger.schemas import BudgetYear, DocumentNo
from services.funding.payments.sharing import Clause
from services.funding.rule_files import Texts

Reason = Annotated[str, Field(title="理由", pattern=r"^\S[\s\S]*\S$", max_length=1000)]
RunState = Literal["listed", "on_notice", "approved", "exported", "reconciled", "cancelled"]
LineState = Literal["listed", "withdrawn", "paid", "refused", "reversed", "clawed_back", "booked"]


class Request(BaseModel):
    """A body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class ShortageDecision(Request):
    """What the payer says of a short budget, by a document (预算不足处理意见)."""

    scheme: str = Field(title="奖补项目编号", max_length=100)
    clause: Clause | None = Field(
        None, title="处理方式", description="Only where the scheme itself does not say."
    )
    ties: Literal["share", "wait"] | None = Field(
        None,
        title="同日认定的处理",
        description="Where the money ends among titles of one day: share in proportion, or wait.",
    )
    document_no: DocumentNo

    @model_validator(mode="after")
    def _says_something(self) -> "ShortageDecision":
        if self.clause is None and self.ties is None:
            raise ValueError("name a clause, or what holds for titles of one day")
        return self


class RunWrite(Request):
    """Which payable entitlements go on a list of intended payees (拟拨付名单)."""

    payer: str = Field(title="奖补主体", max_length=20, examples=["440100"])
    list_no: DocumentNo = Field(
        title="名单编号", description="The payer's own number; the same number is the same list."
    )
    scheme: str | None = Field(None, title="奖补项目编号", max_length=100)
    year: BudgetYear | None = Field(
        None, title="预算年度", description="Whose budget pays; without it, this year's."
    )
    titles_until: Day | None = Field(
        None, title="称号生效截止日", description="Only titles that took effect until this day."
    )
    shortages: tuple[ShortageDecision, ...] = Field((), max_length=50, title="预算不足处理意见")


class SchemeOnRun(BaseModel):
    """One scheme of a list."""

    scheme: str = Field(title="奖补项目编号")
    lines: int = Field(title="户数", description="Without what was taken out.")
    payable_cny: Money = Field(title="应付金额")
    amount_cny: Money = Field(title="拟拨付金额", description="Less where the budget is short.")


class LevelRead(BaseModel):
    """A level of approval (审批层级)."""

    level: str = Field(title="层级")
    name: Texts = Field(title="名称")
    role: str = Field(title="角色")
    signatures: int = Field(title="所需签批人数")
    signed_by: list[str] = Field(title="已签批")


class RunRead(BaseModel):
    """A list and where it stands (拨付批次)."""

    run_id: UUID = Field(title="批次编号")
    payer: str = Field(title="奖补主体")
    list_no: str = Field(title="名单编号")
    scheme: str | None = Field(title="奖补项目编号")
    year: int = Field(title="预算年度")
    titles_until: date | None = Field(title="称号生效截止日")
    state: RunState = Field(title="状态")
    revision: int = Field(title="名单版本", description="Approvals hold for one revision.")
    schemes: list[SchemeOnRun] = Field(title="分项目")
    lines: dict[LineState, int] = Field(title="明细状态")
    amount_cny: Money = Field(title="拟拨付合计", description="Without what was taken out.")
    carried_over: int = Field(title="结转下年户数")
    objections_open: int = Field(title="未处理异议")
    levels: list[LevelRead] = Field(title="审批")
    made_by: str = Field(title="编制人")
    made_at: Instant = Field(title="编制时间")
    notice_from: date | None = Field(title="公示起")
    notice_until: date | None = Field(title="公示止", description="Inclusive.")
    exported_at: Instant | None = Field(title="送财政时间")
    ended_at: Instant | None = Field(title="办结时间")
    end_reason: str | None = Field(title="终止原因")


class RunPage(BaseModel):
    """A page of lists; the next one is in the Link header."""

    runs: list[RunRead]


class LineRead(BaseModel):
    """One payment, or the reversal of one (拨付明细)."""

    line_id: UUID = Field(title="支付编号")
    run_id: UUID = Field(title="批次编号")
    number: int = Field(title="序号")
    kind: Literal["payment", "reversal"] = Field(title="类别")
    reverses: UUID | None = Field(title="冲正的支付编号")
    entitlement_id: UUID = Field(title="权益编号")
    uscc: str = Field(title="统一社会信用代码")
    name: str = Field(title="收款单位")
    scheme: str = Field(title="奖补项目编号")
    period: str = Field(title="期间")
    payable_cny: SignedMoney = Field(title="应付金额")
    amount_cny: SignedMoney = Field(title="拨付金额")
    state: LineState = Field(title="状态")
    reason: str | None = Field(title="原因")
    bank_reference: str | None = Field(title="银行流水号")
    settled_on: date | None = Field(title="银行处理日期")


class LinePage(BaseModel):
    """A page of lines by number; the next one is in the Link header."""

    lines: list[LineRead]


class SignatureWrite(Request):
    """A signature under the list as it is (签批)."""

    revision: int = Field(ge=1, title="名单版本", description="The revision that was read.")
    note: str | None = Field(None, max_length=1000, title="意见")


class ReasonWrite(Request):
    """A step that needs a reason."""

    reason: Reason


class FileRead(BaseModel):
    """The file for the finance bureau (拨付文件)."""

    format: Literal["csv", "xlsx"]
    sha256: str = Field(title="内容散列")
    url: str = Field(title="下载地址")


class ExportRead(BaseModel):
    """What was handed to the finance bureau; asking again gives the same."""

    run_id: UUID = Field(title="批次编号")
    exported_at: Instant = Field(title="送财政时间")
    lines: int = Field(title="户数")
    amount_cny: Money = Field(title="金额")
    without_account: int = Field(
        title="缺收款账户", description="Payees that gave no account; the bank will refuse these."
    )
    files: list[FileRead]


class ReturnRead(BaseModel):
    """What a return file brought (回单)."""

    repeated: bool = Field(title="重复回单", description="It was taken in before: no change.")
    paid: int = Field(title="已拨付户数")
    paid_cny: Money = Field(title="已拨付金额")
    refused: int = Field(title="退回户数")
    refused_cny: Money = Field(title="退回金额")
    outstanding: int = Field(title="未回单户数", description="Lines the bank has not answered yet.")
    state: RunState = Field(title="批次状态")


class ReversalWrite(Request):
    """Why a refused or paid line is corrected (冲正)."""

    reason: Reason
    document_no: DocumentNo


class AccountWrite(Request):
    """The payee's own bank account (收款账户)."""

    holder: str = Field(title="开户名称", pattern=r"^\S(.*\S)?$", max_length=200)
    bank: str = Field(title="开户银行", pattern=r"^\S(.*\S)?$", max_length=200)
    number: str = Field(title="银行账号", pattern=r"^[0-9]{6,32}$")


class AccountRead(BaseModel):
    """The account on file; of the number, the last four digits (收款账户)."""

    uscc: str = Field(title="统一社会信用代码")
    holder: str = Field(title="开户名称")
    bank: str = Field(title="开户银行")
    number: str = Field(title="银行账号", examples=["************1234"])
    given_at: Instant = Field(title="登记时间")
