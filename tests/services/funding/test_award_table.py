"""The award table of the report (iResearch 2022-09), row by row, against the rule files."""

import csv
import re
from datetime import date
from pathlib import Path

import pytest

from contracts.events.certification import TitleStatus
from services.funding.awards.deciding import decide
from services.funding.awards.schemes import Bounds, OfferKind, Share, schemes
from tests.services.funding.makers import holder, title

TABLE = Path(__file__).parent / "award_table.csv"
ROWS = list(csv.DictReader(TABLE.read_text("utf-8").splitlines()))
CELLS = [(row, title) for row in ROWS for title in ("specialized_sme", "little_giant")]
MUNICIPALITIES = {"110000", "120000", "310000", "500000"}
AUTONOMOUS = {"150000", "450000", "640000"}
WAN = 10_000
ANY_LEVEL = ("municipal_specialized_sme", "specialized_sme", "little_giant")
PROVINCIAL = ("specialized_sme", "little_giant")


def _meaning(printed: str) -> tuple[OfferKind, int | None, int | None]:
    """What a cell of the table says: kind, least and most in yuan."""
    numbers = [int(number) * WAN for number in re.findall(r"\d+", printed)]
    if printed == "——":
        return OfferKind.NONE, None, None
    if "/" in printed:
        return OfferKind.BY_SUBTYPE, min(numbers), max(numbers)
    if printed.startswith(("最高", "不超过")):
        return OfferKind.CAP, None, numbers[0]
    if "-" in printed:
        return OfferKind.RANGE, numbers[0], numbers[1]
    return OfferKind.FIXED, numbers[0], numbers[0]


@pytest.mark.parametrize(
    ("row", "title"), CELLS, ids=[f"{row['region']}-{title}" for row, title in CELLS]
)
def test_rule_file_says_what_the_table_prints(row: dict[str, str], title: str) -> None:
    found = [s for s in schemes().values() if s.payer.code == row["code"] and s.titles == (title,)]
    assert len(found) == 1
    amounts = found[0].amounts
    assert [amount.printed for amount in amounts] == [row[title]]
    assert (amounts[0].kind, *amounts[0].bounds) == _meaning(row[title])
    assert amounts[0].verification == "seed"
    assert (amounts[0].since, amounts[0].until) == (None, None)
    assert not found[0].automatic
    assert (found[0].payee, found[0].benefit, found[0].origin) == ("enterprise", "money", "title")
    assert (found[0].period, found[0].stacking, found[0].shortage) == ("once", "unknown", "unknown")
    assert found[0].claw_back == ("fraud", "annulled")


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


GUANGZHOU_AIDS = [
    ("guangzhou-listing-aid", ANY_LEVEL, 50, 3_000_000),
    ("guangzhou-digital-transformation-aid", PROVINCIAL, None, 3_000_000),
    ("guangzhou-technical-renovation-aid", ANY_LEVEL, 30, 5_000_000),
    ("guangzhou-loan-cost-aid", ANY_LEVEL, None, None),
]


@pytest.mark.parametrize(("id_", "titles", "percent", "cap"), GUANGZHOU_AIDS)
def test_guangzhou_pays_a_share_of_four_costs_and_says_what_is_a_reading(
    id_: str, titles: tuple[str, ...], percent: int | None, cap: int | None
) -> None:
    scheme = schemes()[id_]
    (offer,) = scheme.amounts
    assert (scheme.titles, scheme.origin, scheme.period) == (titles, "claim", "yearly")
    assert offer.share == Share(percent=percent, cap=cap)
    assert offer.verification == "unverified"
    assert {note.verification for note in scheme.notes} == {"unverified"}


GUANGZHOU_RESOURCES = [
    ("guangzhou-land-priority", "land_priority", 1, "right", "once"),
    ("guangzhou-industrial-housing", "industrial_housing", 1, "right", "once"),
    ("guangzhou-property-split", "property_split", 1, "right", "once"),
    ("guangzhou-traffic-permits", "traffic_permit", 2, "vehicle", "yearly"),
]


@pytest.mark.parametrize(("id_", "benefit", "quantity", "unit", "period"), GUANGZHOU_RESOURCES)
def test_guangzhou_secures_key_resources_that_are_no_money(
    id_: str, benefit: str, quantity: int, unit: str, period: str
) -> None:
    scheme = schemes()[id_]
    (offer,) = scheme.amounts
    assert (scheme.benefit, scheme.period, scheme.titles) == (benefit, period, PROVINCIAL)
    assert (offer.quantity, offer.unit, offer.bounds) == (quantity, unit, (None, None))


def test_guangzhou_pays_park_operators_per_project_an_amount_the_report_does_not_state() -> None:
    scheme = schemes()["guangzhou-park-operator-project"]
    assert (scheme.payee, scheme.origin, scheme.period) == ("park_operator", "claim", "project")
    assert (scheme.amounts[0].kind, scheme.amounts[0].bounds) == ("unstated", (None, None))


@pytest.mark.parametrize(
    ("id_", "payee", "most"),
    [
        ("guangzhou-little-giant-one-off", "enterprise", 1_000_000),
        ("guangzhou-single-champion", "enterprise", 1_500_000),
        ("guangzhou-empowerment-centre", "service_institution", 5_000_000),
    ],
)
def test_successor_of_2025_states_caps_from_its_first_day_on(
    id_: str, payee: str, most: int
) -> None:
    scheme = schemes()[id_]
    offer = scheme.amount_on(date(2025, 8, 23))
    assert offer is not None
    assert (scheme.payee, offer.kind, offer.bounds) == (payee, "cap", (None, most))
    assert (offer.verification, "2025-08-23" in offer.source) == ("v1", True)
    before = scheme.amount_on(date(2025, 8, 22))
    assert before is None or before.kind == "fixed"


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
        for grant in decide(schemes(), holder(*titles), {})[0]
        if grant.scheme.automatic
    ]
    assert len(held) == 366
    assert len(grants) == 435
    assert sum(grant.offer.bounds[1] or 0 for grant in grants) == 142_200_000
