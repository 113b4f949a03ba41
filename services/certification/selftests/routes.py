"""HTTP of the self-test: open without login at a limited rate, nothing stored."""

import asyncio
from datetime import date

from fastapi import APIRouter, Request, Response

from services.certification.outlooks.rulebook import LAW
from services.certification.outlooks.service import day_of_law
from services.certification.selftests.edge import ALLOWANCE, OpenEdge, bucket_of
from services.certification.selftests.judging import check_rule_set, judge_draft
from services.certification.selftests.schemas import SelfTestCreate, SelfTestRead
from shared.auth import open_to_all
from shared.problems import wants_chinese

AT_ONCE_MAX = 2
"""Calls judged at a time; the others wait, so that the service stays awake for its own work."""
GAP_COST = 10
"""What a dossier with its gap counts against the allowance; finding a gap is search."""

router = APIRouter(tags=["自评 Self-test"], route_class=OpenEdge)
_judging = asyncio.Semaphore(AT_ONCE_MAX)


@router.post(
    "/v1/evaluations",
    summary="自评 Judge dossiers",
    dependencies=[open_to_all],
    response_model=SelfTestRead,
)
async def evaluate_dossiers(asked: SelfTestCreate, request: Request) -> Response:
    """Judge up to 1,000 dossiers by the law of a day, each tier with every criterion.

    Half a dossier is enough to begin: what can be judged is judged, the rest says what it needs.
    A single one comes with its gap: the least set of changes that reaches each tier. Nothing is
    stored. Each dossier counts against the caller's allowance; 429 says when to return.
    """
    day = day_of_law(asked.as_of, None)
    check_rule_set(LAW.book, asked, day)
    amount = len(asked.dossiers) * (GAP_COST if asked.wants_gap else 1)
    ALLOWANCE.take(*bucket_of(request, request.state.subject), amount - 1)
    async with _judging:
        body = await asyncio.to_thread(_judge, asked, day, wants_chinese(request))
    return Response(body, media_type="application/json")


def _judge(asked: SelfTestCreate, day: date, chinese: bool) -> bytes:
    """The answer, written dossier by dossier: never a thousand traces at once as objects."""
    head = SelfTestRead(as_of=day, filing=asked.filing, results=[])
    opening, closing = head.model_dump_json().rsplit("]", 1)
    results = (
        judge_draft(LAW.book, asked, index, day, chinese).model_dump_json()
        for index in range(len(asked.dossiers))
    )
    return f"{opening}{','.join(results)}]{closing}".encode()
