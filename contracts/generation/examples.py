"""An example of each fact, made from its schema: the same at every run, and valid.

A field takes its value from `contracts.examples` when that names it, then from its own
`examples`, then from its type. A field whose pattern leaves no guess must bring an example.
"""

from collections.abc import Mapping
from typing import Any

from contracts.examples import LEFT_OUT, REALISTIC
from contracts.fact import Fact
from contracts.generation.schemas import Schema, wire_schema

DAY = "2022-09-30"
INSTANT = "2022-09-30T10:15:00+08:00"


class NoExample(Exception):
    """The schema alone does not say what a value looks like."""


def example_of(fact: type[Fact], values: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The value of a record as plain data, round-tripped through the class.

    `values` replace fields of the fact itself; None leaves a field out. Raises NoExample.
    """
    schema = wire_schema(fact)
    made = _object(schema, schema)
    for name, value in (values or {}).items():
        made[name] = value
    kept = {name: value for name, value in made.items() if value is not None}
    return fact.model_validate(kept).model_dump(mode="json", exclude_none=True)


def _object(schema: Schema, root: Schema) -> dict[str, Any]:
    model = schema.get("title", "")
    made: dict[str, Any] = {}
    for name, field in schema.get("properties", {}).items():
        place = f"{model}.{name}"
        value = REALISTIC[place] if place in REALISTIC else _value(place, field, root)
        if value is not LEFT_OUT:
            made[name] = value
    return made


def _value(place: str, schema: Schema, root: Schema) -> Any:
    if "$ref" in schema:
        return _value(place, root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    if examples := schema.get("examples"):
        return examples[0]
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return _value(place, schema["anyOf"][0], root)
    kind = schema.get("type")
    if kind == "object":
        return _object(schema, root)
    if kind == "array":
        return [_value(place, schema["items"], root)]
    if kind == "boolean":
        return True
    if kind in ("integer", "number"):
        return max(schema.get("minimum", 0), min(1, schema.get("maximum", 1)))
    return _word(place, schema)


def _word(place: str, schema: Schema) -> str:
    if schema.get("format") == "date":
        return DAY
    if schema.get("format") == "date-time":
        return INSTANT
    if "pattern" not in schema:
        return str(schema.get("title", place.rpartition(".")[2]))[: schema.get("maxLength", 200)]
    if schema["pattern"].endswith(r"\.[0-9]{2}$"):
        return "1200000.00"
    raise NoExample(
        f"{place} has the pattern {schema['pattern']}. Give it Field(examples=[…]) where it is"
        " declared, or a value in contracts/examples.py."
    )
