"""Responses of the loan products."""

from datetime import date

from pydantic import BaseModel, Field

from contracts.values import Money
from services.funding.rule_files import Texts
from shared.rules.provenance import Verification


class BankRead(BaseModel):
    """A bank whose products stand in the rule files (银行)."""

    code: str = Field(title="银行代码", examples=["icbc"])
    name: Texts = Field(title="银行名称")
    topic: str = Field(title="贷款资格主题", examples=["bank.icbc.loan-eligibility"])
    products: list[str] = Field(title="贷款产品编号")


class BankList(BaseModel):
    """Every bank."""

    banks: list[BankRead]


class LimitRead(BaseModel):
    """The most the bank lends, to the first group that applies (最高额度)."""

    when: Texts | None = Field(title="适用条件", description="Null: everybody else.")
    limit_cny: Money | None = Field(title="信用额度", description="Null: by need and risk.")
    limit_secured_cny: Money | None = Field(title="抵质押或担保额度")
    source: str = Field(title="来源")
    verification: Verification = Field(title="核验程度")


class ConditionRead(BaseModel):
    """One condition of a product (准入条件)."""

    id: str = Field(title="条件编号", examples=["lenders"])
    text: Texts = Field(title="条件")
    needed: Texts = Field(title="要求")
    source: str = Field(title="来源")
    verification: Verification = Field(title="核验程度")


class LoanProductBrief(BaseModel):
    """What a product is and who offers it (贷款产品)."""

    product_id: str = Field(title="贷款产品编号", examples=["icbc-xingke-loan"])
    name: Texts = Field(title="产品名称")
    bank: str = Field(title="银行代码")
    bank_name: Texts = Field(title="银行名称")
    rate: Texts | None = Field(
        title="参考利率", description="As stated; null: the source says nothing."
    )
    tenor: Texts | None = Field(title="期限")
    guarantee: Texts | None = Field(title="担保方式")
    also_checked: list[Texts] = Field(
        title="银行另行核查", description="The dossier does not hold it; the bank checks it."
    )
    contact: Texts = Field(title="联系方式")
    source: str = Field(title="来源")
    verification: Verification = Field(title="核验程度")


class LoanProductRead(LoanProductBrief):
    """A product with its conditions and limits."""

    offered_from: date | None = Field(title="起始日期", description="Null: not stated.")
    offered_until: date | None = Field(title="截止日期", description="Null: not stated.")
    limits: list[LimitRead] = Field(title="额度")
    conditions: list[ConditionRead] = Field(title="准入条件")


class LoanProductList(BaseModel):
    """Products of the rule files; a bank sees its own."""

    products: list[LoanProductRead]


class CriterionRead(BaseModel):
    """One condition as it was judged: what was seen, what was needed, where it is written."""

    id: str = Field(title="条件编号", examples=["lenders"])
    met: bool | None = Field(title="是否满足", description="Null: facts are missing.")
    text: Texts = Field(title="条件")
    seen: Texts | None = Field(title="实际值")
    needed: Texts = Field(title="要求")
    missing: list[str] = Field(title="缺失事实")
    source: str = Field(title="来源")
    verification: str = Field(title="核验程度")


class FittingProduct(LoanProductBrief):
    """A product the enterprise fits (可申请产品)."""

    limit_cny: Money | None = Field(title="信用额度", description="Null: by need and risk.")
    limit_secured_cny: Money | None = Field(title="抵质押或担保额度")
    reasons: list[CriterionRead] = Field(title="符合条件")
    valid_until: date | None = Field(
        title="有效期至", description="The first day on which what it rests on may end."
    )
    bank_told: bool = Field(
        title="已告知银行", description="The bank heard of it with the enterprise's consent."
    )
    consent_until: date | None = Field(title="授权有效期至", description="Null: no consent.")


class MissedProduct(LoanProductBrief):
    """A product the enterprise does not fit, and what is missing (未达条件产品)."""

    unmet: list[CriterionRead] = Field(title="未满足条件")
    missing: list[str] = Field(title="缺失事实", description="Facts that would let it be judged.")


class LoanMatch(BaseModel):
    """Which products the enterprise fits today and which it misses (融资匹配)."""

    uscc: str = Field(title="统一社会信用代码")
    judged_on: date = Field(title="评价日期")
    eligible: list[FittingProduct] = Field(title="可申请产品")
    not_eligible: list[MissedProduct] = Field(title="未达条件产品")
