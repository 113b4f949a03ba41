"""The official lists of the sample region: who stands on which, and that both formats agree."""

import csv
import io

from openpyxl import load_workbook

from deploy.local.sample.lists import COLUMNS, official_lists
from deploy.local.sample.region import build_region

REGION = build_region()


def test_the_lists_carry_the_counts_of_the_report() -> None:
    specialized, giants, notice = official_lists(REGION)
    assert (specialized.kind, specialized.authority, specialized.status, len(specialized.rows)) == (
        "specialized_sme",
        "440000",
        "effective",
        366,
    )
    assert (giants.kind, giants.authority, giants.status, len(giants.rows)) == (
        "little_giant",
        "000000",
        "effective",
        69,
    )
    assert (notice.kind, notice.status, len(notice.rows)) == ("little_giant", "publicized", 55)


def test_little_giants_and_those_in_notice_all_hold_the_provincial_title() -> None:
    specialized, giants, notice = (
        {row[0] for row in official.rows} for official in official_lists(REGION)
    )
    assert giants < specialized
    assert notice < specialized
    assert not giants & notice


def test_every_effective_title_is_valid_on_the_domain_date() -> None:
    for official in official_lists(REGION):
        for row in official.rows:
            if official.status == "effective":
                assert row[3] <= "2022-09-30" <= row[4]
            else:
                assert row[3:] == ("", "")


def test_the_files_hold_the_rows() -> None:
    specialized, giants, _ = official_lists(REGION)
    sheet = load_workbook(io.BytesIO(specialized.content), read_only=True).active
    assert sheet is not None
    assert [tuple(row) for row in sheet.iter_rows(values_only=True)] == [
        COLUMNS,
        *specialized.rows,
    ]
    lines = csv.reader(io.StringIO(giants.content.decode("utf-8-sig")))
    assert [tuple(line) for line in lines] == [COLUMNS, *giants.rows]
