"""A verdict in the caller's language, criterion by criterion."""

from collections.abc import Iterable

from contracts.values import Tier
from services.certification.outlooks.judging import attainment_of
from services.certification.outlooks.ladder import Step, step_of, tiers_of
from services.certification.outlooks.schemas import CriterionRead, StepRead, TierVerdictRead
from shared.rules.evaluate import Criterion, TierVerdict, Verdict


def tiers_read(
    verdicts: Iterable[Verdict], held: frozenset[Tier] | None, chinese: bool
) -> list[TierVerdictRead]:
    """Every tier of the verdicts. `held` None: the titles are not known."""
    return [
        tier_read(verdict, name, tier, step_of(verdict, tier, held), chinese)
        for verdict in verdicts
        for name, tier in tiers_of(verdict)
    ]


def tier_read(
    verdict: Verdict, name: Tier, tier: TierVerdict, step: Step, chinese: bool
) -> TierVerdictRead:
    """One tier of a verdict."""
    rules = verdict.rule_set
    table = next(found for found in rules.tiers if found.tier == name)
    return TierVerdictRead(
        tier=name,
        name=table.zh if chinese else table.en,
        rule_set=rules.id,
        rule_set_name=rules.zh if chinese else rules.en,
        document_no=rules.document_no,
        effective_from=rules.effective_from,
        effective_to=rules.effective_to,
        rules_digest=rules.digest,
        decided_by=table.decided_by,
        attainment=attainment_of(tier),
        points=tier.points,
        points_min=tier.points_min,
        points_max=tier.points_max,
        unmet=list(tier.unmet),
        missing=list(tier.missing),
        ladder=StepRead(
            requires_tier=step.requires_tier,
            requires_held=step.requires_held,
            held=step.held,
            may_file=step.may_file,
        ),
        criteria=[criterion_read(criterion, chinese) for criterion in tier.criteria],
    )


def criterion_read(criterion: Criterion, chinese: bool) -> CriterionRead:
    """One line of the trace."""
    return CriterionRead(
        id=criterion.id,
        kind=criterion.kind,
        parent=criterion.parent,
        met=criterion.met,
        text=criterion.text_zh if chinese else criterion.text_en,
        seen=criterion.seen_zh if chinese else criterion.seen,
        needed=criterion.needed_zh if chinese else criterion.needed,
        points=criterion.points,
        points_min=criterion.points_min,
        points_max=criterion.points_max,
        points_full=criterion.points_full,
        source=criterion.source,
        verification=criterion.verification,
        missing=list(criterion.missing),
        reason=criterion.reason_zh if chinese else criterion.reason_en,
    )
