"""The file for the finance bureau (拨付文件) and its return file (回单). Pure: bytes in, bytes out.

CSV in UTF-8 with a mark, or XLSX. A return file is read in UTF-8, GB18030 or XLSX; a row that is
wrong is named with its number, and one wrong row refuses the file whole.
"""

import csv
import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Literal, TypeAlias
from uuid import UUID

import openpyxl

from services.funding.payments.errors import MediaUnsupported, ReturnUnusable
from shared.uploaded_table import (
    CSV,
    XLSX,
    RowProblems,
    csv_lines,
    day_of,
    decoded,
    text_of,
    xlsx_lines,
)

MEDIA = {"csv": CSV, "xlsx": XLSX}
ROWS_MAX = 20_000
COLUMNS = (
    "序号",
    "支付编号",
    "收款单位",
    "统一社会信用代码",
    "奖补项目",
    "期间",
    "金额",
    "开户名称",
    "开户银行",
    "银行账号",
    "名单编号",
)
_HEADINGS = {
    "支付编号": "line_id",
    "金额": "amount_cny",
    "拨付结果": "result",
    "退回原因": "reason",
    "银行流水号": "bank_reference",
    "处理日期": "settled_on",
}
_NEEDED = frozenset({"line_id", "amount_cny", "result", "settled_on"})
_RESULTS: dict[str, Literal["paid", "refused"]] = {
    "paid": "paid",
    "已拨付": "paid",
    "refused": "refused",
    "已退回": "refused",
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
Format: TypeAlias = Literal["csv", "xlsx"]


@dataclass(frozen=True)
class Answer:
    """What the bank did with one line."""

    row: int
    line_id: UUID
    amount_cny: Decimal
    result: Literal["paid", "refused"]
    reason: str | None
    bank_reference: str | None
    settled_on: date


def write_file(format_: Format, rows: Sequence[Sequence[str]]) -> bytes:
    """The rows under their heading."""
    safe = [[_plain(cell) for cell in row] for row in rows]
    return _csv(safe) if format_ == "csv" else _xlsx(safe)


def read_return(body: bytes, media: str) -> list[Answer]:
    """The answers of a return file. Raises MediaUnsupported, ReturnUnusable."""
    kind = media.partition(";")[0].strip().lower()
    if kind not in (CSV, XLSX):
        raise MediaUnsupported(
            f"Send the return file as {CSV} or {XLSX}; the Content-Type is {kind or 'missing'}.",
            f"请以 {CSV} 或 {XLSX} 提交回单;当前 Content-Type 为 {kind or '空'}。",
        )
    if kind == CSV:
        found = csv_lines(decoded(body, ReturnUnusable)[0], ReturnUnusable)
    else:
        found = xlsx_lines(body, ReturnUnusable, ReturnUnusable)
    lines = ((row, [text_of(cell) for cell in cells]) for row, cells in found)
    columns = _columns(next(lines, (1, list[str]()))[1])
    problems, answers, seen = RowProblems(ReturnUnusable), list[Answer](), dict[UUID, int]()
    for row, cells in lines:
        fields = {name: cells[at] if at < len(cells) else "" for name, at in columns.items()}
        if not any(fields.values()):
            continue
        if len(answers) >= ROWS_MAX:
            raise _unusable(f"A return file takes {ROWS_MAX} rows.", f"回单最多 {ROWS_MAX} 行。")
        answer = _answer(row, fields, problems)
        if answer is None:
            continue
        answers.append(answer)
        if seen.setdefault(answer.line_id, row) != row:
            first = seen[answer.line_id]
            problems.add(row, "line_id", f"stands in row {first} as well", f"与第 {first} 行重复")
    problems.refuse()
    if not answers:
        raise _unusable("The return file has no rows.", "回单没有数据行。")
    return answers


def digest_of(answers: Iterable[Answer]) -> str:
    """What the answers say, in one order, whatever file they came in."""
    said = sorted(
        f"{a.line_id}|{a.result}|{a.amount_cny:.2f}|{a.reason}|{a.bank_reference}|{a.settled_on}"
        for a in answers
    )
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


def _plain(cell: str) -> str:
    """Text that a spreadsheet does not take for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def _xlsx(rows: Sequence[Sequence[str]]) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("拨付文件")
    sheet.append(COLUMNS)
    for row in rows:
        sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _columns(heading: Sequence[str]) -> dict[str, int]:
    columns: dict[str, int] = {}
    for at, cell in enumerate(heading):
        name = _HEADINGS.get(cell, cell if cell in _HEADINGS.values() else None)
        if name is not None:
            columns.setdefault(name, at)
    if missing := _NEEDED - columns.keys():
        zh = {name: title for title, name in _HEADINGS.items()}
        raise _unusable(
            f"The first row must name the columns; missing: {', '.join(sorted(missing))}.",
            f"首行应为表头,缺少:{'、'.join(zh[name] for name in sorted(missing))}。",
        )
    return columns


def _answer(row: int, fields: dict[str, str], problems: RowProblems) -> Answer | None:
    before = problems.count
    result = _RESULTS.get(fields["result"].lower())
    reason, reference = fields.get("reason") or None, fields.get("bank_reference") or None
    line_id, amount = _uuid(fields["line_id"]), _money(fields["amount_cny"])
    day = day_of(fields["settled_on"])
    if line_id is None:
        problems.add(row, "line_id", "no line id of the exported file", "不是拨付文件中的支付编号")
    if amount is None:
        problems.add(row, "amount_cny", "no amount in yuan", "金额应为两位小数以内的元")
    if day is None:
        problems.add(row, "settled_on", "no day; write YYYY-MM-DD", "日期应为 YYYY-MM-DD")
    if result is None:
        problems.add(row, "result", "write paid or refused", "应为“已拨付”或“已退回”")
    elif result == "refused" and reason is None:
        problems.add(row, "reason", "a refused line needs its reason", "退回须注明原因")
    elif result == "paid" and reference is None:
        problems.add(row, "bank_reference", "a paid line needs it", "已拨付须有银行流水号")
    for name, text in (("reason", reason), ("bank_reference", reference)):
        if len(text or "") > 200 or "\x00" in (text or ""):
            problems.add(row, name, "at most 200 characters", "最多 200 字")
    if problems.count > before or line_id is None or amount is None or day is None or not result:
        return None
    return Answer(row, line_id, amount, result, reason, reference, day)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _money(text: str) -> Decimal | None:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    usable = amount.is_finite() and 0 < amount < Decimal(10) ** 12 and amount == round(amount, 2)
    return round(amount, 2) if usable else None


def _unusable(english: str, chinese: str) -> ReturnUnusable:
    return ReturnUnusable(english, chinese)
