"""Interest rates as a product states them (利率), and what they come to on a day.

Exact: percent and factors are decimals as written. A rate on the loan prime rate (LPR) is worked
out with the row of `reference/lpr.yaml` that holds on the day and says so; a rate that is a text
only comes to nothing.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cache
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from services.funding.products.institutions import REFERENCE
from services.funding.rule_files import Texts
from shared.rules.lined_yaml import read_tree

PERCENT_MAX = 36


class RateBasis(StrEnum):
    """What a rate is stated on: 固定利率, LPR加减点, LPR倍数, 文字表述."""

    PERCENT = "percent"
    LPR_PLUS_BP = "lpr_plus_bp"
    LPR_FACTOR = "lpr_factor"
    TEXT = "text"


class RateBound(StrEnum):
    """How firm the figure is: 即为, 起 (the lowest), 约."""

    EXACT = "exact"
    FROM = "from"
    ABOUT = "about"


def _decimal(value: Any) -> Any:
    """A decimal as a rule file holds it; its denominators are powers of ten, so it stays exact."""
    if isinstance(value, Fraction):
        return Decimal(value.numerator) / Decimal(value.denominator)
    if isinstance(value, bool | float):
        raise ValueError('write a decimal as a number in a file and as a text in JSON: "2.9"')
    return value


Exact = Annotated[
    Decimal, BeforeValidator(_decimal), Field(max_digits=9, decimal_places=4, allow_inf_nan=False)
]


class Rate(Texts):
    """A rate as printed, and its figure: percent a year, basis points on LPR, or a factor of it."""

    basis: RateBasis
    value: Exact | None
    bound: RateBound

    @model_validator(mode="after")
    def _has_a_figure(self) -> "Rate":
        value = self.value
        if (self.basis is RateBasis.TEXT) is not (value is None):
            raise ValueError("a rate has a value, and one of the basis `text` has none")
        if self.basis is RateBasis.PERCENT and not 0 <= (value or 0) <= PERCENT_MAX:
            raise ValueError(f"a rate lies between 0 and {PERCENT_MAX} percent a year")
        if self.basis is RateBasis.LPR_FACTOR and not 0 < (value or 0) <= 10:
            raise ValueError("a factor of LPR lies above 0 and at most at 10")
        if self.basis is RateBasis.LPR_PLUS_BP and not -500 <= (value or 0) <= 3000:
            raise ValueError("basis points on LPR lie between -500 and 3000")
        return self


@dataclass(frozen=True)
class IndicativeRate:
    """What a rate comes to on a day; `lpr` where it rests on the loan prime rate."""

    percent: Decimal
    bound: RateBound
    lpr: Decimal | None
    lpr_since: date | None


def indicative(rate: Rate | None, on: date) -> IndicativeRate | None:
    """The rate in percent a year on the day; None where the source gives no figure."""
    if rate is None or rate.value is None:
        return None
    if rate.basis is RateBasis.PERCENT:
        return IndicativeRate(rate.value, rate.bound, None, None)
    found = lpr_on(on)
    if found is None:
        return None
    since, lpr = found
    if rate.basis is RateBasis.LPR_FACTOR:
        return IndicativeRate(lpr * rate.value, rate.bound, lpr, since)
    return IndicativeRate(lpr + rate.value / 100, rate.bound, lpr, since)


def lpr_on(day: date) -> tuple[date, Decimal] | None:
    """The one-year LPR that holds on the day, and since when; None before the first row."""
    return next(((since, lpr) for since, lpr in _lpr() if since <= day), None)


@cache
def _lpr() -> tuple[tuple[date, Decimal], ...]:
    """Every row, the latest first."""
    rows = read_tree(REFERENCE / "lpr.yaml")["rows"]
    return tuple(sorted(((row["from"], _decimal(row["percent"])) for row in rows), reverse=True))
