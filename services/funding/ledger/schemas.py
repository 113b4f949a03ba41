"""Requests and responses of the ledger."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from contracts.values import Instant, SignedMoney, Whole
from services.funding.ledger.accounts import Account


def _not_zero(amount: SignedMoney) -> SignedMoney:
    if amount == 0:
        raise ValueError("a document changes the budget by some amount; 0.00 changes nothing")
    return amount


DocumentNo = Annotated[
    str, Field(title="文号", pattern=r"^\S(.*\S)?$", max_length=100, examples=["穗财〔2022〕1号"])
]
BudgetYear = Annotated[Whole, Field(ge=2000, le=2100, title="预算年度", examples=[2022])]


class AppropriationWrite(BaseModel):
    """A document that sets or changes a budget (预算安排、追加、调减)."""

    model_config = ConfigDict(extra="forbid")

    scheme: str = Field(
        title="奖补项目编号", max_length=100, examples=["guangzhou-little-giant-one-off"]
    )
    year: BudgetYear
    change_cny: Annotated[SignedMoney, AfterValidator(_not_zero)] = Field(
        title="增减金额", description="Added to the budget; a minus takes away what is available."
    )
    document_no: DocumentNo


class BudgetRead(BaseModel):
    """A budget and where its money is (预算与执行). All balances sum to zero."""

    book_id: UUID = Field(title="账簿编号")
    payer: str = Field(title="奖补主体")
    scheme: str = Field(title="奖补项目编号")
    year: int = Field(title="预算年度")
    balances_cny: dict[Account, SignedMoney] = Field(
        title="各账户余额",
        description="appropriated is minus the budget; available, committed, notified, paid,"
        " returned and clawed_back are where the money is.",
    )


class BudgetPage(BaseModel):
    """A page of budgets; the next one is in the Link header."""

    budgets: list[BudgetRead]


class EntryRead(BaseModel):
    """One entry of the journal with its postings, which sum to zero (记账凭证)."""

    entry_no: int = Field(title="凭证号")
    occasion: str = Field(title="摘要")
    document_no: str | None = Field(title="文号")
    booked_by: str = Field(title="记账人")
    booked_at: Instant = Field(title="记账时间")
    postings_cny: dict[Account, SignedMoney] = Field(title="分录")


class EntryPage(BaseModel):
    """A page of the journal, oldest first; the next one is in the Link header."""

    entries: list[EntryRead]
