"""HTTP of stored evaluations: list, read, judge again."""

import json
from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import Request, Response

from services.certification.enterprises import find_enterprise
from services.certification.evaluations import service
from services.certification.evaluations.models import Evaluation
from services.certification.evaluations.schemas import (
    CriterionText,
    DifferenceRead,
    EvaluationPage,
    EvaluationRead,
    EvaluationSummary,
    RecomputationRead,
)
from shared.app import create_router
from shared.auth import Subject, allow
from shared.http import Db, Limit, decode_cursor, encode_cursor, link_next
from shared.problems import wants_chinese
from shared.rules.evaluate import Criterion
from shared.scope import Reader
from shared.uscc import CheckedUscc

router = create_router("评价记录 Evaluations")

Recomputer = Annotated[Subject, allow(*service.RECOMPUTERS)]


@router.get("/v1/enterprises/{uscc}/evaluations", summary="评价记录 List evaluations")
async def list_evaluations(
    uscc: CheckedUscc,
    request: Request,
    response: Response,
    session: Db,
    caller: Reader,
    limit: Limit = 50,
    cursor: str | None = None,
) -> EvaluationPage:
    """Every judgement that changed the outlook of the enterprise, newest first."""
    key = decode_cursor(cursor, [int])
    await find_enterprise(session, uscc, caller)
    rows = await service.evaluations_before(session, uscc, key[0] if key else None, limit + 1)
    if len(rows) > limit:
        link_next(request, response, encode_cursor(rows[limit - 1].outlook_version))
    return EvaluationPage(evaluations=[EvaluationSummary(**_head(row)) for row in rows[:limit]])


@router.get("/v1/evaluations/{evaluation_id}", summary="读取评价记录 Read an evaluation")
async def read_evaluation(
    evaluation_id: UUID, request: Request, session: Db, caller: Reader
) -> EvaluationRead:
    """The verdict as it was stored, its exact inputs, and the words of the law that judged."""
    found = await service.find_evaluation(session, evaluation_id, caller)
    dossier = await service.dossier_of(session, found)
    chinese = wants_chinese(request)
    return EvaluationRead(
        **_head(found),
        rulebook=found.rulebook,
        facts_digest=found.facts_digest,
        facts=json.loads(dossier.facts),
        titles=json.loads(found.titles),
        verdict=json.loads(found.verdict),
        criteria=[
            _text(rule_set, tier, criterion, chinese)
            for rule_set, tier, criterion in await service.criteria_texts(session, found, dossier)
        ],
    )


@router.post("/v1/evaluations/{evaluation_id}/recomputation", summary="复算 Judge again")
async def recompute_evaluation(
    evaluation_id: UUID, session: Db, caller: Recomputer
) -> RecomputationRead:
    """Judge again from the stored inputs by the stored rule text: identical, or the differences."""
    found = await service.find_evaluation(session, evaluation_id, caller)
    again = await service.recompute_evaluation(session, found)
    return RecomputationRead(
        evaluation_id=found.evaluation_id,
        identical=again.identical,
        facts_unchanged=again.facts_unchanged,
        rules_unchanged=again.rules_unchanged,
        stored_digest=again.stored_digest,
        recomputed_digest=again.recomputed_digest,
        difference_count=again.difference_count,
        differences=[DifferenceRead(**asdict(difference)) for difference in again.differences],
    )


def _head(row: Evaluation) -> dict[str, Any]:
    return row.model_dump(include=set(EvaluationSummary.model_fields))


def _text(rule_set: str, tier: str, criterion: Criterion, chinese: bool) -> CriterionText:
    return CriterionText(
        rule_set=rule_set,
        tier=tier,
        id=criterion.id,
        kind=criterion.kind,
        parent=criterion.parent,
        text=criterion.text_zh if chinese else criterion.text_en,
        needed=criterion.needed_zh if chinese else criterion.needed,
        source=criterion.source,
        verification=criterion.verification,
    )
