"""JSON schemas of the rule files, for editors: generated from what the loader knows.

    python -m shared.rules.editor_schema    writes shared/rules/schema/*.schema.json

An editor that knows them completes keys and metrics and marks a wrong one while it is typed. The
loader stays the judge: what needs arithmetic (bands, maximums, ids) it alone can tell.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeAlias

from contracts.values import Tier
from shared.rules.load import DATE_KEYS, RULE_SET_KEYS, TIER_KEYS
from shared.rules.load_conditions import (
    ABOUT_KEYS,
    BOUND_KEYS,
    COMPOSITE_KEYS,
    LEAF_KEYS,
    LIST_KEYS,
)
from shared.rules.load_scores import INDICATOR_KEYS, SCALE_KEYS, SCALE_KINDS
from shared.rules.metric import NUMBERS
from shared.rules.metrics import METRICS
from shared.rules.model import BandEdge, Programme
from shared.rules.overlay import OVERLAY_KEYS
from shared.rules.provenance import Verification
from shared.rules.select import SELECTION_KEYS, Filing

FOLDER = Path(__file__).parent / "schema"
Schema: TypeAlias = dict[str, Any]

TEXT: Schema = {"type": "string", "minLength": 1}
POINTS: Schema = {"type": "integer", "minimum": 0}
NUMBER: Schema = {"type": "number"}
DAY: Schema = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
DAY_OR_NULL: Schema = {"anyOf": [DAY, {"type": "null"}]}
PLAIN: dict[str, Schema] = {
    "id": TEXT,
    "zh": {**TEXT, "description": "The official Chinese text."},
    "en": TEXT,
    "source": {**TEXT, "description": "The article it stands in. Goes down to the parts."},
    "verification": {
        "enum": list(Verification),
        "description": "v2 two texts, v1 one, mem or unverified: not seen, seed: the report.",
    },
    "document_no": TEXT,
    "issued_on": DAY,
    "effective_from": DAY,
    "effective_to": DAY_OR_NULL,
    "filed_from": DAY,
    "filed_to": DAY,
    "unit": TEXT,
    "points": POINTS,
    "max": POINTS,
    "min": POINTS,
    "cap": POINTS,
    "total_min": POINTS,
    "level": POINTS,
    "decided_by": TEXT,
    "act": TEXT,
    "uses": TEXT,
    "authority": {"type": "string", "pattern": "^[0-9]{6}$"},
    "applies_to": TEXT,
    "notice": TEXT,
    "batch": TEXT,
    "rule_set": TEXT,
    "ladder_on_review": {"type": "boolean"},
    "filing": {"enum": list(Filing)},
    "tier": {"enum": [*Tier, *Programme]},
    "requires_tier": {"enum": [*Tier, None]},
    "any_of": {"type": "array", "minItems": 1, "items": {"enum": [*Tier, *Programme]}},
    "tiers": {"type": "array", "minItems": 1, "items": {"enum": [*Tier, *Programme]}},
}
"""Keys that mean the same wherever they stand."""


def rule_set_schema() -> Schema:
    """The schema of editions and programmes."""
    body = _mapping(
        RULE_SET_KEYS,
        {
            "dates_verification": _dates(),
            "boundaries": _ref("boundaries"),
            "lifecycle": {"type": "object", "additionalProperties": _ref("lifecycle_part")},
            "preconditions": _list_of("condition"),
            "tiers": _list_of("tier"),
        },
        required=RULE_SET_KEYS - {"effective_to", "lifecycle", "preconditions"},
    )
    return _document("Terrace rule set (规则集)", body)


def overlay_schema() -> Schema:
    """The schema of provincial overlays."""
    body = _mapping(
        OVERLAY_KEYS,
        {
            "dates_verification": _dates(),
            "pass_mark": _mapping({"points", "source", "verification"}, {}, required={"points"}),
            "conditions": _list_of("condition"),
            "category": _ref("category"),
        },
        required=OVERLAY_KEYS
        - {"document_no", "effective_to", "pass_mark", "conditions", "category"},
    )
    return _document("Terrace provincial overlay (省级细则)", body)


def selection_schema() -> Schema:
    """The schema of the selection."""
    row = _mapping(
        SELECTION_KEYS, {}, required=SELECTION_KEYS - {"batch", "filed_from", "filed_to"}
    )
    rows = {"type": "array", "minItems": 1, "items": row}
    body = _mapping({"selection"}, {"selection": rows}, required={"selection"})
    return {**_head("Terrace selection of editions"), **body}


def schemas() -> dict[str, Schema]:
    """Every schema by file name."""
    return {
        "rule-set.schema.json": rule_set_schema(),
        "overlay.schema.json": overlay_schema(),
        "selection.schema.json": selection_schema(),
    }


def written(schema: Schema) -> str:
    """A schema as its file holds it."""
    return json.dumps(schema, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def write() -> None:
    """Write every schema."""
    FOLDER.mkdir(exist_ok=True)
    for name, schema in schemas().items():
        (FOLDER / name).write_text(written(schema), "utf-8")


def _head(title: str) -> Schema:
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title}


def _document(title: str, body: Schema) -> Schema:
    parts = {
        "boundaries": _boundaries(),
        "lifecycle_part": _mapping(
            {"value", "unit", "source", "verification"},
            {"value": {}},
            required={"value"},
        ),
        "condition": _condition(),
        "tier": _tier(),
        "score": _score(),
        "category": _category(),
        "indicator": _indicator(),
        "scale": _scale(SCALE_KEYS, frozenset()),
        "option": _option(),
    }
    return {**_head(title), **body, "$defs": parts}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _list_of(name: str) -> Schema:
    return {"type": "array", "minItems": 1, "items": _ref(name)}


def _mapping(keys: Iterable[str], own: dict[str, Schema], required: Iterable[str]) -> Schema:
    """A mapping of these keys: `own` says what they hold, else `PLAIN` does."""
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {key: own[key] if key in own else PLAIN[key] for key in sorted(keys)},
        "required": sorted(required),
    }


def _dates() -> Schema:
    tags: dict[str, Schema] = {key: {"enum": list(Verification)} for key in DATE_KEYS}
    return _mapping(DATE_KEYS, tags, required=["effective_from"])


def _boundaries() -> Schema:
    words: Schema = {"enum": ["inclusive", "exclusive"]}
    edge: Schema = {"enum": list(BandEdge)}
    keys = {"min", "max", "band_edge", "source", "verification"}
    own = {"min": words, "max": words, "band_edge": edge}
    return _mapping(keys, own, required=own)


def _tier() -> Schema:
    own = {
        "conditions": _list_of("condition"),
        "direct_routes": _list_of("condition"),
        "score": _ref("score"),
    }
    needed = {"tier", "zh", "en", "level", "decided_by", "act"}
    return _mapping(TIER_KEYS, own, required=needed)


def _condition() -> Schema:
    """A test on one metric, or all, any, not of others."""
    listed: Schema = {"anyOf": [TEXT, {"type": "array", "minItems": 1, "items": TEXT}]}
    leaf: dict[str, Schema] = {
        "metric": {"enum": sorted(METRICS)},
        "is": {"type": "boolean"},
        "equals": {"type": ["string", "number"]},
        **dict.fromkeys(BOUND_KEYS, NUMBER),
        **dict.fromkeys(LIST_KEYS, listed),
    }
    kinds = [_mapping(LEAF_KEYS, leaf, required={"metric"})]
    for key in COMPOSITE_KEYS:
        inner = _ref("condition") if key == "not" else _list_of("condition")
        kinds.append(_mapping(ABOUT_KEYS | {key}, {key: inner}, required={key}))
    return {"anyOf": kinds}


def _score() -> Schema:
    keys = {"total_min", "source", "verification", "categories"}
    own = {"categories": _list_of("category")}
    return _mapping(keys, own, required={"total_min", "categories"})


def _category() -> Schema:
    keys = {"id", "zh", "en", "max", "min", "indicators"}
    own = {"indicators": _list_of("indicator")}
    return _mapping(keys, own, required=keys - {"min"})


def _indicator() -> Schema:
    return _scale(INDICATOR_KEYS | SCALE_KEYS, {"id", "zh", "en", "max"})


def _scale(keys: Iterable[str], required: Iterable[str]) -> Schema:
    """What gives points: exactly one of the kinds."""
    numbers = sorted(name for name, metric in METRICS.items() if metric.kind in NUMBERS)
    band = _mapping({"min", "max", "points"}, {"min": NUMBER, "max": NUMBER}, required={"points"})
    own: dict[str, Schema] = {
        "metric": {"enum": numbers},
        "bands": {"type": "array", "minItems": 1, "items": band},
        "first_match": _list_of("option"),
        "sum_each": _list_of("option"),
        "per_step": _mapping({"step", "points"}, {"step": NUMBER}, required={"step", "points"}),
        "given": {"const": True},
        "best_of": _list_of("scale"),
    }
    one_kind = [{"required": [kind]} for kind in SCALE_KINDS]
    return {**_mapping(keys, own, required), "oneOf": one_kind}


def _option() -> Schema:
    keys = {"id", "zh", "en", "points", "when"}
    return _mapping(keys, {"when": _ref("condition")}, required=keys - {"when"})


if __name__ == "__main__":
    write()
