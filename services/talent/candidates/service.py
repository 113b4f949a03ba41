"""Use cases of candidates: filing, visibility, contacts under audit, keys."""

import hashlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import col, select

from services.talent.candidates import masking
from services.talent.candidates.profiles import mentions_in, profile_of
from services.talent.candidates.schemas import (
    CandidateConsent,
    CandidateCreate,
    CandidateStatus,
    CandidateWrite,
    Contact,
    Personal,
    VisibilityWrite,
)
from services.talent.candidates.vault import ring
from services.talent.enterprises import out_of_scope, oversees
from services.talent.errors import CandidateNotFound, ConsentMissing
from services.talent.models import Candidate, ContactRead, ContactRequest
from services.talent.records import keep_record
from shared import clock
from shared.auth import Role, Subject
from shared.db import Session, lock_keys
from shared.errors import Unprocessable
from shared.http import PreconditionFailed

CONTACT_OPEN = ("agreed", "offered", "hired")
FILERS = (Role.INSTITUTION, Role.PROVIDER)


async def file_candidate(session: Session, wanted: CandidateCreate, by: Subject) -> Candidate:
    """Enter a candidate under a consent: oneself, or one an institution or HR agency stands for.

    Raises Unprocessable (the consent has ended), OutOfScope, KeysMissing.
    """
    candidate_id = uuid4()
    await lock_keys(session, [str(candidate_id)])
    _require_consent(wanted.consent)
    sealed = ring.seal(candidate_id, wanted.personal)
    now = clock.now()
    candidate = Candidate(
        candidate_id=candidate_id,
        owner=owner_of(by),
        status=CandidateStatus.LISTED,
        hidden_from=sorted(set(wanted.hidden_from)),
        consent_until=wanted.consent.until,
        consent_reference=wanted.consent.reference,
        created_at=now,
        version=0,
        personal=sealed.content,
        key_id=sealed.key_id,
        **_columns(wanted, wanted.personal),
    )
    session.add(candidate)
    return await keep_candidate(session, candidate)


async def change_candidate(
    session: Session, candidate_id: UUID, expected: int, wanted: CandidateWrite, by: Subject
) -> Candidate:
    """Replace the profile. The texts are freed of personal fields before they are stored.

    Raises CandidateNotFound, PreconditionFailed, KeysMissing.
    """
    candidate = await own_candidate(session, candidate_id, by)
    if candidate.version != expected:
        raise PreconditionFailed(
            f"You read version {expected}; the profile is at {candidate.version}. Read it again.",
            f"您读取的是版本 {expected},当前版本为 {candidate.version},请重新读取。",
        )
    candidate.sqlmodel_update(_columns(wanted, _opened(candidate)))
    return await keep_candidate(session, candidate)


async def change_visibility(
    session: Session, candidate_id: UUID, wanted: VisibilityWrite, by: Subject
) -> Candidate:
    """List or hide the candidate; a new consent may come with it.

    Raises CandidateNotFound, ConsentMissing, Unprocessable.
    """
    candidate = await own_candidate(session, candidate_id, by)
    if wanted.consent is not None:
        _require_consent(wanted.consent)
        candidate.consent_until = wanted.consent.until
        candidate.consent_reference = wanted.consent.reference
    if wanted.listed and (
        candidate.consent_until is None or candidate.consent_until < clock.today()
    ):
        raise ConsentMissing(
            "The consent has ended. Send a new one with this request.",
            "本人授权已到期,请在本次请求中附上新的授权。",
        )
    candidate.status = CandidateStatus.LISTED if wanted.listed else CandidateStatus.HIDDEN
    candidate.hidden_from = sorted(set(wanted.hidden_from))
    return await keep_candidate(session, candidate)


async def change_contact(
    session: Session, candidate_id: UUID, personal: Personal, by: Subject
) -> Candidate:
    """Replace the personal fields; the texts are freed of the new ones too.

    Raises CandidateNotFound, KeysMissing.
    """
    candidate = await own_candidate(session, candidate_id, by)
    sealed = ring.seal(candidate_id, personal)
    candidate.personal, candidate.key_id = sealed.content, sealed.key_id
    profile = CandidateWrite.model_validate(candidate.profile)
    candidate.sqlmodel_update(_columns(profile, personal))
    return await keep_candidate(session, candidate)


async def read_contact(
    session: Session, candidate_id: UUID, purpose: str, by: Subject
) -> tuple[str, Contact]:
    """The contact as this caller may see it. The reading is recorded in the same transaction.

    Raises CandidateNotFound, ConsentMissing, KeysMissing.
    """
    await lock_keys(session, [str(candidate_id)])
    candidate = await session.get(Candidate, candidate_id)
    if candidate is None or candidate.status == CandidateStatus.ERASED:
        raise not_found(candidate_id)
    view = await _view_of(session, candidate, by)
    show = {"full": masking.full, "agreed": masking.agreed, "masked": masking.masked}[view]
    contact = show(_opened(candidate))
    session.add(
        ContactRead(
            candidate_id=candidate_id,
            read_at=clock.now(),
            role=by.role,
            reader=reader_of(by),
            view=view,
            purpose=purpose,
        )
    )
    return view, contact


async def contact_reads(session: Session, candidate_id: UUID, by: Subject) -> Sequence[ContactRead]:
    """Who read the contact, newest first, for the person, the filer and auditors."""
    candidate = await session.get(Candidate, candidate_id)
    if candidate is None or not (
        is_own(candidate, by) or (by.role is Role.AUDITOR and oversees(by, candidate.region))
    ):
        raise not_found(candidate_id)
    statement = select(ContactRead).where(ContactRead.candidate_id == candidate_id)
    return (
        await session.exec(statement.order_by(col(ContactRead.read_id).desc()).limit(200))
    ).all()


async def find_candidate(session: Session, candidate_id: UUID, by: Subject) -> Candidate:
    """The candidate, for the person and whoever filed them. Raises CandidateNotFound."""
    candidate = await session.get(Candidate, candidate_id)
    if candidate is None or not is_own(candidate, by):
        raise not_found(candidate_id)
    return candidate


async def own_candidate(session: Session, candidate_id: UUID, by: Subject) -> Candidate:
    """The caller's own candidate, locked, to be changed. Raises CandidateNotFound."""
    await lock_keys(session, [str(candidate_id)])
    return await find_candidate(session, candidate_id, by)


async def require_listed(session: Session, candidate_id: UUID, uscc: str) -> Candidate:
    """A candidate this enterprise can see in the directory. Raises CandidateNotFound."""
    candidate = await session.get(Candidate, candidate_id)
    if (
        candidate is None
        or candidate.status != CandidateStatus.LISTED
        or candidate.consent_until is None
        or candidate.consent_until < clock.today()
        or uscc in candidate.hidden_from
    ):
        raise not_found(candidate_id)
    return candidate


async def rotate_key(session: Session, candidate_id: UUID) -> bool:
    """Encrypt one candidate's fields under the current key; False when they already are."""
    await lock_keys(session, [str(candidate_id)])
    candidate = await session.get(Candidate, candidate_id)
    if candidate is None or candidate.personal is None or candidate.key_id == ring.current():
        return False
    sealed = ring.seal(candidate_id, _opened(candidate))
    candidate.personal, candidate.key_id = sealed.content, sealed.key_id
    return True


async def under_old_key(session: Session, limit: int) -> Sequence[UUID]:
    """Candidates whose fields are not under the current key."""
    key_id = col(Candidate.key_id)
    statement = select(Candidate.candidate_id).where(
        (key_id < ring.current()) | (key_id > ring.current()), col(Candidate.personal).is_not(None)
    )
    return (await session.exec(statement.limit(limit))).all()


async def refresh_record(session: Session, candidate_id: UUID) -> None:
    """Make the match record again, as after a new taxonomy."""
    await lock_keys(session, [str(candidate_id)])
    candidate = await session.get(Candidate, candidate_id)
    if candidate is not None and candidate.ordinal is not None:
        words = candidate.profile
        candidate.mentions = mentions_in(words.get("skills", ()), words.get("summary", ""))
        await keep_record(session, "candidate", candidate.ordinal, profile_of(candidate))


async def keep_candidate(session: Session, candidate: Candidate) -> Candidate:
    """Store a change and the match record that follows from it."""
    candidate.version += 1
    candidate.changed_at = clock.now()
    await session.flush()  # gives the ordinal; the match record refers to the row
    assert candidate.ordinal is not None
    await keep_record(session, "candidate", candidate.ordinal, profile_of(candidate))
    return candidate


def owner_of(by: Subject) -> str:
    """Who a candidate belongs to. A person's subject id may name them, so its digest is kept."""
    if by.role in FILERS:
        if not by.org:
            raise out_of_scope("a token without org")
        return f"{by.role}:{by.org}"
    return f"{by.role}:{hashlib.sha256(by.sub.encode()).hexdigest()[:32]}"


def reader_of(by: Subject) -> str:
    """Who read, as the record names them: the firm or office and the account."""
    if by.role is Role.TALENT:
        return "self"
    account = hashlib.sha256(by.sub.encode()).hexdigest()[:12]
    return f"{by.uscc or by.org or by.authority or '-'}/{account}"


def is_own(candidate: Candidate, by: Subject) -> bool:
    """Whether the caller is the person, or the institution or agency that filed them."""
    return by.role in (Role.TALENT, *FILERS) and candidate.owner == owner_of(by)


def not_found(candidate_id: UUID) -> CandidateNotFound:
    """No such candidate, or not for this caller."""
    return CandidateNotFound(
        f"There is no candidate {candidate_id} that you may see.",
        f"没有您可查看的人才 {candidate_id}。",
    )


async def _view_of(session: Session, candidate: Candidate, by: Subject) -> str:
    if is_own(candidate, by):
        return "full"
    if oversees(by, candidate.region):
        return "masked"
    if by.role is not Role.ENTERPRISE:
        raise not_found(candidate.candidate_id)
    statement = select(ContactRequest.request_id).where(
        ContactRequest.candidate_id == candidate.candidate_id,
        ContactRequest.uscc == by.uscc,
        col(ContactRequest.status).in_(CONTACT_OPEN),
    )
    if (await session.exec(statement)).first() is None:
        raise ConsentMissing(
            "The person has not agreed to your contact. Ask with POST /v1/contact-requests.",
            "对方尚未同意对接,请先通过 POST /v1/contact-requests 提出申请。",
        )
    return "agreed"


def _opened(candidate: Candidate) -> Personal:
    assert candidate.personal is not None
    assert candidate.key_id is not None
    return ring.open(candidate.candidate_id, candidate.key_id, candidate.personal)


def _columns(wanted: CandidateWrite, personal: Personal) -> dict[str, Any]:
    document = wanted.model_dump(
        mode="json", include=set(CandidateWrite.model_fields), exclude_none=True
    )
    document["summary"] = masking.scrub(document["summary"], personal)
    document["skills"] = [masking.scrub(word, personal) for word in document["skills"]]
    return {
        "kinds": sorted(set(wanted.kinds)),
        "level": wanted.level,
        "discipline": wanted.discipline,
        "region": wanted.region,
        "segment": wanted.segment,
        "profile": document,
        "mentions": mentions_in(document["skills"], document["summary"]),
        "confirmed_on": clock.today(),
    }


def _require_consent(consent: CandidateConsent) -> None:
    if consent.until < clock.today():
        raise Unprocessable(
            f"The consent ended on {consent.until}. Send one that is still valid.",
            f"本人授权已于 {consent.until} 到期,请提供有效的授权。",
        )
