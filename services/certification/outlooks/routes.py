"""HTTP of the outlook: the whole verdict, the counts, the editions of the law."""

import asyncio
from typing import Annotated

from fastapi import Query, Request
from pydantic import AwareDatetime

from contracts.events.certification import Attainment
from contracts.values import Day, Tier
from services.certification.enterprises import find_enterprise
from services.certification.outlooks import service
from services.certification.outlooks.gaps import GapRead
from services.certification.outlooks.judging import RULE_SETS
from services.certification.outlooks.ladder import held_tiers
from services.certification.outlooks.rendering import tiers_read
from services.certification.outlooks.schemas import (
    OutlookRead,
    OutlookSummary,
    RuleSetRead,
    TierCount,
)
from shared import clock
from shared.app import create_router
from shared.auth import open_to_all
from shared.http import Db
from shared.problems import wants_chinese
from shared.scope import Reader, Staff
from shared.uscc import CheckedUscc

router = create_router("梯度评价 Outlooks")


@router.get("/v1/enterprises/{uscc}/outlook", summary="梯度评价 Read an outlook")
async def read_outlook(
    uscc: CheckedUscc,
    request: Request,
    session: Db,
    caller: Reader,
    as_of: Annotated[
        Day | None,
        Query(title="评价日期", description="The day of the law; without it, of known_at or now."),
    ] = None,
    known_at: Annotated[
        AwareDatetime | None,
        Query(title="知悉时间", description="Judge the dossier and titles known at this moment."),
    ] = None,
) -> OutlookRead:
    """Every tier by the law of a day, with every criterion, in the caller's language."""
    enterprise = await find_enterprise(session, uscc, caller)
    day = service.day_of_law(as_of, known_at)
    known, titles = await service.known_at(session, enterprise, known_at)
    verdicts = service.verdicts_known(known, day)
    return OutlookRead(
        uscc=uscc,
        name=known.name,
        judged_on=day,
        dossier_version=known.version,
        known_at=known.known_at,
        tiers=tiers_read(verdicts, held_tiers(titles, day), wants_chinese(request)),
    )


@router.get("/v1/enterprises/{uscc}/gap", summary="差距分析 Read a gap")
async def read_gap(
    uscc: CheckedUscc, request: Request, session: Db, caller: Reader
) -> list[GapRead]:
    """For every tier of the law of the day, the least set of changes that reaches it."""
    enterprise = await find_enterprise(session, uscc, caller)
    return await asyncio.to_thread(
        service.gaps_of, enterprise, clock.today(), wants_chinese(request)
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
