"""Size classes of enterprises (中小企业划型标准), 工信部联企业〔2011〕300号.

Large, medium and small need every listed measure at or above the class's lower bound, otherwise
the next class down is tried; micro is what remains. In this document 以下 excludes the number. The
bounds are data: `reference/sme-size.yaml`.
"""

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from contracts.facts import EnterpriseFacts
from shared.rules.figures import Figure, amount, headcount
from shared.rules.lined_yaml import Tree, line_of, read_tree
from shared.rules.metric import Unknown, Value, missing
from shared.rules.periods import last_closed_year
from shared.rules.place import INCLUSIVE, Place
from shared.rules.provenance import Provenance

SIZES = {
    "large": ("大型", "large"),
    "medium": ("中型", "medium"),
    "small": ("小型", "small"),
    "micro": ("微型", "micro"),
}
FEN_PER_WAN = 1_000_000
FILE = "sme-size.yaml"
_FIELDS = {"revenue": "revenue_cny", "assets": "total_assets_cny"}


_MEASURES = {"employees": 1, "revenue": FEN_PER_WAN, "assets": FEN_PER_WAN}


@dataclass(frozen=True)
class SizeRow:
    """The bounds of one group of industries: measure → lower bounds of large, medium, small."""

    zh: str
    divisions: tuple[str, ...]
    bounds: dict[str, tuple[int, int, int]]
    provenance: Provenance


@cache
def _rows() -> tuple[SizeRow, ...]:
    return size_rows(read_tree(Path(__file__).parent / "reference" / "sme-size.yaml"), FILE)


def size_rows(tree: Tree, file: str) -> tuple[SizeRow, ...]:
    """The rows of the standard. Raises RuleFileError with file, line and what to change."""
    place = Place(file, {}, INCLUSIVE)
    place.only(tree, {"document_no", "source", "verification", "classes"}, "The size standard")
    place = place.within(tree)
    nodes = place.row(tree.get("classes"), "`classes`", tree.at("classes"))
    rows: list[SizeRow] = []
    for node in nodes:
        row = _row(place.tree(node, "A row", tree.at("classes")), place)
        taken = {code for other in rows for code in other.divisions}
        twice = sorted(taken & set(row.divisions))
        if twice:
            place.refuse(line_of(node), f"{row.zh}: {', '.join(twice)} stand in two rows.")
        rows.append(row)
    return tuple(rows)


def _row(tree: Tree, place: Place) -> SizeRow:
    place.only(tree, {"zh", "divisions", "source", "verification", *_MEASURES}, "A row")
    zh, inner = place.word(tree, "zh", "A row"), place.within(tree)
    codes = place.row(tree.get("divisions"), "`divisions`", tree.at("divisions"))
    if any(not isinstance(code, str) for code in codes):
        place.refuse(tree.at("divisions"), f"{zh}: put the codes in quotes.")
    bounds = {
        measure: _bounds(tree, measure, factor, place)
        for measure, factor in _MEASURES.items()
        if measure in tree
    }
    if not bounds:
        place.refuse(tree.line, f"{zh} needs one of {', '.join(_MEASURES)}.")
    return SizeRow(zh, tuple(codes), bounds, inner.provenance(tree, zh))


def _bounds(tree: Tree, measure: str, factor: int, place: Place) -> tuple[int, int, int]:
    found = place.row(tree[measure], f"`{measure}`", tree.at(measure))
    whole = [number for number in found if isinstance(number, int) and number > 0]
    if len(found) != 3 or len(whole) != 3 or not whole[0] > whole[1] > whole[2]:
        place.refuse(
            tree.at(measure), f"`{measure}` is three whole numbers: large > medium > small."
        )
    return whole[0] * factor, whole[1] * factor, whole[2] * factor


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
