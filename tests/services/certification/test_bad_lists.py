"""A list with a slip is refused whole, with the rows named: nothing stored, nothing published."""

import base64
import csv
import io
import json
import zipfile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.certification.errors import ListTooLong, ListUnusable, MediaUnsupported
from services.certification.titles.list_file import read_list
from shared.uscc import slip_in
from tests.factories import make_uscc
from tests.services.certification.conftest import Certification, csv_list, dossier_changed

GOOD = "91350100M000100Y43"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def _refused(
    certification: Certification, answers: int, says: str, body: bytes | str, **changes: Any
) -> dict[str, Any]:
    uscc = make_uscc()
    await certification.hear(dossier_changed(uscc))
    published = await certification.count("outbox")
    answer = await certification.send_list(body, **changes)
    assert answer.status_code == answers, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in answer.text
    assert await certification.count("official_list") == 0
    assert await certification.count("title") == 0
    assert await certification.count("outbox") == published
    return dict(answer.json())


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("91350100M000100Y4Z,示例公司,4", "often typed for 2"),
        ("91350100M000100Y44,示例公司,4", "the other 17 give 3"),
        ("440101000012345,示例公司,4", "旧注册号"),
        ("9135,示例公司,4", "4 characters, not 18"),
        (",示例公司,4", "0 characters"),
        (f"{GOOD},甲,4", "2 to 200 characters"),
        (f"{GOOD},,4", "2 to 200 characters"),
        (f"{GOOD},{'长' * 201},4", "2 to 200 characters"),
        (f"{GOOD},示例公司,{'4' * 65}", "at most 64"),
    ],
)
async def test_wrong_row_is_named(certification: Certification, row: str, says: str) -> None:
    problem = await _refused(certification, 422, says, csv_list(f"{make_uscc()},好公司,4", row))
    assert [error["field"].split(".")[1] for error in problem["errors"]] == ["3"]


async def test_duplicate_rows_are_both_named(certification: Certification) -> None:
    body = csv_list(f"{GOOD},示例公司,4", "", f" {GOOD.lower()} ,示例公司,4")
    problem = await _refused(certification, 422, "stands in row 2 as well", body)
    assert problem["errors"][0]["field"] == "rows.4.uscc"


async def test_many_wrong_rows_are_counted_and_the_first_shown(
    certification: Certification,
) -> None:
    body = csv_list(*(f"{number:018d},示例公司,4" for number in range(1, 301)))
    problem = await _refused(certification, 422, "rows are wrong", body)
    assert len(problem["errors"]) == 100


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("", "No heading"),
        ("企业名称,批次\n示例公司,4\n", "No heading"),
        ("uscc,name\n", "no rows"),
        (f'uscc,name\n{GOOD},"示例\n', "is not CSV"),
        (b"\xff\xfe\xff\xff\x80\x80", "neither UTF-8 nor GB18030"),
        (f"uscc,name,valid_from\n{GOOD},示例公司,2022-02-30\n", "is no day"),
        (f"uscc,name,valid_from\n{GOOD},示例公司,昨天\n", "is no day"),
        (f"uscc,name,valid_from\n{GOOD},示例公司,9999-12-31\n", "is no day"),
        ("uscc,name\n" + "\n" * 200_001, "over 50000 rows"),
        (
            f"uscc,name,valid_from,valid_to\n{GOOD},示例公司,2022-09-02,2022-09-01\n",
            "before it begins",
        ),
        ("uscc,name\n" + f"{GOOD},示例公司\n" * 50_001, "over 50000 rows"),
    ],
)
async def test_wrong_file_is_refused(
    certification: Certification, body: bytes | str, says: str
) -> None:
    await _refused(certification, 422, says, body)


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({"media": "application/pdf"}, 415, "text/csv"),
        ({"media": ""}, 415, "text/csv"),
        ({"media": XLSX}, 422, "no readable XLSX"),
        ({"kind": "unicorn"}, 422, "/v1/dictionaries/titles"),
        ({"authority": "999999"}, 422, "/v1/dictionaries/authorities"),
        ({"authority": "440106"}, 422, "level province"),
        ({"status": "expired"}, 422, "status"),
        ({"document_no": None}, 422, "document_no"),
        ({"document_no": "   "}, 422, "document_no"),
        ({"valid_from": "9999-12-31"}, 422, "by 2200"),
        ({"document_on": "2022-13-01"}, 422, "document_on"),
        ({"document_on": "2099-01-01"}, 422, "has not come yet"),
        ({"status": "publicized", "valid_from": "2022-09-01"}, 422, "no term"),
        ({"valid_from": "2022-09-02", "valid_to": "2022-09-01"}, 422, "before it begins"),
    ],
)
async def test_wrong_parameters_are_refused(
    certification: Certification, changes: dict[str, Any], status: int, says: str
) -> None:
    body = csv_list(f"{GOOD},示例公司,4")
    await _refused(certification, status, says, body, **changes)


async def test_body_over_the_limit_is_refused(certification: Certification) -> None:
    await _refused(certification, 413, "too large", b"x" * 10_000_000)


async def test_workbook_that_unpacks_to_too_much_is_refused(
    certification: Certification,
) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 101_000_000)
    await _refused(certification, 422, "unpacks to", stream.getvalue(), media=XLSX)


async def test_list_that_is_not_there_is_not_found(certification: Certification) -> None:
    for path, status in (
        ("/v1/official-lists/00000000-0000-4000-8000-000000000000", 404),
        ("/v1/official-lists/not-a-uuid", 422),
        ("/v1/official-lists?cursor=nonsense", 422),
        ("/v1/official-lists?limit=0", 422),
        ("/v1/official-lists?cursor=WyJcdTAwMDAiXQ", 422),
    ):
        answer = await certification.http.get(path, headers=certification.operator)
        assert answer.status_code == status, path


async def test_foreign_cursor_into_the_rows_is_refused(certification: Certification) -> None:
    made = await certification.send_list(csv_list(f"{GOOD},示例公司,4"))
    for key in ("", "\x00", "\ud800", "x" * 18, GOOD + "'"):
        cursor = base64.urlsafe_b64encode(json.dumps([key]).encode()).decode()
        answer = await certification.http.get(
            made.headers["location"], params={"cursor": cursor}, headers=certification.operator
        )
        assert answer.status_code == 422, key


@given(st.binary(max_size=300), st.sampled_from(["text/csv", XLSX, "text/html"]))
@settings(deadline=None)
def test_no_file_fails_in_another_way(body: bytes, media: str) -> None:
    with pytest.raises((ListUnusable, ListTooLong, MediaUnsupported)):
        read_list(body, media)


@given(st.text(max_size=80), st.text(max_size=80), st.text(max_size=20), st.text(max_size=20))
@settings(deadline=None)
def test_no_row_fails_in_another_way(uscc: str, name: str, batch: str, day: str) -> None:
    stream = io.StringIO()
    csv.writer(stream).writerows(
        [["uscc", "name", "batch", "valid_from"], [uscc, name, batch, day]]
    )
    try:
        (entry,) = read_list(stream.getvalue().encode("utf-8"), "text/csv").entries
    except ListUnusable:
        return
    assert slip_in(entry.uscc) is None
