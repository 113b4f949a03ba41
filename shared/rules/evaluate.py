"""Judges a rule set over one reading: each tier with its whole trace.

A score passes as soon as the known points suffice, and fails as soon as the best outcome of the
unknown indicators could not pass; only between the two it cannot be judged.
"""

from dataclasses import dataclass
from datetime import date

from contracts.values import Tier
from shared.rules.judge import (
    Criterion,
    Finding,
    all_of,
    any_of,
    holds,
    judge,
    missing_of,
)
from shared.rules.metric import Reading
from shared.rules.model import Category, Condition, Indicator, RuleSet, Score, TierRules
from shared.rules.scoring import Earned, earn

__all__ = ["Criterion", "Finding", "TierVerdict", "Verdict", "evaluate", "holds", "judge"]


@dataclass(frozen=True, slots=True)
class TierVerdict:
    """What a rule set says of one tier. `met` None: cannot be judged.

    `points` while every indicator is known, else between `points_min` and `points_max`; all None
    without a score. `unmet` names what fails when the tier is not reached; `missing` the facts to
    add when it cannot be judged.
    """

    tier: Tier
    met: bool | None
    points: int | None
    points_min: int | None
    points_max: int | None
    criteria: tuple[Criterion, ...]
    unmet: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one edition says of one enterprise on a day."""

    rule_set: RuleSet
    as_of: date
    tiers: tuple[TierVerdict, ...]


@dataclass(frozen=True, slots=True)
class _Scored:
    met: bool | None
    low: int
    high: int
    criteria: tuple[Criterion, ...]


def evaluate(rules: RuleSet, reading: Reading) -> Verdict:
    """Judge every tier of the edition."""
    preconditions = _judge_each(rules.preconditions, reading, "precondition")
    tiers = tuple(_tier(tier, preconditions, reading) for tier in rules.tiers)
    return Verdict(rules, reading.as_of, tiers)


def _judge_each(
    conditions: tuple[Condition, ...], reading: Reading, kind: str
) -> tuple[Finding, ...]:
    return tuple(judge(condition, reading, kind) for condition in conditions)


def _tier(rules: TierRules, preconditions: tuple[Finding, ...], reading: Reading) -> TierVerdict:
    required = (*preconditions, *_judge_each(rules.conditions, reading, "condition"))
    scored = _score(rules.score, reading) if rules.score else None
    routes = _judge_each(rules.direct_routes, reading, "direct_route")
    outcomes = [finding.met for finding in required]
    if scored is not None:
        outcomes.append(any_of([scored.met, *(route.met for route in routes)]))
    met = all_of(outcomes)
    criteria = tuple(
        criterion
        for part in (required, (scored,) if scored else (), routes)
        for finding in part
        for criterion in finding.criteria
    )
    low, high = (scored.low, scored.high) if scored else (None, None)
    return TierVerdict(
        tier=rules.tier,
        met=met,
        points=low if low == high else None,
        points_min=low,
        points_max=high,
        criteria=criteria,
        unmet=_unmet(required, scored, routes) if met is False else (),
        missing=_missing(required, scored, routes) if met is None else (),
    )


def _unmet(
    required: tuple[Finding, ...], scored: _Scored | None, routes: tuple[Finding, ...]
) -> tuple[str, ...]:
    """The criteria that must change: failed conditions; a failed score with its failed parts."""
    names = [finding.criteria[0].id for finding in required if finding.met is False]
    if scored and any_of([scored.met, *(route.met for route in routes)]) is False:
        names += [c.id for c in scored.criteria if c.kind != "indicator" and c.met is False]
    return tuple(names)


def _missing(
    required: tuple[Finding, ...], scored: _Scored | None, routes: tuple[Finding, ...]
) -> tuple[str, ...]:
    """The facts that could decide: of open conditions, and of the score and routes when open."""
    open_ones = [criterion for finding in required for criterion in finding.criteria]
    if scored and any_of([scored.met, *(route.met for route in routes)]) is None:
        if scored.met is None:
            open_ones += scored.criteria
        open_ones += [criterion for route in routes for criterion in route.criteria]
    return missing_of(tuple(open_ones))


def _score(score: Score, reading: Reading) -> _Scored:
    earned = [
        [(one, earn(one, reading)) for one in category.indicators] for category in score.categories
    ]
    bounds = [
        (sum(found.low for _, found in group), sum(found.high for _, found in group))
        for group in earned
    ]
    low, high = sum(low for low, _ in bounds), sum(high for _, high in bounds)
    categories = [
        _reaches(category.points_min, *bound)
        for category, bound in zip(score.categories, bounds, strict=True)
    ]
    total = _reaches(score.total_min, low, high)
    met = all_of([total, *categories])
    criteria = [_score_line(score, met, low, high)]
    for category, bound, group, reached in zip(
        score.categories, bounds, earned, categories, strict=True
    ):
        criteria.append(_category_line(score, category, bound, reached))
        criteria += [_indicator_line(category, one, found) for one, found in group]
    return _Scored(met, low, high, tuple(criteria))


def _reaches(minimum: int, low: int, high: int) -> bool | None:
    if low >= minimum:
        return True
    return False if high < minimum else None


def _range(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}–{high}"


def _score_line(score: Score, met: bool | None, low: int, high: int) -> Criterion:
    full = sum(category.points_max for category in score.categories)
    return _points_line(
        id_="score",
        kind="score",
        parent=None,
        met=met,
        bounds=(low, high),
        needed=score.total_min,
        full=full,
        texts=("总分及各类最低分", "Total score and the minimum of each category"),
        score=score,
    )


def _category_line(
    score: Score, category: Category, bounds: tuple[int, int], met: bool | None
) -> Criterion:
    return _points_line(
        id_=category.id,
        kind="category",
        parent="score",
        met=met,
        bounds=bounds,
        needed=category.points_min,
        full=category.points_max,
        texts=(category.zh, category.en),
        score=score,
    )


def _points_line(
    *,
    id_: str,
    kind: str,
    parent: str | None,
    met: bool | None,
    bounds: tuple[int, int],
    needed: int,
    full: int,
    texts: tuple[str, str],
    score: Score,
) -> Criterion:
    low, high = bounds
    seen = _range(low, high)
    return Criterion(
        id=id_,
        kind=kind,
        parent=parent,
        met=met,
        metric=None,
        seen=seen,
        seen_zh=seen,
        needed=f"≥ {needed}",
        needed_zh=f"≥ {needed}",
        text_zh=texts[0],
        text_en=texts[1],
        source=score.provenance.source,
        verification=score.provenance.verification,
        missing=(),
        reason_zh=None,
        reason_en=None,
        points=low if low == high else None,
        points_min=low,
        points_max=high,
        points_full=full,
    )


def _indicator_line(category: Category, indicator: Indicator, found: Earned) -> Criterion:
    known = found.low == found.high
    unknowns = found.unknowns
    return Criterion(
        id=indicator.id,
        kind="indicator",
        parent=category.id,
        met=found.low > 0 if known else None,
        metric=None,
        seen=found.seen_en,
        seen_zh=found.seen_zh,
        needed=indicator.needed_en,
        needed_zh=indicator.needed_zh,
        text_zh=indicator.zh,
        text_en=indicator.en,
        source=indicator.provenance.source,
        verification=indicator.provenance.verification,
        missing=tuple(dict.fromkeys(name for one in unknowns for name in one.facts)),
        reason_zh=" ".join(dict.fromkeys(one.zh for one in unknowns)) or None,
        reason_en=" ".join(dict.fromkeys(one.en for one in unknowns)) or None,
        points=found.low if known else None,
        points_min=found.low,
        points_max=found.high,
        points_full=indicator.points_max,
    )
