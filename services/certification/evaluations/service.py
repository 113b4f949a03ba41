"""Use cases of stored evaluations: find, list, judge again, explain."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from pydantic import ValidationError
from sqlmodel import col, select

from services.certification.errors import EvaluationNotFound
from services.certification.evaluations.keeping import load_law
from services.certification.evaluations.models import Evaluation
from services.certification.evaluations.recomputing import (
    Recomputation,
    criteria_of,
    not_computable,
    recompute,
)
from services.certification.models import Enterprise, KnownDossier
from shared.auth import Role, Subject
from shared.db import Session
from shared.rules.evaluate import Criterion
from shared.rules.lined_yaml import RuleFileError


async def find_evaluation(session: Session, evaluation_id: UUID, by: Subject) -> Evaluation:
    """The evaluation, when this caller may see its enterprise. Raises EvaluationNotFound."""
    found = await session.get(Evaluation, evaluation_id)
    enterprise = await session.get(Enterprise, found.uscc) if found is not None else None
    if found is None or enterprise is None or not by.may_see(found.uscc, enterprise.region):
        raise EvaluationNotFound(
            f"There is no evaluation {evaluation_id} within your scope; see"
            " /v1/enterprises/{uscc}/evaluations.",
            f"权限范围内没有编号为 {evaluation_id} 的评价记录,"
            "请查看 /v1/enterprises/{uscc}/evaluations。",
        )
    return found


async def evaluations_before(
    session: Session, uscc: str, before: int | None, limit: int
) -> Sequence[Evaluation]:
    """An enterprise's evaluations, newest first, older than the one of an outlook version."""
    statement = select(Evaluation).where(Evaluation.uscc == uscc)
    if before is not None:
        statement = statement.where(col(Evaluation.outlook_version) < before)
    rows = await session.exec(
        statement.order_by(col(Evaluation.outlook_version).desc()).limit(limit)
    )
    return rows.all()


async def dossier_of(session: Session, evaluation: Evaluation) -> KnownDossier:
    """The dossier version that was judged."""
    return await session.get_one(KnownDossier, (evaluation.uscc, evaluation.dossier_version))


async def recompute_evaluation(session: Session, evaluation: Evaluation) -> Recomputation:
    """Judge again from the stored inputs; nothing is written."""
    dossier = await dossier_of(session, evaluation)
    try:
        law = await load_law(session, evaluation.rulebook)
        return await asyncio.to_thread(recompute, evaluation, dossier, law)
    except (RuleFileError, FileNotFoundError, ValidationError) as error:
        return not_computable(evaluation, dossier, str(error))


async def criteria_texts(
    session: Session, evaluation: Evaluation, dossier: KnownDossier
) -> list[tuple[str, str, Criterion]]:
    """(rule set, tier, criterion) as the rule text of that time words them; none if unreadable."""
    try:
        law = await load_law(session, evaluation.rulebook)
        return await asyncio.to_thread(criteria_of, evaluation, dossier, law)
    except (RuleFileError, FileNotFoundError, ValidationError):
        return []


RECOMPUTERS = (Role.OPERATOR, Role.AUDITOR)
"""Who may have an evaluation judged again."""
