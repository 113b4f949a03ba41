"""HTTP of candidates: the person's own, or those an institution or agency filed."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from sqlmodel import col, select

from services.talent.candidates import service
from services.talent.candidates.profiles import read, skill_names
from services.talent.candidates.schemas import (
    CandidateCreate,
    CandidatePage,
    CandidateRead,
    CandidateStatus,
    CandidateWrite,
    ContactAnswer,
    ContactReadRow,
    ContactReads,
    Personal,
    VisibilityWrite,
)
from services.talent.erasure import erase_candidate
from services.talent.matching.recognise import unrecognised
from services.talent.models import Candidate
from services.talent.wording import after_id
from shared.app import create_router
from shared.auth import Role, Subject, allow
from shared.http import Db, ExpectedVersion, Limit, encode_cursor, etag, link_next

router = create_router("人才 Candidates")

Owner = Annotated[Subject, allow(Role.TALENT, Role.INSTITUTION, Role.PROVIDER)]
ContactReader = Annotated[
    Subject,
    allow(
        Role.TALENT,
        Role.INSTITUTION,
        Role.PROVIDER,
        Role.ENTERPRISE,
        Role.REGULATOR,
        Role.OPERATOR,
        Role.AUDITOR,
    ),
]
Watcher = Annotated[Subject, allow(Role.TALENT, Role.INSTITUTION, Role.PROVIDER, Role.AUDITOR)]
Purpose = Annotated[str, Query(min_length=2, max_length=100, title="用途")]


@router.post("/v1/candidates", status_code=201, summary="人才入库 Enter a candidate")
async def file_candidate(
    wanted: CandidateCreate, session: Db, caller: Owner, response: Response
) -> CandidateRead:
    """Enter oneself, or a person one stands for, under their consent. Shown without a name."""
    row = await service.file_candidate(session, wanted, caller)
    response.headers["location"] = f"/v1/candidates/{row.candidate_id}"
    return _answer(row, response)


@router.get("/v1/candidates", summary="本方人才列表 List own candidates")
async def list_candidates(
    request: Request,
    response: Response,
    session: Db,
    caller: Owner,
    limit: Limit = 50,
    cursor: str | None = None,
) -> CandidatePage:
    """The caller's own candidates, by id."""
    statement = select(Candidate).where(Candidate.owner == service.owner_of(caller))
    if (after := after_id(cursor)) is not None:
        statement = statement.where(col(Candidate.candidate_id) > after)
    ordered = statement.order_by(col(Candidate.candidate_id)).limit(limit + 1)
    rows = (await session.exec(ordered)).all()
    if len(rows) > limit:
        link_next(request, response, encode_cursor(str(rows[limit - 1].candidate_id)))
    return CandidatePage(candidates=[_read(row) for row in rows[:limit]])


@router.get("/v1/candidates/{candidate_id}", summary="读取人才资料 Read a candidate")
async def read_candidate(
    candidate_id: UUID, session: Db, caller: Owner, response: Response
) -> CandidateRead:
    """One's own candidate, without the contact; its version is the ETag."""
    return _answer(await service.find_candidate(session, candidate_id, caller), response)


@router.put("/v1/candidates/{candidate_id}", summary="更新人才资料 Change a profile")
async def change_candidate(
    candidate_id: UUID,
    wanted: CandidateWrite,
    expected: ExpectedVersion,
    session: Db,
    caller: Owner,
    response: Response,
) -> CandidateRead:
    """Replace the profile. Matches follow within a second."""
    row = await service.change_candidate(session, candidate_id, expected, wanted, caller)
    return _answer(row, response)


@router.put("/v1/candidates/{candidate_id}/visibility", summary="可见范围 Set the visibility")
async def change_visibility(
    candidate_id: UUID, wanted: VisibilityWrite, session: Db, caller: Owner, response: Response
) -> CandidateRead:
    """List or hide the candidate, name firms that never see them, renew the consent."""
    row = await service.change_visibility(session, candidate_id, wanted, caller)
    return _answer(row, response)


@router.put("/v1/candidates/{candidate_id}/contact", summary="更新联系方式 Change the contact")
async def change_contact(
    candidate_id: UUID, personal: Personal, session: Db, caller: Owner, response: Response
) -> CandidateRead:
    """Replace the personal fields. The answer does not repeat them."""
    row = await service.change_contact(session, candidate_id, personal, caller)
    return _answer(row, response)


@router.get("/v1/candidates/{candidate_id}/contact", summary="查阅联系方式 Read the contact")
async def read_contact(
    candidate_id: UUID, session: Db, caller: ContactReader, purpose: Purpose, response: Response
) -> ContactAnswer:
    """The contact as far as the caller may see it. Every reading is recorded."""
    view, contact = await service.read_contact(session, candidate_id, purpose, caller)
    response.headers["cache-control"] = "no-store"
    return ContactAnswer(candidate_id=candidate_id, view=view, contact=contact)


@router.get("/v1/candidates/{candidate_id}/contact-reads", summary="查阅记录 Who read it")
async def list_contact_reads(candidate_id: UUID, session: Db, caller: Watcher) -> ContactReads:
    """Who read the contact, newest first, at most 200."""
    rows = await service.contact_reads(session, candidate_id, caller)
    return ContactReads(
        reads=[
            ContactReadRow(**row.model_dump(exclude={"read_id", "candidate_id"})) for row in rows
        ]
    )


@router.delete(
    "/v1/candidates/{candidate_id}", status_code=204, summary="删除个人信息 Erase a candidate"
)
async def delete_candidate(candidate_id: UUID, session: Db, caller: Owner) -> None:
    """Erase the person for good: fields, texts, ownership; open requests and seats end."""
    await erase_candidate(session, candidate_id, caller)


def _answer(row: Candidate, response: Response) -> CandidateRead:
    response.headers["etag"] = etag(row.version)
    return _read(row)


def _read(row: Candidate) -> CandidateRead:
    reading = read(row)
    return CandidateRead(
        candidate_id=row.candidate_id,
        status=CandidateStatus(row.status),
        profile=reading.written,
        hidden_from=row.hidden_from,
        recognised_skills=skill_names(reading.mentions),
        unrecognised_skills=list(unrecognised(reading.written.skills)),
        consent_until=row.consent_until,
        confirmed_on=row.confirmed_on,
        changed_at=row.changed_at,
        version=row.version,
    )
