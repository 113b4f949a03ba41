"""What separates an enterprise from a tier: unmet criteria, and the least set of changes.

The cost model. A change gives one metric a new value, or a set metric (honours, certificates) one
word more or less; metrics are taken as independent of each other, although accounts link some. A
plan is the cheaper
  1. the fewer changes it has,
  2. the smaller the sum of their relative changes: |new − old| ÷ max(|old|, |new|) for a number,
     places ÷ (words − 1) for an ordered word, 1 for anything else and for what is not known.
An open bound (超过) is passed by the smallest step: a fen, one item, a hundredth of a percent. Only
changes that may be advised count: revenue rises, debt falls, nobody is told to shrink below a size
bound or to undo an accident. Of all plans through the score with its minimums, and through each
direct route, the cheapest is chosen, and none is cheaper (`shared.rules.least`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction

from shared.rules.atoms import Atom, current
from shared.rules.changes import FIXED, Way, earliest_on, relative_change, ways
from shared.rules.evaluate import TierVerdict, evaluate
from shared.rules.judge import Criterion
from shared.rules.least import Plan, least_plans
from shared.rules.metric import Reading, Unknown, Value
from shared.rules.model import Condition, RuleSet, Target, Test, TierRules
from shared.rules.periods import years_after

VIOLATION_YEARS = {"violations_3y": 3, "violations_1y": 1}


@dataclass(frozen=True, slots=True)
class Change:
    """One step of a plan: what must become of a metric, from when it counts, what helps.

    `known` False: the dossier does not say, so the value must be stated and be at least so.
    `in_time` False: it counts only after the edition's last day.
    """

    metric: str
    word: str | None
    zh: str
    en: str
    seen_zh: str | None
    seen_en: str | None
    needed_zh: str
    needed_en: str
    target: Value
    known: bool
    relative: Fraction
    earliest_on: date
    in_time: bool
    helps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Path:
    """One way to the tier: `by` the "score" or a direct route, None where neither is asked."""

    by: str | None
    changes: tuple[Change, ...]
    relative_sum: Fraction


@dataclass(frozen=True, slots=True)
class Gap:
    """What separates an enterprise from a tier.

    `unmet` are the criteria that fail or cannot be judged, each with what is seen and needed.
    `paths` are the least sets of changes, through the score and through each direct route, the
    least of all first. Empty: nothing that may be advised reaches the tier, and `blocked` names
    why, with `blocked_until` where time alone removes it. `deadline_on` is the last day the edition
    takes filings.
    """

    rule_set: str
    tier: Target
    met: bool | None
    unmet: tuple[Criterion, ...]
    missing: tuple[str, ...]
    paths: tuple[Path, ...]
    blocked: tuple[str, ...]
    blocked_until: date | None
    deadline_on: date | None

    @property
    def least(self) -> Path | None:
        """The least set of changes that reaches the tier; without changes when it is reached."""
        return self.paths[0] if self.paths else None


def gap(
    rules: RuleSet,
    target: Target,
    reading: Reading,
    how: Mapping[str, Way] | None = None,
) -> Gap:
    """What separates the enterprise from a tier, and the least set of changes that reaches it.

    A tier that counts with any of others (科技和创新型) has the paths of them all. Raises KeyError
    for a tier that the rule set does not have.
    """
    tables = {tier.tier: tier for tier in rules.tiers}
    table, known_ways = tables[target], ways() if how is None else how
    verdict = next(found for found in evaluate(rules, reading).tiers if found.tier == target)
    candidates = [tables[name] for name in table.any_of] or [table]
    plans: list[Plan] = [Plan({}, (0, Fraction(0)), None)]
    if not verdict.met:
        plans = [plan for one in candidates for plan in _plans(rules, one, reading, known_ways)]
    unmet = _unmet(verdict)
    blocked = () if plans else _blocked(rules, candidates, unmet, reading, known_ways)
    return Gap(
        rule_set=rules.id,
        tier=target,
        met=verdict.met,
        unmet=unmet,
        missing=verdict.missing,
        paths=tuple(
            Path(plan.by, _changes(plan, rules, reading, known_ways), plan.cost[1])
            for plan in sorted(plans, key=lambda plan: plan.cost)
        ),
        blocked=blocked,
        blocked_until=_free_on(blocked, _conditions_of(rules, candidates), reading),
        deadline_on=rules.effective_to,
    )


def _plans(
    rules: RuleSet, tier: TierRules, reading: Reading, known_ways: Mapping[str, Way]
) -> tuple[Plan, ...]:
    return least_plans(tier, (*rules.preconditions, *tier.conditions), reading, known_ways)


def _unmet(verdict: TierVerdict) -> tuple[Criterion, ...]:
    """What fails or is open, without the lines that could pass instead of others."""
    if verdict.met:
        return ()
    parts = {criterion.id: criterion for criterion in verdict.criteria}

    def matters(criterion: Criterion) -> bool:
        if criterion.met:
            return False
        if criterion.kind in ("indicator", "direct_route"):
            return False
        parent = parts.get(criterion.parent or "")
        return parent is None or parent.met is not True

    return tuple(criterion for criterion in verdict.criteria if matters(criterion))


def _blocked(
    rules: RuleSet,
    tiers: list[TierRules],
    unmet: tuple[Criterion, ...],
    reading: Reading,
    known_ways: Mapping[str, Way],
) -> tuple[str, ...]:
    """Conditions that no advised change can fulfil; else every unmet one, as they only clash."""
    names = [
        condition.id
        for tier in tiers
        for condition in (*rules.preconditions, *tier.conditions)
        if not least_plans(replace(tier, score=None), (condition,), reading, known_ways)
    ]
    return tuple(dict.fromkeys(names)) or tuple(criterion.id for criterion in unmet)


def _conditions_of(rules: RuleSet, tiers: list[TierRules]) -> dict[str, Condition]:
    """Every condition that must hold, by id."""
    found = (*rules.preconditions, *(one for tier in tiers for one in tier.conditions))
    return {condition.id: condition for condition in found}


def _free_on(
    blocked: tuple[str, ...], conditions: Mapping[str, Condition], reading: Reading
) -> date | None:
    """The day on which the violations that block have left their window, when only they block."""
    tests = [conditions.get(name) for name in blocked]
    found = reading.facts.compliance.violations
    if not blocked or not found:
        return None
    days = []
    for test in tests:
        if not isinstance(test, Test) or test.metric.name not in VIOLATION_YEARS:
            return None
        years = VIOLATION_YEARS[test.metric.name]
        barred = {word for check in test.checks for word in check.words}
        days += [
            years_after(one.occurred_on, years) + timedelta(days=1)
            for one in found
            if f"{one.kind}.{one.severity}" in barred and one.occurred_on <= reading.as_of
        ]
    return max(days, default=None)


def _changes(
    plan: Plan, rules: RuleSet, reading: Reading, known_ways: Mapping[str, Way]
) -> tuple[Change, ...]:
    ordered = sorted(plan.changes.items(), key=lambda item: (item[0].name, item[0].word or ""))
    return tuple(
        _change(atom, target, rules, reading, known_ways.get(atom.name, FIXED))
        for atom, target in ordered
    )


def _change(atom: Atom, target: Value, rules: RuleSet, reading: Reading, way: Way) -> Change:
    metric, old = atom.metric, current(atom, reading)
    known = not isinstance(old, Unknown)
    counts = earliest_on(atom.name, way, target, reading) if known else reading.as_of
    zh, en = metric.zh, metric.en
    if atom.word is not None:
        word_zh, word_en = (metric.words or {}).get(atom.word, (atom.word, atom.word))
        zh, en = f"{zh}:{word_zh}", f"{en}: {word_en}"
    return Change(
        metric=atom.name,
        word=atom.word,
        zh=zh,
        en=en,
        seen_zh=_say(atom, old, True),
        seen_en=_say(atom, old, False),
        needed_zh=_say(atom, target, True) or "",
        needed_en=_say(atom, target, False) or "",
        target=target,
        known=known,
        relative=relative_change(metric, old, target),
        earliest_on=counts,
        in_time=rules.effective_to is None or counts <= rules.effective_to,
        helps=way.helps,
    )


def _say(atom: Atom, value: Value | Unknown, chinese: bool) -> str | None:
    if isinstance(value, Unknown):
        return None
    if atom.word is not None:
        return ("有" if value else "无") if chinese else ("yes" if value else "no")
    return atom.metric.say(value, chinese)
