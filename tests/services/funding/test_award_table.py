"""The award table of the report (iResearch 2022-09), row by row, against the rule files."""

import csv
import re
from datetime import date
from pathlib import Path

import pytest

from contracts.events.certification import TitleStatus
from contracts.events.funding import AmountKind
from services.funding.awards.deciding import decide
from services.funding.awards.schemes import Bounds, schemes
from tests.services.funding.makers import LAW_DAY, title

TABLE = Path(__file__).parent / "award_table.csv"
ROWS = list(csv.DictReader(TABLE.read_text("utf-8").splitlines()))
CELLS = [(row, title) for row in ROWS for title in ("specialized_sme", "little_giant")]
MUNICIPALITIES = {"110000", "120000", "310000", "500000"}
AUTONOMOUS = {"150000", "450000", "640000"}
WAN = 10_000


def _meaning(printed: str) -> tuple[AmountKind, int | None, int | None]:
    """What a cell of the table says: kind, least and most in yuan."""
    numbers = [int(number) * WAN for number in re.findall(r"\d+", printed)]
    if printed == "——":
        return AmountKind.NONE, None, None
    if "/" in printed:
        return AmountKind.BY_SUBTYPE, min(numbers), max(numbers)
    if printed.startswith(("最高", "不超过")):
        return AmountKind.CAP, None, numbers[0]
    if "-" in printed:
        return AmountKind.RANGE, numbers[0], numbers[1]
    return AmountKind.FIXED, numbers[0], numbers[0]


@pytest.mark.parametrize(
    ("row", "title"), CELLS, ids=[f"{row['region']}-{title}" for row, title in CELLS]
)
def test_rule_file_says_what_the_table_prints(row: dict[str, str], title: str) -> None:
    found = [s for s in schemes().values() if s.payer.code == row["code"] and s.title == title]
    assert len(found) == 1
    amounts = found[0].amounts
    assert [amount.printed for amount in amounts] == [row[title]]
    assert (amounts[0].kind, *amounts[0].bounds) == _meaning(row[title])
    assert amounts[0].verification == "seed"
    assert (amounts[0].since, amounts[0].until) == (None, None)
    assert not found[0].automatic


def test_both_amounts_of_anhui_keep_their_names() -> None:
    value = schemes()["anhui-specialized-sme"].amounts[0].value
    assert isinstance(value, tuple)
    assert {part.subtype: part.amount for part in value} == {
        "省级专精特新企业": 500_000,
        "省级专精特新冠军企业": 800_000,
    }


def test_beijing_and_shanghai_are_matters_of_their_districts() -> None:
    districts = {s.payer.code for s in schemes().values() if s.payer.level == "district"}
    assert districts == {"110000", "310000"}
    assert all(s.payer.note for s in schemes().values() if s.payer.level == "district")


def test_twenty_one_of_twenty_six_provinces_and_municipalities_have_an_award() -> None:
    codes = {row["code"] for row in ROWS}
    assert len(codes) == 24
    assert len(codes - AUTONOMOUS) == 21
    assert codes >= MUNICIPALITIES


def test_guangzhou_pays_two_one_off_awards_without_application() -> None:
    automatic = {s.id: s for s in schemes().values() if s.automatic}
    day = date(2022, 9, 30)
    amounts = {id_: scheme.amount_on(day) for id_, scheme in automatic.items()}
    assert {id_: amount and amount.value for id_, amount in amounts.items()} == {
        "guangzhou-specialized-sme-one-off": 200_000,
        "guangzhou-little-giant-one-off": 1_000_000,
    }


def test_guangzhou_little_giant_award_is_a_cap_from_its_2025_successor_on() -> None:
    scheme = schemes()["guangzhou-little-giant-one-off"]
    before, after = scheme.amount_on(date(2025, 8, 22)), scheme.amount_on(date(2025, 8, 23))
    assert before is not None
    assert before.value == 1_000_000
    assert after is not None
    assert after.value == Bounds(max=1_000_000)


def test_separately_planned_city_is_outside_its_province_and_the_file_says_so() -> None:
    scheme = schemes()["guangdong-little-giant"]
    assert scheme.payer.covers("440106")
    assert not scheme.payer.covers("440305")
    assert scheme.payer.scope_note is not None
    assert scheme.payer.scope_note.verification == "unverified"


def test_guangzhou_of_july_2022_is_due_142_million_yuan_in_435_automatic_awards() -> None:
    """366 provincial titles, 69 of them also national, and 55 more in public notice."""
    notice = title("little_giant", status=TitleStatus.PUBLICIZED)
    held = [(title(), title("little_giant"))] * 69 + [(title(), notice)] * 55 + [(title(),)] * 242
    grants = [
        grant
        for titles in held
        for grant in decide(schemes().values(), titles, "440106", LAW_DAY, {})[0]
        if grant.scheme.automatic
    ]
    assert len(held) == 366
    assert len(grants) == 435
    assert sum(grant.amount.bounds[1] or 0 for grant in grants) == 142_200_000
