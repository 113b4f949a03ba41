"""Metrics of intellectual property (知识产权): which rights count, of which class, in use or not.

The classes are those of 工信部企业〔2022〕63号 annex 4. A list that is null in the dossier is not
known; an empty one says that there is nothing.
"""

from collections.abc import Callable
from datetime import date

from contracts.facts import EnterpriseFacts, IpKind, IpRight
from shared.rules.metric import Kind, Metric, Reader, Unknown, Value, missing
from shared.rules.periods import holds_on, years_after
from shared.rules.readers import ANNEX_4, count

TRANSFER_YEARS_MIN = 1
HIGH_VALUE_YEARS = 10
CLASS_2_PATENT_YEARS = 2
HOLDER_RANK_MAX = 3
CLASS_1 = (
    IpKind.INVENTION_PATENT,
    IpKind.PLANT_VARIETY,
    IpKind.NATIONAL_CROP_VARIETY,
    IpKind.NATIONAL_NEW_DRUG,
    IpKind.NATIONAL_TCM_PROTECTION,
    IpKind.IC_LAYOUT,
)
IP_LEVELS = {
    "class1_high_value": ("Ⅰ类高价值知识产权", "high-value class I"),
    "class1_self_developed": ("自主研发的Ⅰ类知识产权", "self-developed class I"),
    "class1": ("Ⅰ类知识产权", "class I"),
    "class2": ("Ⅱ类知识产权", "class II"),
    "none": ("无", "none"),
}
_IP_ORDER = {level: place for place, level in enumerate(IP_LEVELS)}


def _counts(right: IpRight, as_of: date) -> bool:
    """Whether a right is valid, tied to the leading product, not transferred within a year."""
    transferred = right.transferred_on
    return (
        right.for_leading_product
        and holds_on(right.granted_on, right.expires_on, as_of)
        and (transferred is None or years_after(transferred, TRANSFER_YEARS_MIN) <= as_of)
    )


def _is_high_value(right: IpRight, as_of: date) -> bool:
    return (
        right.overseas_family_or_income
        or right.substantial_pledge_financing
        or right.national_award
        or years_after(right.granted_on, HIGH_VALUE_YEARS) < as_of
    )


def _is_class_2(right: IpRight, as_of: date) -> bool:
    if right.kind is IpKind.SOFTWARE_COPYRIGHT:
        return True
    return right.kind not in CLASS_1 and years_after(right.granted_on, CLASS_2_PATENT_YEARS) < as_of


def _ip_level(facts: EnterpriseFacts, as_of: date) -> Value | Unknown:
    if facts.ip_rights is None:
        return missing("ip_rights")
    best = "none"
    for right in facts.ip_rights:
        if not _counts(right, as_of):
            continue
        if right.kind not in CLASS_1:
            level = "class2" if _is_class_2(right, as_of) else "none"
        elif _is_high_value(right, as_of):
            return "class1_high_value"
        else:
            level = "class1_self_developed" if right.self_developed else "class1"
        if _IP_ORDER[level] < _IP_ORDER[best]:
            best = level
    return best


def _ip_count(belongs: Callable[[IpRight, date], bool]) -> Reader:
    def read(facts: EnterpriseFacts, as_of: date) -> Value | Unknown:
        if facts.ip_rights is None:
            return missing("ip_rights")
        return sum(_counts(right, as_of) and belongs(right, as_of) for right in facts.ip_rights)

    return read


def _class_1_in_use(own_only: bool) -> Reader:
    """Class I rights in use with benefit; `own_only`: applied for itself, holder 1 to 3 (2026)."""

    def read(facts: EnterpriseFacts, as_of: date) -> Value | Unknown:
        if facts.ip_rights is None:
            return missing("ip_rights", low=0)
        certain = 0
        lacking: list[str] = []
        for index, right in enumerate(facts.ip_rights):
            if right.kind not in CLASS_1 or not _counts(right, as_of):
                continue
            gaps = _own_gaps(right) if own_only else ()
            if gaps is None or right.in_use_with_benefit is False:
                continue
            if right.in_use_with_benefit is None:
                gaps = (*gaps, "in_use_with_benefit")
            if gaps:
                lacking.append(f"ip_rights.{index}.{gaps[0]}")
            else:
                certain += 1
        return missing(*lacking, low=certain, high=certain + len(lacking)) if lacking else certain

    return read


def _own_gaps(right: IpRight) -> tuple[str, ...] | None:
    """What is not known about the right being the firm's own; None when it is not its own."""
    if right.transferred_on is not None or not right.self_developed:
        return None
    if right.holder_rank is None:
        return ("holder_rank",)
    return () if right.holder_rank <= HOLDER_RANK_MAX else None


_COUNTED = (
    "Valid on the day, tied to the leading product; a right acquired by transfer counts from one"
    " year after it (v2)."
)

RIGHTS = (
    Metric(
        "ip_level",
        "与企业主导产品相关的有效知识产权",
        "Valid intellectual property of the leading product",
        Kind.WORD,
        None,
        ANNEX_4,
        f"{_COUNTED} High value: overseas family or income (v2), granted more than 10 years ago,"
        " substantial pledge financing (v2), a national prize (v1). Class II patents: granted more"
        " than 2 years ago (v1).",
        _ip_level,
        IP_LEVELS,
    ),
    count(
        "class1_ip",
        "Ⅰ类知识产权数量",
        "Class I rights",
        _ip_count(lambda right, _: right.kind in CLASS_1),
        _COUNTED,
    ),
    count("class2_ip", "Ⅱ类知识产权数量", "Class II rights", _ip_count(_is_class_2), _COUNTED),
    count(
        "class1_ip_in_use",
        "实际应用并已产生经济效益的Ⅰ类知识产权数量",
        "Class I rights in use with economic benefit",
        _class_1_in_use(False),
        _COUNTED,
    ),
    count(
        "class1_ip_in_use_own",
        "自主申请、权利人排名前三、实际应用并已产生经济效益的Ⅰ类知识产权数量",
        "Class I rights in use, applied for by the firm itself, among the first three holders",
        _class_1_in_use(True),
        "工信部企业〔2026〕2号: transferred rights do not count, holder rank 1 to 3 (v2).",
    ),
)
"""Metrics of intellectual property."""
