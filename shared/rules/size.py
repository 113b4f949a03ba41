"""Size classes of enterprises (中小企业划型标准), 工信部联企业〔2011〕300号.

Large, medium and small need every listed measure at or above the class's lower bound, otherwise
the next class down is tried; micro is what remains. In this document 以下 excludes the number. The
bounds are data: `reference/sme-size.yaml`.
"""

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import yaml

from contracts.facts import EnterpriseFacts
from shared.rules.figures import Figure, amount, headcount
from shared.rules.metric import Unknown, Value, missing
from shared.rules.periods import last_closed_year

SIZES = {
    "large": ("大型", "large"),
    "medium": ("中型", "medium"),
    "small": ("小型", "small"),
    "micro": ("微型", "micro"),
}
FEN_PER_WAN = 1_000_000
_FIELDS = {"revenue": "revenue_cny", "assets": "total_assets_cny"}


@dataclass(frozen=True)
class SizeRow:
    """The bounds of one group of industries: measure → lower bounds of large, medium, small."""

    divisions: tuple[str, ...]
    bounds: dict[str, tuple[int, int, int]]


@cache
def _rows() -> tuple[SizeRow, ...]:
    path = Path(__file__).parent / "reference" / "sme-size.yaml"
    rows = yaml.safe_load(path.read_text("utf-8"))["classes"]
    factor = {"employees": 1, "revenue": FEN_PER_WAN, "assets": FEN_PER_WAN}
    return tuple(
        SizeRow(
            tuple(row["divisions"]),
            {
                measure: (row[measure][0] * by, row[measure][1] * by, row[measure][2] * by)
                for measure, by in factor.items()
                if measure in row
            },
        )
        for row in rows
    )


@cache
def _row_of(industry: str) -> SizeRow | None:
    return next((row for row in _rows() if industry.startswith(row.divisions)), None)


def _measure(facts: EnterpriseFacts, year: int, measure: str) -> Figure:
    if measure == "employees":
        return headcount(facts, year, measure)
    return amount(facts, year, _FIELDS[measure])


def _reaches(
    facts: EnterpriseFacts, as_of: date, row: SizeRow, place: int
) -> tuple[bool | None, tuple[str, ...]]:
    """Whether every measure reaches the bound of a class, and what is missing to say so."""
    lacking: list[str] = []
    for measure, bounds in row.bounds.items():
        found = _measure(facts, last_closed_year(as_of), measure)
        if isinstance(found, Unknown):
            lacking += found.facts
        elif found < bounds[place]:
            return False, ()
    return (None if lacking else True), tuple(lacking)


def _no_standard(industry: str) -> Unknown:
    return Unknown(
        ("industry",),
        f"The size standard has no row for the industry {industry}; give a longer code, or let the"
        " authority decide.",
        f"划型标准未列明行业 {industry};请填写更细的行业代码或由主管部门认定。",
    )


def size_class(facts: EnterpriseFacts, as_of: date) -> Value | Unknown:
    """large, medium, small or micro; unknown where a measure that decides is missing."""
    row = _row_of(facts.industry)
    if row is None:
        return _no_standard(facts.industry)
    for place, size in enumerate(("large", "medium", "small")):
        reached, lacking = _reaches(facts, as_of, row, place)
        if reached is None:
            return missing(*lacking)
        if reached:
            return size
    return "micro"


def is_sme(facts: EnterpriseFacts, as_of: date) -> Value | Unknown:
    """Whether it is medium, small or micro: known as soon as one measure is under large."""
    row = _row_of(facts.industry)
    if row is None:
        return _no_standard(facts.industry)
    large, lacking = _reaches(facts, as_of, row, 0)
    return missing(*lacking) if large is None else not large
