"""What the bank programmes take and give."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from contracts.values import Day, Instant, Money, Whole
from services.funding.rule_files import Texts
from shared.rules.provenance import Verification

Commitment = Annotated[
    Decimal, PlainSerializer(lambda value: f"{value:.2f}", return_type=str, when_used="json")
]


class ProgrammeUseCreate(BaseModel):
    """What a bank reports of its own programme (额度使用报送)."""

    model_config = ConfigDict(extra="forbid")

    as_of_on: Day = Field(title="截至日期", examples=["2022-09-30"])
    used_cny: Money = Field(title="已使用额度", examples=["1250000000.00"])
    enterprises: Whole | None = Field(
        None, title="惠及企业数", ge=0, le=10_000_000, description="Null: the bank does not say."
    )


class ProgrammeUseRead(BaseModel):
    """One report, as the bank sent it."""

    number: int = Field(title="报送序号")
    as_of_on: date = Field(title="截至日期")
    used_cny: Money = Field(title="已使用额度")
    enterprises: int | None = Field(title="惠及企业数")
    reported_at: Instant = Field(title="报送时间")
    reported_by: str = Field(title="报送机构")


class ProgrammeUsePage(BaseModel):
    """Reports of a programme, the latest first; corrected ones stay on record."""

    uses: list[ProgrammeUseRead]


class ProgrammeRead(BaseModel):
    """A bank's programme: its commitment, and what it reports as used (银行专项)."""

    programme_id: str = Field(title="专项编号")
    name: Texts = Field(title="专项名称")
    bank: str = Field(title="银行代码")
    bank_name: Texts = Field(title="银行名称")
    partner: str = Field(title="合作主管部门", examples=["440100"])
    partner_name: str = Field(title="合作主管部门名称")
    commitment_cny: Commitment = Field(
        title="承诺规模", description="The bank's commitment. The platform reserves nothing of it."
    )
    commitment_for: Texts = Field(title="承诺用途")
    used: ProgrammeUseRead | None = Field(
        title="已使用额度", description="As last reported by the bank; null: never reported."
    )
    tiers: list[str] | None = Field(title="适用梯度", description="Null: the source does not say.")
    products: list[str] | None = Field(title="产品编号", description="Null: the source names none.")
    parts: list[Texts] = Field(title="内容")
    review_months: int | None = Field(
        title="回检周期(月)", description="Null: the source does not say."
    )
    offered_from: date | None = Field(title="起始日期")
    offered_until: date | None = Field(title="截止日期")
    contact: Texts = Field(title="联系方式")
    source: str = Field(title="来源")
    verification: Verification = Field(title="核验程度")


class ProgrammeList(BaseModel):
    """Every programme."""

    programmes: list[ProgrammeRead]
