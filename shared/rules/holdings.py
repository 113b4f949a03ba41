"""Metrics of what an enterprise holds: R&D bodies, awards, honours, certificates, standards.

A list that is null in the dossier is not known; an empty one says that there is nothing.
"""

from collections.abc import Iterable
from datetime import date

from contracts.facts import AwardKind, EnterpriseFacts, RdBody
from contracts.values import Level
from shared.rules.metric import ABSENT, Kind, Metric, Reader, Unknown, Value, missing
from shared.rules.periods import holds_on, within_years

ANNEX_4 = "工信部企业〔2022〕63号 附件4"
MAKER_CHINA_LISTS_SINCE = date(2021, 1, 1)

_LEVELS = tuple(Level)

LEVELS = {
    "national": ("国家级", "national"),
    "provincial": ("省级", "provincial"),
    "municipal": ("市级", "municipal"),
    "below_municipal": ("市级以下", "below municipal"),
    "none": ("无", "none"),
}
HONOURS = {
    "high_tech_enterprise": ("高新技术企业", "high-tech enterprise"),
    "tech_based_sme": ("科技型中小企业", "technology-based SME"),
    "national_innovation_demo": ("国家级技术创新示范企业", "national innovation demonstration"),
    "ip_advantage": ("知识产权优势企业", "IP advantage enterprise"),
    "ip_demo": ("知识产权示范企业", "IP demonstration enterprise"),
    "time_honoured_brand": ("中华老字号", "time-honoured brand"),
    "single_champion": ("制造业单项冠军", "manufacturing single champion"),
}
CERTIFICATES = {
    "quality_system": ("质量管理体系认证", "quality-management certificate"),
    "other_management_system": ("其他管理体系认证", "other management-system certificate"),
    "developed_market_product": ("发达国家和地区产品认证", "developed-market product certificate"),
}


def _body_level(body: RdBody) -> Level:
    if body.ministerial and body.level is not Level.NATIONAL:
        return Level.PROVINCIAL
    return body.level


def _rd_institution_level(facts: EnterpriseFacts, as_of: date) -> Value | Unknown:
    if facts.rd_bodies is None:
        return missing("rd_bodies")
    valid = (b for b in facts.rd_bodies if holds_on(b.recognised_on, b.valid_to, as_of))
    return best_level(_body_level(body) for body in valid)


def best_level(levels: Iterable[Level]) -> str:
    """The highest of some levels; "none" without any."""
    held = tuple(levels)
    for level in _LEVELS:
        if level in held:
            return level.value
    return "none"


def _science_award_level(years: int) -> Reader:
    def read(facts: EnterpriseFacts, as_of: date) -> Value | Unknown:
        if facts.awards is None:
            return missing("awards")
        return best_level(
            award.level
            for award in facts.awards
            if award.kind is AwardKind.SCIENCE_TECHNOLOGY
            and award.level in (Level.NATIONAL, Level.PROVINCIAL)
            and within_years(award.awarded_on, years, as_of)
        )

    return read


def _science_award_rank(level: Level, years: int) -> Reader:
    """The best rank among awards of a level; ABSENT without such an award."""

    def read(facts: EnterpriseFacts, as_of: date) -> Value | Unknown:
        if facts.awards is None:
            return missing("awards")
        if not facts.awards:
            return ABSENT
        ranks = {
            index: award.rank
            for index, award in enumerate(facts.awards)
            if award.kind is AwardKind.SCIENCE_TECHNOLOGY
            and award.level is level
            and within_years(award.awarded_on, years, as_of)
        }
        known = [rank for rank in ranks.values() if rank is not None]
        lacking = [f"awards.{index}.rank" for index, rank in ranks.items() if rank is None]
        best = min(known, default=None)
        if lacking and best != 1:
            return missing(*lacking, low=1, high=best)
        return ABSENT if best is None else best

    return read


def _maker_china_list(facts: EnterpriseFacts, as_of: date) -> Value | Unknown:
    if facts.awards is None:
        return missing("awards")
    if not facts.awards:
        return ABSENT
    entries = {
        index: award.list_top
        for index, award in enumerate(facts.awards)
        if award.kind is AwardKind.MAKER_CHINA
        and award.level is Level.NATIONAL
        and award.awarded_on >= MAKER_CHINA_LISTS_SINCE
        and within_years(award.awarded_on, 3, as_of)
    }
    known = [top for top in entries.values() if top is not None]
    lacking = [f"awards.{index}.list_top" for index, top in entries.items() if top is None]
    if lacking:
        return missing(*lacking, low=1, high=min(known, default=None))
    return min(known) if known else ABSENT


def _quality_award_level(facts: EnterpriseFacts, as_of: date) -> Value | Unknown:
    if facts.awards is None:
        return missing("awards")
    return best_level(
        award.level
        for award in facts.awards
        if award.kind is AwardKind.QUALITY and award.awarded_on <= as_of
    )


def _honours(facts: EnterpriseFacts, as_of: date) -> Value | Unknown:
    if facts.honours is None:
        return missing("honours")
    return frozenset(
        honour.kind.value
        for honour in facts.honours
        if holds_on(honour.valid_from, honour.valid_to, as_of)
    )


def _certificates(facts: EnterpriseFacts, as_of: date) -> Value | Unknown:
    if facts.certificates is None:
        return missing("certificates")
    return frozenset(
        held.kind.value
        for held in facts.certificates
        if holds_on(held.valid_from, held.valid_to, as_of)
    )


def _standards(led_only: bool) -> Reader:
    def read(facts: EnterpriseFacts, as_of: date) -> Value | Unknown:
        if facts.standards is None:
            return missing("standards")
        return sum(
            found.published_on <= as_of and (found.led or not led_only) for found in facts.standards
        )

    return read


def _standards_led_5y(facts: EnterpriseFacts, as_of: date) -> Value | Unknown:
    if facts.standards is None:
        return missing("standards")
    return sum(
        found.led and found.level is Level.NATIONAL and within_years(found.published_on, 5, as_of)
        for found in facts.standards
    )


def _metric(
    name: str, zh: str, en: str, read: Reader, description: str, kind: Kind = Kind.COUNT
) -> Metric:
    unit = "count" if kind is Kind.COUNT else None
    return Metric(name, zh, en, kind, unit, ANNEX_4, description, read, _WORDS.get(name))


_WORDS = {
    "rd_institution_level": LEVELS,
    "st_award_level_3y": LEVELS,
    "st_award_level_5y": LEVELS,
    "quality_award_level": LEVELS,
    "honours": HONOURS,
    "certificates": CERTIFICATES,
}
_AWARD = "Dated by the certificate (v1), within the years up to the day, both ends included (mem)."

HOLDINGS = (
    _metric(
        "rd_institution_level",
        "建立研发机构级别",
        "Level of its best recognised R&D institution",
        _rd_institution_level,
        "Recognition valid on the day; a ministry's counts as provincial (省部级, v2).",
        Kind.WORD,
    ),
    *(
        _metric(
            f"st_award_level_{years}y",
            f"近{zh}年获得科技奖励的最高级别",
            f"Best science and technology award of the last {years} years",
            _science_award_level(years),
            f"National or provincial prizes only. {_AWARD}",
            Kind.WORD,
        )
        for years, zh in ((3, "三"), (5, "五"))
    ),
    *(
        _metric(
            f"st_award_{level.value}_rank_{years}y",
            f"近{years_zh}年{zh}科技奖励最好排名",
            f"Best rank in a {level.value} science and technology award, last {years} years",
            _science_award_rank(level, years),
            _AWARD,
        )
        for level, zh in ((Level.NATIONAL, "国家级"), (Level.PROVINCIAL, "省级"))
        for years, years_zh in ((3, "三"), (5, "五"))
    ),
    _metric(
        "maker_china_list_3y",
        "近三年进入“创客中国”全国企业组名单(50强、500强)",
        "Shortest national 创客中国 list entered in the last 3 years",
        _maker_china_list,
        f"Lists published since 2021 (mem). {_AWARD}",
    ),
    _metric(
        "quality_award_level",
        "质量奖荣誉级别",
        "Level of its best quality award",
        _quality_award_level,
        "No window is stated, so any earlier award counts (unverified).",
        Kind.WORD,
    ),
    _metric("honours", "有效的荣誉资质", "Valid honours", _honours, "Valid on the day.", Kind.SET),
    _metric(
        "certificates",
        "有效的认证",
        "Valid certificates",
        _certificates,
        "Valid on the day.",
        Kind.SET,
    ),
    _metric(
        "standards_joined",
        "参与制修订标准数",
        "Standards led or joined",
        _standards(False),
        "Published up to the day.",
    ),
    _metric(
        "standards_led",
        "主导制修订标准数",
        "Standards led",
        _standards(True),
        "Published up to the day.",
    ),
    _metric(
        "standards_led_5y",
        "近五年主导制定国际、国家或行业标准数",
        "International, national or industry standards led in the last 5 years",
        _standards_led_5y,
        "Of level national in the dossier, which international and industry ones are filed under"
        " (unverified).",
    ),
)
"""Metrics of R&D bodies, awards, honours, certificates, standards."""
