"""中小企业划型: every bound of every industry from both sides. In this document 以下 excludes."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from contracts.facts import EnterpriseFacts
from shared.rules.lined_yaml import RuleFileError, parse_tree
from shared.rules.metrics import read
from shared.rules.size import size_rows

TABLE = yaml.safe_load((Path(__file__).parent / "reference" / "sme-size.yaml").read_text("utf-8"))
CLASSES = ("large", "medium", "small", "micro")
WAN = Decimal(10_000)
FEN = Decimal("0.01")
ENOUGH = {"X": 5_000_000, "Y": 10_000_000, "Z": 10_000_000}
BOUNDS = [
    pytest.param(row, measure, place, id=f"{row['zh']}-{measure}-{CLASSES[place]}")
    for row in TABLE["rows"]
    for measure in ("X", "Y", "Z")
    if measure in row
    for place in range(3)
]


def _facts(industry: str, measures: dict[str, Any]) -> EnterpriseFacts:
    accounts: dict[str, Any] = {"year": 2021, "revenue_cny": str(measures.get("Y", 0))}
    if "Z" in measures:
        accounts["total_assets_cny"] = str(measures["Z"])
    staff = [{"year": 2021, "employees": measures["X"]}] if "X" in measures else []
    return EnterpriseFacts.model_validate(
        {
            "uscc": "91350100M000100Y43",
            "region": "440106",
            "industry": industry,
            "accounts": [accounts],
            "headcounts": staff,
        }
    )


def _size(industry: str, measures: dict[str, Any]) -> tuple[object, object]:
    reading = read(_facts(industry, measures), date(2022, 9, 30))
    return reading["size_class"], reading["is_sme"]


def _whole(row: dict[str, Any]) -> dict[str, Any]:
    """More than enough of every measure of the row, in persons and yuan."""
    return {
        measure: ENOUGH[measure] if measure == "X" else ENOUGH[measure] * WAN
        for measure in ENOUGH
        if measure in row
    }


@pytest.mark.parametrize(("row", "measure", "place"), BOUNDS)
def test_lower_bound_belongs_to_its_class_and_a_step_under_it_does_not(
    row: dict[str, Any], measure: str, place: int
) -> None:
    bound = row[measure][place]
    at: Any = bound if measure == "X" else bound * WAN
    under: Any = bound - 1 if measure == "X" else at - FEN
    assert _size(row["industry"], {**_whole(row), measure: at}) == (CLASSES[place], place > 0)
    assert _size(row["industry"], {**_whole(row), measure: under}) == (CLASSES[place + 1], True)


@pytest.mark.parametrize("case", TABLE["worked"], ids=lambda case: case["zh"])
def test_worked_example(case: dict[str, Any]) -> None:
    measures = {
        measure: case[measure] if measure == "X" else case[measure] * WAN
        for measure in ("X", "Y", "Z")
        if measure in case
    }
    assert _size(case["industry"], measures)[0] == case["size"]


@pytest.mark.parametrize("industry", TABLE["uncovered"])
def test_industry_without_a_standard_is_left_to_a_person(industry: str) -> None:
    assert _size(industry, {"X": 10, "Y": 1, "Z": 1}) == (None, None)


def test_one_measure_under_large_makes_an_sme_whatever_is_missing() -> None:
    reading = read(_facts("3484", {"Y": 40000 * WAN - FEN}), date(2022, 9, 30))
    assert reading["is_sme"] == 1
    reading = read(_facts("3484", {"Y": 40000 * WAN}), date(2022, 9, 30))
    assert reading["is_sme"] is None
    assert reading.missing("is_sme") == ("headcounts.2021.employees",)


GOOD = """
document_no: d
source: s
verification: v1
classes:
- {zh: 工业, divisions: ["34"], employees: [1000, 300, 20]}
- {zh: 批发业, divisions: ["51"], revenue: [40000, 5000, 1000], verification: v2}
"""


def test_rows_carry_how_well_they_are_proved() -> None:
    industry, wholesale = size_rows(parse_tree(GOOD, "s.yaml"), "s.yaml")
    assert (industry.provenance.verification, wholesale.provenance.verification) == ("v1", "v2")
    assert wholesale.bounds == {"revenue": (400_000_000_00, 50_000_000_00, 10_000_000_00)}


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("[1000, 300, 20]", "[1000, 1000, 20]", 6, "large > medium > small"),
        ("[1000, 300, 20]", "[1000, 20]", 6, "large > medium > small"),
        ("[1000, 300, 20]", "[1000, 300, 0]", 6, "large > medium > small"),
        ('["51"]', '["34"]', 7, "34 stand in two rows"),
        ('["51"]', "[51]", 7, "put the codes in quotes"),
        ("employees:", "persons:", 6, "has no `persons`"),
        (", employees: [1000, 300, 20]", "", 6, "needs one of employees"),
        ("source: s\n", "", 5, "needs `source`"),
    ],
)
def test_bad_table_is_refused(old: str, new: str, line: int, says: str) -> None:
    assert old in GOOD
    with pytest.raises(RuleFileError) as caught:
        size_rows(parse_tree(GOOD.replace(old, new, 1), "s.yaml"), "s.yaml")
    assert says in caught.value.reason
    assert (caught.value.file, caught.value.line) == ("s.yaml", line)
