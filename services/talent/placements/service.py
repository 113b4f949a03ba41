"""Use cases of contact requests (人才对接): ask, agree or decline, report what came of it."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

from sqlmodel import col, select

from contracts.events.talent import PlacementKind, PlacementStatus, PositionStatus
from services.talent.candidates.service import is_own, owner_of, require_listed
from services.talent.enterprises import out_of_scope
from services.talent.errors import (
    AlreadyRequested,
    PositionFull,
    PositionNotFound,
    RequestNotFound,
    WrongState,
)
from services.talent.models import Candidate, ContactRequest, Position
from services.talent.placements.facts import publish_placement
from services.talent.placements.schemas import ContactRequestCreate, Outcome, OutcomeReport
from services.talent.positions.service import fill_place
from shared import clock
from shared.auth import Role, Subject
from shared.db import Session, lock_keys
from shared.errors import Unprocessable

ANSWER_DAYS = 14
OPEN = (
    PlacementStatus.REQUESTED,
    PlacementStatus.AGREED,
    PlacementStatus.OFFERED,
    PlacementStatus.HIRED,
)
NEXT = {
    PlacementStatus.AGREED: {Outcome.OFFERED, Outcome.REJECTED, Outcome.HIRED},
    PlacementStatus.OFFERED: {Outcome.REJECTED, Outcome.HIRED},
    PlacementStatus.HIRED: {Outcome.ENDED},
}


async def request_contact(
    session: Session, wanted: ContactRequestCreate, by: Subject
) -> ContactRequest:
    """Ask a listed candidate for contact about a published position.

    Raises PositionNotFound, OutOfScope, WrongState, CandidateNotFound, AlreadyRequested.
    """
    request_id = uuid4()
    keys = [request_id, wanted.position_id, wanted.candidate_id]
    await lock_keys(session, map(str, keys))
    position = await session.get(Position, wanted.position_id)
    if position is None:
        raise PositionNotFound("There is no such position of yours.", "没有该岗位。")
    if by.uscc != position.uscc:
        raise out_of_scope(f"position {wanted.position_id}")
    if position.status != PositionStatus.PUBLISHED:
        raise WrongState(
            f"The position is {position.status}; people are asked for published ones.",
            f"岗位当前状态为 {position.status},仅已发布岗位可申请对接。",
        )
    await require_listed(session, wanted.candidate_id, position.uscc)
    await _require_first(session, wanted)
    today = clock.today()
    asked = ContactRequest(
        request_id=request_id,
        position_id=wanted.position_id,
        candidate_id=wanted.candidate_id,
        uscc=position.uscc,
        status=PlacementStatus.REQUESTED,
        message=wanted.message,
        requested_at=clock.now(),
        answer_until=today + timedelta(days=ANSWER_DAYS),
        answered_at=None,
        outcome_at=None,
    )
    session.add(asked)
    return await _keep(session, asked)


async def answer_request(
    session: Session, request_id: UUID, agreed: bool, by: Subject
) -> ContactRequest:
    """The person's answer; the same answer twice is once. A given consent can be taken back.

    Raises RequestNotFound, WrongState.
    """
    asked = await _locked(session, request_id)
    candidate = await session.get(Candidate, asked.candidate_id)
    if candidate is None or not is_own(candidate, by):
        raise _not_found(request_id)
    status = PlacementStatus.AGREED if agreed else PlacementStatus.DECLINED
    if asked.status == status:
        return asked
    takes_back = asked.status == PlacementStatus.AGREED and not agreed
    late = asked.status == PlacementStatus.REQUESTED and asked.answer_until < clock.today()
    if late or not (asked.status == PlacementStatus.REQUESTED or takes_back):
        raise _wrong_state(asked)
    asked.status, asked.answered_at = status, clock.now()
    return await _keep(session, asked)


async def report_outcome(
    session: Session, request_id: UUID, report: OutcomeReport, by: Subject
) -> ContactRequest:
    """What came of it, by the firm; a hire fills a place. The same report twice is once.

    Raises RequestNotFound, WrongState, PositionFull, Unprocessable.
    """
    asked = await _locked(session, request_id)
    if by.role is not Role.ENTERPRISE or asked.uscc != by.uscc:
        raise _not_found(request_id)
    if asked.status == report.outcome and asked.outcome_on == report.on:
        return asked
    if report.outcome not in NEXT.get(PlacementStatus(asked.status), set()):
        raise _wrong_state(asked)
    if report.on > clock.today():
        raise Unprocessable(
            f"{report.on} has not come yet; report the outcome when it has happened.",
            f"{report.on} 尚未到来,请在结果发生后反馈。",
        )
    await _count(session, asked, report.outcome)
    asked.status = PlacementStatus(report.outcome)
    asked.outcome_at, asked.outcome_on = clock.now(), report.on
    return await _keep(session, asked)


async def find_requests(
    session: Session, by: Subject, after: UUID | None, limit: int
) -> Sequence[ContactRequest]:
    """Requests of the caller's enterprise, or to the caller's own candidates, by id."""
    statement = select(ContactRequest)
    if by.role is Role.ENTERPRISE:
        statement = statement.where(ContactRequest.uscc == by.uscc)
    else:
        own = select(Candidate.candidate_id).where(Candidate.owner == owner_of(by))
        statement = statement.where(col(ContactRequest.candidate_id).in_(own))
    if after is not None:
        statement = statement.where(col(ContactRequest.request_id) > after)
    return (
        await session.exec(statement.order_by(col(ContactRequest.request_id)).limit(limit))
    ).all()


async def expire_request(session: Session, request_id: UUID) -> None:
    """Close a request nobody answered in time."""
    asked = await _locked(session, request_id)
    if asked.status == PlacementStatus.REQUESTED and asked.answer_until < clock.today():
        asked.status = PlacementStatus.EXPIRED
        await _keep(session, asked)


async def unanswered(session: Session, limit: int) -> Sequence[UUID]:
    """Requests whose time for an answer is over."""
    statement = select(ContactRequest.request_id).where(
        ContactRequest.status == PlacementStatus.REQUESTED,
        col(ContactRequest.answer_until) < clock.today(),
    )
    return (await session.exec(statement.limit(limit))).all()


async def erase_requests(session: Session, candidate_id: UUID) -> None:
    """Forget the person in every request. A place that was filled stays counted."""
    statement = select(ContactRequest).where(ContactRequest.candidate_id == candidate_id)
    for asked in (await session.exec(statement)).all():
        await lock_keys(session, [str(asked.request_id)])
        asked.message = ""
        asked.status = PlacementStatus.ERASED
        await _keep(session, asked)


async def _require_first(session: Session, wanted: ContactRequestCreate) -> None:
    statement = select(ContactRequest.request_id).where(
        ContactRequest.position_id == wanted.position_id,
        ContactRequest.candidate_id == wanted.candidate_id,
        col(ContactRequest.status).in_(OPEN),
    )
    if (await session.exec(statement)).first() is not None:
        raise AlreadyRequested(
            "This candidate was asked for this position already; wait for the answer.",
            "该岗位已向此人才提出对接申请,请等待答复。",
        )


async def _count(session: Session, asked: ContactRequest, outcome: Outcome) -> None:
    if outcome not in (Outcome.HIRED, Outcome.ENDED):
        return
    position = await session.get(Position, asked.position_id)
    assert position is not None
    if outcome is Outcome.HIRED and position.filled >= position.headcount:
        raise PositionFull(
            f"All {position.headcount} places are filled. Raise the headcount of the position"
            " first.",
            f"该岗位 {position.headcount} 个名额已满,请先调整需求人数。",
        )
    await fill_place(session, position, 1 if outcome is Outcome.HIRED else -1)


async def _locked(session: Session, request_id: UUID) -> ContactRequest:
    """The request with its keys locked; what it links never changes, so it may be read before."""
    ids = (
        await session.exec(
            select(ContactRequest.position_id, ContactRequest.candidate_id).where(
                ContactRequest.request_id == request_id
            )
        )
    ).first()
    if ids is None:
        raise _not_found(request_id)
    await lock_keys(session, map(str, (request_id, *ids)))
    asked = await session.get(ContactRequest, request_id, populate_existing=True)
    assert asked is not None
    return asked


async def _keep(session: Session, asked: ContactRequest) -> ContactRequest:
    erased = asked.status == PlacementStatus.ERASED
    await publish_placement(
        session,
        asked.request_id,
        PlacementKind.HIRE,
        PlacementStatus(asked.status),
        uscc=asked.uscc,
        position_id=asked.position_id,
        candidate_id=None if erased else asked.candidate_id,
    )
    return asked


def _not_found(request_id: UUID) -> RequestNotFound:
    return RequestNotFound(
        f"There is no contact request {request_id} of yours.", f"没有您的对接申请 {request_id}。"
    )


def _wrong_state(asked: ContactRequest) -> WrongState:
    return WrongState(
        f"The request is {asked.status}, answers until {asked.answer_until}; this step is not"
        " possible now.",
        f"对接申请当前状态为 {asked.status} (答复期限 {asked.answer_until}),不能执行此操作。",
    )
