"""Responses of the finance products."""

from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, PlainSerializer

from contracts.values import Instant, Money
from services.funding.products.documents import Guarantee, ProductKind, Tenor
from services.funding.products.rates import Rate, RateBound
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


PercentText = Annotated[
    Decimal, PlainSerializer(lambda value: f"{value.normalize():f}", return_type=str)
]
"""Percent a year, exact, as a text."""


class IndicativeRateRead(BaseModel):
    """What the stated rate comes to today (参考年利率)."""

    percent: PercentText = Field(title="年利率(%)", examples=["3.65"])
    bound: RateBound = Field(title="口径", description="exact, from (起) or about (约).")
    lpr_percent: PercentText | None = Field(
        title="所依据的LPR(%)", description="Null: it does not rest on LPR."
    )
    lpr_since: date | None = Field(title="LPR起始日期")


class LimitRead(BaseModel):
    """The most the owner gives, to the first group that applies (最高额度)."""

    when: Texts | None = Field(title="适用条件", description="Null: everybody else.")
    limit_cny: Money | None = Field(title="信用额度", description="Null: by need and risk.")
    limit_secured_cny: Money | None = Field(title="抵质押或担保额度")
    rate: Rate | None = Field(title="利率", description="Null: that of the product.")
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
    """What a finance product is and who offers it (金融产品)."""

    product_id: str = Field(title="产品编号", examples=["icbc-xingke-loan"])
    version: int = Field(title="产品版本")
    kind: ProductKind = Field(title="产品类别")
    name: Texts = Field(title="产品名称")
    bank: str = Field(title="机构代码", description="A bank, or another institution.")
    bank_name: Texts = Field(title="机构名称")
    rate: Rate | None = Field(title="利率", description="As stated; null: the source says nothing.")
    indicative_rate: IndicativeRateRead | None = Field(
        title="参考年利率", description="Null: the source gives no figure."
    )
    tenor: Tenor | None = Field(title="期限", description="Null: the source says nothing.")
    uses: Texts | None = Field(title="用途", description="Null: the source says nothing.")
    guarantee: Guarantee | None = Field(title="担保方式")
    also_checked: list[Texts] = Field(
        title="机构另行核查", description="The dossier does not hold it; the owner checks it."
    )
    contact: Texts = Field(title="联系方式")
    materials: list[Texts] | None = Field(
        title="申请材料", description="Null: the source says nothing."
    )
    source: str = Field(title="来源")
    verification: Verification = Field(title="核验程度")


class LoanProductRead(LoanProductBrief):
    """A product with its conditions and limits."""

    offered_from: date | None = Field(title="起始日期", description="Null: not stated.")
    offered_until: date | None = Field(title="截止日期", description="Null: not stated.")
    limits: list[LimitRead] = Field(title="额度")
    conditions: list[ConditionRead] = Field(title="准入条件")


class LoanProductList(BaseModel):
    """Products as they stand; a bank sees its own."""

    products: list[LoanProductRead]


class ProductVersionRead(BaseModel):
    """A version of a product that was made at run time (产品版本)."""

    version: int = Field(title="版本")
    published_at: Instant = Field(title="发布时间")
    published_by: str = Field(title="发布机构")


class ProductVersionList(BaseModel):
    """The version that counts, and those made at run time, the latest first."""

    product_id: str
    current: int = Field(title="现行版本")
    from_rule_file: int | None = Field(
        title="规则文件版本", description="Null: no rule file has this product."
    )
    versions: list[ProductVersionRead]


class ProductPublished(BaseModel):
    """A new version was taken; the population is being matched to it (已受理)."""

    product: LoanProductRead
    match_id: UUID = Field(title="匹配任务编号")
    status_url: str = Field(title="进度地址")


class DistanceRead(BaseModel):
    """How far the enterprise is from one condition (差距)."""

    metric: str = Field(title="指标")
    direction: str | None = Field(title="方向", description="raise or lower; null for words.")
    difference: str | None = Field(title="差额", examples=["500000.00 CNY"])
    unit: str | None = Field(title="单位")
    words: list[Texts] = Field(title="任一即可", description="Any one of these would do.")


class CriterionRead(BaseModel):
    """One condition as it was judged: what was seen, what was needed, where it is written."""

    id: str = Field(title="条件编号", examples=["lenders"])
    met: bool | None = Field(title="是否满足", description="Null: facts are missing.")
    text: Texts = Field(title="条件")
    seen: Texts | None = Field(title="实际值")
    needed: Texts = Field(title="要求")
    missing: list[str] = Field(title="缺失事实")
    distance: DistanceRead | None = Field(
        title="差距", description="Null: met, or facts are missing."
    )
    source: str = Field(title="来源")
    verification: str = Field(title="核验程度")


class FittingProduct(LoanProductBrief):
    """A product the enterprise fits (可申请产品)."""

    rank: int = Field(title="排序", description="1 first: the most money, then the lowest rate.")
    to_bring: list[Texts] = Field(
        title="建议准备材料",
        description="What the product asks for, and what shows that its conditions hold.",
    )
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
    eligible: list[FittingProduct] = Field(title="可申请产品", description="Ranked.")
    near_misses: list[MissedProduct] = Field(
        title="接近条件产品",
        description="At most two changes away, the fewest first; `unmet` holds just these.",
    )
    cannot_be_judged: list[MissedProduct] = Field(
        title="无法判断产品", description="Facts are missing; this is not a refusal."
    )
    not_eligible: list[MissedProduct] = Field(title="未达条件产品")
