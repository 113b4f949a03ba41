"""Recommendations from the gap (按差距推荐): unmet criteria of the next tier lead to offerings.

Reads the last outlook that was heard. Judges nothing: which criteria are unmet is certification's.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from contracts.events.certification import Attainment, TierOutlook
from contracts.values import Tier
from services.catalog.enterprises import outlook_of
from services.catalog.models import Enterprise
from services.catalog.offerings.finding import Hit, Surroundings, find_closing, search_offerings
from shared.db import Session
from shared.rules.lined_yaml import read_tree

RULES = Path(__file__).parent.parent / "rules" / "criteria.yaml"
HITS_MAX = 5

Advice = tuple[str, list[Hit]]


@dataclass(frozen=True)
class Criterion:
    """A criterion of a verdict as recommendations speak of it."""

    zh: str
    en: str
    parts: tuple[str, ...]


@cache
def known_criteria() -> dict[str, Criterion]:
    """What the criteria are called, by id, and which indicators raise a category or a score."""
    return {
        name: Criterion(row["zh"], row["en"], tuple(row.get("parts", ())))
        for name, row in read_tree(RULES)["criteria"].items()
    }


def criterion_of(name: str) -> Criterion:
    """The criterion; one that the catalog has no name for is called by its id."""
    return known_criteria().get(name) or Criterion(name, name, ())


def surroundings_of(enterprise: Enterprise) -> Surroundings:
    """Where the enterprise stands: its region, segment and industry."""
    return Surroundings(enterprise.region, enterprise.segment, enterprise.industry)


def next_outlook(enterprise: Enterprise) -> TierOutlook | None:
    """The lowest tier that it does not reach by the newest edition heard of; None at the top."""
    tiers = outlook_of(enterprise)
    newest = max((tier.rule_set for tier in tiers), default=None)
    order = list(Tier)
    ahead = [
        tier
        for tier in tiers
        if tier.rule_set == newest and tier.attainment is not Attainment.REACHED
    ]
    return min(ahead, key=lambda tier: order.index(tier.tier), default=None)


async def recommend(
    session: Session, enterprise: Enterprise, ahead: TierOutlook
) -> tuple[list[Advice], list[str]]:
    """Offerings for each unmet criterion; and the criteria that no offering closes."""
    near = surroundings_of(enterprise)
    found: list[Advice] = []
    for criterion in ahead.unmet:
        hits = await find_closing(
            session, [criterion, *criterion_of(criterion).parts], ahead.tier, near, HITS_MAX
        )
        found.append((criterion, hits))
    return [row for row in found if row[1]], [name for name, hits in found if not hits]


async def answer_words(session: Session, enterprise: Enterprise, need: str) -> list[Hit]:
    """Offerings for a need that is not on file, in the enterprise's own words."""
    return (await search_offerings(session, need, surroundings_of(enterprise), HITS_MAX)).hits
