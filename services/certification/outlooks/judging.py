"""What the law of a day says of an enterprise. Pure decisions, no I/O after the start.

An outlook is judged by every edition in force on the day, with the province's overlay.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from contracts.events.certification import Attainment, TierOutlook
from contracts.facts import EnterpriseFacts
from contracts.values import Tier
from services.certification.outlooks.ladder import Signals, signals_of, step_of, tiers_of
from services.certification.outlooks.rulebook import LAW
from shared.rules.evaluate import Criterion, TierVerdict, Verdict, evaluate
from shared.rules.metric import Reading
from shared.rules.metrics import read
from shared.rules.rulebook import Rulebook

RULE_SETS = LAW.book.rule_sets
"""Every edition and programme by id, oldest first."""

_ATTAINMENTS = {
    True: Attainment.REACHED,
    False: Attainment.NOT_REACHED,
    None: Attainment.CANNOT_BE_JUDGED,
}


def judge_facts(
    facts: EnterpriseFacts, day: date, *, registered: bool, book: Rulebook = LAW.book
) -> tuple[Verdict, ...]:
    """The verdict of every edition in force, as the enterprise's province judges by it.

    One that left the register is no legal person.
    """
    reading = reading_of(facts, day, registered=registered)
    return tuple(evaluate(rules, reading) for rules in book.in_force(facts.region, day))


def reading_of(facts: EnterpriseFacts, day: date, *, registered: bool) -> Reading:
    """The enterprise as rules see it on a day."""
    reading = read(facts, day)
    return reading if registered else reading.with_values({"independent_legal_person": 0})


def outlook_of(verdicts: Sequence[Verdict]) -> tuple[TierOutlook, ...]:
    """The verdicts in short, as they are published."""
    return tuple(
        TierOutlook(
            tier=name,
            rule_set=verdict.rule_set.id,
            attainment=attainment_of(tier),
            points=tier.points,
            unmet=tier.unmet,
            missing=tier.missing,
        )
        for verdict in verdicts
        for name, tier in tiers_of(verdict)
    )


def record_of(verdicts: Sequence[Verdict], day: date, held: frozenset[Tier]) -> dict[str, Any]:
    """The verdicts as they are kept: every criterion with what was seen and what it gave.

    What a criterion says and needs is in the rule text of the digest; values that are not known
    are left out.
    """
    signals: Signals = signals_of(verdicts, held)
    return {
        "as_of": day.isoformat(),
        "held": sorted(held),
        "eligible": list(signals.eligible),
        "at_risk": list(signals.at_risk),
        "tiers": [
            _known(
                tier=name,
                rule_set=verdict.rule_set.id,
                rules_digest=verdict.rule_set.digest,
                attainment=attainment_of(tier),
                points=tier.points,
                points_min=tier.points_min,
                points_max=tier.points_max,
                unmet=list(tier.unmet),
                missing=list(tier.missing),
                requires_tier=step_of(verdict, tier, held).requires_tier,
                requires_held=step_of(verdict, tier, held).requires_held,
                criteria=[_line(criterion) for criterion in tier.criteria],
            )
            for verdict in verdicts
            for name, tier in tiers_of(verdict)
        ],
    }


def attainment_of(tier: TierVerdict) -> Attainment:
    """Reached, not reached, or cannot be judged."""
    return _ATTAINMENTS[tier.met]


def _line(criterion: Criterion) -> dict[str, Any]:
    return _known(
        id=criterion.id,
        met=criterion.met,
        seen=criterion.seen,
        points=criterion.points,
        points_min=criterion.points_min if criterion.points is None else None,
        points_max=criterion.points_max if criterion.points is None else None,
        missing=list(criterion.missing) or None,
    )


def _known(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
