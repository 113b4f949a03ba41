"""Metrics of money and people: the closed fiscal years, headcounts, equity financing.

工信部企业〔2022〕63号 annex 4: without another period stated, a figure is that of the last complete
fiscal year (上年度), by that year's audit report. Accounts that are missing or not audited make the
metric unknown. A ratio to zero is unknown as well: it has no value.
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction

from contracts.facts import EnterpriseFacts, YearAccounts
from shared.rules.metric import Kind, Metric, Reader, Unknown, Value, missing
from shared.rules.periods import last_closed_year

ANNEX_4 = "工信部企业〔2022〕63号 附件4"
LAST_YEAR = (
    "Last complete fiscal year by its audit report (v2); accounts marked as not audited do not"
    " count."
)
LAST_YEARS = (
    "Complete fiscal years only: the year under way does not count (mem; read from the words"
    " 近两年/近三年 for amounts, unverified)."
)

Figure = int | Unknown


def _fen(amount: Decimal) -> int:
    return int(amount * 100)


def accounts_of(facts: EnterpriseFacts, year: int) -> YearAccounts | None:
    """The accounts of a year, audited or not."""
    for found in facts.accounts:
        if found.year == year:
            return found
    return None


def amount(facts: EnterpriseFacts, year: int, field: str) -> Figure:
    """One audited closing figure in fen."""
    for accounts in facts.accounts:
        if accounts.year == year:
            value: Decimal | None = getattr(accounts, field)
            if value is None:
                break
            return int(value * 100) if accounts.audited else missing(f"accounts.{year}.audited")
    return missing(f"accounts.{year}.{field}")


def headcount(facts: EnterpriseFacts, year: int, field: str) -> Figure:
    """One number of the staff report."""
    for report in facts.headcounts:
        if report.year == year:
            value: int | None = getattr(report, field)
            return missing(f"headcounts.{year}.{field}") if value is None else value
    return missing(f"headcounts.{year}.{field}")


def ratio(part: Figure, whole: Figure, report: str, year: int, field: str) -> Fraction | Unknown:
    """part ÷ whole; unknown when either is, or when the whole, a field of a report, is zero."""
    if type(part) is int and type(whole) is int and whole:
        return Fraction(part, whole)
    if isinstance(part, Unknown) or isinstance(whole, Unknown):
        lacking = [f for value in (part, whole) if isinstance(value, Unknown) for f in value.facts]
        return missing(*dict.fromkeys(lacking))
    name = f"{report}.{year}.{field}"
    return Unknown(
        (name,),
        f"{name} is zero, so the ratio has no value; correct it if it is a slip.",
        f"{name} 为零,比率无意义;如填写有误请更正。",
    )


def _in_year(field: str, back: int) -> Reader:
    return lambda facts, as_of: amount(facts, last_closed_year(as_of) - back, field)


def _ratio_in_year(part: str, whole: str, back: int) -> Reader:
    def read(facts: EnterpriseFacts, as_of: date) -> Value | Unknown:
        year = last_closed_year(as_of) - back
        figures = amount(facts, year, part), amount(facts, year, whole)
        return ratio(*figures, "accounts", year, whole)

    return read


def _growth(facts: EnterpriseFacts, year: int, field: str) -> Fraction | Unknown:
    now, before = amount(facts, year, field), amount(facts, year - 1, field)
    more = now if isinstance(now, Unknown) or isinstance(before, Unknown) else now - before
    return ratio(more, before, "accounts", year - 1, field)


def _growth_last_year(field: str) -> Reader:
    return lambda facts, as_of: _growth(facts, last_closed_year(as_of), field)


def _growth_avg_2y(facts: EnterpriseFacts, as_of: date) -> Value | Unknown:
    """Half of (a - b) ÷ b + (b - c) ÷ c, for the revenues a, b, c of three years, latest first."""
    year, field = last_closed_year(as_of), "main_revenue_cny"
    a, b, c = [amount(facts, year - back, field) for back in range(3)]
    if type(a) is int and type(b) is int and type(c) is int and b and c:
        return Fraction((a - 2 * b) * c + b * b, 2 * b * c)
    growths = (_growth(facts, year, field), _growth(facts, year - 1, field))
    unknown = [growth for growth in growths if isinstance(growth, Unknown)]
    if len(unknown) == 1:
        return unknown[0]
    return missing(*dict.fromkeys(name for growth in unknown for name in growth.facts))


def _growth_factor_2y(facts: EnterpriseFacts, as_of: date) -> Value | Unknown:
    year, field = last_closed_year(as_of), "revenue_cny"
    now, then = amount(facts, year, field), amount(facts, year - 2, field)
    return ratio(now, then, "accounts", year - 2, field)


def _total(field: str, years: int) -> Callable[[EnterpriseFacts, date], Figure]:
    def read(facts: EnterpriseFacts, as_of: date) -> Figure:
        year = last_closed_year(as_of)
        known = 0
        lacking: tuple[str, ...] = ()
        for back in range(years):
            found = amount(facts, year - back, field)
            if isinstance(found, Unknown):
                lacking += found.facts
            else:
                known += found
        return missing(*lacking, low=known) if lacking else known

    return read


def average_2y(field: str) -> Reader:
    """Half of the sum of two closed years."""
    total_2y = _total(field, 2)

    def read(facts: EnterpriseFacts, as_of: date) -> Value | Unknown:
        total = total_2y(facts, as_of)
        if isinstance(total, Unknown):
            return missing(*total.facts)
        return Fraction(total, 2)

    return read


def _staff(field: str) -> Reader:
    return lambda facts, as_of: headcount(facts, last_closed_year(as_of), field)


def _staff_ratio(field: str) -> Reader:
    def read(facts: EnterpriseFacts, as_of: date) -> Value | Unknown:
        year = last_closed_year(as_of)
        part, whole = headcount(facts, year, field), headcount(facts, year, "employees")
        return ratio(part, whole, "headcounts", year, "employees")

    return read


def _equity(years: int) -> Reader:
    def read(facts: EnterpriseFacts, as_of: date) -> Value | Unknown:
        if facts.equity_rounds is None:
            return missing("equity_rounds")
        last = last_closed_year(as_of)
        return sum(
            _fen(found.paid_in_cny)
            for found in facts.equity_rounds
            if found.qualified_investor and last - years < found.closed_on.year <= last
        )

    return read


def money(name: str, zh: str, en: str, read: Reader, description: str = LAST_YEAR) -> Metric:
    """A metric of yuan."""
    return Metric(name, zh, en, Kind.MONEY, "cny", ANNEX_4, description, read)


def share(name: str, zh: str, en: str, read: Reader, description: str = LAST_YEAR) -> Metric:
    """A metric that is a ratio."""
    return Metric(name, zh, en, Kind.RATIO, "percent", ANNEX_4, description, read)


_AMOUNTS = (
    ("revenue", "营业收入总额", "revenue"),
    ("main_revenue", "主营业务收入总额", "main-business revenue"),
    ("net_profit", "净利润", "net profit"),
    ("total_assets", "资产总额", "total assets"),
    ("rd_expense", "研发费用总额", "R&D expense"),
    ("operating_cash_flow", "经营活动现金流量净额", "operating cash flow"),
)

FIGURES = (
    *(
        money(f"{name}_last_year", f"上年度{zh}", f"Last year's {en}", _in_year(f"{name}_cny", 0))
        for name, zh, en in _AMOUNTS
    ),
    *(
        money(
            f"{name}_previous_year",
            f"上上年度{zh}",
            f"The year before last year's {en}",
            _in_year(f"{name}_cny", 1),
        )
        for name, zh, en in _AMOUNTS
    ),
    money(
        "rd_expense_total_2y",
        "近两年研发费用总额",
        "R&D expense of the last 2 years in total",
        _total("rd_expense_cny", 2),
        LAST_YEARS,
    ),
    money(
        "rd_expense_avg_2y",
        "近两年研发费用总额均值",
        "Average R&D expense of the last 2 years",
        average_2y("rd_expense_cny"),
        LAST_YEARS,
    ),
    money(
        "revenue_total_2y",
        "近两年营业收入总额",
        "Revenue of the last 2 years in total",
        _total("revenue_cny", 2),
        LAST_YEARS,
    ),
    *(
        money(
            f"qualified_equity_paid_in_{years}y",
            f"近{zh}年新增股权融资总额(合格机构投资者的实缴额)",
            f"New equity financing of the last {years} years, paid in by qualified institutions",
            _equity(years),
            "Rounds by the day the money arrived. " + LAST_YEARS,
        )
        for years, zh in ((2, "两"), (3, "三"))
    ),
    share(
        "main_revenue_share",
        "上年度主营业务收入总额占营业收入总额比重",
        "Main-business share of last year's revenue",
        _ratio_in_year("main_revenue_cny", "revenue_cny", 0),
    ),
    share(
        "rd_to_revenue",
        "上年度研发费用总额占营业收入总额比重",
        "R&D expense to revenue, last year",
        _ratio_in_year("rd_expense_cny", "revenue_cny", 0),
    ),
    share(
        "rd_to_revenue_previous_year",
        "上上年度研发费用总额占营业收入总额比重",
        "R&D expense to revenue, the year before last",
        _ratio_in_year("rd_expense_cny", "revenue_cny", 1),
    ),
    share(
        "main_revenue_growth",
        "上年度主营业务收入增长率",
        "Growth of main-business revenue, last year",
        _growth_last_year("main_revenue_cny"),
        "(this year − previous) ÷ previous (v1). " + LAST_YEAR,
    ),
    share(
        "revenue_growth",
        "上年度营业收入增长率",
        "Growth of revenue, last year",
        _growth_last_year("revenue_cny"),
        "(this year − previous) ÷ previous (v1). " + LAST_YEAR,
    ),
    share(
        "main_revenue_growth_avg_2y",
        "近2年主营业务收入平均增长率",
        "Average growth of main-business revenue over 2 years",
        _growth_avg_2y,
        "Arithmetic mean of the two yearly growth rates (mem, unverified). " + LAST_YEAR,
    ),
    Metric(
        "revenue_cagr_2y",
        "近2年营业收入复合增长率",
        "Compound yearly growth of revenue over 2 years",
        Kind.COMPOUND_2Y,
        "percent",
        "工信部企业〔2026〕2号 附件2",
        "Held as the exact two-year factor; g% a year is compared as (1 + g/100)².",
        _growth_factor_2y,
    ),
    share(
        "debt_ratio",
        "上年度资产负债率",
        "Debt ratio at the end of last year",
        _ratio_in_year("total_liabilities_cny", "total_assets_cny", 0),
    ),
    share(
        "net_margin",
        "上年度净利润率",
        "Net profit margin, last year",
        _ratio_in_year("net_profit_cny", "revenue_cny", 0),
    ),
    share(
        "high_tech_revenue_share",
        "上年度高新技术产品(服务)收入占比",
        "Share of high-tech revenue, last year",
        _ratio_in_year("high_tech_revenue_cny", "revenue_cny", 0),
    ),
    share(
        "rd_to_cost_and_expense",
        "上年度研发费用占成本费用支出总额比重",
        "R&D expense to total cost and expense, last year",
        _ratio_in_year("rd_expense_cny", "cost_and_expense_cny", 0),
    ),
    *(
        share(name, zh, en, _staff_ratio(field), "Headcounts of last year as filed (unverified).")
        for name, zh, en, field in (
            ("rd_staff_ratio", "上年度研发人员占比", "R&D staff, share of employees", "rd_staff"),
            (
                "science_staff_ratio",
                "上年度科技人员占比",
                "Science staff, share of employees",
                "science_staff",
            ),
        )
    ),
    Metric(
        "employees",
        "从业人员数",
        "Employees",
        Kind.COUNT,
        "count",
        "工信部联企业〔2011〕300号",
        "Of the last complete year, as filed.",
        _staff("employees"),
    ),
)
"""Metrics of accounts, headcounts and equity financing."""
