"""Use cases of internships. A place is counted in the row, so no two interns get the last one."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from sqlmodel import col, select

from contracts.events.talent import PlacementKind, PlacementStatus, Term
from services.talent.candidates.service import find_candidate
from services.talent.enterprises import out_of_scope
from services.talent.errors import (
    AlreadyPlaced,
    EnterpriseUnknown,
    InternshipNotFound,
    PlacesTaken,
    WrongState,
)
from services.talent.internships.schemas import InternshipCreate, InternshipStatus
from services.talent.models import Enterprise, Intern, Internship
from services.talent.placements.facts import publish_placement
from shared import clock
from shared.auth import Role, Subject
from shared.db import Session, lock_keys

LISTED_MAX = 200


async def propose_internship(session: Session, wanted: InternshipCreate, by: Subject) -> Internship:
    """An institution offers its students' practice to a firm. Raises EnterpriseUnknown."""
    if not by.org:
        raise out_of_scope("a token without org")
    if await session.get(Enterprise, wanted.uscc) is None:
        raise EnterpriseUnknown(
            f"Talent knows no enterprise {wanted.uscc}.", f"人才服务尚无企业 {wanted.uscc}。"
        )
    internship = Internship(
        internship_id=uuid4(),
        org=by.org,
        status=InternshipStatus.PROPOSED,
        proposed_at=clock.now(),
        **wanted.model_dump(),
    )
    session.add(internship)
    return internship


async def agree_to_internship(session: Session, internship_id: UUID, by: Subject) -> Internship:
    """The firm agrees. Twice is once. Raises InternshipNotFound, WrongState."""
    internship = await _locked(session, internship_id)
    if by.uscc != internship.uscc:
        raise _not_found(internship_id)
    if internship.status == InternshipStatus.ENDED:
        raise _wrong_state(internship)
    internship.status = InternshipStatus.AGREED
    return internship


async def place_intern(
    session: Session, internship_id: UUID, candidate_id: UUID, by: Subject
) -> Intern:
    """Give one of the institution's candidates a place.

    Raises InternshipNotFound, CandidateNotFound, WrongState, PlacesTaken, AlreadyPlaced.
    """
    intern_id = uuid4()
    await lock_keys(session, map(str, (internship_id, intern_id, candidate_id)))
    internship = await session.get(Internship, internship_id)
    if internship is None or internship.org != by.org:
        raise _not_found(internship_id)
    await find_candidate(session, candidate_id, by)
    if internship.status != InternshipStatus.AGREED or internship.ends_on < clock.today():
        raise _wrong_state(internship)
    statement = select(Intern).where(
        Intern.internship_id == internship_id, Intern.candidate_id == candidate_id
    )
    if (await session.exec(statement)).first() is not None:
        raise AlreadyPlaced("The candidate has a place here.", "该人才已登记本实习。")
    if internship.taken >= internship.places:
        raise PlacesTaken(
            f"All {internship.places} places are taken.", f"{internship.places} 个名额已满。"
        )
    internship.taken += 1
    intern = Intern(
        intern_id=intern_id,
        internship_id=internship_id,
        candidate_id=candidate_id,
        status=PlacementStatus.ACTIVE,
        placed_at=clock.now(),
        ended_at=None,
    )
    session.add(intern)
    return await _publish(session, internship, intern)


async def end_intern(session: Session, internship_id: UUID, intern_id: UUID, by: Subject) -> Intern:
    """End one intern's practice; the place is free again while the term runs. Twice is once.

    Raises InternshipNotFound.
    """
    await lock_keys(session, map(str, (internship_id, intern_id)))
    internship = await session.get(Internship, internship_id)
    intern = await session.get(Intern, intern_id)
    if internship is None or intern is None or intern.internship_id != internship_id:
        raise _not_found(internship_id)
    if by.org != internship.org and not (by.uscc and by.uscc == internship.uscc):
        raise _not_found(internship_id)
    if intern.status != PlacementStatus.ACTIVE:
        return intern
    return await _end(session, internship, intern, PlacementStatus.ENDED)


async def find_internships(session: Session, by: Subject) -> Sequence[Internship]:
    """Those of the caller's institution or firm."""
    mine = Internship.uscc == by.uscc if by.role is Role.ENTERPRISE else Internship.org == by.org
    statement = select(Internship).where(mine)
    newest = statement.order_by(col(Internship.proposed_at).desc()).limit(LISTED_MAX)
    return (await session.exec(newest)).all()


async def erase_interns(session: Session, candidate_id: UUID) -> None:
    """Forget the person on every practice place; a place in use is free again."""
    statement = select(Intern).where(Intern.candidate_id == candidate_id)
    for intern in (await session.exec(statement)).all():
        await lock_keys(session, map(str, (intern.internship_id, intern.intern_id)))
        internship = await session.get(Internship, intern.internship_id, populate_existing=True)
        assert internship is not None
        await _end(session, internship, intern, PlacementStatus.ERASED)


async def _end(
    session: Session, internship: Internship, intern: Intern, status: PlacementStatus
) -> Intern:
    if intern.status == PlacementStatus.ACTIVE:
        internship.taken -= 1
        intern.ended_at = clock.now()
    intern.status = status
    return await _publish(session, internship, intern)


async def _publish(session: Session, internship: Internship, intern: Intern) -> Intern:
    erased = intern.status == PlacementStatus.ERASED
    await publish_placement(
        session,
        intern.intern_id,
        PlacementKind.INTERNSHIP,
        PlacementStatus(intern.status),
        uscc=internship.uscc,
        candidate_id=None if erased else intern.candidate_id,
        term=Term(starts_on=internship.starts_on, ends_on=internship.ends_on, share_percent=None),
    )
    return intern


async def _locked(session: Session, internship_id: UUID) -> Internship:
    await lock_keys(session, [str(internship_id)])
    internship = await session.get(Internship, internship_id)
    if internship is None:
        raise _not_found(internship_id)
    return internship


def _not_found(internship_id: UUID) -> InternshipNotFound:
    return InternshipNotFound(
        f"There is no internship {internship_id} of yours.", f"没有您的实习协议 {internship_id}。"
    )


def _wrong_state(internship: Internship) -> WrongState:
    return WrongState(
        f"The internship is {internship.status} and ends on {internship.ends_on}; this step is"
        " not possible now.",
        f"实习协议当前状态为 {internship.status},终止日期 {internship.ends_on},不能执行此操作。",
    )
