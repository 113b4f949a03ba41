"""Metrics over several closed years, and returns: what listings and 高新技术企业 ask for."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from contracts.facts import EnterpriseFacts
from shared.rules.figures import (
    LAST_YEARS,
    Figure,
    accounts_of,
    amount,
    average_2y,
    money,
    ratio,
    share,
)
from shared.rules.metric import Kind, Metric, Reader, Unknown, Value, missing
from shared.rules.periods import last_closed_year


def _average_ratio_bp_2y(field: str) -> Reader:
    def read(facts: EnterpriseFacts, as_of: date) -> Value | Unknown:
        year = last_closed_year(as_of)
        found = [_basis_points(facts, year - back, field) for back in (0, 1)]
        lacking = [name for one in found if isinstance(one, Unknown) for name in one.facts]
        if lacking:
            return missing(*lacking)
        return sum((one for one in found if isinstance(one, Fraction)), Fraction(0)) / 2

    return read


def _basis_points(facts: EnterpriseFacts, year: int, field: str) -> Fraction | Unknown:
    accounts = accounts_of(facts, year)
    value = getattr(accounts, field) if accounts is not None else None
    if accounts is None or value is None:
        return missing(f"accounts.{year}.{field}")
    return Fraction(value, 10_000) if accounts.audited else missing(f"accounts.{year}.audited")


def _sum_over(facts: EnterpriseFacts, years: Sequence[int], field: str) -> Figure:
    amounts = [amount(facts, year, field) for year in years]
    lacking = [name for found in amounts if isinstance(found, Unknown) for name in found.facts]
    if lacking:
        return missing(*lacking)
    return sum(found for found in amounts if not isinstance(found, Unknown))


def _ratio_of_sums(part: str, whole: str, count: int, *, since_registered: bool) -> Reader:
    """Σ part ÷ Σ whole; a firm that is younger than the period counts its actual years."""

    def read(facts: EnterpriseFacts, as_of: date) -> Value | Unknown:
        last = last_closed_year(as_of)
        first = last - count + 1
        if since_registered and facts.registered_on is not None:
            first = min(max(first, facts.registered_on.year), last)
        years = range(last, first - 1, -1)
        sums = _sum_over(facts, years, part), _sum_over(facts, years, whole)
        return ratio(*sums, "accounts", last, whole)

    return read


SPANS = (
    money(
        "revenue_avg_2y",
        "近两年营业收入平均",
        "Average revenue of the last 2 years",
        average_2y("revenue_cny"),
        LAST_YEARS,
    ),
    Metric(
        "expected_market_value",
        "预计市值",
        "Expected market value",
        Kind.MONEY,
        "cny",
        "北交所上市规则",
        "Not a fact of the dossier: whoever asks states it.",
        lambda _facts, _as_of: missing("expected_market_value_cny"),
    ),
    *(
        share(name, zh, en, _ratio_of_sums(part, whole, years, since_registered=young), LAST_YEARS)
        for name, zh, en, part, whole, years, young in (
            (
                "rd_to_revenue_3y",
                "近三年研发费用总额占同期销售收入总额比例",
                "R&D expense to revenue of the last 3 years (actual years of a younger firm, v1)",
                "rd_expense_cny",
                "revenue_cny",
                3,
                True,
            ),
            (
                "rd_domestic_share_3y",
                "近三年境内研发费用占全部研发费用比例",
                "R&D spent in mainland China, share of all R&D of the last 3 years",
                "rd_expense_domestic_cny",
                "rd_expense_cny",
                3,
                True,
            ),
            (
                "rd_to_revenue_2y",
                "近两年研发投入合计占近两年营业收入合计比例",
                "R&D to revenue, sums of the last 2 years",
                "rd_expense_cny",
                "revenue_cny",
                2,
                False,
            ),
        )
    ),
    share(
        "weighted_roe_last_year",
        "上年度加权平均净资产收益率",
        "Weighted return on equity, last year",
        lambda facts, as_of: _basis_points(facts, last_closed_year(as_of), "weighted_roe_bp"),
    ),
    share(
        "weighted_roe_avg_2y",
        "近两年加权平均净资产收益率平均",
        "Average weighted return on equity of the last 2 years",
        _average_ratio_bp_2y("weighted_roe_bp"),
        LAST_YEARS,
    ),
)
"""Metrics over several years."""
