"""The cases of `cases/*.yaml`: what the law says of an enterprise, as a lawyer reads it.

A file names an edition, a tier, a day and an ordinary enterprise. A case changes facts of it (a
null takes one away) and says what comes out. A row of a table changes one fact and says what one
criterion gives: points, or whether it holds (null: cannot be judged). `shift` moves the accounts
by years; `given` states what is no fact of the dossier, as a rule writes it.
"""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from contracts.facts import EnterpriseFacts
from shared.rules.atoms import scales_in
from shared.rules.evaluate import Criterion, TierVerdict, evaluate
from shared.rules.lined_yaml import Tree, read_tree
from shared.rules.metric import Reading
from shared.rules.metrics import METRICS, read
from shared.rules.model import Bands, RuleSet
from shared.rules.rulebook import load_rulebook

ROOT = Path(__file__).parents[3]
RULEBOOK = load_rulebook(ROOT / "services" / "certification" / "rules")
FILES = [read_tree(path) for path in sorted((Path(__file__).parent / "cases").glob("*.yaml"))]
CASES = [
    pytest.param(file, case, id=case["case"]) for file in FILES for case in file.get("cases", ())
]
ROWS = [
    pytest.param(file, table, row, id=f"{file['tier']}-{table['table']}-{place}")
    for file in FILES
    for table in file.get("tables", ())
    for place, row in enumerate(table["rows"])
]


def _plain(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _plain(value) for key, value in node.items()}
    return [_plain(value) for value in node] if isinstance(node, list) else node


def _base(file: Tree, shift: int) -> dict[str, Any]:
    facts: dict[str, Any] = _plain(file["base"])
    accounts = facts.get("accounts", {})
    facts["accounts"] = {str(int(year) + shift): figures for year, figures in accounts.items()}
    for report in facts.get("headcounts", ()):
        report["year"] += shift
    return facts


def _change(facts: dict[str, Any], path: str, value: Any) -> None:
    *parents, name = path.split(".")
    holder: Any = facts
    for parent in parents:
        holder = holder[int(parent)] if isinstance(holder, list) else holder[parent]
    if value is None:
        del holder[name]
    else:
        holder[name] = _plain(value)


def _read(file: Tree, asked: Tree, changes: dict[str, Any]) -> tuple[RuleSet, Reading]:
    facts = _base(file, asked.get("shift", 0))
    for path, value in changes.items():
        _change(facts, path, value)
    accounts = facts.get("accounts", {})
    facts["accounts"] = [{"year": int(year), **figures} for year, figures in accounts.items()]
    day = asked.get("as_of", file["as_of"])
    enterprise = EnterpriseFacts.model_validate(facts)
    given = {**(file.get("given") or {}), **(asked.get("given") or {})}
    values = {name: METRICS[name].exact(value) for name, value in given.items()}
    rules = RULEBOOK.of(file["edition"], enterprise.region, day)
    return rules, read(enterprise, day).with_values(values)


def _judge(file: Tree, asked: Tree, changes: dict[str, Any]) -> TierVerdict:
    verdict = evaluate(*_read(file, asked, changes))
    return next(tier for tier in verdict.tiers if tier.tier == file["tier"])


def _row_changes(table: Tree, row: list[Any]) -> dict[str, Any]:
    return {**(table.get("with") or {}), table["fact"]: row[0]}


def _criterion(verdict: TierVerdict, name: str) -> Criterion:
    return next(criterion for criterion in verdict.criteria if criterion.id == name)


@pytest.mark.parametrize(("file", "table", "row"), ROWS)
def test_row(file: Tree, table: Tree, row: list[Any]) -> None:
    expected = row[1]
    verdict = _judge(file, table, _row_changes(table, row))
    found = _criterion(verdict, table["gives"])
    scored = found.points_full is not None
    assert (found.points if scored else found.met) == expected, found
    assert scored or found.met is expected


@pytest.mark.parametrize(("file", "case"), CASES)
def test_case(file: Tree, case: Tree) -> None:
    verdict, expect = _judge(file, case, case.get("change") or {}), case["expect"]
    known = {"points", "points_between", "attainment", "total", "unmet", "missing", "holds"}
    assert set(expect) <= known
    for name, expected in (expect.get("points") or {}).items():
        assert _criterion(verdict, name).points == expected, name
    for name, bounds in (expect.get("points_between") or {}).items():
        found = _criterion(verdict, name)
        assert [found.points_min, found.points_max] == bounds, name
    for name, expected in (expect.get("holds") or {}).items():
        assert _criterion(verdict, name).met is expected, name
    if "attainment" in expect:
        assert verdict.met is expect["attainment"], (verdict.unmet, verdict.missing)
    if "total" in expect:
        assert verdict.points == expect["total"]
    if "unmet" in expect:
        assert list(verdict.unmet) == expect["unmet"]
    if "missing" in expect:
        assert list(verdict.missing) == expect["missing"]


def test_every_case_has_its_own_name() -> None:
    names = [
        f"{file['edition']} {file['tier']} {case['case']}"
        for file in FILES
        for case in file.get("cases", ())
    ]
    assert len(names) == len(set(names))


def _asked_of(edition: str, tier: str) -> list[Reading]:
    """The reading of every case and row of a tier."""
    readings = []
    for file in FILES:
        if (file["edition"], file["tier"]) != (edition, tier):
            continue
        for case in file.get("cases", ()):
            readings.append(_read(file, case, case.get("change") or {})[1])
        for table in file.get("tables", ()):
            readings += [_read(file, table, _row_changes(table, row))[1] for row in table["rows"]]
    return readings


def _bands() -> Iterator[tuple[str, str, Bands]]:
    for edition, rules in RULEBOOK.rule_sets.items():
        for tier in rules.tiers:
            if tier.uses is None and tier.score is not None:
                for category in tier.score.categories:
                    for indicator in category.indicators:
                        scales = scales_in(indicator.scale)
                        found = [scale for scale in scales if isinstance(scale, Bands)]
                        yield from ((edition, tier.tier, scale) for scale in found)


@pytest.mark.parametrize(
    ("edition", "tier", "scale"),
    [pytest.param(*found, id=f"{found[1]}-{found[2].metric.name}") for found in _bands()],
)
def test_every_border_of_every_band_is_tried_from_both_sides(
    edition: str, tier: str, scale: Bands
) -> None:
    seen = {reading[scale.metric.name] for reading in _asked_of(edition, tier)}
    values = [value for value in seen if isinstance(value, int | Fraction)]
    borders = [band.high for band in scale.bands if band.high is not None]
    for border in borders:
        near = [value for value in values if abs(value - border) <= Fraction(abs(border) or 1, 10)]
        taken = {band.points for value in near for band in scale.bands if band.holds(value)}
        beside = {b.points for b in scale.bands if border in (b.low, b.high)}
        assert beside <= taken, scale.metric.show(border)


def test_there_are_enough_cases_to_trust() -> None:
    assert len(CASES) + len(ROWS) >= 120
