"""The enterprises certification knows, as far as the caller may see them."""

from services.certification.models import Enterprise
from shared.auth import Subject
from shared.db import Session
from shared.scope import enterprise_not_found, require_itself, require_scope


async def find_enterprise(session: Session, uscc: str, by: Subject) -> Enterprise:
    """The enterprise, when this caller may see it. Raises OutOfScope, EnterpriseNotFound."""
    require_itself(by, uscc)
    enterprise = await session.get(Enterprise, uscc)
    if enterprise is None:
        raise enterprise_not_found(uscc)
    require_scope(by, uscc, enterprise.region)
    return enterprise
