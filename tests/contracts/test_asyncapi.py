"""The AsyncAPI page is valid, and says all that a bank engineer must know."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import jsonschema
import pytest
import yaml

from contracts.events.funding import LOAN_ELIGIBILITY
from contracts.fact import FACTS
from contracts.generation.files import GENERATED
from shared.bus.cloud_events import headers_of, source_of

META_SCHEMA = json.loads((Path(__file__).parent / "asyncapi-3.0.0.json").read_text("utf-8"))
BANK = "bank.bank.loan-eligibility"


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    """The committed document."""
    loaded: dict[str, Any] = yaml.safe_load((GENERATED / "asyncapi.yaml").read_text("utf-8"))
    return loaded


def resolve(page: dict[str, Any], node: Any) -> Any:
    while isinstance(node, dict) and "$ref" in node:
        reference, node = node["$ref"], page
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
    return node


def references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [found for item in node for found in references(item)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
    return own + [found for value in node.values() for found in references(value)]


def test_document_is_asyncapi_3(page: dict[str, Any]) -> None:
    found = jsonschema.Draft7Validator(META_SCHEMA).iter_errors(page)
    assert [f"{list(error.path)}: {error.message}" for error in found] == []


def test_the_meta_schema_refuses_what_is_not_asyncapi(page: dict[str, Any]) -> None:
    broken = {**page, "channels": {BANK: {**page["channels"][BANK], "adress": "x"}}}
    assert list(jsonschema.Draft7Validator(META_SCHEMA).iter_errors(broken))


def test_every_reference_leads_somewhere(page: dict[str, Any]) -> None:
    for reference in references(page):
        assert reference.startswith("#/")
        resolve(page, {"$ref": reference})


def test_every_fact_has_a_channel_a_message_and_a_valid_example(page: dict[str, Any]) -> None:
    published = {name for channel in page["channels"].values() for name in channel["messages"]}
    assert published == set(FACTS) == set(page["components"]["messages"])
    for message in page["components"]["messages"].values():
        for part in ("headers", "payload"):
            schema = {**message[part], "components": page["components"]}
            for example in message["examples"]:
                jsonschema.Draft202012Validator(schema).validate(example[part])


def test_the_bank_channel_states_its_parameter_key_partitions_and_compaction(
    page: dict[str, Any],
) -> None:
    channel = page["channels"][BANK]
    assert channel["address"] == LOAN_ELIGIBILITY.name
    assert channel["parameters"]["bank"]["location"] == "$message.payload#/bank"
    kafka = channel["bindings"]["kafka"]
    assert kafka["partitions"] == LOAN_ELIGIBILITY.partitions
    assert kafka["topicConfiguration"]["cleanup.policy"] == ["compact"]
    assert kafka["topicConfiguration"]["delete.retention.ms"] == 30 * 86_400_000
    message = resolve(page, next(iter(channel["messages"].values())))
    assert message["bindings"]["kafka"]["key"]["title"] == "统一社会信用代码"
    statuses = {example["payload"]["status"] for example in message["examples"]}
    assert statuses == {"eligible", "withdrawn"}


def test_page_says_how_a_bank_logs_in(page: dict[str, Any]) -> None:
    (scheme,) = page["servers"]["region"]["security"]
    assert scheme["type"] == "scramSha512"
    assert "bank-<bank code>" in scheme["description"]


def test_what_a_bank_heard_and_may_keep_no_longer_is_compacted_away_within_hours(
    page: dict[str, Any],
) -> None:
    settings = page["channels"][BANK]["bindings"]["kafka"]["topicConfiguration"]
    assert settings["max.compaction.lag.ms"] == settings["segment.ms"] == 12 * 3_600_000
    assert settings["min.cleanable.dirty.ratio"] == 0.01


def test_the_decision_channel_is_written_by_the_bank_and_received_by_the_platform(
    page: dict[str, Any],
) -> None:
    channel = page["channels"]["bank.bank.loan-decision"]
    assert "/terrace/bank/bank.{bank}.loan-decision" in channel["description"]
    assert page["operations"]["write.bank.loan-decided.v1"]["action"] == "receive"
    message = page["components"]["messages"]["bank.loan-decided.v1"]
    states = {example["payload"]["state"] for example in message["examples"]}
    assert states == {"drawn_down", "refused"}
    assert all("ce_id" in example["headers"] for example in message["examples"])


def test_a_withdrawn_example_carries_its_reason_and_no_data(page: dict[str, Any]) -> None:
    message = page["components"]["messages"]["funding.loan-eligibility-changed.v1"]
    withdrawn = next(e["payload"] for e in message["examples"] if e["name"] == "withdrawn")
    assert withdrawn["reason"] == "consent_withdrawn"
    assert "profile" not in withdrawn
    assert not withdrawn.get("products")


def test_documented_headers_are_those_the_bus_writes(page: dict[str, Any]) -> None:
    documented = page["components"]["schemas"]["RecordHeaders"]
    written = headers_of(
        event_id=uuid4(),
        source=source_of(LOAN_ELIGIBILITY, "bank.icbc.loan-eligibility"),
        type_="funding.loan-eligibility-changed.v1",
        key="91440101MA5CY2T72B",
        occurred_at=datetime.now(UTC),
        correlation_id="a",
        traceparent="b",
    )
    assert documented["properties"].keys() == written.keys()
    jsonschema.Draft202012Validator(documented).validate(written)
    example = page["components"]["messages"]["funding.loan-eligibility-changed.v1"]["examples"][0]
    assert example["headers"]["ce_source"] == written["ce_source"]


@pytest.mark.parametrize(
    "told",
    [
        ("earliest", "auto.offset.reset"),
        ("墓碑", "tombstone"),
        ("仍须保留版本号", "keep the version even then"),
        ("valid_until", "valid_until"),
        ("从头", "from the beginning"),
        ("ce_id", "ce_type"),
        ("只会增加可选字段", "optional fields may be added"),
        ("基点", "basis points"),
        ("每天重发一次", "repeats the withdrawn record once a day"),
        ("bank.<银行代码>.loan-decision", "bank.<bank code>.loan-decision"),
        ("更正就是写下一个版本", "A correction is the next version"),
    ],
)
def test_guide_says_it_in_both_languages(page: dict[str, Any], told: tuple[str, str]) -> None:
    chinese, _, english = page["info"]["description"].partition("# English")
    assert told[0] in chinese
    assert told[1] in english


def test_the_program_of_the_guide_compiles(page: dict[str, Any]) -> None:
    program = page["info"]["description"].partition("```python\n")[2].partition("```")[0]
    assert "Consumer(" in program
    compile(program, "guide", "exec")
