"""What may change in a published contract: optional fields may be added, nothing else.

Both directions count. A reader built on the old schema must read new records, and a new reader
must read old ones, since a compacted topic keeps a snapshot for as long as its key lives. So a
wider type breaks as much as a narrower one; it is a new fact (`.v2`).
"""

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

ANNOTATIONS = frozenset(
    {"$comment", "$defs", "$id", "$schema", "description", "examples", "title", "x-audience"}
)
"""Words for people, and who may read it: no reader's code depends on them."""

_STRUCTURE = frozenset({"$ref", "properties", "required"})


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """Every change that would break a reader, each in a sentence; empty when compatible."""
    return list(_compare("", old, new, old, new))


def breaking_topic_changes(
    old: list[Mapping[str, Any]], new: list[Mapping[str, Any]]
) -> Iterator[str]:
    """Keys stay on their partitions, and a topic stays what it is."""
    present = {topic["name"]: topic for topic in new}
    for before in old:
        after = present.get(before["name"])
        if after is None:
            yield f"the topic {before['name']} is gone"
            continue
        for what in ("owner", "partitions"):
            if before[what] != after[what]:
                yield f"{before['name']}: {what} was {before[what]} and is {after[what]}"
        policies = [topic["config"].get("cleanup.policy") for topic in (before, after)]
        if policies[0] != policies[1]:
            yield f"{before['name']}: cleanup.policy was {policies[0]} and is {policies[1]}"


def _compare(
    place: str, old: Schema, new: Schema, old_root: Schema, new_root: Schema
) -> Iterator[str]:
    """Compare two nodes; `place` is the path to them. Facts hold no model that holds itself."""
    old, new = _resolved(old, old_root), _resolved(new, new_root)
    yield from _compare_fields(place, old, new, old_root, new_root)
    for word in sorted((old.keys() | new.keys()) - ANNOTATIONS - _STRUCTURE):
        before, after = old.get(word), new.get(word)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from _compare(place + "[]", before, after, old_root, new_root)
        elif word in ("anyOf", "oneOf", "allOf", "prefixItems") and _same_length(before, after):
            for number, pair in enumerate(zip(before or (), after or (), strict=True)):
                yield from _compare(f"{place}|{number}", *pair, old_root, new_root)
        elif before != after:
            yield f"{place or 'the fact'}: {word} was {before!r} and is {after!r}"


def _compare_fields(
    place: str, old: Schema, new: Schema, old_root: Schema, new_root: Schema
) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    required_before, required_after = set(old.get("required", ())), set(new.get("required", ()))
    for name in before:
        field = f"{place}.{name}".lstrip(".")
        if name not in after:
            yield f"{field}: removed or renamed"
            continue
        if name in required_after - required_before:
            yield f"{field}: was optional and is required"
        if name in required_before - required_after:
            yield f"{field}: was always there and is optional"
        yield from _compare(field, before[name], after[name], old_root, new_root)
    for name in sorted((after.keys() - before.keys()) & required_after):
        yield f"{place}.{name}".lstrip(".") + ": new and required; a new field must be optional"


def _resolved(node: Schema, root: Schema) -> Schema:
    """The node with the reference replaced by what it refers to."""
    target = node.get("$ref")
    if target is None:
        return node
    found: Any = root
    for part in target.removeprefix("#/").split("/"):
        found = found[part]
    beside = {key: value for key, value in node.items() if key != "$ref"}
    return _resolved({**found, **beside}, root)


def _same_length(before: Any, after: Any) -> bool:
    return isinstance(before, list) and isinstance(after, list) and len(before) == len(after)
