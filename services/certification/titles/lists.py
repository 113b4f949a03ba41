"""Use cases of official lists: import one, and what of it matches a dossier (名单导入).

A list in public notice (公示) makes titles publicized; a later effective list (公告) turns them
effective. The platform adds what the list says and nothing else: a firm that a corrected list no
longer names keeps its title until its authority revokes it.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlmodel import col, select

from contracts.events.certification import TitleStatus
from services.certification.errors import ListNotFound, ListUnusable, NotTheDecider
from services.certification.models import Enterprise
from services.certification.titles.kinds import TitleKind, find_kind
from services.certification.titles.list_file import Entry, ListFile, names_differ, rows_of
from services.certification.titles.models import ListRow, OfficialList
from services.certification.titles.service import publish_waiting, wait_for_publication
from shared import clock
from shared.auth import Role, Subject
from shared.authorities import covers
from shared.db import Session, lock_keys
from shared.uploaded_table import LAST_YEAR

ROWS_SHOWN_MAX = 1000


@dataclass(frozen=True)
class ListHead:
    """What is said of the list as a whole."""

    kind: str
    status: TitleStatus
    authority: str
    document_no: str
    document_on: date
    valid_from: date | None
    valid_to: date | None


@dataclass(frozen=True)
class Warned:
    """A row that was taken and should be looked at."""

    uscc: str
    name: str
    en: str
    zh: str


@dataclass(frozen=True)
class Imported:
    """What an import did. `repeated`: the same list had been imported, and nothing changed."""

    official_list: OfficialList
    repeated: bool
    matched: int
    changed: int
    unmatched_rows: tuple[ListRow, ...]
    warnings: tuple[Warned, ...]


_ADD_ROWS = text("""
    INSERT INTO official_list_row (list_id, uscc, name, batch, valid_from, valid_to)
    SELECT CAST(:list_id AS uuid), * FROM unnest(
        CAST(:usccs AS text[]), CAST(:names AS text[]), CAST(:batches AS text[]),
        CAST(:firsts AS date[]), CAST(:lasts AS date[])
    )
""")
_TURN_EFFECTIVE = text("""
    UPDATE title SET
        status = CASE WHEN r.valid_to < :today THEN 'expired' ELSE 'effective' END,
        document_no = :document_no, document_on = :document_on,
        batch = COALESCE(r.batch, title.batch),
        valid_from = r.valid_from, valid_to = r.valid_to, list_id = r.list_id
    FROM official_list_row r
    WHERE r.list_id = :list_id AND title.uscc = r.uscc AND title.kind = :kind
      AND title.authority = :authority AND title.status = 'publicized'
      AND title.document_on <= :document_on
      AND NOT EXISTS (
          SELECT 1 FROM title other WHERE other.uscc = r.uscc AND other.kind = :kind
          AND other.authority = :authority AND other.document_no = :document_no
          AND other.title_id <> title.title_id)
    RETURNING title.uscc
""")
_ADD_EFFECTIVE = text("""
    INSERT INTO title (uscc, kind, authority, status, document_no, document_on, batch,
                       valid_from, valid_to, list_id)
    SELECT r.uscc, :kind, :authority,
           CASE WHEN r.valid_to < :today THEN 'expired' ELSE 'effective' END,
           :document_no, :document_on, r.batch, r.valid_from, r.valid_to, r.list_id
    FROM official_list_row r WHERE r.list_id = :list_id ORDER BY r.uscc
    ON CONFLICT ON CONSTRAINT title_once DO UPDATE SET
        status = EXCLUDED.status, document_on = EXCLUDED.document_on,
        batch = COALESCE(EXCLUDED.batch, title.batch),
        valid_from = EXCLUDED.valid_from, valid_to = EXCLUDED.valid_to, list_id = EXCLUDED.list_id
    WHERE title.status IN ('publicized', 'effective', 'expired')
      AND (title.status, title.document_on, title.batch, title.valid_from, title.valid_to)
          IS DISTINCT FROM (EXCLUDED.status, EXCLUDED.document_on,
              COALESCE(EXCLUDED.batch, title.batch), EXCLUDED.valid_from, EXCLUDED.valid_to)
    RETURNING title.uscc
""")
# A notice that came in after the list it led to changes nothing.
_ADD_PUBLICIZED = text("""
    INSERT INTO title (uscc, kind, authority, status, document_no, document_on, batch, list_id)
    SELECT r.uscc, :kind, :authority, 'publicized', :document_no, :document_on, r.batch, r.list_id
    FROM official_list_row r
    WHERE r.list_id = :list_id AND NOT EXISTS (
        SELECT 1 FROM title t WHERE t.uscc = r.uscc AND t.kind = :kind
        AND t.authority = :authority AND t.status <> 'publicized'
        AND (t.document_on >= :document_on OR t.document_no = :document_no))
    ORDER BY r.uscc
    ON CONFLICT (uscc, kind, authority) WHERE status = 'publicized' DO UPDATE SET
        document_no = EXCLUDED.document_no, document_on = EXCLUDED.document_on,
        batch = EXCLUDED.batch, list_id = EXCLUDED.list_id
    WHERE EXCLUDED.document_on >= title.document_on
      AND (title.document_no, title.document_on, title.batch)
          IS DISTINCT FROM (EXCLUDED.document_no, EXCLUDED.document_on, EXCLUDED.batch)
    RETURNING title.uscc
""")


def check_import(head: ListHead, by: Subject) -> TitleKind:
    """The kind, when this caller may import this list.

    Raises TitleUnknown, NotTheDecider, ListUnusable.
    """
    kind = find_kind(head.kind)
    kind.decided_by_authority(head.authority)
    if by.role is not Role.OPERATOR and by.authority != head.authority:
        raise NotTheDecider(
            f"{kind.kind} of {head.authority} is imported by that authority or the operator; your"
            f" token says {by.authority}.",
            f"{head.authority} 的{kind.zh}名单只能由该主管部门或平台运营方导入。",
        )
    if head.status is TitleStatus.PUBLICIZED and (head.valid_from or head.valid_to):
        raise ListUnusable(
            "A list in public notice has no term; leave out valid_from and valid_to.",
            "公示名单没有有效期,请勿提供 valid_from、valid_to。",
        )
    if any(day and day.year > LAST_YEAR for day in (head.valid_from, head.valid_to)):
        raise ListUnusable(
            f"A term ends by {LAST_YEAR}; correct valid_from and valid_to.",
            f"有效期不晚于 {LAST_YEAR} 年,请更正。",
        )
    if head.document_on > clock.today():
        raise ListUnusable(
            f"document_on {head.document_on} has not come yet; give the date of the document.",
            f"文件日期 {head.document_on} 尚未到来,请填写文件的实际日期。",
        )
    return kind


async def import_list(session: Session, head: ListHead, file: ListFile, by: Subject) -> Imported:
    """Import an official list; the same list again changes nothing.

    Rows that match no dossier are kept and reported: their title is published when the dossier
    arrives. Raises TitleUnknown, NotTheDecider, ListUnusable.
    """
    kind = check_import(head, by)
    entries = tuple(_with_term(entry, head, kind) for entry in file.entries)
    digest = _digest(head, entries)
    await lock_keys(session, [f"official-list/{head.kind}"])
    found = (
        await session.exec(select(OfficialList).where(OfficialList.digest == digest))
    ).one_or_none()
    changed: set[str] = set()
    official_list = found or OfficialList(
        list_id=uuid4(),
        **asdict(head),
        encoding=file.encoding,
        row_count=len(entries),
        digest=digest,
        imported_at=clock.now(),
        imported_by=by.sub,
    )
    if found is None:
        session.add(official_list)
        await session.flush()
        await _add_rows(session, official_list.list_id, entries)
        changed = await _change_titles(session, head, official_list.list_id)
        await wait_for_publication(session, sorted(changed))
        await publish_waiting(session)
    return await _report(session, official_list, entries, changed, repeated=found is not None)


async def find_list(session: Session, list_id: UUID) -> OfficialList:
    """The list. Raises ListNotFound."""
    found = await session.get(OfficialList, list_id)
    if found is None:
        raise ListNotFound(
            f"There is no official list {list_id}; see /v1/official-lists.",
            f"没有编号为 {list_id} 的名单,请查看 /v1/official-lists。",
        )
    return found


async def count_matched(session: Session, list_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many rows of each list match a dossier today."""
    rows = await (await session.connection()).execute(
        text(
            "SELECT r.list_id, count(*) FROM official_list_row r JOIN enterprise e USING (uscc)"
            " WHERE r.list_id = ANY(CAST(:ids AS uuid[])) GROUP BY r.list_id"
        ),
        {"ids": list(list_ids)},
    )
    return {list_id: int(count) for list_id, count in rows}


async def rows_after(
    session: Session, list_id: UUID, *, matched: bool | None, after: str, limit: int
) -> Sequence[tuple[ListRow, Enterprise | None]]:
    """Rows of a list by code, with the dossier that matches, if any."""
    statement = (
        select(ListRow, Enterprise)
        .outerjoin(Enterprise, col(Enterprise.uscc) == col(ListRow.uscc))
        .where(ListRow.list_id == list_id, col(ListRow.uscc) > after)
    )
    if matched is not None:
        known = col(Enterprise.uscc).is_not(None)
        statement = statement.where(known if matched else ~known)
    rows = await session.exec(statement.order_by(col(ListRow.uscc)).limit(limit))
    return rows.all()


def _with_term(entry: Entry, head: ListHead, kind: TitleKind) -> Entry:
    """The entry with its term: its own, the list's, or the law's from the day of the document."""
    if head.status is TitleStatus.PUBLICIZED:
        return replace(entry, valid_from=None, valid_to=None)
    first = entry.valid_from or head.valid_from or head.document_on
    last = entry.valid_to or head.valid_to or kind.last_day(first)
    if last is not None and last < first:
        raise ListUnusable(
            f"Row {entry.row}: the term ends {last}, before it begins {first}.",
            f"第 {entry.row} 行:有效期至 {last} 早于有效期起 {first}。",
        )
    return replace(entry, valid_from=first, valid_to=last)


def _digest(head: ListHead, entries: tuple[Entry, ...]) -> str:
    content = json.dumps([asdict(head), rows_of(entries)], default=str, ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()


async def _add_rows(session: Session, list_id: UUID, entries: tuple[Entry, ...]) -> None:
    await (await session.connection()).execute(
        _ADD_ROWS,
        {
            "list_id": list_id,
            "usccs": [entry.uscc for entry in entries],
            "names": [entry.name for entry in entries],
            "batches": [entry.batch for entry in entries],
            "firsts": [entry.valid_from for entry in entries],
            "lasts": [entry.valid_to for entry in entries],
        },
    )


async def _change_titles(session: Session, head: ListHead, list_id: UUID) -> set[str]:
    """Write the titles of the list's rows; returns the enterprises whose titles changed."""
    values: dict[str, Any] = {
        "list_id": list_id,
        "kind": head.kind,
        "authority": head.authority,
        "document_no": head.document_no,
        "document_on": head.document_on,
    }
    connection = await session.connection()
    if head.status is TitleStatus.PUBLICIZED:
        rows = await connection.execute(_ADD_PUBLICIZED, values)
        return {row.uscc for row in rows}
    values["today"] = clock.today()
    turned = await connection.execute(_TURN_EFFECTIVE, values)
    added = await connection.execute(_ADD_EFFECTIVE, values)
    return {row.uscc for row in turned} | {row.uscc for row in added}


async def _report(
    session: Session,
    official_list: OfficialList,
    entries: tuple[Entry, ...],
    changed: set[str],
    *,
    repeated: bool,
) -> Imported:
    rows = await (await session.connection()).execute(
        text(
            "SELECT e.uscc, e.name, e.region FROM official_list_row r JOIN enterprise e"
            " USING (uscc) WHERE r.list_id = :list_id"
        ),
        {"list_id": official_list.list_id},
    )
    known = {row.uscc: row for row in rows}
    unmatched = await rows_after(
        session, official_list.list_id, matched=False, after="", limit=ROWS_SHOWN_MAX
    )
    return Imported(
        official_list=official_list,
        repeated=repeated,
        matched=len(known),
        changed=len(changed & known.keys()),
        unmatched_rows=tuple(row for row, _ in unmatched),
        warnings=tuple(_warnings(official_list, entries, known)),
    )


def _warnings(
    official_list: OfficialList, entries: tuple[Entry, ...], known: dict[str, Any]
) -> list[Warned]:
    found = []
    for entry in entries:
        dossier = known.get(entry.uscc)
        if dossier is None:
            continue
        if names_differ(entry.name, dossier.name):
            found.append(
                Warned(
                    entry.uscc,
                    entry.name,
                    f"The dossier's name is {dossier.name}; compare the code.",
                    f"档案名称为 {dossier.name},请核对代码。",
                )
            )
        if not covers(official_list.authority, dossier.region):
            found.append(
                Warned(
                    entry.uscc,
                    entry.name,
                    f"Registered in {dossier.region}, outside {official_list.authority}.",
                    f"注册地 {dossier.region} 不在 {official_list.authority} 辖区内。",
                )
            )
    return found[:ROWS_SHOWN_MAX]
