"""A candidate as the matcher sees one, and as others see one without a name. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from contracts.events.talent import TalentKind
from services.talent.candidates.schemas import (
    CandidateCard,
    CandidateStatus,
    CandidateWrite,
    Reach,
)
from services.talent.matching.features import Profile, city_of, day_number
from services.talent.matching.recognise import Mention, recognise
from services.talent.matching.taxonomy import taxonomy
from services.talent.models import Candidate
from services.talent.positions.offers import MODE_BITS, yuan
from services.talent.wording import KIND_BITS

REACHES = {Reach.CITY: 0, Reach.PROVINCE: 1, Reach.ANYWHERE: 2}
NOBODY = Profile(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
"""The record of a candidate who is not in the directory."""


@dataclass(frozen=True)
class Reading:
    """A stored profile, read once: as it was written, and every skill its words name."""

    written: CandidateWrite
    mentions: tuple[Mention, ...]


def read(candidate: Candidate) -> Reading:
    """The stored profile of a candidate who was not erased. A skill that is gone is left out."""
    known = ((taxonomy().of(skill), words, weak) for skill, words, weak in candidate.mentions)
    mentions = tuple(Mention(skill.number, words, weak) for skill, words, weak in known if skill)
    return Reading(CandidateWrite.model_validate(candidate.profile), mentions)


def mentions_in(skills: Sequence[str], summary: str) -> list[Any]:
    """Every skill these words name, as it is stored beside them."""
    return [
        [taxonomy().skills[mention.skill].skill_id, mention.words, mention.weak]
        for mention in recognise("\n".join([*skills, summary]))
    ]


def profile_of(candidate: Candidate, reading: Reading | None = None) -> Profile:
    """What the matcher compares; nobody unless listed under a consent."""
    if candidate.status != CandidateStatus.LISTED or candidate.consent_until is None:
        return NOBODY
    seen = offered(candidate, reading or read(candidate))
    return replace(seen, until=day_number(candidate.consent_until))


def offered(candidate: Candidate, reading: Reading) -> Profile:
    """What the candidate offers, whether or not in the directory."""
    profile, mentions = reading.written, reading.mentions
    city = city_of(profile.region)
    wishes = [city_of(region) for region in profile.wish_regions] + [0, 0, 0]
    kinds = sum(KIND_BITS[kind] for kind in set(profile.kinds))
    return Profile(
        kinds=int(kinds),
        level=profile.level,
        years=profile.years,
        discipline=profile.discipline,
        city=city,
        province=city // 100,
        reach=REACHES[profile.reach],
        wish_a=wishes[0],
        wish_b=wishes[1],
        wish_c=wishes[2],
        modes=sum(int(MODE_BITS[mode]) for mode in profile.modes),
        preferred=int(MODE_BITS[profile.modes[0]]),
        salary=yuan(profile.salary_min_cny),
        changed=day_number(candidate.confirmed_on),
        until=day_number(None),
        strong=frozenset(m.skill for m in mentions if not m.weak),
        weak=frozenset(m.skill for m in mentions if m.weak),
    )


def card_of(candidate: Candidate, reading: Reading) -> CandidateCard:
    """The candidate without anything that names the person: no text, the city and no district."""
    profile = reading.written
    return CandidateCard(
        candidate_id=candidate.candidate_id,
        kinds=[TalentKind(kind) for kind in candidate.kinds],
        level=profile.level,
        years=profile.years,
        discipline=profile.discipline,
        city=f"{profile.region[:4]}00",
        reach=profile.reach,
        modes=profile.modes,
        salary_min_cny=profile.salary_min_cny,
        skills=skill_names(reading.mentions),
        confirmed_on=candidate.confirmed_on,
    )


def skill_names(mentions: Sequence[Mention]) -> list[str]:
    """The skills as the taxonomy names them."""
    return [taxonomy().skills[mention.skill].zh for mention in mentions]
