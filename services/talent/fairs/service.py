"""Use cases of fairs. A venue's seats are counted in its row under its lock; the rest wait."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from sqlalchemy import func
from sqlmodel import col, select

from services.talent.candidates.service import find_candidate, is_own
from services.talent.enterprises import find_enterprise, out_of_scope, oversees
from services.talent.errors import (
    AlreadyRegistered,
    FairNotFound,
    RegistrationNotFound,
    WrongState,
)
from services.talent.fairs.schemas import (
    FairCreate,
    FairOutcomeWrite,
    FairTotals,
    RegistrationCreate,
    RegistrationStatus,
)
from services.talent.models import Candidate, Fair, FairOutcome, FairRegistration, FairVenue
from shared import clock
from shared.auth import Role, Subject
from shared.authorities import covers
from shared.db import Session, lock_keys

LISTED_MAX = 100


async def announce_fair(session: Session, wanted: FairCreate, by: Subject) -> Fair:
    """Announce a fair with its venues. Raises OutOfScope for a venue outside the authority."""
    for venue in wanted.venues:
        if not covers(by.authority, venue.region):
            raise out_of_scope(f"region {venue.region}")
    fair = Fair(
        fair_id=uuid4(),
        kind=wanted.kind,
        title=wanted.title,
        authority=by.authority or "",
        status="announced",
        starts_at=wanted.starts_at,
        ends_at=wanted.ends_at,
        announced_at=clock.now(),
    )
    session.add(fair)
    await session.flush()  # the venues refer to the fair
    for venue in wanted.venues:
        session.add(FairVenue(venue_id=uuid4(), fair_id=fair.fair_id, **venue.model_dump()))
    await session.flush()
    return fair


async def register_for_fair(
    session: Session, fair_id: UUID, wanted: RegistrationCreate, by: Subject
) -> FairRegistration:
    """Take a seat, or a place on the waiting list when the venue is full.

    Raises FairNotFound, WrongState, CandidateNotFound, EnterpriseUnknown, AlreadyRegistered.
    """
    await lock_keys(session, [f"fair:{fair_id}", f"venue:{wanted.venue_id}"])
    fair, venue = await _open(session, fair_id, wanted.venue_id)
    uscc = await _party(session, wanted, by)
    statement = select(FairRegistration).where(
        FairRegistration.fair_id == fair_id,
        FairRegistration.status != RegistrationStatus.CANCELLED,
        FairRegistration.uscc == uscc,
        FairRegistration.candidate_id == wanted.candidate_id,
    )
    if (await session.exec(statement)).first() is not None:
        raise AlreadyRegistered(
            "This party is registered for the fair; cancel first to change the venue.",
            "已报名本活动;如需更换会场请先取消。",
        )
    free = venue.taken < venue.capacity
    venue.taken += free
    registration = FairRegistration(
        registration_id=uuid4(),
        fair_id=fair.fair_id,
        venue_id=venue.venue_id,
        candidate_id=wanted.candidate_id,
        uscc=uscc,
        status=RegistrationStatus.REGISTERED if free else RegistrationStatus.WAITING,
        registered_at=clock.now(),
        checked_in_at=None,
    )
    session.add(registration)
    await session.flush()
    return registration


async def cancel_registration(
    session: Session, fair_id: UUID, registration_id: UUID, by: Subject
) -> FairRegistration:
    """Give the seat back; the first who waits gets it. Twice is once.

    Raises RegistrationNotFound, WrongState (checked in already).
    """
    registration = await _locked(session, fair_id, registration_id)
    await _require_party(session, registration, by)
    if registration.status == RegistrationStatus.ATTENDED:
        raise WrongState("Checked in already.", "已签到,不能取消。")
    await _release(session, registration)
    return registration


async def check_in(
    session: Session, fair_id: UUID, registration_id: UUID, by: Subject
) -> FairRegistration:
    """Staff check a seat in (签到). Twice is once. Raises RegistrationNotFound, WrongState."""
    registration = await _locked(session, fair_id, registration_id)
    venue = await session.get(FairVenue, registration.venue_id)
    if venue is None or not oversees(by, venue.region):
        raise _not_found(registration_id)
    if registration.status == RegistrationStatus.ATTENDED:
        return registration
    if registration.status != RegistrationStatus.REGISTERED:
        raise WrongState(
            f"The registration is {registration.status}; only a seat can be checked in.",
            f"报名状态为 {registration.status},仅已报名者可签到。",
        )
    registration.status = RegistrationStatus.ATTENDED
    registration.checked_in_at = clock.now()
    return registration


async def report_fair_outcome(
    session: Session, fair_id: UUID, wanted: FairOutcomeWrite, by: Subject
) -> FairOutcome:
    """What a firm that attended reports; a later report replaces it.

    Raises FairNotFound, WrongState (the firm did not attend).
    """
    await lock_keys(session, [f"fair:{fair_id}"])
    statement = select(FairRegistration.registration_id).where(
        FairRegistration.fair_id == fair_id,
        FairRegistration.uscc == by.uscc,
        FairRegistration.status == RegistrationStatus.ATTENDED,
    )
    if (await session.exec(statement)).first() is None:
        raise WrongState(
            "Your firm did not check in at this fair; outcomes come from those who attended.",
            "贵企业未在本活动签到,仅到场企业可反馈成效。",
        )
    outcome = await session.get(FairOutcome, (fair_id, by.uscc))
    if outcome is None:
        outcome = FairOutcome(
            fair_id=fair_id, uscc=by.uscc or "", **wanted.model_dump(), reported_at=clock.now()
        )
    outcome.sqlmodel_update({**wanted.model_dump(), "reported_at": clock.now()})
    session.add(outcome)
    return outcome


async def find_fair(session: Session, fair_id: UUID) -> Fair:
    """The fair. Raises FairNotFound."""
    fair = await session.get(Fair, fair_id)
    if fair is None:
        raise _no_fair(fair_id)
    return fair


async def list_fairs(session: Session) -> Sequence[Fair]:
    """The latest fairs."""
    statement = select(Fair).order_by(col(Fair.starts_at).desc(), col(Fair.fair_id))
    return (await session.exec(statement.limit(LISTED_MAX))).all()


async def venues_of(session: Session, fair_id: UUID) -> Sequence[FairVenue]:
    """The venues of a fair, by name."""
    statement = select(FairVenue).where(FairVenue.fair_id == fair_id)
    return (
        await session.exec(statement.order_by(col(FairVenue.name), col(FairVenue.venue_id)))
    ).all()


async def totals_of(session: Session, fair_id: UUID) -> FairTotals:
    """Counts of a fair."""
    counts = dict(
        (
            await session.exec(
                select(FairRegistration.status, func.count())
                .where(FairRegistration.fair_id == fair_id)
                .group_by(FairRegistration.status)
            )
        ).all()
    )
    sums = (
        await session.exec(
            select(
                func.coalesce(func.sum(FairOutcome.interviews), 0),
                func.coalesce(func.sum(FairOutcome.offers), 0),
                func.coalesce(func.sum(FairOutcome.hires), 0),
            ).where(FairOutcome.fair_id == fair_id)
        )
    ).one()
    return FairTotals(
        registered=counts.get(RegistrationStatus.REGISTERED, 0),
        waiting=counts.get(RegistrationStatus.WAITING, 0),
        attended=counts.get(RegistrationStatus.ATTENDED, 0),
        interviews=sums[0],
        offers=sums[1],
        hires=sums[2],
    )


async def waiting_ahead(session: Session, registration: FairRegistration) -> int:
    """How many wait before this one."""
    if registration.status != RegistrationStatus.WAITING:
        return 0
    statement = select(func.count()).where(
        FairRegistration.venue_id == registration.venue_id,
        FairRegistration.status == RegistrationStatus.WAITING,
        col(FairRegistration.number) < registration.number,
    )
    return (await session.exec(statement)).one()


async def erase_registrations(session: Session, candidate_id: UUID) -> None:
    """Give back every seat the person holds, and forget the person in the list."""
    statement = select(FairRegistration).where(FairRegistration.candidate_id == candidate_id)
    for registration in (await session.exec(statement)).all():
        await lock_keys(session, [f"venue:{registration.venue_id}"])
        await _release(session, registration)


async def _release(session: Session, registration: FairRegistration) -> None:
    had_seat = registration.status == RegistrationStatus.REGISTERED
    registration.status = RegistrationStatus.CANCELLED
    await session.flush()
    if not had_seat:
        return
    first = (
        await session.exec(
            select(FairRegistration)
            .where(
                FairRegistration.venue_id == registration.venue_id,
                FairRegistration.status == RegistrationStatus.WAITING,
            )
            .order_by(col(FairRegistration.number))
            .limit(1)
        )
    ).first()
    if first is not None:
        first.status = RegistrationStatus.REGISTERED
        return
    venue = await session.get(FairVenue, registration.venue_id, populate_existing=True)
    assert venue is not None
    venue.taken -= 1


async def _open(session: Session, fair_id: UUID, venue_id: UUID) -> tuple[Fair, FairVenue]:
    fair = await find_fair(session, fair_id)
    venue = await session.get(FairVenue, venue_id)
    if venue is None or venue.fair_id != fair_id:
        raise _no_fair(venue_id)
    if fair.ends_at <= clock.now():
        raise WrongState("The fair is over.", "活动已结束。")
    return fair, venue


async def _party(session: Session, wanted: RegistrationCreate, by: Subject) -> str | None:
    """The firm that registers; None when a candidate does."""
    if by.role is Role.ENTERPRISE:
        if wanted.candidate_id is not None:
            raise out_of_scope(f"candidate {wanted.candidate_id}")
        return (await find_enterprise(session, by.uscc or "", by)).uscc
    if wanted.candidate_id is None:
        raise out_of_scope("a registration without candidate_id")
    await find_candidate(session, wanted.candidate_id, by)
    return None


async def _locked(session: Session, fair_id: UUID, registration_id: UUID) -> FairRegistration:
    found = await session.exec(
        select(FairRegistration.venue_id).where(
            FairRegistration.registration_id == registration_id,
            FairRegistration.fair_id == fair_id,
        )
    )
    venue_id = found.first()
    if venue_id is None:
        raise _not_found(registration_id)
    await lock_keys(session, [f"venue:{venue_id}"])
    registration = await session.get(FairRegistration, registration_id)
    assert registration is not None
    return registration


async def _require_party(session: Session, registration: FairRegistration, by: Subject) -> None:
    if registration.candidate_id is not None:
        candidate = await session.get(Candidate, registration.candidate_id)
        own = candidate is not None and is_own(candidate, by)
    else:
        own = by.role is Role.ENTERPRISE and registration.uscc == by.uscc
    if not own:
        raise _not_found(registration.registration_id)


def _no_fair(fair_id: UUID) -> FairNotFound:
    return FairNotFound(
        f"There is no fair or venue {fair_id}. GET /v1/fairs lists them.",
        f"没有编号为 {fair_id} 的活动或会场,请通过 GET /v1/fairs 查询。",
    )


def _not_found(registration_id: UUID) -> RegistrationNotFound:
    return RegistrationNotFound(
        f"There is no registration {registration_id} that you may change.",
        f"没有您可办理的报名 {registration_id}。",
    )
