"""Optional fields may be added to a published fact; everything else is a new fact."""

import copy
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from contracts.fact import FACTS
from contracts.generation.compatibility import breaking_changes, breaking_topic_changes
from contracts.generation.files import BreakingChange, breaks, fact_files, write
from contracts.generation.schemas import Schema, wire_schema
from contracts.generation.services import ROOT

SCHEMAS = {name: wire_schema(fact) for name, fact in sorted(FACTS.items())}
Model = dict[str, Any]


def models(schema: Schema) -> Iterator[Model]:
    """Every model with fields that the fact reaches."""
    for part in (schema, *schema.get("$defs", {}).values()):
        if part.get("properties"):
            yield part


@st.composite
def fields(draw: st.DrawFn) -> tuple[str, Schema, Model, str]:
    """A fact, a copy of its schema, one model in the copy and one of the model's fields."""
    name = draw(st.sampled_from(sorted(SCHEMAS)))
    schema = copy.deepcopy(SCHEMAS[name])
    model = draw(st.sampled_from(list(models(schema))))
    return name, schema, model, draw(st.sampled_from(sorted(model["properties"])))


def remove(model: Model, field: str) -> None:
    del model["properties"][field]
    model["required"] = [name for name in model.get("required", ()) if name != field]


def rename(model: Model, field: str) -> None:
    model["properties"] = {
        f"{name}_renamed" if name == field else name: value
        for name, value in model["properties"].items()
    }
    model["required"] = [
        f"{name}_renamed" if name == field else name for name in model.get("required", ())
    ]


def retype(model: Model, field: str) -> None:
    number = model["properties"][field].get("type") == "number"
    model["properties"][field] = {"type": "string" if number else "number"}


def turn_around(model: Model, field: str) -> None:
    """Required becomes optional, optional becomes required."""
    required = model.get("required", [])
    model["required"] = (
        [name for name in required if name != field] if field in required else [*required, field]
    )


def add_required(model: Model, field: str) -> None:
    model["properties"][f"{field}_added"] = {"type": "string"}
    model["required"] = [*model.get("required", ()), f"{field}_added"]


def narrow(model: Model, field: str) -> None:
    model["properties"][field] = {**model["properties"][field], "not": {"const": "x"}}


@given(fields(), st.sampled_from([remove, rename, retype, turn_around, add_required, narrow]))
def test_a_change_of_a_field_is_refused(
    chosen: tuple[str, Schema, Model, str], change: Callable[[Model, str], None]
) -> None:
    name, schema, model, field = chosen
    change(model, field)
    assert breaking_changes(SCHEMAS[name], schema)


@given(fields(), st.sampled_from(["string", "integer", "boolean", "object", "array"]))
def test_an_added_optional_field_is_allowed(
    chosen: tuple[str, Schema, Model, str], kind: str
) -> None:
    name, schema, model, field = chosen
    model["properties"][f"{field}_added"] = {"type": kind, "title": "新增"}
    assert breaking_changes(SCHEMAS[name], schema) == []


@given(fields())
def test_words_for_people_may_change(chosen: tuple[str, Schema, Model, str]) -> None:
    name, schema, model, field = chosen
    model["properties"][field] |= {"title": "别的", "description": "Other words."}
    model["description"] = "Other words."
    assert breaking_changes(SCHEMAS[name], schema) == []


@pytest.mark.parametrize("values", [["a"], ["a", "b", "c"], ["b", "a"]])
def test_the_values_of_an_enumeration_are_closed(values: list[str]) -> None:
    old = {"properties": {"kind": {"enum": ["a", "b"]}}, "required": ["kind"]}
    new = {"properties": {"kind": {"enum": values}}, "required": ["kind"]}
    assert breaking_changes(old, new)


@pytest.mark.parametrize("mark", ["x-topic", "x-key"])
def test_the_topic_and_the_key_of_a_fact_stay(mark: str) -> None:
    for schema in SCHEMAS.values():
        assert breaking_changes(schema, {**schema, mark: "another"})


def test_a_model_may_move_between_inline_and_named() -> None:
    part = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    old = {"properties": {"p": {"$ref": "#/$defs/Part"}}, "$defs": {"Part": part}}
    assert breaking_changes(old, {"properties": {"p": part}}) == []
    assert breaking_changes(old, {"properties": {"p": {**part, "required": []}}}) == [
        "p.a: was always there and is optional"
    ]


def test_a_topic_keeps_its_owner_its_partitions_and_its_way_of_keeping() -> None:
    topics = yaml.safe_load(fact_files()["topics.yaml"])
    assert list(breaking_topic_changes(topics, topics)) == []
    assert list(breaking_topic_changes(topics[:-1], topics)) == []
    assert list(breaking_topic_changes(topics, topics[:-1]))
    for change in ({"owner": "x"}, {"partitions": 99}, {"config": {"cleanup.policy": "x"}}):
        assert list(breaking_topic_changes(topics, [*topics[:-1], topics[-1] | change]))


def test_generation_refuses_to_break_a_published_fact(tmp_path: Path) -> None:
    files = fact_files()
    write(files, tmp_path)
    path = "schemas/certification.titles-changed.v1.json"
    schema = json.loads(files[path])
    del schema["$defs"]["Title"]["properties"]["kind"]
    with pytest.raises(BreakingChange, match=r"titles\[\]\.kind: removed or renamed"):
        write(files | {path: json.dumps(schema)}, tmp_path)
    without = {name: text for name, text in files.items() if name != path}
    with pytest.raises(BreakingChange, match=r"titles-changed\.v1 is gone"):
        write(without, tmp_path)
    assert (tmp_path / path).read_text("utf-8") == files[path]


def lay_committed_files(directory: Path) -> None:
    """The generated files of the last commit, as far as there are any."""
    names = subprocess.run(
        ["git", "ls-tree", "-r", "--name-only", "HEAD", "contracts/generated"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split()
    for name in names:
        content = subprocess.run(
            ["git", "show", f"HEAD:{name}"], cwd=ROOT, capture_output=True, check=True
        ).stdout
        place = directory / Path(name).relative_to("contracts/generated")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


def test_every_fact_can_be_read_by_readers_of_the_committed_one(tmp_path: Path) -> None:
    lay_committed_files(tmp_path)
    assert list(breaks(fact_files(), tmp_path)) == []
