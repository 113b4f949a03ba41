"""HTTP of what fits one enterprise: recommendations and tier packs."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Query

from services.catalog.carriers.routes import read_carrier
from services.catalog.carriers.service import carriers_near
from services.catalog.enterprises import find_enterprise, valid_titles
from services.catalog.models import Enterprise
from services.catalog.needs.service import answers_to, open_needs, reason_for
from services.catalog.offerings.finding import Hit
from services.catalog.offerings.packs import choose_packs, packs
from services.catalog.offerings.recommending import (
    HITS_MAX,
    answer_words,
    criterion_of,
    next_outlook,
    recommend,
)
from services.catalog.offerings.routes import read_hits
from services.catalog.offerings.schemas import (
    PackChoice,
    PackList,
    Recommendation,
    RecommendationList,
)
from shared import clock
from shared.app import create_router
from shared.auth import open_to_all
from shared.db import Session
from shared.http import Db
from shared.scope import Reader
from shared.uscc import CheckedUscc

router = create_router("服务推荐 Recommendations")

NEEDS_MAX = 10
CARRIERS_MAX = 5


@router.get("/v1/enterprises/{uscc}/service-recommendations", summary="服务推荐 Recommend")
async def recommend_services(
    uscc: CheckedUscc,
    session: Db,
    caller: Reader,
    need: Annotated[
        list[Annotated[str, Query(min_length=1, max_length=100)]] | None,
        Query(max_length=10, title="需求", description="Further needs, in your own words."),
    ] = None,
) -> RecommendationList:
    """What can close the unmet criteria of the next tier, and what answers its newest needs."""
    enterprise = await find_enterprise(session, uscc, caller)
    ahead = next_outlook(enterprise)
    advice, without = await recommend(session, enterprise, ahead) if ahead else ([], [])
    found = []
    for criterion, hits in advice:
        name = criterion_of(criterion)
        zh = f"评价条件“{name.zh}”未满足,以下服务可助补齐。"
        en = f"The criterion {name.en} is not met; these can close it."
        tier = ahead.tier if ahead else None
        found.append(await _advice(session, (zh, en), hits, criterion=criterion, tier=tier))
    on_file, unanswered = await _answers(session, enterprise)
    for wish in need or []:
        hits = await answer_words(session, enterprise, wish)
        reason = f"根据贵企业提出的需求“{wish}”。", f"For the need you named: {wish}."
        on_file.append(await _advice(session, reason, hits, need=wish))
    near = await carriers_near(session, enterprise.region or "", CARRIERS_MAX)
    return RecommendationList(
        uscc=uscc,
        next_tier=ahead.tier if ahead else None,
        recommendations=found + on_file,
        without_offer=without,
        needs_without_offer=unanswered,
        carriers=[read_carrier(row) for row in near],
    )


@router.get("/v1/enterprises/{uscc}/tier-packs", summary="适用梯度服务包 Packs that fit")
async def choose_tier_packs(uscc: CheckedUscc, session: Db, caller: Reader) -> PackChoice:
    """The pack of the highest valid title, else the one for applicants."""
    enterprise = await find_enterprise(session, uscc, caller)
    kinds = [title.kind for title in valid_titles(enterprise, clock.today())]
    decided, chosen = choose_packs(kinds)
    return PackChoice(uscc=uscc, decided_by=decided, packs=chosen)


@router.get("/v1/tier-packs", summary="梯度服务包 Every pack", dependencies=[open_to_all])
async def list_tier_packs() -> PackList:
    """Every pack with its source."""
    return PackList(packs=packs())


async def _answers(
    session: Session, enterprise: Enterprise
) -> tuple[list[Recommendation], list[str]]:
    """What answers the needs on file; and the needs that nothing answers."""
    found, without = [], []
    for row in await open_needs(session, enterprise.uscc, NEEDS_MAX):
        if hits := await answers_to(session, enterprise, row, HITS_MAX):
            found.append(
                await _advice(session, reason_for(row), hits, need=row.text, need_id=row.need_id)
            )
        else:
            without.append(row.need_id)
    return found, without


async def _advice(
    session: Session, reason: tuple[str, str], hits: Sequence[Hit], **about: Any
) -> Recommendation:
    unsaid = dict.fromkeys(("criterion", "need", "need_id", "tier"))
    zh, en = reason
    return Recommendation.model_validate(
        {
            **unsaid,
            **about,
            "reason_zh": zh,
            "reason_en": en,
            "hits": await read_hits(session, hits),
        }
    )
