"""Metrics of where an enterprise stands: register, segment, product, province, scores."""

from collections.abc import Callable
from datetime import date
from fractions import Fraction

from contracts.facts import EnterpriseFacts, ListingStage
from shared.rules.metric import Kind, Metric, Reader, Unknown, Value, missing
from shared.rules.periods import (
    close_of_year,
    full_months,
    full_years,
    last_closed_year,
)
from shared.rules.readers import ANNEX_4, AS_FILED, count, field, flag, part
from shared.rules.size import SIZES, is_sme, size_class

SIZE_STANDARD = "工信部联企业〔2011〕300号"

STAGES = {
    "listed": ("已上市", "listed"),
    "neeq_innovation": ("新三板创新层", "NEEQ innovation layer"),
    "neeq_base": ("新三板基础层", "NEEQ base layer"),
    "regional_market": ("区域性股权市场挂牌", "regional equity market"),
    "unlisted": ("未上市", "unlisted"),
}


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


def _digital_level(facts: EnterpriseFacts, _as_of: date) -> Value | Unknown:
    return missing("digital_level") if facts.digital_level is None else facts.digital_level.level


def _listing_stage(facts: EnterpriseFacts, _as_of: date) -> Value | Unknown:
    stage: ListingStage | None = facts.listing_stage
    return missing("listing_stage") if stage is None else stage.value


def _features(facts: EnterpriseFacts, _as_of: date) -> Value | Unknown:
    found = facts.provincial_features
    return missing("provincial_features") if found is None else frozenset(found)


def _regional_listing_points(facts: EnterpriseFacts, _as_of: date) -> Value | Unknown:
    if facts.listing_stage is None:
        return missing("listing_stage")
    if facts.listing_stage is not ListingStage.REGIONAL_MARKET:
        return 0
    return Unknown(
        ("provincial_points",),
        "The text that gives the points of this stage was cut off; ask the province for them.",
        "所见文本缺少该情形的分值,请向省级主管部门查询。",
        low=0,
    )


def _product_share(field: str) -> Reader:
    def read(facts: EnterpriseFacts, _as_of: date) -> Value | Unknown:
        product = facts.leading_product
        value: int | None = None if product is None else getattr(product, field)
        if value is None:
            return missing(f"leading_product.{field}")
        return Fraction(value, 10_000)

    return read


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


def _word(name: str, zh: str, en: str, read: Reader, description: str) -> Metric:
    return Metric(name, zh, en, Kind.WORD, None, "GB/T 2260, GB/T 4754", description, read)


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
    (
        "leading_position",
        "国内或国际细分市场占有率位居前列,有一定影响力",
        "Among the leaders of its domestic or international segment",
    ),
    (
        "modern_industry_field",
        "属于改造提升传统产业、培育壮大新兴产业、布局建设未来产业",
        "Upgrades a traditional, grows an emerging or lays out a future industry",
    ),
)

STANDING = (
    _word("region", "行政区划代码", "Region of registration", field("region"), AS_FILED),
    _word("industry", "国民经济行业代码", "Industry", field("industry"), AS_FILED),
    _word("segment", "细分领域", "Market segment", field("segment"), AS_FILED),
    _word(
        "chain_position", "产业链位置", "Position in the chain", field("chain_position"), AS_FILED
    ),
    Metric(
        "listing_stage",
        "上市进程",
        "Listing stage",
        Kind.WORD,
        None,
        "funding.md §6",
        AS_FILED,
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
    flag(
        "independent_legal_person",
        "境内工商注册登记、独立法人资格",
        "Registered in mainland China, an independent legal person",
        field("independent_legal_person"),
        AS_FILED,
    ),
    count(
        "segment_years",
        "从事特定细分市场年限",
        "Years in the segment",
        _segment_years,
        "Full years at the end of the last fiscal year (截至上年末, mem).",
        "years",
    ),
    count(
        "registered_months",
        "注册月数",
        "Months since registration",
        _since_registration(full_months),
        "Full months up to the day.",
        "months",
    ),
    count(
        "registered_days",
        "注册天数",
        "Days since registration",
        _since_registration(lambda since, until: max((until - since).days, 0)),
        "国科发火〔2016〕195号: one year is 365 calendar days.",
        "days",
    ),
    *(flag(n, zh, en, part("leading_product", n), AS_FILED) for n, zh, en in _PRODUCT_FLAGS),
    Metric(
        "market_share",
        "主导产品在全国细分市场占有率",
        "Share of the national segment",
        Kind.RATIO,
        "percent",
        ANNEX_4,
        "As the enterprise states it.",
        _product_share("national_share_bp"),
    ),
    Metric(
        "international_share",
        "主导产品在国际细分市场占有率",
        "Share of the international segment",
        Kind.RATIO,
        "percent",
        "工信部企业〔2026〕2号",
        "As the enterprise states it.",
        _product_share("international_share_bp"),
    ),
    count(
        "domestic_rank",
        "主导产品国内细分市场排名",
        "Rank in the domestic segment",
        part("leading_product", "domestic_rank"),
        "As the enterprise states it (工信部企业〔2026〕2号).",
    ),
    flag("own_brand", "拥有自主品牌", "Has its own brand", field("own_brand"), AS_FILED),
    flag(
        "sound_governance",
        "治理规范、信誉良好",
        "Sound governance and reputation",
        field("sound_governance"),
        AS_FILED,
    ),
    count(
        "core_processes_on_it",
        "采用信息系统支撑的核心业务数",
        "Core processes supported by an information system",
        field("core_processes_on_it"),
        AS_FILED,
    ),
    count(
        "digital_level",
        "数字化水平等级",
        "Digital level",
        _digital_level,
        "The self-test's level, edition 2022 or 2024 (v2).",
        "level",
    ),
    count(
        "provincial_points",
        "地方特色指标得分",
        "Provincial points",
        field("provincial_points"),
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
    flag(
        "controlled_by_little_giant",
        "与已认定小巨人存在控股关系",
        "Controlled by or controlling a little giant",
        field("controlled_by_little_giant"),
        AS_FILED,
    ),
    Metric(
        "provincial_features",
        "地方特色指标",
        "Provincial features",
        Kind.SET,
        None,
        ANNEX_4,
        "Ids of the options in the province's overlay that hold, all of them or [].",
        _features,
    ),
    count(
        "regional_listing_points",
        "区域性股权市场挂牌或已递交申请的得分",
        "Points a province gives for the regional equity market or a filing",
        _regional_listing_points,
        "0 at another stage; not known at this one, since the text seen was cut off.",
        "points",
    ),
    flag(
        "under_review",
        "属于复核",
        "Filed for review of a title held",
        lambda _facts, _as_of: 0,
        "Not a fact of the dossier: whoever asks states it; a new filing where nothing is said.",
    ),
    flag(
        "same_group_similar_product",
        "同一集团内另有小巨人生产相似主导产品",
        "Another little giant of its group makes a similar leading product",
        field("same_group_similar_product"),
        AS_FILED,
    ),
    flag(
        "technology_leading",
        "技术、工艺、产品质量性能国内领先",
        "Technology, process and quality nationally leading",
        field("technology_leading"),
        AS_FILED,
    ),
    flag(
        "core_technology_in_key_fields",
        "核心技术属于国家重点支持的高新技术领域",
        "Core technology in the high-tech fields the state supports",
        field("core_technology_in_key_fields"),
        AS_FILED,
    ),
    count(
        "innovation_evaluation_points",
        "高新技术企业创新能力评价得分",
        "Innovation evaluation of a high-tech enterprise",
        field("innovation_evaluation_points"),
        "Scored by experts under 国科发火〔2016〕195号; an input from outside.",
        "points",
    ),
)
"""Metrics of standing."""
