"""HTTP of the needs: an enterprise's own, and the library that an authority reads (需求库)."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from sqlmodel import col, func, select

from contracts.events.enterprise import NeedKind, NeedStatus
from services.enterprise.models import Enterprise
from services.enterprise.needs import service
from services.enterprise.needs.models import NeedFiled
from services.enterprise.needs.schemas import (
    LibraryNeed,
    LibraryPage,
    NeedClosing,
    NeedCount,
    NeedCounts,
    NeedPage,
    NeedRead,
    NeedWrite,
)
from services.enterprise.service import find_enterprise
from shared.app import create_router
from shared.auth import Role, Subject, allow
from shared.http import Db, Limit, decode_cursor, encode_cursor, link_next
from shared.scope import Reader, Staff, covered_by
from shared.uscc import CheckedUscc

router = create_router("企业需求 Needs")

Owner = Annotated[Subject, allow(Role.ENTERPRISE, Role.OPERATOR)]
RegionPrefix = Annotated[str | None, Query(pattern="^[0-9]{2,6}$", title="行政区划前缀")]
_segment = func.coalesce(col(NeedFiled.segment), col(Enterprise.segment))


@router.post("/v1/enterprises/{uscc}/needs", status_code=201, summary="提出需求 State a need")
async def state_need(uscc: CheckedUscc, need: NeedWrite, session: Db, caller: Owner) -> NeedRead:
    """Say what the enterprise lacks: offerings, banks and people are sought for it."""
    return _read(await service.state_need(session, uscc, need, caller))


@router.get("/v1/enterprises/{uscc}/needs", summary="企业需求列表 List needs")
async def list_needs(
    uscc: CheckedUscc,
    request: Request,
    response: Response,
    session: Db,
    caller: Reader,
    status: NeedStatus | None = None,
    limit: Limit = 50,
    cursor: str | None = None,
) -> NeedPage:
    """The enterprise's needs, newest first."""
    before = decode_cursor(cursor, [int])
    await find_enterprise(session, uscc, caller)
    statement = select(NeedFiled).where(NeedFiled.uscc == uscc)
    if status is not None:
        statement = statement.where(NeedFiled.status == status)
    if before is not None:
        statement = statement.where(col(NeedFiled.number) < before[0])
    found = await session.exec(statement.order_by(col(NeedFiled.number).desc()).limit(limit + 1))
    rows = found.all()
    if len(rows) > limit:
        link_next(request, response, encode_cursor(rows[limit - 1].number or 0))
    return NeedPage(needs=[_read(row) for row in rows[:limit]])


@router.put("/v1/enterprises/{uscc}/needs/{need_id}", summary="变更需求 Change a need")
async def change_need(
    uscc: CheckedUscc, need_id: UUID, need: NeedWrite, session: Db, caller: Owner
) -> NeedRead:
    """Write an open need anew."""
    return _read(await service.change_need(session, uscc, need_id, need, caller))


@router.post("/v1/enterprises/{uscc}/needs/{need_id}/closure", summary="办结需求 Close a need")
async def close_need(
    uscc: CheckedUscc, need_id: UUID, closing: NeedClosing, session: Db, caller: Owner
) -> NeedRead:
    """The need was met, or is withdrawn: nobody seeks for it any more. Twice is once."""
    return _read(await service.close_need(session, uscc, need_id, closing, caller))


@router.get("/v1/needs", summary="需求库 The library of needs")
async def list_need_library(
    request: Request,
    response: Response,
    session: Db,
    caller: Staff,
    kind: NeedKind | None = None,
    region: RegionPrefix = None,
    segment: Annotated[str | None, Query(max_length=64, title="细分领域")] = None,
    status: NeedStatus = NeedStatus.OPEN,
    limit: Limit = 50,
    cursor: str | None = None,
) -> LibraryPage:
    """Needs of the enterprises of the caller's authority, newest first; open ones by default."""
    before = decode_cursor(cursor, [int])
    statement = (
        select(NeedFiled, Enterprise)
        .join(Enterprise, col(Enterprise.uscc) == col(NeedFiled.uscc))
        .where(covered_by(caller.authority, col(Enterprise.region)), NeedFiled.status == status)
    )
    if kind is not None:
        statement = statement.where(NeedFiled.kind == kind)
    if region is not None:
        statement = statement.where(col(Enterprise.region).startswith(region))
    if segment is not None:
        statement = statement.where(_segment == segment)
    if before is not None:
        statement = statement.where(col(NeedFiled.number) < before[0])
    found = await session.exec(statement.order_by(col(NeedFiled.number).desc()).limit(limit + 1))
    rows = found.all()
    if len(rows) > limit:
        link_next(request, response, encode_cursor(rows[limit - 1][0].number or 0))
    return LibraryPage(needs=[_in_library(need, firm) for need, firm in rows[:limit]])


@router.get("/v1/needs/counts", summary="需求统计 Count needs")
async def count_needs(session: Db, caller: Staff, region: RegionPrefix = None) -> NeedCounts:
    """Open needs of the caller's authority by kind and segment: what is missing, and where."""
    number = func.count()
    statement = (
        select(NeedFiled.kind, _segment, number)
        .join(Enterprise, col(Enterprise.uscc) == col(NeedFiled.uscc))
        .where(
            covered_by(caller.authority, col(Enterprise.region)),
            NeedFiled.status == NeedStatus.OPEN,
        )
        .group_by(col(NeedFiled.kind), _segment)
        .order_by(number.desc(), col(NeedFiled.kind), _segment)
    )
    if region is not None:
        statement = statement.where(col(Enterprise.region).startswith(region))
    rows = (await session.exec(statement)).all()
    return NeedCounts(
        counts=[
            NeedCount(kind=NeedKind(kind), segment=segment, open=open_)
            for kind, segment, open_ in rows
        ]
    )


def _read(row: NeedFiled) -> NeedRead:
    return NeedRead.model_validate(row.model_dump(include=set(NeedRead.model_fields)))


def _in_library(row: NeedFiled, firm: Enterprise) -> LibraryNeed:
    return LibraryNeed(
        **_read(row).model_dump(exclude={"segment"}),
        uscc=firm.uscc,
        name=firm.name,
        region=firm.region,
        industry=firm.industry,
        segment=row.segment or firm.segment,
    )
