"""Judges a rule set over a whole population: the same verdicts as `evaluate`, in arrays.

A truth is a pair of arrays, what surely holds and what possibly holds, and points are the pair of
the fewest and the most; where every value is known, both are one array and are computed once.
What one metric says is taken from the scalar evaluator itself, asked once for every different
value, where numbers between the same two borders count as one (`table_metric`).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, TypeAlias

import numpy as np

from shared.rules.columns import Array, Columns
from shared.rules.model import (
    All,
    AnyOf,
    BestOf,
    Condition,
    FirstMatch,
    Indicator,
    Not,
    RuleSet,
    Scale,
    Score,
    SumEach,
    Target,
    TierRules,
)
from shared.rules.table_metric import (
    Block,
    Codes,
    Pair,
    choose,
    metric_points,
    metric_truth,
    sources_of,
)
from shared.rules.table_steps import steps_of, steps_of_condition, steps_of_scale

Op: TypeAlias = Callable[[Block], Pair]
Sources: TypeAlias = Mapping[str, Codes]

BLOCK = 32_768
"""Rows judged at a time: what they need fits the processor's cache."""
REACHED, NOT_REACHED, OPEN = 1, 0, -1


@dataclass(frozen=True, slots=True)
class TierTable:
    """What a rule set says of one tier, row by row.

    `met` holds REACHED, NOT_REACHED or OPEN (cannot be judged); the points lie between
    `points_min` and `points_max`, both None without a score.
    """

    tier: Target
    met: Array
    points_min: Array | None
    points_max: Array | None


def evaluate(columns: Columns, rules: RuleSet) -> tuple[TierTable, ...]:
    """Judge every tier of the edition over the population.

    Raises KeyError for a metric that has no column.
    """
    sources = sources_of(columns, steps_of(rules))
    preconditions = [_truth(condition, sources) for condition in rules.preconditions]
    tiers = [_Tier(tier, sources) for tier in rules.tiers]
    tables = [tier.table(columns.size) for tier in tiers]
    for start in range(0, columns.size, BLOCK):
        block = Block(sources, slice(start, min(start + BLOCK, columns.size)))
        required = [judge(block) for judge in preconditions]
        found: dict[Target, Pair] = {}
        for tier, table in zip(tiers, tables, strict=True):
            found[tier.rules.tier] = tier.judge(block, required, found, table)
    return tuple(tables)


def metrics_of(rules: RuleSet) -> frozenset[str]:
    """The metrics that the edition reads."""
    return frozenset(steps_of(rules))


def _truth(condition: Condition, sources: Sources) -> Op:
    """What a condition is, over a block."""
    names = steps_of_condition(condition)
    if len(names) == 1:
        name = next(iter(names))
        return metric_truth(condition, name, sources[name])
    match condition:
        case Not():
            return _negated(_truth(condition.part, sources))
        case All() | AnyOf():
            join = np.bitwise_and if isinstance(condition, All) else np.bitwise_or
            return _joined([_truth(part, sources) for part in condition.parts], join)
        case _:
            raise AssertionError("A test reads one metric.")


def _joined(parts: list[Op], join: Callable[[Array, Array], Array]) -> Op:
    return lambda block: join_pairs([part(block) for part in parts], join)


def _negated(part: Op) -> Op:
    def negate(block: Block) -> Pair:
        surely, possibly = part(block)
        fails = surely ^ 1
        return (fails, fails) if possibly is surely else (possibly ^ 1, fails)

    return negate


def join_pairs(pairs: Iterable[Pair], join: Callable[[Array, Array], Array]) -> Pair:
    """Join the lower ones and the upper ones; once, where they are the same."""
    pairs = list(pairs)
    low = reduce(join, [pair[0] for pair in pairs])
    if all(pair[0] is pair[1] for pair in pairs):
        return low, low
    return low, reduce(join, [pair[1] for pair in pairs])


def _points(scale: Scale, points_max: int, sources: Sources, dtype: Any) -> Op:
    """What a scale earns, over a block."""
    names = steps_of_scale(scale, points_max)
    if len(names) == 1:
        name = next(iter(names))
        return metric_points(scale, points_max, name, sources[name], dtype)
    match scale:
        case FirstMatch():
            return _first_match(scale, sources, dtype)
        case SumEach():
            return _sum_each(scale, sources, dtype)
        case BestOf():
            parts = [_points(part, points_max, sources, dtype) for part in scale.scales]
            return _joined(parts, np.maximum)
        case _:
            raise AssertionError("Every other scale reads one metric.")


def _first_match(scale: FirstMatch, sources: Sources, dtype: Any) -> Op:
    """From the last option to the first: one that holds replaces what later ones gave."""
    rest = scale.options[-1].points
    options = [
        (dtype(option.points), _truth(option.condition, sources))
        for option in reversed(scale.options)
        if option.condition is not None
    ]

    def earn(block: Block) -> Pair:
        low = high = np.full(block.size, rest, dtype)
        for points, judge in options:
            surely, possibly = judge(block)
            if low is high and surely is possibly:
                low = high = choose(surely, points, low)
            else:
                fewest = choose(possibly, np.minimum(points, low), low)
                most = choose(possibly, np.maximum(points, high), high)
                low, high = choose(surely, points, fewest), choose(surely, points, most)
        return low, high

    return earn


def _sum_each(scale: SumEach, sources: Sources, dtype: Any) -> Op:
    options = [
        (dtype(option.points), _truth(option.condition, sources))
        for option in scale.options
        if option.condition is not None
    ]
    cap = dtype(scale.cap)

    def earn(block: Block) -> Pair:
        pairs = []
        for points, judge in options:
            surely, possibly = judge(block)
            low = surely * points
            pairs.append((low, low if possibly is surely else possibly * points))
        low, high = join_pairs(pairs, np.add)
        least = np.minimum(low, cap)
        return least, least if high is low else np.minimum(high, cap)

    return earn


class _Scoring:
    """A scoring table over a block."""

    def __init__(self, score: Score, sources: Sources) -> None:
        self.score = score
        self.dtype = np.uint8 if _most(score) < 256 else np.int32
        self.categories = [
            (category.points_min, [self._indicator(one, sources) for one in category.indicators])
            for category in score.categories
        ]

    def _indicator(self, indicator: Indicator, sources: Sources) -> Op:
        return _points(indicator.scale, indicator.points_max, sources, self.dtype)

    def judge(self, block: Block) -> tuple[Pair, Pair]:
        """Whether it passes, and its points."""
        sums, minimums = [], []
        for minimum, indicators in self.categories:
            sums.append(join_pairs([earn(block) for earn in indicators], np.add))
            if minimum:
                minimums.append((sums[-1], minimum))
        total = join_pairs(sums, np.add)
        minimums.append((total, self.score.total_min))
        reached = [_reaches(points, minimum) for points, minimum in minimums]
        return join_pairs(reached, np.bitwise_and), total


def _most(score: Score) -> int:
    """The most that adding up can give before any cap."""
    total = 0
    for category in score.categories:
        for one in category.indicators:
            options = one.scale.options if isinstance(one.scale, SumEach) else ()
            total += max(one.points_max, sum(option.points for option in options))
    return max(total, score.total_min)


def _reaches(points: Pair, minimum: int) -> Pair:
    low = (points[0] >= minimum).view(np.uint8)
    return low, low if points[1] is points[0] else (points[1] >= minimum).view(np.uint8)


class _Tier:
    """One tier over a block."""

    def __init__(self, rules: TierRules, sources: Sources) -> None:
        self.rules = rules
        self.conditions = [_truth(condition, sources) for condition in rules.conditions]
        self.score = _Scoring(rules.score, sources) if rules.score else None
        self.routes = [_truth(route, sources) for route in rules.direct_routes]

    def table(self, size: int) -> TierTable:
        """The arrays to fill."""
        if self.score is None:
            return TierTable(self.rules.tier, np.empty(size, np.int8), None, None)
        low, high = np.empty(size, self.score.dtype), np.empty(size, self.score.dtype)
        return TierTable(self.rules.tier, np.empty(size, np.int8), low, high)

    def judge(
        self, block: Block, required: list[Pair], found: dict[Target, Pair], table: TierTable
    ) -> Pair:
        """Fill the block's rows of the table; returns whether the tier is met."""
        if self.rules.any_of:
            met = join_pairs([found[tier] for tier in self.rules.any_of], np.bitwise_or)
        else:
            met = self._met(block, required, table)
        surely, possibly = met
        met_rows = table.met[block.rows]
        if possibly is surely:
            met_rows[:] = surely.view(np.int8)
        else:
            np.subtract(surely.view(np.int8) * 2, possibly.view(np.int8), out=met_rows)
        return met

    def _met(self, block: Block, required: list[Pair], table: TierTable) -> Pair:
        parts = [*required, *(judge(block) for judge in self.conditions)]
        if self.score is not None:
            passed, points = self.score.judge(block)
            ways = [passed, *(route(block) for route in self.routes)]
            parts.append(join_pairs(ways, np.bitwise_or))
            if table.points_min is not None and table.points_max is not None:
                table.points_min[block.rows], table.points_max[block.rows] = points
        if not parts:
            everyone = np.ones(block.size, np.uint8)
            return everyone, everyone
        return join_pairs(parts, np.bitwise_and)
