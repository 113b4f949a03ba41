"""Metrics of where an enterprise stands: register, segment, product, compliance, credit, scores."""

from collections.abc import Callable
from datetime import date
from fractions import Fraction

from contracts.facts import EnterpriseFacts, ListingStage, Severity, ViolationKind
from shared.rules.metric import Kind, Metric, Reader, Unknown, Value, missing
from shared.rules.periods import (
    close_of_year,
    full_months,
    full_years,
    last_closed_year,
    within_years,
)
from shared.rules.size import SIZES, is_sme, size_class

ANNEX_4 = "工信部企业〔2022〕63号 附件4"
MEASURES = "工信部企业〔2022〕63号"
SIZE_STANDARD = "工信部联企业〔2011〕300号"
VIOLATION_WINDOW_YEARS = 3

STAGES = {
    "listed": ("已上市", "listed"),
    "neeq_innovation": ("新三板创新层", "NEEQ innovation layer"),
    "neeq_base": ("新三板基础层", "NEEQ base layer"),
    "regional_market": ("区域性股权市场挂牌", "regional equity market"),
    "unlisted": ("未上市", "unlisted"),
}
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


def _field(name: str) -> Reader:
    """A fact that stands in the dossier as the rules read it."""

    def read(facts: EnterpriseFacts, _as_of: date) -> Value | Unknown:
        value: bool | int | str | None = getattr(facts, name)
        return missing(name) if value is None else value

    return read


def _part(part: str, name: str) -> Reader:
    def read(facts: EnterpriseFacts, _as_of: date) -> Value | Unknown:
        holder = getattr(facts, part)
        value: bool | int | str | None = None if holder is None else getattr(holder, name)
        return missing(f"{part}.{name}") if value is None else value

    return read


def _segment_years(facts: EnterpriseFacts, as_of: date) -> Value | Unknown:
    if facts.segment_since is None:
        return missing("segment_since")
    return full_years(facts.segment_since, close_of_year(last_closed_year(as_of)))


def _since_registration(measure: Callable[[date, date], int]) -> Reader:
    def read(facts: EnterpriseFacts, as_of: date) -> Value | Unknown:
        if facts.registered_on is None:
            return missing("registered_on")
        return measure(facts.registered_on, as_of)

    return read


def _market_share(facts: EnterpriseFacts, _as_of: date) -> Value | Unknown:
    product = facts.leading_product
    if product is None or product.national_share_bp is None:
        return missing("leading_product.national_share_bp")
    return Fraction(product.national_share_bp, 10_000)


def _digital_level(facts: EnterpriseFacts, _as_of: date) -> Value | Unknown:
    return missing("digital_level") if facts.digital_level is None else facts.digital_level.level


def _listing_stage(facts: EnterpriseFacts, _as_of: date) -> Value | Unknown:
    stage: ListingStage | None = facts.listing_stage
    return missing("listing_stage") if stage is None else stage.value


def _violations(facts: EnterpriseFacts, as_of: date) -> Value | Unknown:
    found = facts.compliance.violations
    if found is None:
        return missing("compliance.violations")
    return frozenset(
        f"{violation.kind}.{violation.severity}"
        for violation in found
        if within_years(violation.occurred_on, VIOLATION_WINDOW_YEARS, as_of)
    )


def _development_score(years: int) -> Reader:
    """The best score of this year and the years before it, `years` in all."""

    def read(facts: EnterpriseFacts, as_of: date) -> Value | Unknown:
        wanted = range(as_of.year, as_of.year - years, -1)
        scores = {found.year: Fraction(found.score_bp, 100) for found in facts.development_scores}
        known = [scores[year] for year in wanted if year in scores]
        lacking = [f"development_scores.{year}" for year in wanted if year not in scores]
        if not lacking:
            return max(known)
        gap = missing(*lacking)
        return Unknown(gap.facts, gap.en, gap.zh, max(known, default=0), 100)

    return read


def _other_loans(facts: EnterpriseFacts, _as_of: date) -> Value | Unknown:
    if facts.credit is None:
        return missing("credit.other_loans_cny")
    return int(facts.credit.other_loans_cny.scaleb(2))


def _flag(name: str, zh: str, en: str, read: Reader, description: str) -> Metric:
    return Metric(name, zh, en, Kind.FLAG, None, MEASURES, description, read)


def _word(name: str, zh: str, en: str, read: Reader, description: str) -> Metric:
    return Metric(name, zh, en, Kind.WORD, None, "GB/T 2260, GB/T 4754", description, read)


def _count(
    name: str, zh: str, en: str, read: Reader, description: str, unit: str = "count"
) -> Metric:
    return Metric(name, zh, en, Kind.COUNT, unit, ANNEX_4, description, read)


_PRODUCT_FLAGS = (
    (
        "strategic_emerging",
        "主导产品属于战略性新兴产业",
        "Product in a strategic emerging industry",
    ),
    ("chain_gap_filler", "补短板、锻长板、填空白", "Fills a gap of the industrial chain"),
    ("key_link", "位于产业链关键环节", "At a key link of the chain"),
    ("six_basics", "属于工业六基领域", "In the six industrial basics"),
    ("ten_key_fields", "属于制造强国十大重点产业领域", "In the ten key manufacturing fields"),
    ("cyber_power", "属于网络强国领域", "In the fields of cyber power"),
    (
        "serves_key_chain_leader",
        "服务关键产业链重点龙头企业",
        "Serves a leading firm of a key chain",
    ),
)
_CREDIT = (
    ("lender_count", "贷款机构数", "Lenders"),
    ("overdue_2y_count", "近两年逾期次数", "Overdue marks of the last 2 years"),
    ("inquiries_6m", "近六个月查询次数", "Credit inquiries of the last 6 months"),
)
_AS_FILED = "As the dossier says."

STANDING = (
    _word("region", "行政区划代码", "Region of registration", _field("region"), _AS_FILED),
    _word("industry", "国民经济行业代码", "Industry", _field("industry"), _AS_FILED),
    _word("segment", "细分领域", "Market segment", _field("segment"), _AS_FILED),
    _word(
        "chain_position", "产业链位置", "Position in the chain", _field("chain_position"), _AS_FILED
    ),
    Metric(
        "listing_stage",
        "上市进程",
        "Listing stage",
        Kind.WORD,
        None,
        "funding.md §6",
        _AS_FILED,
        _listing_stage,
        STAGES,
    ),
    Metric(
        "size_class",
        "企业规模",
        "Size class",
        Kind.WORD,
        None,
        SIZE_STANDARD,
        "Large, medium and small need every listed measure; 以下 excludes in this document (v2).",
        size_class,
        SIZES,
    ),
    Metric(
        "is_sme",
        "符合中小企业划型标准",
        "Is an SME",
        Kind.FLAG,
        None,
        SIZE_STANDARD,
        "An SME as soon as one listed measure is under the bound of large (v2).",
        is_sme,
    ),
    _flag(
        "independent_legal_person",
        "境内工商注册登记、独立法人资格",
        "Registered in mainland China, an independent legal person",
        _field("independent_legal_person"),
        _AS_FILED,
    ),
    _count(
        "segment_years",
        "从事特定细分市场年限",
        "Years in the segment",
        _segment_years,
        "Full years at the end of the last fiscal year (截至上年末, mem).",
        "years",
    ),
    _count(
        "registered_months",
        "注册月数",
        "Months since registration",
        _since_registration(full_months),
        "Full months up to the day.",
        "months",
    ),
    _count(
        "registered_days",
        "注册天数",
        "Days since registration",
        _since_registration(lambda since, until: max((until - since).days, 0)),
        "国科发火〔2016〕195号: one year is 365 calendar days.",
        "days",
    ),
    *(_flag(n, zh, en, _part("leading_product", n), _AS_FILED) for n, zh, en in _PRODUCT_FLAGS),
    Metric(
        "market_share",
        "主导产品在全国细分市场占有率",
        "Share of the national segment",
        Kind.RATIO,
        "percent",
        ANNEX_4,
        "As the enterprise states it.",
        _market_share,
    ),
    _count(
        "domestic_rank",
        "主导产品国内细分市场排名",
        "Rank in the domestic segment",
        _part("leading_product", "domestic_rank"),
        "As the enterprise states it (工信部企业〔2026〕2号).",
    ),
    _flag("own_brand", "拥有自主品牌", "Has its own brand", _field("own_brand"), _AS_FILED),
    _flag(
        "sound_governance",
        "治理规范、信誉良好",
        "Sound governance and reputation",
        _field("sound_governance"),
        _AS_FILED,
    ),
    _count(
        "core_processes_on_it",
        "采用信息系统支撑的核心业务数",
        "Core processes supported by an information system",
        _field("core_processes_on_it"),
        _AS_FILED,
    ),
    _count(
        "digital_level",
        "数字化水平等级",
        "Digital level",
        _digital_level,
        "The self-test's level, edition 2022 or 2024 (v2).",
        "level",
    ),
    _count(
        "provincial_points",
        "地方特色指标得分",
        "Provincial points",
        _field("provincial_points"),
        "0 to 15, as the province scored them; never a default.",
        "points",
    ),
    *(
        Metric(
            name,
            zh,
            en,
            Kind.POINTS,
            "points",
            "工信厅企业〔2024〕75号",
            "Computed by the platform of that document; an input from outside.",
            _development_score(years),
        )
        for name, zh, en, years in (
            (
                "development_score",
                "本年度专精特新发展评价得分",
                "Development score of this year",
                1,
            ),
            (
                "development_score_best_2y",
                "近两年专精特新发展评价最高得分",
                "Best development score of the last 2 years",
                2,
            ),
        )
    ),
    _flag(
        "controlled_by_little_giant",
        "与已认定小巨人存在控股关系",
        "Controlled by or controlling a little giant",
        _field("controlled_by_little_giant"),
        _AS_FILED,
    ),
    *(
        _flag(name, zh, en, _part("compliance", name), "On the day of the dossier.")
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
    Metric(
        "violations_3y",
        "近三年事故与违法",
        "Accidents and violations of the last 3 years",
        Kind.SET,
        None,
        MEASURES,
        "Kind and severity as the regulator determined; the rules say which of them bar.",
        _violations,
        VIOLATIONS,
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
        _count(name, zh, en, _part("credit", name), "Of the credit report in the dossier.")
        for name, zh, en in _CREDIT
    ),
)
"""Metrics of standing."""
