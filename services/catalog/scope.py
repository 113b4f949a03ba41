"""Who may do what in the catalog: a provider its own entry, an authority its own database."""

from typing import Annotated

from services.catalog.errors import OutsideDatabase
from shared.auth import Role, Subject, allow
from shared.authorities import covers

Office = Annotated[Subject, allow(Role.REGULATOR, Role.OPERATOR)]
"""People of an authority who decide."""

Offeror = Annotated[Subject, allow(Role.PROVIDER, Role.REGULATOR, Role.OPERATOR)]
"""A provider, or people of an authority on its behalf."""

Party = Annotated[
    Subject,
    allow(Role.ENTERPRISE, Role.PROVIDER, Role.REGULATOR, Role.OPERATOR),
]
"""A side of a case."""

CaseReader = Annotated[
    Subject,
    allow(
        Role.ENTERPRISE,
        Role.PROVIDER,
        Role.REGULATOR,
        Role.OPERATOR,
        Role.FINANCE,
        Role.AUDITOR,
    ),
]
"""A side of a case, or who oversees it."""

OFFICE_ROLES = (Role.REGULATOR, Role.OPERATOR)


def oversees(by: Subject, authority: str) -> bool:
    """Whether the caller decides for this authority's provider database and budgets."""
    return by.role in OFFICE_ROLES and covers(by.authority, authority)


def require_office(by: Subject, authority: str) -> None:
    """Raises OutsideDatabase unless the caller decides for this authority."""
    if not oversees(by, authority):
        raise OutsideDatabase(
            f"This belongs to the authority {authority}, which yours does not cover"
            " (/v1/dictionaries/authorities).",
            f"该事项属于主管部门 {authority},不在您的管辖范围内。",
        )


def require_offeror(by: Subject, provider: str, authority: str) -> None:
    """Raises OutsideDatabase unless the caller is this provider or decides for its database."""
    if by.role is Role.PROVIDER:
        if by.org != provider:
            raise OutsideDatabase(
                f"Your token is of {by.org}; {provider} is another provider.",
                f"您的令牌属于 {by.org},不能办理 {provider} 的事项。",
            )
        return
    require_office(by, authority)
