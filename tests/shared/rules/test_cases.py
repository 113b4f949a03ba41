"""The cases of `cases/*.yaml`: what the law says of an enterprise, as a lawyer reads it."""

from pathlib import Path
from typing import Any

import pytest

from contracts.facts import EnterpriseFacts
from shared.rules.evaluate import TierVerdict, evaluate
from shared.rules.lined_yaml import Tree, read_tree
from shared.rules.load import load_rule_sets
from shared.rules.metrics import read

ROOT = Path(__file__).parents[3]
EDITIONS = load_rule_sets(ROOT / "services" / "certification" / "rules" / "editions")
FILES = [read_tree(path) for path in sorted((Path(__file__).parent / "cases").glob("*.yaml"))]
CASES = [pytest.param(file, case, id=case["case"]) for file in FILES for case in file["cases"]]


def _plain(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _plain(value) for key, value in node.items()}
    return [_plain(value) for value in node] if isinstance(node, list) else node


def _changed(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = _plain(base)
    for path, value in change.items():
        *parents, name = path.split(".")
        holder = facts
        for parent in parents:
            holder = holder[parent]
        if value is None:
            del holder[name]
        else:
            holder[name] = _plain(value)
    accounts = facts.get("accounts", {})
    facts["accounts"] = [{"year": int(year), **figures} for year, figures in accounts.items()]
    return facts


def _judge(file: Tree, case: Tree) -> TierVerdict:
    facts = EnterpriseFacts.model_validate(_changed(file["base"], case.get("change") or {}))
    verdict = evaluate(EDITIONS[file["edition"]], read(facts, file["as_of"]))
    return next(tier for tier in verdict.tiers if tier.tier == file["tier"])


@pytest.mark.parametrize(("file", "case"), CASES)
def test_case(file: Tree, case: Tree) -> None:
    verdict, expect = _judge(file, case), case["expect"]
    points = {criterion.id: criterion.points for criterion in verdict.criteria}
    for indicator, expected in (expect.get("points") or {}).items():
        assert points[indicator] == expected, indicator
    if "attainment" in expect:
        assert verdict.met is expect["attainment"], verdict.criteria
    if "total" in expect:
        assert verdict.points == expect["total"]
    if "unmet" in expect:
        assert list(verdict.unmet) == expect["unmet"]
    if "missing" in expect:
        assert list(verdict.missing) == expect["missing"]


def test_every_case_has_its_own_name() -> None:
    names = [case["case"] for file in FILES for case in file["cases"]]
    assert len(names) == len(set(names))
