"""What accepted service cases prove of an enterprise, written into its dossier (验收成果入档).

Owns how evidence becomes a part of the dossier. Takes back nothing: a lower digital level or an
older test than the one on file changes nothing. The case is named as the one that changed it.
"""

from typing import Any, TypeVar

from sqlmodel import col, select

from contracts.dossier import Document, Dossier
from contracts.events.catalog import CaseAccepted, CaseEvidence
from services.enterprise.models import DossierVersion, Enterprise
from services.enterprise.service import columns_of, keep_version, patched, read_dossier
from shared.auth import Role, Subject
from shared.db import Session, lock_keys
from shared.scope import enterprise_not_found

T = TypeVar("T")


async def take_evidence(session: Session, fact: CaseAccepted) -> None:
    """Write a new version with what the case proved. The same case twice is once.

    A dossier that is closed stays as it is. Raises EnterpriseNotFound.
    """
    if fact.evidence is None:
        return
    await lock_keys(session, [fact.uscc])
    enterprise = await session.get(Enterprise, fact.uscc)
    if enterprise is None:
        raise enterprise_not_found(fact.uscc)
    by = Subject(sub=f"service-case:{fact.case_id}", role=Role.OPERATOR)
    if not enterprise.registered or await _was_taken(session, fact.uscc, by.sub):
        return
    dossier = patched(enterprise, _patch(read_dossier(enterprise.dossier), fact.evidence))
    enterprise.sqlmodel_update(columns_of(dossier))
    await keep_version(session, enterprise, dossier, by)


async def _was_taken(session: Session, uscc: str, changed_by: str) -> bool:
    statement = select(DossierVersion.version).where(
        DossierVersion.uscc == uscc, col(DossierVersion.changed_by) == changed_by
    )
    return (await session.exec(statement.limit(1))).first() is not None


def _patch(dossier: Dossier, evidence: CaseEvidence) -> dict[str, Any]:
    """The parts of the dossier that the evidence changes, as a merge patch."""
    document = Document(
        section="service_case",
        title="服务案件验收报告",
        reference=evidence.report,
        issued_on=evidence.report_on,
    )
    parts: dict[str, Any] = {"documents": _joined(dossier.documents, (document,))}
    tested = evidence.digital_level
    known = dossier.digital_level
    if tested is not None and (
        known is None or (tested.level >= known.level and tested.tested_on >= known.tested_on)
    ):
        parts["digital_level"] = tested
    if evidence.core_processes_on_it is not None:
        parts["core_processes_on_it"] = max(
            evidence.core_processes_on_it, dossier.core_processes_on_it or 0
        )
    if evidence.certificates:
        parts["certificates"] = _joined(dossier.certificates, evidence.certificates)
    if evidence.ip_rights:
        parts["ip_rights"] = _joined(dossier.ip_rights, evidence.ip_rights)
    return Dossier.model_construct(**parts).model_dump(
        mode="json", exclude_none=True, include=set(parts)
    )


def _joined(known: tuple[T, ...] | None, further: tuple[T, ...]) -> tuple[T, ...]:
    """What is known and what is new; an entry that is there already is not repeated."""
    return (*(known or ()), *(entry for entry in further if entry not in (known or ())))
