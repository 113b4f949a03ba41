"""What talent keeps of enterprises: name, region, segment, standing and titles, by version.

A fact that is not newer than the one kept is ignored, so the two topics may arrive in any order.
"""

from collections.abc import Sequence
from typing import Any

from contracts.events.certification import TitlesChanged
from contracts.events.enterprise import DossierChanged, DossierStatus
from services.talent.errors import EnterpriseUnknown
from services.talent.models import Enterprise
from shared.auth import Role, Subject
from shared.authorities import covers
from shared.db import Session, read_rows
from shared.followed import newer
from shared.scope import OutOfScope


async def read_ahead(session: Session, usccs: Sequence[str]) -> None:
    """Read these enterprises at once; their keys are held."""
    await read_rows(session, Enterprise, usccs)


async def keep_dossier(session: Session, fact: DossierChanged) -> Enterprise | None:
    """Keep what talent reads of the dossier; None when a newer one is kept already."""
    enterprise = await newer(session, Enterprise, fact, "dossier_version")
    if enterprise is not None:
        enterprise.name, enterprise.status = fact.name, fact.status
        enterprise.region, enterprise.segment = fact.facts.region, fact.facts.segment
    return enterprise


async def keep_titles(session: Session, fact: TitlesChanged) -> Enterprise | None:
    """Keep the titles; None when newer ones are kept already."""
    enterprise = await newer(session, Enterprise, fact, "titles_version")
    if enterprise is not None:
        enterprise.titles = [title.model_dump(mode="json") for title in fact.titles]
    return enterprise


async def find_enterprise(session: Session, uscc: str, by: Subject) -> Enterprise:
    """The registered enterprise, when this caller may act for it.

    Raises OutOfScope, EnterpriseUnknown.
    """
    if by.role is Role.ENTERPRISE and by.uscc != uscc:
        raise out_of_scope(uscc)
    enterprise = await session.get(Enterprise, uscc)
    if enterprise is None or enterprise.status != DossierStatus.REGISTERED:
        raise EnterpriseUnknown(
            f"Talent knows no registered enterprise {uscc}. Register it with POST"
            " /v1/enterprises; a new dossier arrives here within seconds.",
            f"人才服务尚无 {uscc} 的有效企业档案,请先通过 POST /v1/enterprises 建档,数秒内同步。",
        )
    if not by.may_see(uscc, enterprise.region or ""):
        raise out_of_scope(uscc)
    return enterprise


def oversees(by: Subject, region: str) -> bool:
    """Whether the caller is staff of an authority over the region (人社、主管部门)."""
    return by.role in (Role.REGULATOR, Role.OPERATOR, Role.AUDITOR, Role.REVIEWER) and covers(
        by.authority, region
    )


def out_of_scope(what: Any) -> OutOfScope:
    """The refusal for what belongs to another."""
    return OutOfScope(
        f"{what} is outside your scope: an enterprise acts for itself, an authority for the"
        " regions it covers, an institution for those it filed, a person for themselves.",
        f"{what} 不在您的权限范围内:企业、机构和个人仅可办理自身事项,主管部门仅限所辖区域。",
    )
