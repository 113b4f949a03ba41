"""Who may see which enterprise: itself, and the authorities that cover its region (DESIGN §7)."""

from typing import Annotated

from sqlalchemy import ColumnElement, and_, false, not_, or_
from sqlalchemy.orm import Mapped

from shared.auth import Forbidden, Role, Subject, allow
from shared.authorities import scope_of
from shared.errors import NotFound

Staff = Annotated[Subject, allow(Role.REGULATOR, Role.OPERATOR, Role.FINANCE, Role.AUDITOR)]
"""People of an authority."""

Reader = Annotated[
    Subject,
    allow(Role.ENTERPRISE, Role.REGULATOR, Role.OPERATOR, Role.FINANCE, Role.AUDITOR),
]
"""An enterprise, or people of an authority."""


class EnterpriseNotFound(NotFound):
    """This service knows no dossier under the code."""

    slug = "enterprise-not-found"


class OutOfScope(Forbidden):
    """Another authority's enterprise, or another enterprise's dossier."""

    slug = "out-of-scope"


def require_itself(by: Subject, uscc: str) -> None:
    """An enterprise asks about itself; checked before anything is read. Raises OutOfScope."""
    if by.role is Role.ENTERPRISE:
        require_scope(by, uscc, region="")


def require_scope(by: Subject, uscc: str, region: str) -> None:
    """Raises OutOfScope unless the caller may see this enterprise."""
    if by.may_see(uscc, region):
        return
    raise OutOfScope(
        f"{uscc} is outside your scope. An enterprise sees itself; an authority sees the"
        " enterprises of the regions it covers (/v1/dictionaries/authorities).",
        f"{uscc} 不在您的权限范围内:企业仅可查看自身,主管部门仅可查看所辖区域的企业。",
    )


def enterprise_not_found(uscc: str) -> EnterpriseNotFound:
    """No dossier under this code has been heard of; a new one reaches every service in seconds."""
    return EnterpriseNotFound(
        f"There is no dossier of {uscc}. Register it with POST /v1/enterprises.",
        f"{uscc} 尚未建档,请先通过 POST /v1/enterprises 建档。",
    )


def covered_by(
    authority: str | None, region: "Mapped[str] | Mapped[str | None]"
) -> ColumnElement[bool]:
    """SQL: the region column lies within the authority's scope; an unknown one covers nothing."""
    scope = scope_of(authority)
    if scope is None:
        return false()
    covered = or_(false(), *(region.startswith(prefix) for prefix in scope.covers))
    left_out = or_(false(), *(region.startswith(prefix) for prefix in scope.excludes))
    return and_(covered, not_(left_out))
