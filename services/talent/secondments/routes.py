"""HTTP of secondments."""

from typing import Annotated
from uuid import UUID

from contracts.events.talent import PlacementStatus
from services.talent.models import Secondment
from services.talent.secondments import service
from services.talent.secondments.schemas import (
    SecondmentAgreement,
    SecondmentCreate,
    SecondmentList,
    SecondmentRead,
)
from shared.app import create_router
from shared.auth import Role, Subject, allow
from shared.http import Db

router = create_router("柔性引才 Secondments")

Host = Annotated[Subject, allow(Role.ENTERPRISE)]
Giver = Annotated[Subject, allow(Role.INSTITUTION, Role.TALENT, Role.PROVIDER)]
Party = Annotated[Subject, allow(Role.ENTERPRISE, Role.INSTITUTION, Role.TALENT, Role.PROVIDER)]


@router.post("/v1/secondments", status_code=201, summary="提出柔性引才 Propose a secondment")
async def propose_secondment(wanted: SecondmentCreate, session: Db, caller: Host) -> SecondmentRead:
    """Propose to share a researcher's time. It binds nobody until home and person agree."""
    return _read(await service.propose_secondment(session, wanted, caller))


@router.get("/v1/secondments", summary="柔性引才列表 List secondments")
async def list_secondments(session: Db, caller: Party) -> SecondmentList:
    """The caller's own, newest first, at most 200."""
    rows = await service.find_secondments(session, caller)
    return SecondmentList(secondments=[_read(row) for row in rows])


@router.post("/v1/secondments/{secondment_id}/agreement", summary="同意柔性引才 Agree")
async def agree_to_secondment(
    secondment_id: UUID, agreement: SecondmentAgreement, session: Db, caller: Giver
) -> SecondmentRead:
    """The home institution and the person agree. All shares of a person stay within 100 %."""
    return _read(await service.agree_to_secondment(session, secondment_id, agreement, caller))


@router.post("/v1/secondments/{secondment_id}/end", summary="终止柔性引才 End a secondment")
async def end_secondment(secondment_id: UUID, session: Db, caller: Party) -> SecondmentRead:
    """Any of the three ends it, or declines a proposal. Twice is once."""
    return _read(await service.end_secondment(session, secondment_id, caller))


def _read(row: Secondment) -> SecondmentRead:
    return SecondmentRead(
        secondment_id=row.secondment_id,
        candidate_id=row.candidate_id,
        home_org=row.home_org,
        uscc=row.uscc,
        position_id=row.position_id,
        status=PlacementStatus(row.status),
        share_percent=row.share_percent,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        ip_clause=row.ip_clause,
        duties=row.duties,
        home_agreed_at=row.home_agreed_at,
        person_agreed_at=row.person_agreed_at,
        ended_at=row.ended_at,
    )
