"""Who owns what a caller makes here: the enterprise, authority or organisation of the token."""

from services.webhook.errors import NoOwner
from services.webhook.readers import Owner
from shared.auth import AUTHORITY_ROLES, Role, Subject

OWNERS = (
    Role.ENTERPRISE,
    Role.PROVIDER,
    Role.BANK,
    Role.INSTITUTION,
    Role.REGULATOR,
    Role.FINANCE,
    Role.OPERATOR,
    Role.AUDITOR,
)
"""Roles that may have endpoints. A person (talent, reviewer) has none."""


def owner_of(caller: Subject) -> Owner:
    """The owner the caller acts for. Raises NoOwner."""
    if caller.role is Role.ENTERPRISE:
        claim, value = "uscc", caller.uscc
    elif caller.role in AUTHORITY_ROLES:
        claim, value = "authority", caller.authority
    else:
        claim, value = "org", caller.org
    if not value:
        raise NoOwner(
            f"The token carries no {claim}, so nothing can belong to you. Get one that does.",
            f"令牌中没有 {claim},无法确定归属,请重新获取。",
        )
    return Owner(caller.role, value)
