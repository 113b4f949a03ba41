"""Pairs of one position and one candidate: the reference of the formula, a handful at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from types import SimpleNamespace
from typing import Any

import numpy as np

from services.talent.matching import scoring
from services.talent.matching.features import Offer, Profile
from services.talent.matching.taxonomy import taxonomy


@dataclass(frozen=True)
class Points:
    """What each part gave, and whether the hard constraints hold."""

    eligible: bool
    parts: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.parts.values())


def judge(offer: Offer, profile: Profile, today: int) -> Points:
    """Judge one pair on a day."""
    return judge_pairs([(offer, profile)], today)[0]


def judge_pairs(pairs: Sequence[tuple[Offer, Profile]], today: int) -> list[Points]:
    """Judge each pair on a day. Numbers go through the formula together, skills one by one."""
    if not pairs:
        return []
    p, c = _columns([offer for offer, _ in pairs]), _columns([profile for _, profile in pairs])
    holds = scoring.eligible(p, c, today).tolist()
    credit, weight = np.array([_credit(offer, profile) for offer, profile in pairs]).T
    parts = {"skills": scoring.skills(credit, weight).tolist()}
    for name, (part, _most) in scoring.PARTS.items():
        parts[name] = part(p, c, today).tolist()
    return [
        Points(
            eligible=holds[n] and offer.must <= profile.strong | profile.weak,
            parts={name: points[n] for name, points in parts.items()},
        )
        for n, (offer, profile) in enumerate(pairs)
    ]


def _columns(rows: Sequence[Offer] | Sequence[Profile]) -> Any:
    names = [field.name for field in fields(rows[0]) if field.type is int]
    return SimpleNamespace(
        **{name: np.array([getattr(row, name) for row in rows], np.int32) for name in names}
    )


def _credit(offer: Offer, profile: Profile) -> tuple[int, int]:
    """The weighted credit of a candidate, and the whole weight of the position."""
    known, credit, weight = taxonomy(), 0, 0
    for skill in offer.must | offer.wish | offer.text:
        heavy = scoring.weight_of(offer, skill)
        weight += heavy
        credit += heavy * scoring.credit_of(profile, skill, known.siblings(skill))
    return credit, weight
