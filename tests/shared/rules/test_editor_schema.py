"""The JSON schemas for editors: current, true of every rule file, and they mark what is wrong."""

import json
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from shared.rules.editor_schema import FOLDER, schemas, written
from shared.rules.lined_yaml import parse_tree

RULES = Path(__file__).parents[3] / "services" / "certification" / "rules"
SCHEMA_OF = {
    "editions": "rule-set.schema.json",
    "programmes": "rule-set.schema.json",
    "overlays": "overlay.schema.json",
}
FILES = [
    *((path, SCHEMA_OF[path.parent.name]) for path in sorted(RULES.glob("*/*.yaml"))),
    (RULES / "selection.yaml", "selection.schema.json"),
]
EDITION = (RULES / "editions" / "miit-2022-63.yaml").read_text("utf-8")


def _plain(node: Any) -> Any:
    """The file as an editor sees it: days are texts, decimals plain numbers."""
    if isinstance(node, dict):
        return {key: _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    if isinstance(node, date):
        return node.isoformat()
    return float(node) if isinstance(node, Fraction) else node


def _errors(text: str, schema: str) -> list[str]:
    validator = jsonschema.Draft202012Validator(schemas()[schema])
    return [error.message for error in validator.iter_errors(_plain(parse_tree(text)))]


@pytest.mark.parametrize("name", list(schemas()))
def test_schema_file_is_current(name: str) -> None:
    assert (FOLDER / name).read_text("utf-8") == written(schemas()[name])
    jsonschema.Draft202012Validator.check_schema(json.loads(written(schemas()[name])))


@pytest.mark.parametrize(("path", "schema"), FILES, ids=lambda part: getattr(part, "name", None))
def test_rule_file_is_valid_for_its_editor(path: Path, schema: str) -> None:
    assert _errors(path.read_text("utf-8"), schema) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("verification: v2", "verification: sure"),
        ("metric: debt_ratio", "metric: debt_ration"),
        ("preconditions:", "precondition:"),
        ("points: 20", "points: -1"),
        ("total_min: 60", "total: 60"),
        ("tier: innovative_sme", "tier: unicorn"),
        ("effective_from: 2022-08-01", "effective_from: August"),
        ("band_edge: higher_points", "band_edge: whatever"),
        ("is: true", "is: perhaps"),
    ],
)
def test_editor_marks_a_wrong_file(old: str, new: str) -> None:
    assert old in EDITION
    assert _errors(EDITION.replace(old, new, 1), "rule-set.schema.json")
