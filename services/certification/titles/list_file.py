"""Reads an official list as it was sent: CSV in UTF-8 or GB18030, or an XLSX workbook.

Decides nothing about titles and stores nothing. A row that is wrong is named with its number in
the file; a list with one wrong row is refused whole.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

import openpyxl

from services.certification.errors import ListTooLong, ListUnusable, MediaUnsupported
from shared.errors import ProblemField
from shared.uscc import normal_uscc, slip_in

ROWS_MAX = 50_000
FIELDS_MAX = 64
LINES_MAX = 4 * ROWS_MAX
HEADER_WITHIN = 10
LAST_YEAR = 2200
UNZIPPED_BYTES_MAX = 100_000_000
PROBLEMS_SHOWN_MAX = 100
NAME_MAX = 200
BATCH_MAX = 64
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv"

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
_DAY = re.compile(r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?$")

Cell = str | int | float | bool | date | datetime | None
Lines = Iterator[tuple[int, list[Cell]]]


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


class _Problems:
    """Collects what is wrong, in both languages, and refuses at the end."""

    def __init__(self) -> None:
        self.count = 0
        self.found: list[ProblemField] = []

    def add(self, row: int, field: str, english: str, chinese: str) -> None:
        self.count += 1
        if len(self.found) < PROBLEMS_SHOWN_MAX:
            text = f"Row {row}: {english}. 第 {row} 行:{chinese}。"
            self.found.append(ProblemField(field=f"rows.{row}.{field}", message=text))

    def refuse(self) -> None:
        if self.count:
            shown = "; ".join(problem.message.split(". ")[0] for problem in self.found[:3])
            raise ListUnusable(
                f"{self.count} rows are wrong and nothing was stored. {shown}. Correct the file"
                " and send it again.",
                f"共 {self.count} 行有误,未保存任何内容,请更正后重新提交。",
                self.found,
            )


def read_list(body: bytes, media: str) -> ListFile:
    """The entries of the file. Raises MediaUnsupported, ListUnusable, ListTooLong."""
    kind = media.partition(";")[0].strip().lower()
    if kind == CSV:
        text, encoding = _decoded(body)
        return ListFile(_entries(_csv_lines(text)), encoding)
    if kind == XLSX:
        return ListFile(_entries(_xlsx_lines(body)), "xlsx")
    raise MediaUnsupported(
        f"Send the list as {CSV} or {XLSX}; the Content-Type is {kind or 'missing'}.",
        f"请以 {CSV} 或 {XLSX} 提交名单;当前 Content-Type 为 {kind or '空'}。",
    )


def _unusable(english: str, chinese: str) -> ListUnusable:
    return ListUnusable(english, chinese)


def _decoded(body: bytes) -> tuple[str, str]:
    for encoding, name in (("utf-8-sig", "utf-8"), ("gb18030", "gb18030")):
        try:
            return body.decode(encoding), name
        except UnicodeDecodeError:
            continue
    raise _unusable(
        "The file is neither UTF-8 nor GB18030. Save it as CSV UTF-8.",
        "文件编码既非 UTF-8 也非 GB18030,请另存为 CSV UTF-8。",
    )


def _csv_lines(text: str) -> Lines:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for cells in reader:
            yield reader.line_num, list(cells[:FIELDS_MAX])
    except csv.Error as error:
        raise _unusable(
            f"Line {reader.line_num} is not CSV ({error}). Check its quotation marks.",
            f"第 {reader.line_num} 行不是有效的 CSV,请检查引号。",
        ) from None


def _xlsx_lines(body: bytes) -> Lines:
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > UNZIPPED_BYTES_MAX:
            raise ListTooLong(
                f"The workbook unpacks to {size} bytes; {UNZIPPED_BYTES_MAX} are allowed.",
                f"工作簿解压后为 {size} 字节,超过上限 {UNZIPPED_BYTES_MAX}。",
            )
        book = openpyxl.load_workbook(io.BytesIO(body), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        rows = sheet.iter_rows(max_col=FIELDS_MAX, values_only=True)
        for number, cells in enumerate(rows, 1):
            yield number, list(cells)  # type: ignore[arg-type]
    except (ListTooLong, ListUnusable):
        raise
    except Exception as error:  # a damaged workbook fails in many ways inside the reader
        raise _unusable(
            f"The file is no readable XLSX workbook ({type(error).__name__}). Save it again.",
            "文件不是可读取的 XLSX 工作簿,请重新另存。",
        ) from None


def _text(cell: Cell) -> str:
    return "" if cell is None else str(cell).strip()


def _entries(lines: Lines) -> tuple[Entry, ...]:
    columns = _columns(lines)
    problems = _Problems()
    found: dict[str, Entry] = {}
    count = 0
    for row, cells in lines:
        blank = not any(_text(cell) for cell in cells)
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
            name = _HEADINGS.get(_text(cell).lower())
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


def _entry(row: int, fields: dict[str, Cell], problems: _Problems) -> Entry:
    written = fields["uscc"]
    uscc = normal_uscc(_text(written))
    if isinstance(written, int | float):
        problems.add(
            row,
            "uscc",
            "the code is stored as a number, which keeps 15 digits only; format it as text",
            "代码以数字存储,仅保留 15 位有效数字,请设为文本格式",
        )
    elif (slip := slip_in(uscc)) is not None:
        problems.add(row, "uscc", f"{uscc[:40] or 'empty'}: {slip[0]}", f"{uscc[:40]}:{slip[1]}")
    name = " ".join(_text(fields["name"]).split())
    if not 2 <= len(name) <= NAME_MAX:
        problems.add(
            row, "name", f"the name takes 2 to {NAME_MAX} characters", f"名称应为 2–{NAME_MAX} 字"
        )
    batch = _text(fields.get("batch")) or None
    if batch is not None and len(batch) > BATCH_MAX:
        problems.add(row, "batch", f"at most {BATCH_MAX} characters", f"批次最多 {BATCH_MAX} 字")
    first, last = (_day(fields.get(key), row, key, problems) for key in ("valid_from", "valid_to"))
    return Entry(row, uscc, name, batch, first, last)


def _day(cell: Cell, row: int, field: str, problems: _Problems) -> date | None:
    text = str(cell.date()) if isinstance(cell, datetime) else _text(cell)
    if not text:
        return None
    match = _DAY.match(text)
    try:
        if match is not None and int(match[1]) <= LAST_YEAR:
            return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        pass
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
