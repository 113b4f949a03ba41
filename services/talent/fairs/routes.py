"""HTTP of fairs."""

from typing import Annotated
from uuid import UUID

from services.talent.fairs import service
from services.talent.fairs.schemas import (
    FairCreate,
    FairKind,
    FairList,
    FairOutcomeWrite,
    FairRead,
    RegistrationCreate,
    RegistrationRead,
    RegistrationStatus,
    VenueRead,
)
from services.talent.models import Fair, FairRegistration
from shared.app import create_router
from shared.auth import Role, Subject, allow, open_to_all
from shared.db import Session
from shared.http import Db

router = create_router("招聘活动 Recruiting fairs")

Bureau = Annotated[Subject, allow(Role.REGULATOR, Role.OPERATOR)]
Firm = Annotated[Subject, allow(Role.ENTERPRISE)]
Party = Annotated[Subject, allow(Role.ENTERPRISE, Role.TALENT, Role.INSTITUTION, Role.PROVIDER)]


@router.post("/v1/fairs", status_code=201, summary="发布招聘活动 Announce a fair")
async def announce_fair(wanted: FairCreate, session: Db, caller: Bureau) -> FairRead:
    """The talent bureau (人社) announces a fair with its venues."""
    return await _read(session, await service.announce_fair(session, wanted, caller))


@router.get("/v1/fairs", summary="招聘活动列表 List fairs", dependencies=[open_to_all])
async def list_fairs(session: Db) -> FairList:
    """The latest fairs, at most 100. Open to everybody."""
    return FairList(fairs=[await _read(session, row) for row in await service.list_fairs(session)])


@router.get("/v1/fairs/{fair_id}", summary="读取招聘活动 Read a fair", dependencies=[open_to_all])
async def read_fair(fair_id: UUID, session: Db) -> FairRead:
    """A fair with its seats and what came of it. Open to everybody."""
    return await _read(session, await service.find_fair(session, fair_id))


@router.post(
    "/v1/fairs/{fair_id}/registrations", status_code=201, summary="报名 Register for a fair"
)
async def register_for_fair(
    fair_id: UUID, wanted: RegistrationCreate, session: Db, caller: Party
) -> RegistrationRead:
    """Take a seat for the firm or for one of the caller's candidates, or wait for one."""
    row = await service.register_for_fair(session, fair_id, wanted, caller)
    return await _registration(session, row)


@router.post(
    "/v1/fairs/{fair_id}/registrations/{registration_id}/cancellation",
    summary="取消报名 Cancel a registration",
)
async def cancel_registration(
    fair_id: UUID, registration_id: UUID, session: Db, caller: Party
) -> RegistrationRead:
    """Give the seat back; the first who waits gets it."""
    row = await service.cancel_registration(session, fair_id, registration_id, caller)
    return await _registration(session, row)


@router.post(
    "/v1/fairs/{fair_id}/registrations/{registration_id}/check-in", summary="签到 Check in"
)
async def check_in_registration(
    fair_id: UUID, registration_id: UUID, session: Db, caller: Bureau
) -> RegistrationRead:
    """Staff of the bureau check a seat in."""
    return await _registration(
        session, await service.check_in(session, fair_id, registration_id, caller)
    )


@router.put("/v1/fairs/{fair_id}/outcome", summary="反馈活动成效 Report a fair's outcome")
async def report_fair_outcome(
    fair_id: UUID, wanted: FairOutcomeWrite, session: Db, caller: Firm
) -> FairOutcomeWrite:
    """Interviews, offers and hires of a firm that attended; a later report replaces it."""
    row = await service.report_fair_outcome(session, fair_id, wanted, caller)
    return FairOutcomeWrite(interviews=row.interviews, offers=row.offers, hires=row.hires)


async def _read(session: Session, fair: Fair) -> FairRead:
    venues = await service.venues_of(session, fair.fair_id)
    return FairRead(
        fair_id=fair.fair_id,
        kind=FairKind(fair.kind),
        title=fair.title,
        authority=fair.authority,
        status=fair.status,
        starts_at=fair.starts_at,
        ends_at=fair.ends_at,
        venues=[VenueRead(**venue.model_dump(exclude={"fair_id"})) for venue in venues],
        totals=await service.totals_of(session, fair.fair_id),
    )


async def _registration(session: Session, row: FairRegistration) -> RegistrationRead:
    return RegistrationRead(
        registration_id=row.registration_id,
        fair_id=row.fair_id,
        venue_id=row.venue_id,
        status=RegistrationStatus(row.status),
        ahead=await service.waiting_ahead(session, row),
        registered_at=row.registered_at,
        checked_in_at=row.checked_in_at,
    )
