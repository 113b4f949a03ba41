"""Reads an official list as it was sent: CSV in UTF-8 or GB18030, or an XLSX workbook.

Decides nothing about titles and stores nothing. A row that is wrong is named with its number in
the file; a list with one wrong row is refused whole.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from services.certification.errors import ListTooLong, ListUnusable, MediaUnsupported
from shared.uploaded_table import (
    CSV,
    XLSX,
    Cell,
    Lines,
    RowProblems,
    csv_lines,
    day_of,
    decoded,
    text_of,
    xlsx_lines,
)
from shared.uscc import normal_uscc, slip_in

ROWS_MAX = 50_000
LINES_MAX = 4 * ROWS_MAX
HEADER_WITHIN = 10
NAME_MAX = 200
BATCH_MAX = 64

_HEADINGS = {
    "uscc": "uscc",
    "统一社会信用代码": "uscc",
    "社会信用代码": "uscc",
    "name": "name",
    "企业名称": "name",
    "单位名称": "name",
    "batch": "batch",
    "批次": "batch",
    "valid_from": "valid_from",
    "有效期起": "valid_from",
    "valid_to": "valid_to",
    "有效期至": "valid_to",
    "有效期止": "valid_to",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One enterprise on the list."""

    row: int
    uscc: str
    name: str
    batch: str | None
    valid_from: date | None
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class ListFile:
    """What the file holds, and how it was encoded."""

    entries: tuple[Entry, ...]
    encoding: str


def read_list(body: bytes, media: str) -> ListFile:
    """The entries of the file. Raises MediaUnsupported, ListUnusable, ListTooLong."""
    kind = media.partition(";")[0].strip().lower()
    if kind == CSV:
        text, encoding = decoded(body, ListUnusable)
        return ListFile(_entries(csv_lines(text, ListUnusable)), encoding)
    if kind == XLSX:
        return ListFile(_entries(xlsx_lines(body, ListUnusable, ListTooLong)), "xlsx")
    raise MediaUnsupported(
        f"Send the list as {CSV} or {XLSX}; the Content-Type is {kind or 'missing'}.",
        f"请以 {CSV} 或 {XLSX} 提交名单;当前 Content-Type 为 {kind or '空'}。",
    )


def _unusable(english: str, chinese: str) -> ListUnusable:
    return ListUnusable(english, chinese)


def _entries(lines: Lines) -> tuple[Entry, ...]:
    columns = _columns(lines)
    problems = RowProblems(ListUnusable)
    found: dict[str, Entry] = {}
    count = 0
    for row, cells in lines:
        blank = not any(text_of(cell) for cell in cells)
        count += not blank
        if count > ROWS_MAX or row > LINES_MAX:
            raise ListTooLong(
                f"The list has over {ROWS_MAX} rows. Send it in parts under the same document_no.",
                f"名单超过 {ROWS_MAX} 行,请以相同文号分批提交。",
            )
        if blank:
            continue
        fields = {name: cells[at] if at < len(cells) else None for name, at in columns.items()}
        entry = _entry(row, fields, problems)
        earlier = found.setdefault(entry.uscc, entry)
        if earlier is not entry:
            problems.add(
                row,
                "uscc",
                f"{entry.uscc} stands in row {earlier.row} as well; keep one",
                f"{entry.uscc} 与第 {earlier.row} 行重复,请保留一行",
            )
    problems.refuse()
    if not found:
        raise _unusable("The list has no rows under its heading.", "名单表头之下没有数据行。")
    return tuple(found.values())


def _columns(lines: Lines) -> dict[str, int]:
    """Where each column stands; the heading is within the first rows, under a title perhaps."""
    for row, cells in lines:
        columns: dict[str, int] = {}
        for at, cell in enumerate(cells):
            name = _HEADINGS.get(text_of(cell).lower())
            if name is not None:
                columns.setdefault(name, at)
        if {"uscc", "name"} <= columns.keys():
            return columns
        if row >= HEADER_WITHIN:
            break
    raise _unusable(
        "No heading was found. The list needs the columns uscc (统一社会信用代码) and name"
        " (企业名称), and may have batch (批次), valid_from (有效期起), valid_to (有效期至).",
        "未找到表头。名单须有“统一社会信用代码”“企业名称”两列,可有“批次”“有效期起”“有效期至”。",
    )


def _entry(row: int, fields: dict[str, Cell], problems: RowProblems) -> Entry:
    written = fields["uscc"]
    uscc = normal_uscc(text_of(written))
    if isinstance(written, int | float):
        problems.add(
            row,
            "uscc",
            "the code is stored as a number, which keeps 15 digits only; format it as text",
            "代码以数字存储,仅保留 15 位有效数字,请设为文本格式",
        )
    elif (slip := slip_in(uscc)) is not None:
        problems.add(row, "uscc", f"{uscc[:40] or 'empty'}: {slip[0]}", f"{uscc[:40]}:{slip[1]}")
    name = " ".join(text_of(fields["name"]).split())
    if not 2 <= len(name) <= NAME_MAX:
        problems.add(
            row, "name", f"the name takes 2 to {NAME_MAX} characters", f"名称应为 2–{NAME_MAX} 字"
        )
    batch = text_of(fields.get("batch")) or None
    if batch is not None and len(batch) > BATCH_MAX:
        problems.add(row, "batch", f"at most {BATCH_MAX} characters", f"批次最多 {BATCH_MAX} 字")
    first, last = (_day(fields.get(key), row, key, problems) for key in ("valid_from", "valid_to"))
    return Entry(row, uscc, name, batch, first, last)


def _day(cell: Cell, row: int, field: str, problems: RowProblems) -> date | None:
    text = text_of(cell)
    if not text:
        return None
    if (day := day_of(cell)) is not None:
        return day
    problems.add(
        row,
        field,
        f"{text[:40]} is no day; write YYYY-MM-DD",
        f"{text[:40]} 不是日期,应为 YYYY-MM-DD",
    )
    return None


def names_differ(one: str, other: str) -> bool:
    """Whether two names differ beyond width, spaces and brackets."""
    return _plain(one) != _plain(other)


def _plain(name: str) -> str:
    return "".join(normal_uscc(name).translate(str.maketrans("", "", "()（）·.")))


def rows_of(entries: Iterable[Entry]) -> list[tuple[str, ...]]:
    """The entries in one order and spelling, whatever file they came in."""
    return sorted(
        (
            entry.uscc,
            entry.name,
            entry.batch or "",
            str(entry.valid_from or ""),
            str(entry.valid_to or ""),
        )
        for entry in entries
    )
