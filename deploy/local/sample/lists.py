"""The official lists of the sample region (公告名单), as the files an authority would publish.

Two effective lists and one in public notice. Document numbers say 示例. Both file formats that
the platform takes are used.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from openpyxl import Workbook

from deploy.local.sample.region import NOTICE_BATCH, SampleEnterprise

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
COLUMNS = ("统一社会信用代码", "企业名称", "批次", "有效期起", "有效期至")
Row = tuple[str, str, str, str, str]

# Batch 1 of 2019 passed its review: a term from 2022. The others run from their own year.
_GIANT_TERMS = {
    1: (date(2022, 7, 1), date(2025, 6, 30)),
    2: (date(2020, 12, 1), date(2023, 11, 30)),
    3: (date(2021, 8, 1), date(2024, 7, 31)),
}
_SPECIALIZED_TERM = (date(2021, 1, 18), date(2024, 1, 17))


@dataclass(frozen=True)
class OfficialList:
    """One list: who decided, under which document, and the file."""

    kind: Literal["specialized_sme", "little_giant"]
    status: Literal["effective", "publicized"]
    authority: str
    document_no: str
    document_on: date
    file_name: str
    rows: tuple[Row, ...]

    @property
    def media_type(self) -> str:
        """The Content-Type of the file."""
        return CSV if self.file_name.endswith(".csv") else XLSX

    @property
    def content(self) -> bytes:
        """The file as bytes."""
        return _csv(self.rows) if self.media_type == CSV else _xlsx(self.rows)


def official_lists(region: Iterable[SampleEnterprise]) -> tuple[OfficialList, ...]:
    """The lists in the order in which they came out."""
    enterprises = sorted(region, key=lambda enterprise: enterprise.uscc)
    return (
        OfficialList(
            "specialized_sme",
            "effective",
            "440000",
            "示例粤工信融资函〔2021〕1号",
            date(2021, 1, 18),
            "specialized-sme-sample.xlsx",
            tuple(
                _row(e, "2020年", *_SPECIALIZED_TERM) for e in enterprises if e.holds_specialized
            ),
        ),
        OfficialList(
            "little_giant",
            "effective",
            "000000",
            "示例工信部企业函〔2022〕1号",
            date(2022, 7, 1),
            "little-giant-sample.csv",
            tuple(
                _row(e, f"第{e.batch}批", *_GIANT_TERMS[e.batch])
                for e in enterprises
                if e.holds_little_giant and e.batch is not None
            ),
        ),
        OfficialList(
            "little_giant",
            "publicized",
            "000000",
            "示例工信部企业函〔2022〕2号（公示）",
            date(2022, 8, 8),
            "little-giant-notice-sample.csv",
            tuple(_row(e, f"第{e.batch}批") for e in enterprises if e.batch == NOTICE_BATCH),
        ),
    )


def _row(
    enterprise: SampleEnterprise, batch: str, first: date | None = None, last: date | None = None
) -> Row:
    days = ["" if day is None else day.isoformat() for day in (first, last)]
    return enterprise.uscc, enterprise.dossier.name, batch, days[0], days[1]


def _csv(rows: Sequence[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def _xlsx(rows: Sequence[Row]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("名单")
    sheet.append(COLUMNS)
    for row in rows:
        sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
