"""HTTP of positions and of the demand directory."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from sqlmodel import col, or_, select

from contracts.events.talent import PositionStatus, TalentKind, WorkMode
from services.talent.models import Position, PositionBatch
from services.talent.positions import service
from services.talent.positions.reading import read_positions
from services.talent.positions.schemas import (
    BatchCreate,
    BatchList,
    BatchRead,
    PositionCreate,
    PositionPage,
    PositionRead,
    PositionReview,
    PositionWrite,
)
from services.talent.wording import after_id
from shared.app import create_router
from shared.auth import Role, Subject, allow, open_to_all
from shared.db import Session
from shared.http import Db, ExpectedVersion, Limit, encode_cursor, etag, link_next

router = create_router("人才需求目录 Demand directory")

Filer = Annotated[Subject, allow(Role.ENTERPRISE, Role.REGULATOR, Role.OPERATOR)]
Reviewer = Annotated[Subject, allow(Role.REGULATOR, Role.REVIEWER)]
Bureau = Annotated[Subject, allow(Role.REGULATOR, Role.OPERATOR)]
Reader = Annotated[
    Subject,
    allow(
        Role.ENTERPRISE,
        Role.REGULATOR,
        Role.OPERATOR,
        Role.REVIEWER,
        Role.FINANCE,
        Role.AUDITOR,
        Role.PROVIDER,
        Role.TALENT,
        Role.INSTITUTION,
    ),
]


@router.post("/v1/positions", status_code=201, summary="填报岗位需求 Write down a position")
async def draft_position(
    wanted: PositionCreate, session: Db, caller: Filer, response: Response
) -> PositionRead:
    """Write down a position. It is a draft until it is handed in for review."""
    row = await service.draft_position(session, wanted, caller)
    response.headers["location"] = f"/v1/positions/{row.position_id}"
    return await _answer(session, row, response)


@router.get("/v1/positions", summary="岗位目录 List positions")
async def list_positions(
    request: Request,
    response: Response,
    session: Db,
    caller: Reader,
    status: Annotated[PositionStatus | None, Query(title="状态")] = None,
    kind: Annotated[TalentKind | None, Query(title="人才类型")] = None,
    mode: Annotated[WorkMode | None, Query(title="用才方式")] = None,
    region: Annotated[str | None, Query(pattern="^[0-9]{2,6}$", title="行政区划前缀")] = None,
    discipline: Annotated[int | None, Query(ge=0, le=99, title="学科")] = None,
    uscc: Annotated[str | None, Query(max_length=18, title="统一社会信用代码")] = None,
    limit: Limit = 50,
    cursor: str | None = None,
) -> PositionPage:
    """The directory: published positions, and what the caller may see beyond them."""
    statement = select(Position).where(
        or_(
            col(Position.status).in_(service.PUBLIC),
            Position.uscc == (caller.uscc or ""),
            service.within(caller.authority),
        )
    )
    for column, value in (
        (Position.status, status),
        (Position.kind, kind),
        (Position.mode, mode),
        (Position.discipline, discipline),
        (Position.uscc, uscc),
    ):
        if value is not None:
            statement = statement.where(col(column) == value)
    if region is not None:
        statement = statement.where(col(Position.region).startswith(region))
    if (after := after_id(cursor)) is not None:
        statement = statement.where(col(Position.position_id) > after)
    ordered = statement.order_by(col(Position.position_id)).limit(limit + 1)
    rows = (await session.exec(ordered)).all()
    if len(rows) > limit:
        link_next(request, response, encode_cursor(str(rows[limit - 1].position_id)))
    return PositionPage(positions=await read_positions(session, rows[:limit]))


@router.get("/v1/positions/{position_id}", summary="读取岗位 Read a position")
async def read_position(
    position_id: UUID, session: Db, caller: Reader, response: Response
) -> PositionRead:
    """One position; its version is the ETag."""
    row = await service.find_position(session, position_id, caller)
    return await _answer(session, row, response)


@router.put("/v1/positions/{position_id}", summary="更新岗位 Change a position")
async def change_position(
    position_id: UUID,
    wanted: PositionWrite,
    expected: ExpectedVersion,
    session: Db,
    caller: Filer,
    response: Response,
) -> PositionRead:
    """Replace what the position asks. Matches follow within a second."""
    row = await service.change_position(session, position_id, expected, wanted, caller)
    return await _answer(session, row, response)


@router.post("/v1/positions/{position_id}/submission", summary="提交审核 Hand in for review")
async def submit_position(
    position_id: UUID, session: Db, caller: Filer, response: Response
) -> PositionRead:
    """Hand the position in for review. Twice is once."""
    return await _answer(
        session, await service.submit_position(session, position_id, caller), response
    )


@router.post("/v1/positions/{position_id}/review", summary="审核岗位 Review a position")
async def review_position(
    position_id: UUID, review: PositionReview, session: Db, caller: Reviewer, response: Response
) -> PositionRead:
    """Approve it for the next batch, or return it with a note."""
    row = await service.review_position(session, position_id, review, caller)
    return await _answer(session, row, response)


@router.post("/v1/positions/{position_id}/closure", summary="关闭岗位 Close a position")
async def close_position(
    position_id: UUID, session: Db, caller: Filer, response: Response
) -> PositionRead:
    """Take the position out of the directory. Twice is once."""
    return await _answer(
        session, await service.close_position(session, position_id, caller), response
    )


@router.post("/v1/position-batches", status_code=201, summary="新建目录批次 Open a batch")
async def open_batch(wanted: BatchCreate, session: Db, caller: Bureau) -> BatchRead:
    """Open a batch of the caller's authority for a period."""
    return await _batch(session, await service.open_batch(session, wanted, caller))


@router.get("/v1/position-batches", summary="目录批次列表 List batches", dependencies=[open_to_all])
async def list_batches(session: Db) -> BatchList:
    """Batches, the latest period first, at most 100. Open to everybody."""
    statement = select(PositionBatch).order_by(
        col(PositionBatch.period).desc(), col(PositionBatch.authority)
    )
    rows = (await session.exec(statement.limit(100))).all()
    return BatchList(batches=[await _batch(session, row) for row in rows])


@router.post("/v1/position-batches/{batch_id}/publication", summary="发布目录 Publish a batch")
async def publish_batch(batch_id: UUID, session: Db, caller: Bureau) -> BatchRead:
    """Publish every approved position of the authority's regions. Twice is once."""
    return await _batch(session, await service.publish_batch(session, batch_id, caller))


async def _answer(session: Session, row: Position, response: Response) -> PositionRead:
    response.headers["etag"] = etag(row.version)
    return (await read_positions(session, [row]))[0]


async def _batch(session: Session, row: PositionBatch) -> BatchRead:
    return BatchRead(
        batch_id=row.batch_id,
        authority=row.authority,
        period=row.period,
        title=row.title,
        status=row.status,
        positions=await service.count_positions(session, row.batch_id),
        published_at=row.published_at,
    )
