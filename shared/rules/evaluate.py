"""Judges a rule set over one reading: each tier with its whole trace.

A score passes as soon as the known points suffice, and fails as soon as the best outcome of the
unknown indicators could not pass; only between the two it cannot be judged.
"""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, TypeAlias

from shared.rules.judge import Judge, all_of, any_of, holds, judge, missing_of, prepare
from shared.rules.metric import Reading, Unknown
from shared.rules.metrics import METRICS
from shared.rules.model import (
    Condition,
    Not,
    RuleSet,
    Score,
    Target,
    Test,
    TierRules,
)
from shared.rules.prepared import Prepared
from shared.rules.scoring import prepare_indicator
from shared.rules.table_steps import steps_of
from shared.rules.trace import Criterion, Finding, Line, new_criterion

__all__ = ["Criterion", "Finding", "TierVerdict", "Verdict", "evaluate", "holds", "judge"]

Trace: TypeAlias = list[Criterion]
Outcomes: TypeAlias = list[bool | None]


class TierVerdict(NamedTuple):
    """What a rule set says of one tier. `met` None: cannot be judged.

    `points` while every indicator is known, else between `points_min` and `points_max`; all None
    without a score. `unmet` names what fails when the tier is not reached; `missing` the facts to
    add when it cannot be judged.
    """

    tier: Target
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


def evaluate(rules: RuleSet, reading: Reading) -> Verdict:
    """Judge every tier of the edition."""
    prepared = _PREPARED.of(rules)
    reading.read_ahead(prepared.readers)
    trace: Trace = []
    outcomes = prepared.preconditions.judge(reading, trace)
    found: dict[Target, TierVerdict] = {}
    for tier in prepared.tiers:
        if isinstance(tier, _AnyTier):
            found[tier.tier] = tier.judge(found)
        else:
            found[tier.rules.tier] = tier.judge(reading, outcomes, trace)
    return Verdict(rules, reading.as_of, tuple(found.values()))


class _Conditions:
    """Some conditions of a rule set, prepared."""

    def __init__(self, conditions: tuple[Condition, ...], kind: str) -> None:
        self.names = [_first_name(condition) for condition in conditions]
        self._judges: list[Judge] = [prepare(condition, kind) for condition in conditions]

    def judge(self, reading: Reading, trace: Trace) -> Outcomes:
        """What each of them says; their criteria go into the trace."""
        return [judge(reading, trace) for judge in self._judges]


def _first_name(condition: Condition) -> str:
    """The id of the first line that a condition writes."""
    if isinstance(condition, Test) or condition.named:
        return condition.id
    return _first_name(condition.part if isinstance(condition, Not) else condition.parts[0])


class _Scoring:
    """A scoring table, prepared."""

    def __init__(self, score: Score) -> None:
        full = sum(category.points_max for category in score.categories)
        texts = ("总分及各类最低分", "Total score and the minimum of each category")
        self._total_min = score.total_min
        self._line = line = _points_line(score, "score", None, score.total_min, full, texts)
        self._undecided = Criterion(line, None)
        self._categories = [
            (
                _points_line(
                    score,
                    category.id,
                    "score",
                    category.points_min,
                    category.points_max,
                    (category.zh, category.en),
                ),
                category.points_min,
                [prepare_indicator(one, category.id) for one in category.indicators],
            )
            for category in score.categories
        ]

    def judge(self, reading: Reading, trace: Trace) -> tuple[bool | None, int, int]:
        """Whether it passes, and between which points."""
        start = len(trace)
        trace.append(self._undecided)
        outcomes: Outcomes = []
        low = high = 0
        for line, minimum, indicators in self._categories:
            place = len(trace)
            trace.append(self._undecided)
            least = most = 0
            for indicator in indicators:
                found = indicator(reading)
                trace.append(found)
                least += found.points_min or 0
                most += found.points_max or 0
            met = _reaches(minimum, least, most)
            outcomes.append(met)
            trace[place] = new_criterion((line, met, None, least, most, ()))
            low, high = low + least, high + most
        outcomes.append(_reaches(self._total_min, low, high))
        met = all_of(outcomes)
        trace[start] = new_criterion((self._line, met, None, low, high, ()))
        return met, low, high


def _reaches(minimum: int, low: int, high: int) -> bool | None:
    if low >= minimum:
        return True
    return False if high < minimum else None


def _points_line(
    score: Score, id_: str, parent: str | None, needed: int, full: int, texts: tuple[str, str]
) -> Line:
    return Line(
        id=id_,
        kind="category" if parent else "score",
        parent=parent,
        metric=None,
        needed=f"≥ {needed}",
        needed_zh=f"≥ {needed}",
        text_zh=texts[0],
        text_en=texts[1],
        source=score.provenance.source,
        verification=score.provenance.verification,
        points_full=full,
    )


class _Tier:
    """A tier with criteria of its own, prepared."""

    def __init__(self, rules: TierRules, preconditions: _Conditions) -> None:
        self.rules = rules
        self._conditions = _Conditions(rules.conditions, "condition")
        self._required = (*preconditions.names, *self._conditions.names)
        self._score = _Scoring(rules.score) if rules.score else None
        self._routes = _Conditions(rules.direct_routes, "direct_route")

    def judge(self, reading: Reading, outcomes: Outcomes, preconditions: Trace) -> TierVerdict:
        """The tier's verdict, behind what the preconditions say."""
        trace = preconditions.copy()
        required = outcomes + self._conditions.judge(reading, trace)
        end = len(trace)
        if self._score is None:
            met = all_of(required)
            passes, low, high, scored = None, None, None, end
            way: bool | None = True
        else:
            passes, low, high = self._score.judge(reading, trace)
            scored = len(trace)
            way = any_of([passes, *self._routes.judge(reading, trace)])
            met = all_of([*required, way])
        unmet: tuple[str, ...] = ()
        missing: tuple[str, ...] = ()
        if met is False:
            names = [n for n, one in zip(self._required, required, strict=True) if one is False]
            unmet = (*names, *_failed(trace[end:scored])) if way is False else tuple(names)
        elif met is None:
            open_ones = trace[:end]
            if way is None:
                open_ones += trace[end if passes is None else scored :]
            missing = missing_of(tuple(open_ones))
        return TierVerdict(
            self.rules.tier,
            met,
            low if low == high else None,
            low,
            high,
            tuple(trace),
            unmet,
            missing,
        )


def _failed(score: Trace) -> list[str]:
    """What of a failed score must change: itself and the categories under their minimum."""
    return [line.id for line in score if line.met is False and line.kind != "indicator"]


class _AnyTier:
    """A tier that counts as reached with any of others: one line for each of them."""

    def __init__(self, rules: TierRules, edition: RuleSet) -> None:
        self.tier = rules.tier
        tiers = {tier.tier: tier for tier in edition.tiers}
        self._lines = [
            Line(
                id=tier,
                kind="tier",
                parent=None,
                metric=None,
                needed="any of",
                needed_zh="满足其一",
                text_zh=tiers[tier].zh,
                text_en=tiers[tier].en,
                source=edition.provenance.source,
                verification=edition.provenance.verification,
            )
            for tier in rules.any_of
        ]
        self._parts = rules.any_of

    def judge(self, found: dict[Target, TierVerdict]) -> TierVerdict:
        """The verdict, from those of the other tiers."""
        parts = [found[tier] for tier in self._parts]
        met = any_of([part.met for part in parts])
        criteria = tuple(
            Criterion(line, part.met, unknowns=_lacks(part.missing))
            for line, part in zip(self._lines, parts, strict=True)
        )
        return TierVerdict(
            tier=self.tier,
            met=met,
            points=None,
            points_min=None,
            points_max=None,
            criteria=criteria,
            unmet=tuple(line.id for line in self._lines) if met is False else (),
            missing=missing_of(criteria) if met is None else (),
        )


def _lacks(facts: tuple[str, ...]) -> tuple[Unknown, ...]:
    return (Unknown(facts, "", ""),) if facts else ()


class _RuleSet:
    """An edition, prepared."""

    def __init__(self, rules: RuleSet) -> None:
        self.readers = {
            name: read
            for name in steps_of(rules)
            if name in METRICS and (read := METRICS[name].read) is not None
        }
        self.preconditions = _Conditions(rules.preconditions, "precondition")
        self.tiers: list[_Tier | _AnyTier] = [
            _AnyTier(tier, rules) if tier.any_of else _Tier(tier, self.preconditions)
            for tier in rules.tiers
        ]


_PREPARED: Prepared[RuleSet, _RuleSet] = Prepared(_RuleSet)
