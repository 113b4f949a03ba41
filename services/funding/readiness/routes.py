"""HTTP of listing readiness."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from fastapi import Query

from services.funding.enterprises import Standing, find_enterprise
from services.funding.products.catalogue import leaves_of
from services.funding.products.matching import obstacles_of
from services.funding.products.rendering import read_criterion
from services.funding.readiness.files import ListingRule, Requirement, listing_rule, route
from services.funding.readiness.metrics import Stated, read_listing
from services.funding.readiness.schemas import (
    ListingReadiness,
    ListingRuleRead,
    LockUpRead,
    RequirementRead,
    StepRead,
)
from services.funding.rule_files import Texts
from shared import clock
from shared.app import create_router
from shared.http import Db
from shared.rules.evaluate import judge
from shared.rules.judge import all_of, any_of
from shared.rules.metrics import METRICS, Reading
from shared.scope import Reader
from shared.uscc import CheckedUscc

router = create_router("上市准备 Listing readiness")


@router.get("/v1/enterprises/{uscc}/listing-readiness", summary="上市准备度")
async def read_listing_readiness(
    uscc: CheckedUscc, session: Db, caller: Reader, stated: Annotated[Stated, Query()]
) -> ListingReadiness:
    """The four standards of the Beijing exchange, what else it asks, the NEEQ route, lock-ups.

    What the dossier does not hold (the expected market value, the share capital) may be stated
    with the question; what is not stated cannot be judged.
    """
    standing = Standing(await find_enterprise(session, uscc, caller), clock.now())
    reading = read_listing(standing.facts, standing.on, stated)
    stage = standing.facts.listing_stage
    words = METRICS["listing_stage"].words or {}
    return ListingReadiness(
        uscc=uscc,
        judged_on=standing.on,
        stage=None if stage is None else Texts(zh=words[stage][0], en=words[stage][1]),
        stated=stated,
        bse=_rule(listing_rule("bse-listing"), reading, standing.on),
        neeq=_rule(listing_rule("neeq-innovation-layer"), reading, standing.on),
        route=[
            StepRead(
                id=step.id,
                text=Texts(zh=step.zh, en=step.en),
                done=None if stage is None else stage in step.done_at,
            )
            for step in route().steps
        ],
        lock_up_applies_to=route().who,
        lock_ups=[
            LockUpRead(board=one.board, name=Texts(zh=one.zh, en=one.en), months=one.months)
            for one in route().lock_ups
        ],
        route_source=route().source,
        route_verification=route().verification,
    )


def _rule(rule: ListingRule, reading: Reading, on: date) -> ListingRuleRead:
    head = rule.head
    standards = _requirements(head.any_of, rule, reading)
    requirements = _requirements(head.all_of, rule, reading)
    return ListingRuleRead(
        id=head.id,
        name=Texts(zh=head.zh, en=head.en),
        document_no=head.document_no,
        in_force=head.in_force(on),
        met=all_of([any_of([one.met for one in standards]), *(one.met for one in requirements)]),
        standards=standards,
        requirements=requirements,
        source=head.source,
        verification=head.verification,
    )


def _requirements(
    asked: Sequence[Requirement], rule: ListingRule, reading: Reading
) -> list[RequirementRead]:
    return [_requirement(one, rule, reading) for one in asked]


def _requirement(one: Requirement, rule: ListingRule, reading: Reading) -> RequirementRead:
    condition = rule.conditions[one.id]
    finding = judge(condition, reading)
    tests = {test.id: test for test in leaves_of(condition)}
    return RequirementRead(
        id=one.id,
        text=Texts(zh=one.zh, en=one.en),
        met=finding.met,
        unmet=[
            read_criterion(found, tests.get(found.id), reading) for found in obstacles_of(finding)
        ],
        missing=list(finding.missing) if finding.met is None else [],
    )
