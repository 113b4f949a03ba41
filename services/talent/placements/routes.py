"""HTTP of contact requests."""

from typing import Annotated
from uuid import UUID

from fastapi import Request, Response

from contracts.events.talent import PlacementStatus
from services.talent.models import ContactRequest
from services.talent.placements import service
from services.talent.placements.schemas import (
    ContactRequestAnswer,
    ContactRequestCreate,
    ContactRequestPage,
    ContactRequestRead,
    OutcomeReport,
)
from services.talent.wording import after_id
from shared.app import create_router
from shared.auth import Role, Subject, allow
from shared.http import Db, Limit, encode_cursor, link_next

router = create_router("人才对接 Contact requests")

Firm = Annotated[Subject, allow(Role.ENTERPRISE)]
Person = Annotated[Subject, allow(Role.TALENT, Role.INSTITUTION, Role.PROVIDER)]
Either = Annotated[Subject, allow(Role.ENTERPRISE, Role.TALENT, Role.INSTITUTION, Role.PROVIDER)]


@router.post("/v1/contact-requests", status_code=201, summary="申请对接 Ask for contact")
async def request_contact(
    wanted: ContactRequestCreate, session: Db, caller: Firm
) -> ContactRequestRead:
    """Ask an anonymous candidate for contact. The contact opens when the person agrees."""
    return _read(await service.request_contact(session, wanted, caller))


@router.get("/v1/contact-requests", summary="对接申请列表 List contact requests")
async def list_contact_requests(
    request: Request,
    response: Response,
    session: Db,
    caller: Either,
    limit: Limit = 50,
    cursor: str | None = None,
) -> ContactRequestPage:
    """The firm's own requests, or those to the caller's own candidates."""
    rows = await service.find_requests(session, caller, after_id(cursor), limit + 1)
    if len(rows) > limit:
        link_next(request, response, encode_cursor(str(rows[limit - 1].request_id)))
    return ContactRequestPage(requests=[_read(row) for row in rows[:limit]])


@router.post("/v1/contact-requests/{request_id}/answer", summary="答复对接 Answer a request")
async def answer_contact_request(
    request_id: UUID, answer: ContactRequestAnswer, session: Db, caller: Person
) -> ContactRequestRead:
    """Agree, decline, or take a consent back: then the contact closes again."""
    return _read(await service.answer_request(session, request_id, answer.agreed, caller))


@router.post("/v1/contact-requests/{request_id}/outcome", summary="反馈结果 Report the outcome")
async def report_outcome(
    request_id: UUID, report: OutcomeReport, session: Db, caller: Firm
) -> ContactRequestRead:
    """What came of it. A hire fills a place of the position."""
    return _read(await service.report_outcome(session, request_id, report, caller))


def _read(row: ContactRequest) -> ContactRequestRead:
    return ContactRequestRead(
        request_id=row.request_id,
        position_id=row.position_id,
        candidate_id=row.candidate_id,
        uscc=row.uscc,
        status=PlacementStatus(row.status),
        message=row.message,
        requested_at=row.requested_at,
        answer_until=row.answer_until,
        answered_at=row.answered_at,
        outcome_on=row.outcome_on,
    )
