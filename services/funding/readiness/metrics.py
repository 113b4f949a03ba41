"""Metrics of a listing: two that the dossier gives, and those that whoever asks states.

What nobody states is not known, and names what to state; it is never zero.
"""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from contracts.facts import EnterpriseFacts, ListingStage
from contracts.values import Money
from shared.rules.figures import amount
from shared.rules.metric import Kind, Metric, Reading, Unknown, Value, missing
from shared.rules.metrics import METRICS, read
from shared.rules.periods import last_closed_year, years_before

Count = Annotated[int, Field(ge=0, le=10_000_000_000)]


class Stated(BaseModel):
    """What the dossier does not hold and the one who asks may state (申报人陈述)."""

    model_config = ConfigDict(extra="forbid")

    expected_market_value_cny: Money | None = Field(None, title="预计市值")
    share_capital_cny: Money | None = Field(None, title="股本总额(发行后)")
    neeq_innovation_months: Count | None = Field(None, title="创新层连续挂牌月数")
    offered_shares: Count | None = Field(None, title="公开发行股份数")
    offer_investors: Count | None = Field(None, title="发行对象人数")
    shareholders: Count | None = Field(None, title="股东人数(发行后)")
    public_float_percent: Annotated[
        Decimal | None, Field(ge=0, le=100, decimal_places=2, title="公众持股比例(%)")
    ] = None
    mean_market_value_60d_cny: Money | None = Field(None, title="60个有成交交易日平均市值")
    market_makers: Count | None = Field(None, title="做市商家数")
    auction_shares: Count | None = Field(None, title="集合竞价股份数")


_STATED = {
    "share_capital": ("share_capital_cny", "股本总额", "Share capital", Kind.MONEY),
    "neeq_innovation_months": (
        "neeq_innovation_months",
        "创新层连续挂牌月数",
        "Months in the innovation layer",
        Kind.COUNT,
    ),
    "offered_shares": ("offered_shares", "公开发行股份数", "Shares offered", Kind.COUNT),
    "offer_investors": ("offer_investors", "发行对象人数", "Investors of the offer", Kind.COUNT),
    "shareholders": ("shareholders", "股东人数", "Holders", Kind.COUNT),
    "public_float": ("public_float_percent", "公众持股比例", "Public float", Kind.RATIO),
    "mean_market_value_60d": (
        "mean_market_value_60d_cny",
        "60个有成交交易日平均市值",
        "Mean value over 60 traded days",
        Kind.MONEY,
    ),
    "market_makers": ("market_makers", "做市商家数", "Market makers", Kind.COUNT),
    "auction_shares": ("auction_shares", "集合竞价股份数", "Shares by auction", Kind.COUNT),
}
"""Metrics that are stated: the field of `Stated`, the names, the kind."""
_UNITS = {Kind.MONEY: "cny", Kind.RATIO: "percent", Kind.COUNT: "count"}


@cache
def listing_metrics() -> dict[str, Metric]:
    """The metrics of the platform, and those of a listing."""
    stated = {name: _metric(name, zh, en, kind) for name, (_, zh, en, kind) in _STATED.items()}
    return {
        **METRICS,
        **stated,
        "net_assets_last_year": _metric(
            "net_assets_last_year", "上年末净资产", "Net assets, end of last year", Kind.MONEY
        ),
        "equity_raised_24m": _metric(
            "equity_raised_24m", "近24个月股权融资实缴额", "Equity raised in 24 months", Kind.MONEY
        ),
    }


def _metric(name: str, zh: str, en: str, kind: Kind) -> Metric:
    return Metric(name, zh, en, kind, _UNITS[kind], "北交所、全国股转系统规则", "As stated.")


def read_listing(facts: EnterpriseFacts, on: date, stated: Stated) -> Reading:
    """The metrics of an enterprise on the day, with what was stated."""
    found: dict[str, Value | Unknown] = {
        "net_assets_last_year": _net_assets(facts, on),
        "equity_raised_24m": _equity_raised(facts, on),
    }
    for name, (field, _, _, _) in _STATED.items():
        found[name] = _stated(name, field, stated)
    if facts.listing_stage not in (None, ListingStage.NEEQ_INNOVATION):
        found["neeq_innovation_months"] = 0
    if stated.expected_market_value_cny is not None:
        exact = METRICS["expected_market_value"].exact
        found["expected_market_value"] = exact(_exactly(stated.expected_market_value_cny))
    return read(facts, on).with_values(found)


def _stated(name: str, field: str, stated: Stated) -> Value | Unknown:
    value: Decimal | int | None = getattr(stated, field)
    if value is None:
        return missing(field)
    return listing_metrics()[name].exact(_exactly(value))


def _exactly(value: Decimal | int) -> int | Fraction:
    return value if isinstance(value, int) else Fraction(value)


def _net_assets(facts: EnterpriseFacts, on: date) -> Value | Unknown:
    year = last_closed_year(on)
    assets = amount(facts, year, "total_assets_cny")
    debts = amount(facts, year, "total_liabilities_cny")
    lacking = [one for one in (assets, debts) if isinstance(one, Unknown)]
    if lacking:
        return missing(*(name for one in lacking for name in one.facts))
    assert isinstance(assets, int)
    assert isinstance(debts, int)
    return assets - debts


def _equity_raised(facts: EnterpriseFacts, on: date) -> Value | Unknown:
    if facts.equity_rounds is None:
        return missing("equity_rounds")
    since = years_before(on, 2)
    return sum(
        int(one.paid_in_cny * 100) for one in facts.equity_rounds if since <= one.closed_on <= on
    )
