"""The JSON Schema of a fact as it travels: what a reader finds in the value of a record.

Differs from the class on purpose in three ways. Unknown fields are allowed, since a later
version may add some. Null does not occur: what is not known is left out. Money is text with
exactly two decimals.
"""

from typing import Any

from contracts.fact import Fact

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
NULL = {"type": "null"}
_CENTS = r"\.[0-9]{2}$"


def wire_schema(fact: type[Fact]) -> Schema:
    """The schema, with the topic and key of the fact as `x-` fields."""
    contract = fact.contract
    schema: Schema = _on_the_wire(fact.model_json_schema(mode="serialization"))
    return {
        "$schema": DIALECT,
        "$id": f"urn:terrace:schema:{contract.name}",
        "x-topic": contract.topic.name,
        "x-key": contract.key,
        "x-audience": sorted(contract.audience),
        **schema,
    }


def _on_the_wire(node: Any) -> Any:
    if isinstance(node, list):
        return [_on_the_wire(item) for item in node]
    if not isinstance(node, dict):
        return node
    if "decimal_places" in node:
        return _money(node)
    known = {key: _on_the_wire(value) for key, value in node.items()}
    if known.get("additionalProperties") is False:
        del known["additionalProperties"]
    if isinstance(properties := known.get("properties"), dict):
        _without_nulls(known, properties)
        for name, field in properties.items():
            if field.get("title") == name.replace("_", " ").title():
                del field["title"]
    return known


def _money(node: Schema) -> Schema:
    whole = int(node["max_digits"]) - int(node["decimal_places"])
    sign = "" if node.get("ge") == 0 else "-?"
    kept: Schema = {key: node[key] for key in ("title", "description", "default") if key in node}
    return {**kept, "type": "string", "pattern": f"^{sign}[0-9]{{1,{whole}}}{_CENTS}"}


def _without_nulls(model: Schema, properties: Schema) -> None:
    """A field that may be null is left out instead: drop the null and the requirement."""
    nullable: set[str] = set()
    for name, field in properties.items():
        if NULL not in field.get("anyOf", ()):
            continue
        nullable.add(name)
        branches = [branch for branch in field["anyOf"] if branch != NULL]
        rest = {key: value for key, value in field.items() if key != "anyOf"}
        if rest.get("default", ...) is None:
            del rest["default"]
        properties[name] = (
            {**branches[0], **rest} if len(branches) == 1 else field | {"anyOf": branches}
        )
    if required := [name for name in model.get("required", ()) if name not in nullable]:
        model["required"] = required
    else:
        model.pop("required", None)
