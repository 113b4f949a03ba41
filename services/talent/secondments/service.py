"""Use cases of secondments: proposed → agreed → active → ended; the database keeps the shares."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, or_, select

from contracts.events.talent import PlacementKind, PlacementStatus, Term
from services.talent.candidates.service import is_own, owner_of, require_listed
from services.talent.enterprises import find_enterprise
from services.talent.errors import ConsentMissing, SecondmentNotFound, SharesExceeded, WrongState
from services.talent.models import Candidate, Secondment
from services.talent.placements.facts import publish_placement
from services.talent.secondments.schemas import SecondmentAgreement, SecondmentCreate
from shared import clock
from shared.auth import Role, Subject
from shared.db import Session, lock_keys
from shared.errors import Unprocessable

LISTED_MAX = 200
RUNNING = (PlacementStatus.AGREED, PlacementStatus.ACTIVE)


async def propose_secondment(session: Session, wanted: SecondmentCreate, by: Subject) -> Secondment:
    """The host proposes; a proposal holds no share of the person's time.

    Raises OutOfScope, EnterpriseUnknown, CandidateNotFound, Unprocessable.
    """
    secondment_id = uuid4()
    await lock_keys(session, [str(secondment_id), str(wanted.candidate_id)])
    host = await find_enterprise(session, by.uscc or "", by)
    await require_listed(session, wanted.candidate_id, host.uscc)
    if wanted.ends_on < clock.today():
        raise Unprocessable("The term has ended already.", "协议期限已过。")
    secondment = Secondment(
        secondment_id=secondment_id,
        uscc=host.uscc,
        status=PlacementStatus.PROPOSED,
        proposed_at=clock.now(),
        **wanted.model_dump(),
    )
    session.add(secondment)
    return await _keep(session, secondment)


async def agree_to_secondment(
    session: Session, secondment_id: UUID, agreement: SecondmentAgreement, by: Subject
) -> Secondment:
    """The home institution's agreement, the person's, or both; with both it is agreed.

    Raises SecondmentNotFound, ConsentMissing, WrongState, SharesExceeded.
    """
    secondment, candidate = await _locked(session, secondment_id)
    own = is_own(candidate, by)
    is_home = by.role is Role.INSTITUTION and by.org == secondment.home_org
    if not (own or is_home):
        raise _not_found(secondment_id)
    if secondment.status in RUNNING:
        return secondment
    if secondment.status != PlacementStatus.PROPOSED:
        raise _wrong_state(secondment)
    now = clock.now()
    if is_home and secondment.home_agreed_at is None:
        secondment.home_agreed_at = now
    if own and (by.role is Role.TALENT or agreement.person_consent_reference):
        secondment.person_agreed_at = now
    elif agreement.person_consent_reference:
        raise ConsentMissing(
            "Only the institution that filed the person can hand in their consent; here the"
            " person agrees with a token of their own.",
            "仅登记该人才的机构可代为提交同意书;此人才需本人确认。",
        )
    if secondment.home_agreed_at and secondment.person_agreed_at:
        today = clock.today()
        begun = secondment.starts_on <= today
        secondment.status = PlacementStatus.ACTIVE if begun else PlacementStatus.AGREED
    return await _keep(session, secondment)


async def end_secondment(session: Session, secondment_id: UUID, by: Subject) -> Secondment:
    """Any of the three ends it, or declines a proposal. Twice is once.

    Raises SecondmentNotFound.
    """
    secondment, candidate = await _locked(session, secondment_id)
    is_home = by.role is Role.INSTITUTION and by.org == secondment.home_org
    is_host = by.role is Role.ENTERPRISE and by.uscc == secondment.uscc
    if not (is_own(candidate, by) or is_home or is_host):
        raise _not_found(secondment_id)
    if secondment.status in RUNNING:
        secondment.status = PlacementStatus.ENDED
    elif secondment.status == PlacementStatus.PROPOSED:
        secondment.status = PlacementStatus.DECLINED
    else:
        return secondment
    secondment.ended_at = clock.now()
    return await _keep(session, secondment)


async def find_secondments(session: Session, by: Subject) -> Sequence[Secondment]:
    """Those of the caller's firm, institution or own candidates."""
    statement = select(Secondment)
    if by.role is Role.ENTERPRISE:
        statement = statement.where(Secondment.uscc == by.uscc)
    else:
        own = select(Candidate.candidate_id).where(Candidate.owner == owner_of(by))
        mine = col(Secondment.candidate_id).in_(own)
        home = Secondment.home_org == by.org
        statement = statement.where(or_(mine, home) if by.role is Role.INSTITUTION else mine)
    newest = statement.order_by(col(Secondment.proposed_at).desc()).limit(LISTED_MAX)
    return (await session.exec(newest)).all()


async def due(session: Session, limit: int) -> Sequence[UUID]:
    """Secondments that begin or end by date."""
    today = clock.today()
    begins = (col(Secondment.status) == PlacementStatus.AGREED) & (
        col(Secondment.starts_on) <= today
    )
    ends = col(Secondment.status).in_(RUNNING) & (col(Secondment.ends_on) < today)
    statement = select(Secondment.secondment_id).where(begins | ends).limit(limit)
    return (await session.exec(statement)).all()


async def advance(session: Session, secondment_id: UUID) -> None:
    """Let a secondment begin or end on its day."""
    secondment, _ = await _locked(session, secondment_id)
    today = clock.today()
    if secondment.status not in RUNNING:
        return
    if secondment.ends_on < today:
        secondment.status, secondment.ended_at = PlacementStatus.ENDED, clock.now()
    elif secondment.status == PlacementStatus.AGREED and secondment.starts_on <= today:
        secondment.status = PlacementStatus.ACTIVE
    else:
        return
    await _keep(session, secondment)


async def erase_secondments(session: Session, candidate_id: UUID) -> None:
    """Forget the person in every secondment; running ones end."""
    statement = select(Secondment).where(Secondment.candidate_id == candidate_id)
    for secondment in (await session.exec(statement)).all():
        await lock_keys(session, [str(secondment.secondment_id)])
        secondment.status, secondment.ip_clause, secondment.duties = PlacementStatus.ERASED, "", ""
        secondment.ended_at = secondment.ended_at or clock.now()
        await _keep(session, secondment)


async def _locked(session: Session, secondment_id: UUID) -> tuple[Secondment, Candidate]:
    candidate_id = (
        await session.exec(
            select(Secondment.candidate_id).where(Secondment.secondment_id == secondment_id)
        )
    ).first()
    if candidate_id is None:
        raise _not_found(secondment_id)
    await lock_keys(session, [str(secondment_id), str(candidate_id)])
    secondment = await session.get(Secondment, secondment_id)
    candidate = await session.get(Candidate, candidate_id)
    assert secondment is not None
    assert candidate is not None
    return secondment, candidate


async def _keep(session: Session, secondment: Secondment) -> Secondment:
    too_much = SharesExceeded(
        f"With {secondment.share_percent} % more the person's shares would pass 100 % on a day"
        f" between {secondment.starts_on} and {secondment.ends_on}. Lower the share or move the"
        " dates.",
        f"加上 {secondment.share_percent}% 后,该人才在 {secondment.starts_on} 至"
        f" {secondment.ends_on} 之间的投入比例将超过 100%,请降低比例或调整日期。",
    )
    try:
        await session.flush()  # the trigger adds the person's shares up
    except IntegrityError as error:
        if "100 percent" not in str(error.orig):
            raise
        raise too_much from None
    erased = secondment.status == PlacementStatus.ERASED
    await publish_placement(
        session,
        secondment.secondment_id,
        PlacementKind.SECONDMENT,
        PlacementStatus(secondment.status),
        uscc=secondment.uscc,
        position_id=secondment.position_id,
        candidate_id=None if erased else secondment.candidate_id,
        term=Term(
            starts_on=secondment.starts_on,
            ends_on=secondment.ends_on,
            share_percent=secondment.share_percent,
        ),
    )
    return secondment


def _not_found(secondment_id: UUID) -> SecondmentNotFound:
    return SecondmentNotFound(
        f"There is no secondment {secondment_id} of yours.", f"没有您的协议 {secondment_id}。"
    )


def _wrong_state(secondment: Secondment) -> WrongState:
    return WrongState(
        f"The secondment is {secondment.status}; this step is not possible now.",
        f"协议当前状态为 {secondment.status},不能执行此操作。",
    )
