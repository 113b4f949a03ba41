"""HTTP of internships."""

from typing import Annotated
from uuid import UUID

from contracts.events.talent import PlacementStatus
from services.talent.internships import service
from services.talent.internships.schemas import (
    InternCreate,
    InternRead,
    InternshipCreate,
    InternshipList,
    InternshipRead,
    InternshipStatus,
)
from services.talent.models import Intern, Internship
from shared.app import create_router
from shared.auth import Role, Subject, allow
from shared.http import Db

router = create_router("实习实践 Internships")

School = Annotated[Subject, allow(Role.INSTITUTION)]
Firm = Annotated[Subject, allow(Role.ENTERPRISE)]
Party = Annotated[Subject, allow(Role.INSTITUTION, Role.ENTERPRISE)]


@router.post("/v1/internships", status_code=201, summary="提出实习 Propose practice places")
async def propose_internship(
    wanted: InternshipCreate, session: Db, caller: School
) -> InternshipRead:
    """An institution proposes practice places to a firm."""
    return _read(await service.propose_internship(session, wanted, caller))


@router.get("/v1/internships", summary="实习列表 List internships")
async def list_internships(session: Db, caller: Party) -> InternshipList:
    """The caller's own, newest first, at most 200."""
    rows = await service.find_internships(session, caller)
    return InternshipList(internships=[_read(row) for row in rows])


@router.post("/v1/internships/{internship_id}/agreement", summary="确认实习 Agree")
async def agree_to_internship(internship_id: UUID, session: Db, caller: Firm) -> InternshipRead:
    """The firm agrees to the places."""
    return _read(await service.agree_to_internship(session, internship_id, caller))


@router.post(
    "/v1/internships/{internship_id}/interns", status_code=201, summary="安排实习 Place an intern"
)
async def place_intern(
    internship_id: UUID, wanted: InternCreate, session: Db, caller: School
) -> InternRead:
    """Give one of the institution's candidates a place. The last place goes to one only."""
    return _intern(await service.place_intern(session, internship_id, wanted.candidate_id, caller))


@router.post(
    "/v1/internships/{internship_id}/interns/{intern_id}/end", summary="结束实习 End a practice"
)
async def end_intern(
    internship_id: UUID, intern_id: UUID, session: Db, caller: Party
) -> InternRead:
    """End one intern's practice. Twice is once."""
    return _intern(await service.end_intern(session, internship_id, intern_id, caller))


def _read(row: Internship) -> InternshipRead:
    return InternshipRead(
        internship_id=row.internship_id,
        org=row.org,
        uscc=row.uscc,
        title=row.title,
        discipline=row.discipline,
        region=row.region,
        status=InternshipStatus(row.status),
        places=row.places,
        taken=row.taken,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
    )


def _intern(row: Intern) -> InternRead:
    return InternRead(
        intern_id=row.intern_id,
        internship_id=row.internship_id,
        candidate_id=row.candidate_id,
        status=PlacementStatus(row.status),
        placed_at=row.placed_at,
        ended_at=row.ended_at,
    )
