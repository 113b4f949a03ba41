"""How far an enterprise is from a product it misses, decided without I/O.

A near miss (接近条件) is a product that at most two changes would open, none of them to where the
enterprise is registered, what it does or how large it is. What a test still wants is said in the
metric's own unit: so many yuan less debt, so many inquiries fewer, one of these titles.
"""

from dataclasses import dataclass
from fractions import Fraction

from services.funding.products.matching import Fit
from services.funding.rule_files import Texts
from shared.rules.evaluate import Criterion, holds
from shared.rules.metric import Kind, Metric, Reading
from shared.rules.model import All, AnyOf, Check, Condition, Number, Operator, Test

CHANGES_MAX = 2
NOT_TO_BE_CHANGED = frozenset({"region", "industry", "size_class", "is_sme"})
_LOW = frozenset({Operator.AT_LEAST, Operator.ABOVE})
_HIGH = frozenset({Operator.AT_MOST, Operator.BELOW})
_WORDS = frozenset({Operator.ANY_OF, Operator.STARTS_WITH})


@dataclass(frozen=True)
class Distance:
    """What one test still wants: a difference in the metric's unit, or one of some words."""

    metric: str
    direction: str | None
    difference: str | None
    unit: str | None
    words: tuple[Texts, ...]


def steps_to(condition: Condition, reading: Reading) -> tuple[Test, ...] | None:
    """The fewest tests that still have to be fulfilled; None where no change may be advised."""
    if holds(condition, reading):
        return ()
    if isinstance(condition, Test):
        return None if condition.metric.name in NOT_TO_BE_CHANGED else (condition,)
    if isinstance(condition, All):
        parts = [steps_to(part, reading) for part in condition.parts]
        known = [part for part in parts if part is not None]
        return None if len(known) < len(parts) else tuple(test for part in known for test in part)
    if isinstance(condition, AnyOf):
        ways = [way for part in condition.parts if (way := steps_to(part, reading)) is not None]
        return min(ways, key=len, default=None)
    return None


def near_miss(fit: Fit, reading: Reading) -> tuple[Criterion, ...]:
    """The least that stands between the enterprise and the product; empty when it is not near."""
    if fit.finding.met is not False:
        return ()
    steps = steps_to(fit.product.conditions, reading)
    if steps is None or not 1 <= len(steps) <= CHANGES_MAX:
        return ()
    names = {test.id for test in steps}
    return tuple(found for found in fit.obstacles if found.id in names)


def distance(test: Test, reading: Reading) -> Distance | None:
    """What a test still wants of what is known; None where facts are missing or none is left."""
    value, metric = reading[test.metric.name], test.metric
    if value is None or holds(test, reading):
        return None
    if isinstance(value, int | Fraction) and metric.kind is not Kind.FLAG:
        failing = [found for check in test.checks if (found := _off(check, value, metric))]
        return failing[0] if failing else None
    words = [word for check in test.checks if check.operator in _WORDS for word in check.words]
    if not words:
        return None
    return Distance(metric.name, None, None, None, tuple(_label(str(w), metric) for w in words))


def _off(check: Check, value: Number, metric: Metric) -> Distance | None:
    """How far a number is from the bound of a check that it fails."""
    bound = check.value
    if not isinstance(bound, int | Fraction):
        return None
    if check.operator in _LOW and (value < bound or check.operator is Operator.ABOVE):
        return _difference(metric, "raise", bound, value)
    if check.operator in _HIGH and (value > bound or check.operator is Operator.BELOW):
        return _difference(metric, "lower", bound, value)
    if check.operator is Operator.EQUALS and value != bound:
        return _difference(metric, "raise" if value < bound else "lower", bound, value)
    return None


def _difference(metric: Metric, direction: str, bound: Number, value: Number) -> Distance | None:
    if metric.kind is Kind.COMPOUND_2Y:  # two-year factors have no difference a person reads
        return Distance(metric.name, direction, None, metric.unit, ())
    shown = metric.show(abs(Fraction(bound) - Fraction(value)))
    return Distance(metric.name, direction, shown, metric.unit, ())


def _label(word: str, metric: Metric) -> Texts:
    zh, en = (metric.words or {}).get(word, (word, word))
    return Texts(zh=zh, en=en)
