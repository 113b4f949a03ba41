"""What the law of a day says of an enterprise. Pure decisions, no I/O after the start.

The editions are the files of `rules/editions`; one that cannot be used stops the start. The
edition is chosen by the day (filing date); batches and reviews come with applications.
"""

from datetime import date
from pathlib import Path

from contracts.events.certification import Attainment, TierOutlook
from contracts.facts import EnterpriseFacts
from shared.rules.evaluate import TierVerdict, Verdict, evaluate
from shared.rules.load import load_rule_sets
from shared.rules.metrics import read
from shared.rules.model import RuleSet

RULE_SETS = load_rule_sets(Path(__file__).parent.parent / "rules" / "editions")
"""Every edition by id, oldest first."""

_ATTAINMENTS = {
    True: Attainment.REACHED,
    False: Attainment.NOT_REACHED,
    None: Attainment.CANNOT_BE_JUDGED,
}


def rules_on(day: date) -> tuple[RuleSet, ...]:
    """The editions in force on a day."""
    return tuple(rules for rules in RULE_SETS.values() if rules.in_force(day))


def judge_facts(facts: EnterpriseFacts, day: date, *, registered: bool) -> tuple[Verdict, ...]:
    """The verdict of every edition in force. One that left the register is no legal person."""
    reading = read(facts, day)
    if not registered:
        reading = reading.with_values({"independent_legal_person": 0})
    return tuple(evaluate(rules, reading) for rules in rules_on(day))


def outlook_of(verdicts: tuple[Verdict, ...]) -> tuple[TierOutlook, ...]:
    """The verdicts in short, as they are published."""
    return tuple(_tier(verdict.rule_set, tier) for verdict in verdicts for tier in verdict.tiers)


def attainment_of(tier: TierVerdict) -> Attainment:
    """Reached, not reached, or cannot be judged."""
    return _ATTAINMENTS[tier.met]


def _tier(rules: RuleSet, tier: TierVerdict) -> TierOutlook:
    return TierOutlook(
        tier=tier.tier,
        rule_set=rules.id,
        attainment=attainment_of(tier),
        points=tier.points,
        unmet=tier.unmet,
        missing=tier.missing,
    )
