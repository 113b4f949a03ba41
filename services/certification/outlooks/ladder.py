"""The ladder (梯度): which title a filing for a tier needs, kept apart from the tier's criteria.

专精特新 applies from a valid 创新型, 小巨人 from a valid 专精特新 (工信部企业〔2022〕63号).
Pure decisions: what the enterprise may file for today, which title it holds and deserves no more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from contracts.events.certification import Title, TitleStatus
from contracts.values import Tier
from services.certification.titles.kinds import find_kind
from shared.rules.evaluate import TierVerdict, Verdict
from shared.rules.select import Filing

_HELD = (TitleStatus.EFFECTIVE, TitleStatus.EXPIRED)
"""An expired title was held while its term ran."""


@dataclass(frozen=True, slots=True)
class Step:
    """Where an enterprise stands before a tier. None: its titles are not known.

    `may_file`: it meets the criteria, holds the title that the tier requires and, unless it files
    for a review, not yet its own.
    """

    requires_tier: Tier | None
    requires_held: bool | None
    held: bool | None
    may_file: bool | None


@dataclass(frozen=True, slots=True)
class Signals:
    """What a region's staff look for themselves (主动发现)."""

    eligible: tuple[Tier, ...]
    at_risk: tuple[Tier, ...]


@cache
def _counts_as() -> Mapping[str, frozenset[Tier]]:
    path = Path(__file__).parent.parent / "reference" / "ladder.yaml"
    found: dict[str, set[Tier]] = {}
    for row in yaml.safe_load(path.read_text("utf-8"))["counts_as"]:
        for kind in row["kinds"]:
            found.setdefault(kind, set()).add(Tier(row["tier"]))
    return {kind: frozenset(tiers) for kind, tiers in found.items()}


def tiers_of_kind(kind: str, tier: Tier | None) -> frozenset[Tier]:
    """The tiers that a title of this kind counts as."""
    return _counts_as().get(kind, frozenset()) | ({tier} if tier else frozenset())


def held_tiers(titles: Iterable[Title], day: date) -> frozenset[Tier]:
    """The tiers whose title the enterprise holds on this day."""
    return frozenset(
        tier
        for title in titles
        if title.status in _HELD
        and (title.valid_from is None or title.valid_from <= day)
        and (title.valid_to is None or day <= title.valid_to)
        for tier in tiers_of_kind(title.kind, title.tier)
    )


def held_tiers_of(kinds: Iterable[str]) -> frozenset[Tier]:
    """The tiers that titles of these kinds count as. Raises TitleUnknown."""
    return frozenset(tier for name in kinds for tier in tiers_of_kind(name, find_kind(name).tier))


def titles_in(snapshot: Sequence[Mapping[str, Any]]) -> tuple[Title, ...]:
    """The titles of a stored snapshot; fields that this version does not know are left."""
    return tuple(Title.model_validate(title, extra="ignore") for title in snapshot)


def tiers_of(verdict: Verdict) -> tuple[tuple[Tier, TierVerdict], ...]:
    """What a verdict says of the tiers (梯度), without other programmes."""
    return tuple((tier.tier, tier) for tier in verdict.tiers if isinstance(tier.tier, Tier))


def step_of(
    verdict: Verdict,
    tier: TierVerdict,
    held: frozenset[Tier] | None,
    filing: Filing = Filing.NEW,
) -> Step:
    """The step before a tier of a verdict; a review (复核) is of the title held."""
    rules = next(found for found in verdict.rule_set.tiers if found.tier is tier.tier)
    review = filing is Filing.REVIEW
    required = None if review and not rules.ladder_on_review else rules.requires_tier
    if held is None:
        return Step(required, None, None, None)
    open_to = required is None or required in held
    has = tier.tier in held
    may_file = False if has is not review or not open_to or tier.met is False else tier.met
    return Step(required, open_to if required else None, has, may_file)


def signals_of(verdicts: Sequence[Verdict], held: frozenset[Tier]) -> Signals:
    """What it may file for today, and which held title it deserves by no edition any more."""
    tiers = [(verdict, name, tier) for verdict in verdicts for name, tier in tiers_of(verdict)]
    eligible = {name for verdict, name, tier in tiers if step_of(verdict, tier, held).may_file}
    kept = {name for _, name, tier in tiers if tier.met is not False}
    at_risk = {name for _, name, _ in tiers if name in held} - kept
    return Signals(_ordered(eligible), _ordered(at_risk))


def appeared(before: Iterable[str] | None, now: Signals) -> tuple[Tier, ...]:
    """What it may file for and could not before (新符合条件)."""
    return _ordered(set(now.eligible) - {Tier(name) for name in before or ()})


def vanished(before: Iterable[str] | None, now: Signals, held: frozenset[Tier]) -> tuple[Tier, ...]:
    """What it could have filed for and no longer can, and does not hold either (失去资格)."""
    return _ordered({Tier(name) for name in before or ()} - set(now.eligible) - held)


def _ordered(tiers: Iterable[Tier]) -> tuple[Tier, ...]:
    order = list(Tier)
    return tuple(sorted(tiers, key=order.index))
