"""Why a pair scored as it did (匹配说明): each part's points, what matched, what would raise it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from services.talent.matching import scoring
from services.talent.matching.features import Modes, Offer, Profile
from services.talent.matching.pair import Points
from services.talent.matching.recognise import Mention
from services.talent.matching.taxonomy import disciplines, levels, taxonomy

Words: TypeAlias = tuple[str, str]
"""One text in Chinese and in English."""

TITLES: dict[str, Words] = {
    "skills": ("技能", "Skills"),
    "level": ("层级", "Level"),
    "experience": ("工作年限", "Experience"),
    "discipline": ("学科", "Discipline"),
    "region": ("地区与流动意愿", "Region and willingness to move"),
    "mode": ("用才方式", "Mode of work"),
    "salary": ("薪酬", "Salary"),
    "freshness": ("资料更新", "Freshness"),
}
NOTHING_ASKED: Words = ("岗位未作要求", "the position asks nothing here")
MODE_NAMES: dict[int, Words] = {
    Modes.FULL: ("全职", "full time"),
    Modes.FLEXIBLE: ("柔性引才", "flexible"),
    Modes.OUTSOURCED: ("外包", "outsourced"),
    Modes.INTERNSHIP: ("实习", "internship"),
}


@dataclass(frozen=True)
class Part:
    """One named part. `matched` are words that stand in the candidate's text."""

    name: str
    title: Words
    points: int
    most: int
    seen: Words
    matched: tuple[str, ...]
    raised_by: Words | None


def explain(
    offer: Offer, profile: Profile, points: Points, mentions: Sequence[Mention], today: int
) -> tuple[Part, ...]:
    """Every part with its reasons, the heaviest first."""
    parts = [_skills(offer, profile, points.parts["skills"], mentions)]
    for name, (_part, most) in scoring.PARTS.items():
        seen, raised_by = _REASONS[name](offer, profile, today)
        got = points.parts[name]
        hint = raised_by if got < most else None
        parts.append(Part(name, TITLES[name], got, most, seen, (), hint))
    return tuple(parts)


def _skills(offer: Offer, profile: Profile, points: int, mentions: Sequence[Mention]) -> Part:
    known = taxonomy()
    words = {mention.skill: mention.words for mention in mentions}
    needed = sorted(
        offer.must | offer.wish | offer.text,
        key=lambda skill: (-scoring.weight_of(offer, skill), skill),
    )
    held: list[Words] = []
    lacking: list[Words] = []
    for skill in needed:
        credit = scoring.credit_of(profile, skill, known.siblings(skill))
        name = (known.skills[skill].zh, known.skills[skill].en)
        if credit == scoring.EXACT:
            held.append(name)
        elif credit == scoring.SIMILAR:
            held.append((f"{name[0]}(用词相近)", f"{name[1]} (similar words)"))
        elif credit == scoring.NEAR:
            held.append((f"{name[0]}的相邻技能", f"a neighbour of {name[1]}"))
        if credit < scoring.EXACT:
            lacking.append(name)
    if not needed:
        seen: Words = NOTHING_ASKED
    elif held:
        seen = (
            "具备:" + "、".join(zh for zh, _ in held),
            "has: " + ", ".join(en for _, en in held),
        )
    else:
        seen = ("资料中未见所需技能", "none of the skills asked for is in the profile")
    raised: Words | None = None
    if lacking:
        raised = (
            "资料中写明:" + "、".join(zh for zh, _ in lacking),
            "name in the profile: " + ", ".join(en for _, en in lacking),
        )
    matched = tuple(words[skill] for skill in needed if skill in words)
    return Part("skills", TITLES["skills"], points, scoring.SKILLS_POINTS, seen, matched, raised)


def _level(offer: Offer, profile: Profile, _today: int) -> tuple[Words, Words]:
    if offer.level == 0:
        return NOTHING_ASKED, NOTHING_ASKED
    has, asks = _level_name(profile.level), _level_name(offer.level)
    return (
        (f"{has[0]},岗位期望{asks[0]}", f"{has[1]}, wanted {asks[1]}"),
        (f"层级为{asks[0]}", f"the level {asks[1]}"),
    )


def _level_name(level: int) -> Words:
    row = levels().get(level)
    return (row["zh"], row["en"]) if row else ("层级未填", "no level given")


def _experience(offer: Offer, profile: Profile, _today: int) -> tuple[Words, Words]:
    if offer.years == 0:
        return NOTHING_ASKED, NOTHING_ASKED
    return (
        (f"{profile.years}年,岗位期望{offer.years}年", f"{profile.years} of {offer.years} years"),
        (
            f"再有{max(offer.years - profile.years, 0)}年经验",
            f"{max(offer.years - profile.years, 0)} more years",
        ),
    )


def _discipline(offer: Offer, profile: Profile, _today: int) -> tuple[Words, Words]:
    if offer.discipline == 0:
        return NOTHING_ASKED, NOTHING_ASKED
    has, asks = _discipline_name(profile.discipline), _discipline_name(offer.discipline)
    return (
        (f"{has[0]},岗位期望{asks[0]}", f"{has[1]}, wanted {asks[1]}"),
        (f"学科为{asks[0]}", f"the discipline {asks[1]}"),
    )


def _discipline_name(code: int) -> Words:
    row = disciplines().get(code)
    return (row["zh"], row["en"]) if row else ("学科未填", "no discipline given")


def _region(offer: Offer, profile: Profile, _today: int) -> tuple[Words, Words]:
    if profile.city == offer.city:
        seen: Words = ("同城", "the same city")
    elif offer.city in (profile.wish_a, profile.wish_b, profile.wish_c):
        seen = ("意向城市", "a city the candidate wishes for")
    elif profile.reach >= 1 and profile.province == offer.province:
        seen = ("愿在省内流动", "would move within the province")
    elif profile.reach >= 2:
        seen = ("愿跨省流动", "would move anywhere")
    else:
        seen = ("不在同城且不流动", "elsewhere and not moving")
    return seen, ("将岗位所在城市列为意向城市", "name the position's city as a wish")


def _mode(offer: Offer, profile: Profile, _today: int) -> tuple[Words, Words]:
    name = MODE_NAMES.get(offer.mode, ("", ""))
    accepted: Words = (f"接受{name[0]}", f"accepts {name[1]}")
    preferred: Words = (f"首选{name[0]}", f"prefers {name[1]}")
    return (preferred if profile.preferred == offer.mode else accepted), preferred


def _salary(offer: Offer, profile: Profile, _today: int) -> tuple[Words, Words]:
    if profile.salary == 0 or offer.salary == 0:
        said = ("一方薪酬面议", "one side leaves the salary open")
        return said, ("双方写明薪酬", "both sides state the salary")
    if profile.salary <= offer.salary:
        return ("期望在岗位薪酬之内", "the expectation lies within the range"), NOTHING_ASKED
    over = (profile.salary - offer.salary) * 100 // offer.salary
    return (
        (f"期望高出岗位上限{over}%", f"the expectation is {over} % above the range"),
        ("提高岗位薪酬上限或降低期望", "a higher range or a lower expectation"),
    )


def _freshness(_offer: Offer, profile: Profile, today: int) -> tuple[Words, Words]:
    days = max(today - profile.changed, 0)
    return (
        (f"{days}天前更新", f"confirmed {days} days ago"),
        ("确认或更新资料", "confirm the profile again"),
    )


_REASONS = {
    "level": _level,
    "experience": _experience,
    "discipline": _discipline,
    "region": _region,
    "mode": _mode,
    "salary": _salary,
    "freshness": _freshness,
}
