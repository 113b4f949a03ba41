"""The formula of the matcher: what excludes, and how many points each named part gives.

One formula for three uses: one position with a million candidates, one candidate with every
position, and one pair when it is explained. Whole numbers only, so all three agree to the point
and the order is the same on every machine. `p` is what a position asks, `c` what a candidate
brings; either may be one row or columns.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from services.talent.matching.features import PLACELESS

Figures: TypeAlias = Any
"""A whole number, or an array of them."""

SKILLS_POINTS = 450
EXACT, SIMILAR, NEAR = 4, 2, 1
"""Credit for a skill: named, named in similar words, or only a neighbour of it."""
MUST, WISH, TEXT = 3, 2, 1
"""Weight of a skill that is needed, wished for, or named by the description alone."""

SALARY_POINTS, LEVEL_POINTS, DISCIPLINE_POINTS, REGION_POINTS = 90, 100, 100, 100
EXPERIENCE_POINTS, MODE_POINTS, FRESHNESS_POINTS = 80, 40, 40
NEGOTIABLE_POINTS = 60
STALE_DAYS = 360


def eligible(p: Figures, c: Figures, today: int) -> Figures:
    """Whether the hard constraints hold, but for the needed skills."""
    holds = (c.until >= today) & (p.until >= today)
    holds = holds & ((c.kinds & p.kinds) != 0) & ((c.modes & p.mode) != 0)
    if np.any(p.must_level):
        holds = holds & (c.level >= p.must_level)
    if np.any(p.must_years):
        holds = holds & (c.years >= p.must_years)
    if np.any(p.must_discipline):
        holds = holds & ((p.must_discipline == 0) | (c.discipline == p.must_discipline))
    placeless = (p.mode & int(PLACELESS)) != 0
    return holds if np.all(placeless) else holds & (placeless | reachable(p, c))


def reachable(p: Figures, c: Figures) -> Figures:
    """Whether the candidate is there, wished to be, or would move there."""
    return (
        (c.city == p.city)
        | (c.reach >= 2)
        | ((c.reach >= 1) & (c.province == p.province))
        | _wished(p, c)
    )


def _wished(p: Figures, c: Figures) -> Figures:
    return (c.wish_a == p.city) | (c.wish_b == p.city) | (c.wish_c == p.city)


def level(p: Figures, c: Figures, _today: int) -> Figures:
    """Full at the wanted level; less below it, a little less far above it."""
    above = c.level - p.level
    points = LEVEL_POINTS - 40 * np.maximum(-above, 0) - 15 * np.maximum(above - 1, 0)
    return np.where(p.level == 0, LEVEL_POINTS, np.maximum(points, 0))


def experience(p: Figures, c: Figures, _today: int) -> Figures:
    """Full with the wanted years; in proportion below them."""
    had = np.minimum(c.years, p.years)
    return np.where(
        p.years == 0, EXPERIENCE_POINTS, EXPERIENCE_POINTS * had // np.maximum(p.years, 1)
    )


def discipline(p: Figures, c: Figures, _today: int) -> Figures:
    """Full for the same discipline, half within its family."""
    near = (c.discipline // 10 == p.discipline // 10) * np.int16(DISCIPLINE_POINTS // 2)
    found = np.where(c.discipline == p.discipline, DISCIPLINE_POINTS, near)
    return np.where(p.discipline == 0, DISCIPLINE_POINTS, found)


def region(p: Figures, c: Figures, _today: int) -> Figures:
    """The same city, a wished-for city, the same province with reach, anywhere, or none."""
    anywhere = (c.reach >= 2) * np.int16(50)
    afar = np.where((c.reach >= 1) & (c.province == p.province), np.int16(70), anywhere)
    there = np.where(_wished(p, c), np.int16(90), afar)
    return np.where(c.city == p.city, np.int16(REGION_POINTS), there)


def mode(p: Figures, c: Figures, _today: int) -> Figures:
    """Full for the preferred mode of work, half for an accepted one."""
    accepted = ((c.modes & p.mode) != 0) * np.int16(MODE_POINTS // 2)
    return np.where(c.preferred == p.mode, np.int16(MODE_POINTS), accepted)


def salary(p: Figures, c: Figures, _today: int) -> Figures:
    """Full when the expectation lies within the range; 3 points less for each percent above."""
    over = np.maximum(c.salary - p.salary, 0) * 100 // np.maximum(p.salary, 1)
    within = np.maximum(SALARY_POINTS - 3 * np.minimum(over, 100), 0)
    return np.where((c.salary == 0) | (p.salary == 0), NEGOTIABLE_POINTS, within)


def freshness(_p: Figures, c: Figures, today: int) -> Figures:
    """Full for a profile confirmed today, nothing after a year."""
    age = np.minimum(np.maximum(today - c.changed, 0), STALE_DAYS)
    return FRESHNESS_POINTS - FRESHNESS_POINTS * age // STALE_DAYS


def skills(credit: Figures, weight: Figures) -> Figures:
    """Points for weighted credit out of the whole weight; a position that names none gives all."""
    share = SKILLS_POINTS * credit // np.maximum(EXACT * weight, 1)
    return np.where(weight == 0, SKILLS_POINTS, share)


Part: TypeAlias = Callable[[Figures, Figures, int], Figures]
PARTS: dict[str, tuple[Part, int]] = {
    "level": (level, LEVEL_POINTS),
    "experience": (experience, EXPERIENCE_POINTS),
    "discipline": (discipline, DISCIPLINE_POINTS),
    "region": (region, REGION_POINTS),
    "mode": (mode, MODE_POINTS),
    "salary": (salary, SALARY_POINTS),
    "freshness": (freshness, FRESHNESS_POINTS),
}
"""The parts beside skills, with the most they can give. All parts together give 1000."""

POINTS_MAX = SKILLS_POINTS + sum(most for _, most in PARTS.values())


def weight_of(offer: Any, skill: int) -> int:
    """What a skill weighs for a position; 0 when the position does not name it."""
    if skill in offer.must:
        return MUST
    if skill in offer.wish:
        return WISH
    return TEXT if skill in offer.text else 0


def credit_of(profile: Any, skill: int, siblings: tuple[int, ...]) -> int:
    """How far a candidate has a skill: named, in similar words, a neighbour of it, or not."""
    if skill in profile.strong:
        return EXACT
    if skill in profile.weak:
        return SIMILAR
    return NEAR if any(other in profile.strong for other in siblings) else 0
