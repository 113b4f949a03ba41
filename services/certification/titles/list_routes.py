"""HTTP of official lists: import one, read them and what of them matches a dossier."""

import asyncio
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy import tuple_
from sqlmodel import col, select

from contracts.events.certification import TitleStatus
from contracts.values import Day
from services.certification.titles import lists
from services.certification.titles.list_file import read_list
from services.certification.titles.lists import Imported, ListHead
from services.certification.titles.models import ListRow, OfficialList
from services.certification.titles.schemas import (
    ImportRead,
    ListDetail,
    ListRowRead,
    OfficialListPage,
    OfficialListRead,
    RowWarning,
)
from shared.app import create_router
from shared.auth import Role, Subject, allow
from shared.errors import Unprocessable
from shared.http import Db, Limit, decode_cursor, encode_cursor, link_next
from shared.problems import wants_chinese
from shared.scope import Staff
from shared.uploaded_table import CSV, XLSX
from shared.uscc import slip_in

router = create_router("公告名单 Official lists")

Decider = Annotated[Subject, allow(Role.REGULATOR, Role.OPERATOR)]

LIST_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            CSV: {
                "schema": {"type": "string"},
                "example": "统一社会信用代码,企业名称,批次\n91350100M000100Y43,示例有限公司,4\n",
            },
            XLSX: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


@router.post(
    "/v1/official-lists",
    status_code=201,
    summary="导入名单 Import an official list",
    openapi_extra=LIST_BODY,
    responses={200: {"model": ImportRead, "description": "The same list again: nothing changed."}},
)
async def import_official_list(
    request: Request,
    response: Response,
    session: Db,
    caller: Decider,
    kind: Annotated[str, Query(title="称号类别", max_length=64, examples=["specialized_sme"])],
    status: Annotated[Literal["publicized", "effective"], Query(title="公示或公告")],
    document_no: Annotated[str, Query(title="文号", pattern=r"^\S.*\S$", max_length=100)],
    document_on: Annotated[Day, Query(title="文件日期")],
    authority: Annotated[str, Query(title="认定机关代码", max_length=20, examples=["440000"])],
    valid_from: Annotated[
        Day | None, Query(title="有效期起", description="Without it, the day of the document.")
    ] = None,
    valid_to: Annotated[
        Day | None, Query(title="有效期至", description="Without it, by the title's validity.")
    ] = None,
) -> ImportRead:
    """Import a list as its authority published it: the file is the body, CSV or XLSX.

    Only the deciding authority and the operator may. One wrong row refuses the list whole.
    """
    head = ListHead(
        kind=kind,
        status=TitleStatus(status),
        authority=authority,
        document_no=document_no,
        document_on=document_on,
        valid_from=valid_from,
        valid_to=valid_to,
    )
    lists.check_import(head, caller)
    media = request.headers.get("content-type", "")
    file = await asyncio.to_thread(read_list, await request.body(), media)
    imported = await lists.import_list(session, head, file, caller)
    response.headers["location"] = f"/v1/official-lists/{imported.official_list.list_id}"
    if imported.repeated:
        response.status_code = 200
    return _import(imported, wants_chinese(request))


@router.get("/v1/official-lists", summary="名单列表 List official lists")
async def list_official_lists(
    request: Request,
    response: Response,
    session: Db,
    caller: Staff,
    kind: Annotated[str | None, Query(title="称号类别", max_length=64)] = None,
    limit: Limit = 50,
    cursor: str | None = None,
) -> OfficialListPage:
    """Imported lists, newest first."""
    before = decode_cursor(cursor, [str])
    statement = select(OfficialList)
    if kind is not None:
        statement = statement.where(OfficialList.kind == kind)
    newest = tuple_(col(OfficialList.imported_at), col(OfficialList.list_id))
    if before is not None:
        last = await lists.find_list(session, _uuid(before[0]))
        statement = statement.where(newest < tuple_(last.imported_at, last.list_id))
    ordered = statement.order_by(
        col(OfficialList.imported_at).desc(), col(OfficialList.list_id).desc()
    )
    rows = (await session.exec(ordered.limit(limit + 1))).all()
    if len(rows) > limit:
        link_next(request, response, encode_cursor(str(rows[limit - 1].list_id)))
    matched = await lists.count_matched(session, [row.list_id for row in rows[:limit]])
    return OfficialListPage(
        lists=[OfficialListRead(**_list(row, matched.get(row.list_id, 0))) for row in rows[:limit]]
    )


@router.get("/v1/official-lists/{list_id}", summary="读取名单 Read an official list")
async def read_official_list(
    list_id: UUID,
    request: Request,
    response: Response,
    session: Db,
    caller: Staff,
    matched: Annotated[bool | None, Query(title="仅已建档或未建档")] = None,
    limit: Limit = 200,
    cursor: str | None = None,
) -> ListDetail:
    """The list with its rows by code; `matched=false` shows those without a dossier."""
    after = _uscc_after(cursor)
    found = await lists.find_list(session, list_id)
    rows = await lists.rows_after(session, list_id, matched=matched, after=after, limit=limit + 1)
    if len(rows) > limit:
        link_next(request, response, encode_cursor(rows[limit - 1][0].uscc))
    count = (await lists.count_matched(session, [list_id])).get(list_id, 0)
    return ListDetail(
        **_list(found, count),
        page=[_row(row, enterprise is not None) for row, enterprise in rows[:limit]],
    )


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise _foreign_cursor() from None


def _uscc_after(cursor: str | None) -> str:
    """The code of the last row seen; empty for the first page."""
    key = decode_cursor(cursor, [str])
    if key is None:
        return ""
    if slip_in(key[0]) is not None:
        raise _foreign_cursor()
    return str(key[0])


def _foreign_cursor() -> Unprocessable:
    return Unprocessable(
        "This cursor is not one of ours. Follow the Link header of the page before.",
        "游标无效,请使用上一页 Link 头中的地址。",
    )


def _list(row: OfficialList, matched: int) -> dict[str, Any]:
    return {
        **row.model_dump(exclude={"digest", "row_count"}),
        "rows": row.row_count,
        "matched": matched,
        "unmatched": row.row_count - matched,
    }


def _row(row: ListRow, matched: bool) -> ListRowRead:
    return ListRowRead(**row.model_dump(exclude={"list_id"}), matched=matched)


def _import(imported: Imported, chinese: bool) -> ImportRead:
    return ImportRead(
        **_list(imported.official_list, imported.matched),
        repeated=imported.repeated,
        changed=imported.changed,
        unchanged=imported.matched - imported.changed,
        unmatched_rows=[_row(row, False) for row in imported.unmatched_rows],
        warnings=[
            RowWarning(uscc=found.uscc, name=found.name, message=found.zh if chinese else found.en)
            for found in imported.warnings
        ],
    )
