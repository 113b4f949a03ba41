"""Answers of the financing needs."""

from datetime import date

from pydantic import BaseModel, Field

from contracts.values import Instant, Money
from services.funding.products.schemas import LoanProductBrief
from services.funding.rule_files import Texts


class AspectRead(BaseModel):
    """One thing compared (比对项)."""

    id: str = Field(title="比对项", examples=["amount"])
    met: bool | None = Field(title="是否符合", description="Null: the product does not state it.")
    text: Texts = Field(title="说明")


class NeedProductRead(LoanProductBrief):
    """A product beside a need (匹配产品)."""

    limit_cny: Money | None = Field(title="信用额度")
    limit_secured_cny: Money | None = Field(title="抵质押或担保额度")
    meets: bool | None = Field(
        title="是否满足需求", description="Null: something is not stated, nothing speaks against."
    )
    aspects: list[AspectRead] = Field(title="理由")


class FinancingNeedRead(BaseModel):
    """A financing need (融资需求)."""

    need_id: str = Field(title="需求编号")
    amount_cny: Money = Field(title="融资金额")
    tenor_months: int = Field(title="期限(月)")
    purpose: str = Field(
        title="用途", description="The enterprise's words; compare them with a product's `uses`."
    )
    text: str = Field(title="需求说明")
    wanted_by_on: date | None = Field(title="希望完成日期")
    opened_at: Instant = Field(title="提出时间")


class MatchedNeedRead(FinancingNeedRead):
    """A need with the products that meet it, may meet it, and fall short (需求匹配)."""

    open_to_all_banks: bool = Field(title="向所有银行开放")
    banks: list[str] = Field(title="可见银行")
    meeting: list[NeedProductRead] = Field(title="满足需求的产品")
    open_ones: list[NeedProductRead] = Field(
        title="待确认产品", description="The enterprise fits; an amount or term is not stated."
    )
    falling_short: list[NeedProductRead] = Field(
        title="额度或期限不足的产品", description="The enterprise fits; the need does not."
    )


class MatchedNeeds(BaseModel):
    """Every open financing need of one enterprise."""

    uscc: str = Field(title="统一社会信用代码")
    judged_on: date = Field(title="评价日期")
    needs: list[MatchedNeedRead]


class SeenNeedRead(FinancingNeedRead):
    """A need as a bank may see it, with its products that may meet it (融资需求)."""

    uscc: str = Field(title="统一社会信用代码")
    name: str = Field(title="企业名称")
    by_eligibility: bool = Field(
        title="已按准入条件评价",
        description="True: with the enterprise's consent it was judged and fits. False: the need is"
        " open to all banks, and its amount and term alone were compared.",
    )
    products: list[NeedProductRead] = Field(title="匹配产品")


class SeenNeeds(BaseModel):
    """A page of needs; the next one is in the Link header, also behind an empty page."""

    needs: list[SeenNeedRead]
