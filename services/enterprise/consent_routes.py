"""HTTP of consents (授权): given by the enterprise, shown to it and to its authorities."""

from typing import Annotated
from uuid import UUID

from contracts.dossier import Document
from contracts.events.enterprise import ConsentedField
from services.enterprise import service
from services.enterprise.models import ConsentGiven
from services.enterprise.schemas import ConsentCreate, ConsentList, ConsentRead
from shared import clock
from shared.app import create_router
from shared.auth import Role, Subject, allow
from shared.http import Db
from shared.uscc import CheckedUscc

router = create_router("数据授权 Consents")

Owner = Annotated[Subject, allow(Role.ENTERPRISE, Role.OPERATOR)]
Reader = Annotated[Subject, allow(Role.ENTERPRISE, Role.OPERATOR, Role.REGULATOR, Role.AUDITOR)]


@router.get("/v1/enterprises/{uscc}/consents", summary="授权列表 List consents")
async def list_consents(uscc: CheckedUscc, session: Db, caller: Reader) -> ConsentList:
    """Every consent the enterprise gave, newest first, the withdrawn ones among them."""
    await service.find_enterprise(session, uscc, caller)
    given = await service.consents_of(session, uscc)
    return ConsentList(consents=[_read(consent) for consent in reversed(given)])


@router.post(
    "/v1/enterprises/{uscc}/consents", status_code=201, summary="授权 Let a bank see fields"
)
async def grant_consent(
    uscc: CheckedUscc, consent: ConsentCreate, session: Db, caller: Owner
) -> ConsentRead:
    """Let one bank see the named fields, for one purpose, until a day."""
    return _read(await service.grant_consent(session, uscc, consent, caller))


@router.post(
    "/v1/enterprises/{uscc}/consents/{consent_id}/withdrawal",
    summary="撤回授权 Take a consent back",
)
async def withdraw_consent(
    uscc: CheckedUscc, consent_id: UUID, session: Db, caller: Owner
) -> ConsentRead:
    """Take a consent back: the bank hears at once that it may no longer use the data."""
    return _read(await service.withdraw_consent(session, uscc, consent_id, caller))


def _read(consent: ConsentGiven) -> ConsentRead:
    return ConsentRead(
        consent_id=consent.consent_id,
        bank=consent.bank,
        purpose=consent.purpose,
        fields=[ConsentedField(name) for name in consent.fields],
        evidence=Document.model_validate(consent.evidence),
        granted_at=consent.granted_at,
        granted_by=consent.granted_by,
        expires_on=consent.expires_on,
        withdrawn_at=consent.withdrawn_at,
        valid=service.is_valid(consent, clock.today()),
    )
