"""Where a rule set draws borders on its metrics: what tells one number from another."""

from collections.abc import Iterable

from shared.rules.model import (
    Bands,
    BestOf,
    Condition,
    FirstMatch,
    Given,
    Not,
    Number,
    PerStep,
    RuleSet,
    Scale,
    SumEach,
    Test,
)
from shared.rules.stairs import Step, stairs_of_bands, stairs_of_check, stairs_of_per_step

Steps = dict[str, list[Step]]


def steps_of(rules: RuleSet) -> Steps:
    """Every metric that the edition reads, with the borders on it."""
    conditions = [*rules.preconditions]
    scales: list[tuple[Scale, int]] = []
    for tier in rules.tiers:
        conditions += (*tier.conditions, *tier.direct_routes)
        for category in tier.score.categories if tier.score else ():
            scales += [(one.scale, one.points_max) for one in category.indicators]
    return _together(
        [
            *(steps_of_condition(one) for one in conditions),
            *(steps_of_scale(*one) for one in scales),
        ]
    )


def steps_of_condition(condition: Condition) -> Steps:
    """The metrics that a condition reads, with the borders on them."""
    if isinstance(condition, Test):
        numbers = [check for check in condition.checks if isinstance(check.value, Number)]
        steps = [step for check in numbers for step in stairs_of_check(check).steps]
        return {condition.metric.name: steps}
    if isinstance(condition, Not):
        return steps_of_condition(condition.part)
    return _together(steps_of_condition(part) for part in condition.parts)


def steps_of_scale(scale: Scale, points_max: int) -> Steps:
    """The metrics that a scale reads, with the borders on them."""
    match scale:
        case FirstMatch() | SumEach():
            conditions = [o.condition for o in scale.options if o.condition is not None]
            return _together(steps_of_condition(one) for one in conditions)
        case BestOf():
            return _together(steps_of_scale(part, points_max) for part in scale.scales)
        case Bands():
            return {scale.metric.name: list(stairs_of_bands(scale).steps)}
        case PerStep():
            return {scale.metric.name: list(stairs_of_per_step(scale).steps)}
        case Given():
            return {scale.metric.name: [Step(n + 1, True, 1) for n in range(points_max)]}


def _together(parts: Iterable[Steps]) -> Steps:
    found: Steps = {}
    for part in parts:
        for name, steps in part.items():
            found.setdefault(name, []).extend(steps)
    return found
