"""Metrics of conduct: public lists, accidents and violations, the credit report."""

from collections.abc import Callable
from datetime import date

from contracts.facts import EnterpriseFacts, Severity, ViolationKind
from shared.rules.metric import Kind, Metric, Reader, Unknown, Value, missing
from shared.rules.periods import within_years
from shared.rules.readers import MEASURES, count, flag, part

VIOLATION_WINDOW_YEARS = 3

_KINDS_ZH = {
    "safety": "安全",
    "network_data": "网络和数据安全",
    "quality": "质量",
    "environment": "环境",
    "tax": "税收",
    "industry_rules": "行业管理规定",
    "research_integrity": "科研诚信",
}
_SEVERITIES_ZH = {"ordinary": "一般", "larger": "较大", "major": "重大", "serious": "严重"}
VIOLATIONS = {
    f"{kind}.{severity}": (
        f"{_SEVERITIES_ZH[severity]}{_KINDS_ZH[kind]}问题",
        f"{severity} {kind.replace('_', ' ')} violation or accident",
    )
    for kind in ViolationKind
    for severity in Severity
}


def _violations(counts: Callable[[date, date], bool]) -> Reader:
    def read(facts: EnterpriseFacts, as_of: date) -> Value | Unknown:
        found = facts.compliance.violations
        if found is None:
            return missing("compliance.violations")
        return frozenset(
            f"{violation.kind}.{violation.severity}"
            for violation in found
            if counts(violation.occurred_on, as_of)
        )

    return read


def _within(years: int) -> Callable[[date, date], bool]:
    return lambda day, as_of: within_years(day, years, as_of)


def _this_year_or_last(day: date, as_of: date) -> bool:
    return as_of.year - 1 <= day.year and day <= as_of


def _other_loans(facts: EnterpriseFacts, _as_of: date) -> Value | Unknown:
    if facts.credit is None:
        return missing("credit.other_loans_cny")
    return int(facts.credit.other_loans_cny.scaleb(2))


_CREDIT = (
    ("lender_count", "贷款机构数", "Lenders"),
    ("overdue_2y_count", "近两年逾期次数", "Overdue marks of the last 2 years"),
    ("inquiries_6m", "近六个月查询次数", "Credit inquiries of the last 6 months"),
)

CONDUCT = (
    *(
        flag(name, zh, en, part("compliance", name), "On the day of the dossier.")
        for name, zh, en in (
            ("on_abnormal_list", "列入经营异常名录", "On the list of abnormal operations"),
            ("on_dishonest_list", "列入严重失信主体名单", "On the list of serious dishonesty"),
            (
                "prohibited_product",
                "产品(服务)属于国家禁止、限制或淘汰类",
                "Product prohibited, restricted or eliminated by the state",
            ),
        )
    ),
    *(
        Metric(
            name,
            zh,
            en,
            Kind.SET,
            None,
            source,
            "Kind and severity as the regulator determined; the rules say which of them bar.",
            _violations(counts),
            VIOLATIONS,
        )
        for name, zh, en, source, counts in (
            (
                "violations_3y",
                "近三年事故与违法",
                "Accidents and violations of the last 3 years",
                MEASURES,
                _within(VIOLATION_WINDOW_YEARS),
            ),
            (
                "violations_1y",
                "申请前一年内事故与违法",
                "Accidents and violations of the year before the day",
                "国科发火〔2016〕32号",
                _within(1),
            ),
            (
                "violations_since_previous_year",
                "上年度及当年事故与违法",
                "Accidents and violations of the previous and the current year",
                "国科发政〔2017〕115号",
                _this_year_or_last,
            ),
        )
    ),
    Metric(
        "other_loans",
        "他行贷款余额",
        "Loans at other banks",
        Kind.MONEY,
        "cny",
        "funding.md §6",
        "Of the credit report in the dossier.",
        _other_loans,
    ),
    *(
        count(name, zh, en, part("credit", name), "Of the credit report in the dossier.")
        for name, zh, en in _CREDIT
    ),
)
"""Metrics of conduct."""
