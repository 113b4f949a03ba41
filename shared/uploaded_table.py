"""A table that somebody uploads: CSV in UTF-8 or GB18030, or an XLSX workbook, line by line.

Owns how bytes become numbered lines of cells, and how a file with wrong rows is refused whole,
each row named. Knows nothing of what the columns mean; which error is raised, the caller says.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from typing import TypeAlias

import openpyxl

from shared.errors import DomainError, ProblemField

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FIELDS_MAX = 64
LAST_YEAR = 2200
UNZIPPED_BYTES_MAX = 100_000_000
PROBLEMS_SHOWN_MAX = 100

Cell: TypeAlias = str | int | float | bool | date | datetime | None
Lines: TypeAlias = Iterator[tuple[int, list[Cell]]]

_DAY = re.compile(r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?$")


class RowProblems:
    """Collects what is wrong, in both languages, and refuses the file at the end."""

    def __init__(self, refusal: type[DomainError]) -> None:
        self.count = 0
        self.found: list[ProblemField] = []
        self._refusal = refusal

    def add(self, row: int, field: str, english: str, chinese: str) -> None:
        """One thing that is wrong in a row of the file."""
        self.count += 1
        if len(self.found) < PROBLEMS_SHOWN_MAX:
            text = f"Row {row}: {english}. 第 {row} 行:{chinese}。"
            self.found.append(ProblemField(field=f"rows.{row}.{field}", message=text))

    def refuse(self) -> None:
        """Raises the refusal when anything is wrong."""
        if self.count:
            shown = "; ".join(problem.message.split(". ")[0] for problem in self.found[:3])
            raise self._refusal(
                f"{self.count} rows are wrong and nothing was stored. {shown}. Correct the file"
                " and send it again.",
                f"共 {self.count} 行有误,未保存任何内容,请更正后重新提交。",
                self.found,
            )


def decoded(body: bytes, unusable: type[DomainError]) -> tuple[str, str]:
    """The text of a CSV file, and its encoding. Raises `unusable`."""
    for encoding, name in (("utf-8-sig", "utf-8"), ("gb18030", "gb18030")):
        try:
            return body.decode(encoding), name
        except UnicodeDecodeError:
            continue
    raise unusable(
        "The file is neither UTF-8 nor GB18030. Save it as CSV UTF-8.",
        "文件编码既非 UTF-8 也非 GB18030,请另存为 CSV UTF-8。",
    )


def csv_lines(text: str, unusable: type[DomainError]) -> Lines:
    """The lines of a CSV text by their number. Raises `unusable`."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for cells in reader:
            yield reader.line_num, list(cells[:FIELDS_MAX])
    except csv.Error as error:
        raise unusable(
            f"Line {reader.line_num} is not CSV ({error}). Check its quotation marks.",
            f"第 {reader.line_num} 行不是有效的 CSV,请检查引号。",
        ) from None


def xlsx_lines(body: bytes, unusable: type[DomainError], too_long: type[DomainError]) -> Lines:
    """The lines of a workbook's first sheet. Raises `unusable`; `too_long` when it unpacks to
    more than is allowed."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > UNZIPPED_BYTES_MAX:
            raise too_long(
                f"The workbook unpacks to {size} bytes; {UNZIPPED_BYTES_MAX} are allowed.",
                f"工作簿解压后为 {size} 字节,超过上限 {UNZIPPED_BYTES_MAX}。",
            )
        book = openpyxl.load_workbook(io.BytesIO(body), read_only=True, data_only=True)
        rows = book.worksheets[0].iter_rows(max_col=FIELDS_MAX, values_only=True)
        for number, cells in enumerate(rows, 1):
            yield number, list(cells)  # type: ignore[arg-type]
    except DomainError:
        raise
    except Exception as error:  # a damaged workbook fails in many ways inside the reader
        raise unusable(
            f"The file is no readable XLSX workbook ({type(error).__name__}). Save it again.",
            "文件不是可读取的 XLSX 工作簿,请重新另存。",
        ) from None


def text_of(cell: Cell) -> str:
    """A cell as text; a day without its hours."""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    return "" if cell is None else str(cell).strip()


def day_of(cell: Cell) -> date | None:
    """The day a cell names, in any of the usual spellings; None when it names none."""
    match = _DAY.match(text_of(cell))
    try:
        if match is not None and int(match[1]) <= LAST_YEAR:
            return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        pass
    return None
