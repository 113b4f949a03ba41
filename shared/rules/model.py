"""The rule language as data: conditions, scores, tiers, rule sets. Loaded once, never changed.

    Condition   Test (one metric) · All · AnyOf · Not
    Scale       Bands · FirstMatch · SumEach · PerStep · BestOf · Given: how an indicator scores
    Score       categories of indicators, a total and category minimums
    TierRules   conditions, and a score that a direct route replaces
    RuleSet     one edition: preconditions of all its tiers, and the tiers

A tier is met when every precondition and every condition holds, and its score, where it has one,
passes or a direct route (直通) holds. A tier with `any_of` has no criteria of its own: it is met as
soon as one of those tiers of its edition is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import TypeAlias

from contracts.values import Tier
from shared.rules.metric import Metric
from shared.rules.provenance import Provenance

Number: TypeAlias = int | Fraction


class Programme(StrEnum):
    """What a rule set may judge beside the tiers; published in no outlook."""

    TECH_BASED_SME = "tech_based_sme"
    HIGH_TECH_ENTERPRISE = "high_tech_enterprise"
    BSE_LISTING = "bse_listing"


Target: TypeAlias = Tier | Programme


class Operator(StrEnum):
    """How a test compares. `min` and `max` include the number unless the document excludes it."""

    AT_LEAST = "≥"
    ABOVE = ">"
    AT_MOST = "≤"
    BELOW = "<"
    EQUALS = "="
    ANY_OF = "any of"
    NONE_OF = "none of"
    STARTS_WITH = "starts with"


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison. `words` for any_of, none_of, starts_with; `value` for the others."""

    operator: Operator
    value: Number | str | None
    words: tuple[str, ...] | tuple[Number, ...] = ()


@dataclass(frozen=True, slots=True)
class Test:
    """A condition on one metric; every check must hold."""

    id: str
    zh: str
    en: str
    metric: Metric
    checks: tuple[Check, ...]
    needed_zh: str
    needed_en: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    id: str
    zh: str
    en: str
    parts: tuple["Condition", ...]
    provenance: Provenance
    named: bool


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    id: str
    zh: str
    en: str
    parts: tuple["Condition", ...]
    provenance: Provenance
    named: bool


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    id: str
    zh: str
    en: str
    part: "Condition"
    provenance: Provenance
    named: bool


Condition: TypeAlias = Test | All | AnyOf | Not


class BandEdge(StrEnum):
    """Which of two neighbouring bands the number on their border belongs to."""

    HIGHER_POINTS = "higher_points"
    LOWER_BAND_EXCLUDES = "lower_band_excludes"
    """The border belongs to the band above it (及以上 includes, 以下 excludes)."""


@dataclass(frozen=True, slots=True)
class Boundaries:
    """What 以上 and 以下 mean in this document."""

    min_inclusive: bool
    max_inclusive: bool
    band_edge: BandEdge


@dataclass(frozen=True, slots=True)
class Band:
    """Points for an interval; None is an open end."""

    low: Number | None
    low_inclusive: bool
    high: Number | None
    high_inclusive: bool
    points: int

    def holds(self, value: Number) -> bool:
        """Whether the value lies in the band."""
        if self.low is not None and not (
            value > self.low or (self.low_inclusive and value == self.low)
        ):
            return False
        return self.high is None or (
            value < self.high or (self.high_inclusive and value == self.high)
        )


@dataclass(frozen=True, slots=True)
class Bands:
    """分档: the band of the metric gives the points. The bands cover every number, lowest first."""

    metric: Metric
    bands: tuple[Band, ...]


@dataclass(frozen=True, slots=True)
class Option:
    """One way to earn points; without a condition it is what remains."""

    id: str
    zh: str
    en: str
    condition: Condition | None
    points: int


@dataclass(frozen=True, slots=True)
class FirstMatch:
    """The first option that holds gives the points; the last one needs no condition."""

    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class SumEach:
    """Every option that holds adds its points, up to the cap."""

    options: tuple[Option, ...]
    cap: int


@dataclass(frozen=True, slots=True)
class PerStep:
    """Points for every full step of the metric, up to the cap."""

    metric: Metric
    step: Number
    points_per_step: int
    cap: int


@dataclass(frozen=True, slots=True)
class Given:
    """The metric is the points themselves, scored outside (省级特色指标)."""

    metric: Metric


@dataclass(frozen=True, slots=True)
class BestOf:
    """The better of several scales."""

    scales: tuple["Scale", ...]


Scale: TypeAlias = Bands | FirstMatch | SumEach | PerStep | Given | BestOf


@dataclass(frozen=True, slots=True)
class Indicator:
    """One line of a scoring table (指标)."""

    id: str
    zh: str
    en: str
    points_max: int
    scale: Scale
    needed_zh: str
    needed_en: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Category:
    """A group of indicators with its own minimum (单项最低分)."""

    id: str
    zh: str
    en: str
    points_max: int
    points_min: int
    indicators: tuple[Indicator, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """A scoring table. It passes at `total_min` with every category at its minimum."""

    total_min: int
    categories: tuple[Category, ...]
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class TierRules:
    """What one tier asks for. `uses` names the edition whose table it takes over, if any.

    `requires_tier` is the ladder rule (a title to hold), judged apart from the criteria, from the
    titles held; `ladder_on_review` says whether a review (复核) asks for it too.
    """

    tier: Target
    zh: str
    en: str
    level: int
    requires_tier: Tier | None
    decided_by: str
    act: str
    uses: str | None
    conditions: tuple[Condition, ...]
    score: Score | None
    direct_routes: tuple[Condition, ...]
    any_of: tuple[Target, ...] = ()
    ladder_on_review: bool = True


@dataclass(frozen=True, slots=True)
class RuleSet:
    """One edition of the law."""

    id: str
    zh: str
    en: str
    document_no: str
    issued_on: date
    effective_from: date
    effective_to: date | None
    boundaries: Boundaries
    preconditions: tuple[Condition, ...]
    tiers: tuple[TierRules, ...]
    lifecycle: Mapping[str, object]
    provenance: Provenance
    dates_verification: Mapping[str, str]
    digest: str
    """SHA-256 of the file: which text judged. With an overlay, of both digests."""
    overlay: str | None = None
    """The provincial overlay (省级细则) that changed this edition, if any."""

    def in_force(self, day: date) -> bool:
        """Whether the edition is in force on a day."""
        return self.effective_from <= day and (
            self.effective_to is None or day <= self.effective_to
        )
