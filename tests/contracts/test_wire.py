"""A fact survives the wire: our own reader, a reader of CloudEvents, a reader of tomorrow."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import jsonschema
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat
from pydantic import BaseModel

from contracts.fact import FACTS, Fact
from contracts.generation.examples import example_of
from contracts.generation.schemas import wire_schema
from shared.bus.cloud_events import encoded, headers_of, new_event_id, source_of
from shared.bus.incoming import Event, Received, decode
from shared.bus.subscriptions import subscriptions

every_fact = pytest.mark.parametrize("name", sorted(FACTS))


def headers(fact: Fact) -> list[tuple[str, bytes]]:
    """Record headers as the outbox writes them and the relay encodes them."""
    return encoded(
        headers_of(
            event_id=new_event_id(),
            source=source_of(fact.contract.topic, fact.topic),
            type_=fact.contract.name,
            key=fact.key,
            occurred_at=datetime(2022, 9, 30, 2, 15, tzinfo=UTC),
            correlation_id=str(uuid4()),
            traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        )
    )


def read(fact: Fact, value: bytes) -> Fact:
    """The fact as a consumer of this platform decodes it."""
    cls = type(fact)

    async def on_fact(fact: Any, session: Any) -> None:
        raise AssertionError("only decoding is asked for")

    on_fact.__annotations__["fact"] = cls
    record = Received(
        topic=fact.topic,
        partition=0,
        offset=0,
        recorded_at=datetime.now(UTC),
        raw_key=fact.key.encode(),
        payload=value,
        headers=tuple(headers(fact)),
    )
    event = decode(record, subscriptions([on_fact]))
    assert isinstance(event, Event)
    return event.fact


def barest(model: type[BaseModel], example: dict[str, Any]) -> dict[str, Any]:
    """The example with everything set to null that may be null."""
    return {
        name: None if _takes_null(model, name) else value for name, value in example.items()
    } | {name: None for name in model.model_fields if _takes_null(model, name)}


def _takes_null(model: type[BaseModel], name: str) -> bool:
    field = model.model_json_schema(mode="validation")["properties"][name]
    return {"type": "null"} in field.get("anyOf", ())


@every_fact
def test_cloudevents_sdk_reads_a_record(name: str) -> None:
    fact = FACTS[name].model_validate(example_of(FACTS[name]))
    value = fact.model_dump_json(exclude_none=True).encode()
    event = from_binary(KafkaMessage(dict(headers(fact)), fact.key.encode(), value), JSONFormat())
    attributes = event.get_attributes()
    assert attributes["specversion"] == "1.0"
    assert attributes["type"] == name
    assert attributes["source"] == source_of(fact.contract.topic, fact.topic)
    assert attributes["subject"] == fact.key
    assert attributes["time"] == datetime(2022, 9, 30, 2, 15, tzinfo=UTC)
    assert attributes["datacontenttype"] == "application/json"
    assert attributes["traceparent"].startswith("00-")
    assert attributes["correlationid"]
    assert event.get_data() == json.loads(value)


@every_fact
def test_a_consumer_reads_what_was_published(name: str) -> None:
    fact = FACTS[name].model_validate(example_of(FACTS[name]))
    assert read(fact, fact.model_dump_json(exclude_none=True).encode()) == fact


@every_fact
def test_a_fact_without_its_nullable_fields_is_still_read(name: str) -> None:
    cls = FACTS[name]
    fact = cls.model_validate(barest(cls, example_of(cls)))
    value = fact.model_dump_json(exclude_none=True)
    jsonschema.Draft202012Validator(wire_schema(cls)).validate(json.loads(value))
    assert read(fact, value.encode()) == fact


def nested_models(schema: dict[str, Any]) -> dict[str, Any]:
    return {"": schema, **schema.get("$defs", {})}


@every_fact
def test_null_never_has_to_be_said(name: str) -> None:
    """What is null is left out on the wire, so a field that may be null needs a default."""
    schema = FACTS[name].model_json_schema(mode="validation")
    for model, part in nested_models(schema).items():
        for field in part.get("required", ()):
            branches = part["properties"][field].get("anyOf", ())
            assert {"type": "null"} not in branches, f"{model}.{field} needs the default None"


@every_fact
def test_a_consumer_ignores_the_fields_of_a_later_version(name: str) -> None:
    fact = FACTS[name].model_validate(example_of(FACTS[name]))
    later = with_added_fields(json.loads(fact.model_dump_json(exclude_none=True)))
    assert read(fact, json.dumps(later).encode()) == fact


def with_added_fields(node: Any) -> Any:
    """A field of tomorrow in every object."""
    if isinstance(node, list):
        return [with_added_fields(item) for item in node]
    if isinstance(node, dict):
        return {key: with_added_fields(value) for key, value in node.items()} | {"added_later": 1}
    return node
