"""Value types of the field that every contract uses: codes, money, dates, levels.

A value type checks the shape only. Whether a code exists or a check digit is right is decided
where the value enters the platform (the enterprise service), not on every hop.
"""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    Strict,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")

Uscc = Annotated[
    str,
    Field(
        pattern=r"^[0-9A-HJ-NPQRTUWXY]{18}$",
        title="统一社会信用代码",
        description="Unified social credit code, GB 32100-2015: 18 characters, upper case.",
        examples=["91440101MA5CY2T72B"],
    ),
]

RegionCode = Annotated[
    str,
    Field(
        pattern=r"^[1-8][0-9]{5}$",
        title="行政区划代码",
        description="GB/T 2260 code, six digits. Retired codes are kept as given.",
        examples=["440106"],
    ),
]

IndustryCode = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{2,4}$",
        title="国民经济行业代码",
        description="GB/T 4754-2017: division (two digits), group (three) or class (four).",
        examples=["3484"],
    ),
]

BankCode = Annotated[
    str,
    Field(pattern=r"^[a-z][a-z0-9]{1,15}$", title="银行代码", examples=["icbc"]),
]


def _exact(value: Any) -> Any:
    if isinstance(value, bool | float | int):
        raise ValueError('write money as a string in yuan, for example "1200000.00"')
    return value


_Yuan = Annotated[
    Decimal,
    BeforeValidator(_exact, json_schema_input_type=str),
    PlainSerializer(lambda value: f"{value:.2f}", return_type=str, when_used="json"),
]

Money = Annotated[
    _Yuan,
    Field(ge=0, max_digits=14, decimal_places=2, description="Yuan (元), exact, as a string."),
]

SignedMoney = Annotated[
    _Yuan,
    Field(max_digits=14, decimal_places=2, description="Yuan (元), exact, may be negative."),
]

Flag = Annotated[bool, Strict()]
"""True or false, never a word or a number."""

Whole = Annotated[int, Strict()]
"""A whole number, never text."""

FiscalYear = Annotated[Whole, Field(ge=1990, le=2100, title="会计年度", examples=[2021])]


def _written_day(value: Any) -> Any:
    if isinstance(value, datetime) or not isinstance(value, str | date):
        raise ValueError("write a day as YYYY-MM-DD")
    return value


Day = Annotated[
    date, BeforeValidator(_written_day, json_schema_input_type=date), Field(ge=date(1900, 1, 1))
]
"""A calendar day in Asia/Shanghai."""

Instant = Annotated[AwareDatetime, AfterValidator(lambda at: at.astimezone(SHANGHAI))]
"""A moment, always written with the offset of Asia/Shanghai."""


class Value(BaseModel):
    """A part of a fact: immutable, unknown fields refused where it enters the platform.

    A consumer of events reads with `extra="ignore"`, so that a later version may add fields.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")


class Level(StrEnum):
    """Administrative level (级别) of an award, an R&D body or a standard."""

    NATIONAL = "national"
    PROVINCIAL = "provincial"
    MUNICIPAL = "municipal"
    BELOW_MUNICIPAL = "below_municipal"


class Tier(StrEnum):
    """Tiers of gradient cultivation (优质中小企业梯度), lowest first."""

    INNOVATIVE_SME = "innovative_sme"
    TECH_AND_INNOVATIVE_SME = "tech_and_innovative_sme"
    SPECIALIZED_SME = "specialized_sme"
    LITTLE_GIANT = "little_giant"
