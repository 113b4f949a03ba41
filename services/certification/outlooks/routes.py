"""HTTP of the outlook: the whole verdict, the counts, the editions of the law."""

from fastapi import Request

from contracts.events.certification import Attainment
from contracts.values import Tier
from services.certification.enterprises import find_enterprise
from services.certification.outlooks import service
from services.certification.outlooks.judging import RULE_SETS, attainment_of
from services.certification.outlooks.schemas import (
    CriterionRead,
    OutlookRead,
    OutlookSummary,
    RuleSetRead,
    TierCount,
    TierVerdictRead,
)
from shared import clock
from shared.app import create_router
from shared.auth import open_to_all
from shared.http import Db
from shared.problems import wants_chinese
from shared.rules.evaluate import Criterion, TierVerdict
from shared.rules.model import RuleSet
from shared.scope import Reader, Staff
from shared.uscc import CheckedUscc

router = create_router("梯度评价 Outlooks")


@router.get("/v1/enterprises/{uscc}/outlook", summary="梯度评价 Read an outlook")
async def read_outlook(
    uscc: CheckedUscc, request: Request, session: Db, caller: Reader
) -> OutlookRead:
    """Every tier by the law of the day, with every criterion, in the caller's language."""
    enterprise = await find_enterprise(session, uscc, caller)
    today, chinese = clock.today(), wants_chinese(request)
    return OutlookRead(
        uscc=uscc,
        name=enterprise.name,
        judged_on=today,
        dossier_version=enterprise.dossier_version,
        tiers=[
            _tier(verdict.rule_set, tier, chinese)
            for verdict in service.verdicts_of(enterprise, today)
            for tier in verdict.tiers
        ],
    )


@router.get("/v1/outlooks/summary", summary="评价汇总 Count outlooks")
async def summarise_outlooks(session: Db, caller: Staff) -> OutlookSummary:
    """How many enterprises of the caller's authority reach which tier."""
    evaluated, rows = await service.sum_outlooks(session, caller)
    return OutlookSummary(
        authority=caller.authority,
        evaluated=evaluated,
        counts=[
            TierCount(
                tier=Tier(tier),
                rule_set=rules,
                attainment=Attainment(attainment),
                enterprises=count,
            )
            for tier, rules, attainment, count in rows
        ],
    )


@router.get("/v1/rule-sets", summary="规则集 List editions", dependencies=[open_to_all])
async def list_rule_sets(request: Request) -> list[RuleSetRead]:
    """The editions of the law this service judges by, oldest first."""
    today, chinese = clock.today(), wants_chinese(request)
    return [
        RuleSetRead(
            id=rules.id,
            name=rules.zh if chinese else rules.en,
            document_no=rules.document_no,
            issued_on=rules.issued_on,
            effective_from=rules.effective_from,
            effective_to=rules.effective_to,
            in_force=rules.in_force(today),
            dates_verification=dict(rules.dates_verification),
            tiers=[tier.tier for tier in rules.tiers],
            digest=rules.digest,
        )
        for rules in RULE_SETS.values()
    ]


def _tier(rules: RuleSet, tier: TierVerdict, chinese: bool) -> TierVerdictRead:
    table = next(found for found in rules.tiers if found.tier is tier.tier)
    return TierVerdictRead(
        tier=tier.tier,
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
        criteria=[_criterion(criterion, chinese) for criterion in tier.criteria],
    )


def _criterion(criterion: Criterion, chinese: bool) -> CriterionRead:
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
