"""Erasure of a person (删除个人信息): what remains is a number without a person behind it.

Agreements and counts of firms stay, without the person's id in later events. Stored answers of
idempotent requests that name the candidate go too.
"""

from uuid import UUID

from sqlalchemy import text

from services.talent.candidates.schemas import CandidateStatus
from services.talent.candidates.service import keep_candidate, own_candidate
from services.talent.fairs.service import erase_registrations
from services.talent.internships.service import erase_interns
from services.talent.placements.service import erase_requests
from services.talent.secondments.service import erase_secondments
from shared.auth import Subject
from shared.db import Session

NO_REGION = "000000"
_ANSWERS = text("DELETE FROM idempotency WHERE position(CAST(:id AS bytea) IN body) > 0")


async def erase_candidate(session: Session, candidate_id: UUID, by: Subject) -> None:
    """Erase one's own candidate for good. Raises CandidateNotFound, also the second time."""
    candidate = await own_candidate(session, candidate_id, by)
    await erase_requests(session, candidate_id)
    await erase_secondments(session, candidate_id)
    await erase_interns(session, candidate_id)
    await erase_registrations(session, candidate_id)
    candidate.status = CandidateStatus.ERASED
    candidate.owner, candidate.personal, candidate.key_id = None, None, None
    candidate.kinds, candidate.hidden_from = [], []
    candidate.profile, candidate.mentions = {}, []
    candidate.level, candidate.discipline, candidate.region = 0, 0, NO_REGION
    candidate.segment, candidate.consent_until, candidate.consent_reference = None, None, None
    await keep_candidate(session, candidate)
    await (await session.connection()).execute(_ANSWERS, {"id": str(candidate_id).encode()})
