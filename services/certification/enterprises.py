"""Who may see which enterprise here: itself, and the authorities that cover its region."""

from sqlalchemy import ColumnElement, not_, or_
from sqlmodel import col

from services.certification.errors import EnterpriseUnknown, OutOfScope
from services.certification.models import Enterprise
from shared.auth import Role, Subject
from shared.authorities import scope_of
from shared.db import Session


async def find_enterprise(session: Session, uscc: str, by: Subject) -> Enterprise:
    """The enterprise, when this caller may see it. Raises OutOfScope, EnterpriseUnknown."""
    if by.role is Role.ENTERPRISE:
        _require_scope(by, uscc, region="")
    enterprise = await session.get(Enterprise, uscc)
    if enterprise is None:
        raise EnterpriseUnknown(
            f"Certification knows no dossier of {uscc}. Register it with POST /v1/enterprises; a"
            " new dossier arrives here within seconds.",
            f"{uscc} 尚未建档,请先通过 POST /v1/enterprises 建档;新建档案数秒内同步。",
        )
    _require_scope(by, uscc, enterprise.region)
    return enterprise


def within(by: Subject) -> ColumnElement[bool]:
    """The enterprises that the caller's authority covers."""
    scope = scope_of(by.authority)
    if scope is None:
        return or_(False)
    covered = or_(False, *(col(Enterprise.region).startswith(prefix) for prefix in scope.covers))
    left_out = or_(False, *(col(Enterprise.region).startswith(p) for p in scope.excludes))
    return covered & not_(left_out)


def _require_scope(by: Subject, uscc: str, region: str) -> None:
    if by.may_see(uscc, region):
        return
    raise OutOfScope(
        f"{uscc} is outside your scope. An enterprise sees itself; an authority sees the"
        " enterprises of the regions it covers (/v1/dictionaries/authorities).",
        f"{uscc} 不在您的权限范围内:企业仅可查看自身,主管部门仅可查看所辖区域的企业。",
    )
