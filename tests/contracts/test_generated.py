"""The generated files are what the declarations say, and the examples are real."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
from stdnum.cn import uscc

from contracts import generate
from contracts.events import certification
from contracts.examples import FURTHER, REALISTIC
from contracts.fact import FACTS, INTERNAL, Fact, Topic
from contracts.generation.examples import NoExample, example_of
from contracts.generation.files import GENERATED, differences, fact_files, service_files, write
from contracts.generation.schemas import wire_schema
from contracts.generation.services import ROOT, ServiceDescription, describe_services
from contracts.values import Value

WIRE_NAME = re.compile(r"^(?P<service>[a-z]+)\.(?P<fact>[a-z]+(-[a-z]+)*)\.v[1-9][0-9]*$")
every_fact = pytest.mark.parametrize("name", sorted(FACTS))


@pytest.fixture(scope="module")
def services() -> list[ServiceDescription]:
    """Every service, asked in a process of its own."""
    return describe_services()


def test_generated_files_are_current(services: list[ServiceDescription]) -> None:
    files = fact_files() | service_files(services)
    assert differences(files) == [], "run: make contracts"


def test_generation_is_the_same_at_every_run() -> None:
    assert fact_files() == fact_files()


def test_a_stale_a_missing_and_a_left_over_file_are_each_named(tmp_path: Path) -> None:
    files = fact_files()
    write(files, tmp_path)
    assert differences(files, tmp_path) == []
    (tmp_path / "topics.yaml").write_text("[]\n", "utf-8")
    (tmp_path / "asyncapi.yaml").unlink()
    (tmp_path / "examples" / "old.v1.json").write_text("{}\n", "utf-8")
    found = "\n".join(differences(files, tmp_path))
    assert "topics.yaml (in the directory)" in found
    assert "asyncapi.yaml (as declared)" in found
    assert "examples/old.v1.json: no longer generated" in found
    assert write(files, tmp_path) == ["asyncapi.yaml", "topics.yaml", "examples/old.v1.json"]
    assert differences(files, tmp_path) == []


@every_fact
def test_example_is_valid_and_round_trips(name: str) -> None:
    fact = FACTS[name]
    example = json.loads((GENERATED / "examples" / f"{name}.json").read_text("utf-8"))
    schema = json.loads((GENERATED / "schemas" / f"{name}.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    ).validate(example)
    read = fact.model_validate_json(json.dumps(example))
    assert json.loads(read.model_dump_json(exclude_none=True)) == example
    assert read.key == example[fact.contract.key]


@pytest.mark.parametrize(
    "name", [name for name, fact in FACTS.items() if "uscc" in fact.model_fields]
)
def test_example_carries_a_real_uscc(name: str) -> None:
    assert uscc.is_valid(example_of(FACTS[name])["uscc"])


def test_every_realistic_value_is_used() -> None:
    used = "".join(fact_files().values())
    models = {place.partition(".")[0] for place in REALISTIC}
    assert {model for model in models if f'"title": "{model}"' not in used} == set()
    assert FURTHER.keys() <= FACTS.keys()


def test_a_field_without_a_guess_must_bring_an_example(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(REALISTIC, "LoanEligibilityChanged.bank", None)
    monkeypatch.delitem(REALISTIC, "LoanEligibilityChanged.bank")
    schema = wire_schema(FACTS["funding.loan-eligibility-changed.v1"])
    del schema["properties"]["bank"]["examples"]
    monkeypatch.setattr("contracts.generation.examples.wire_schema", lambda _fact: schema)
    with pytest.raises(NoExample, match=r"LoanEligibilityChanged\.bank .*examples"):
        example_of(FACTS["funding.loan-eligibility-changed.v1"])


@every_fact
def test_schema_lets_later_fields_pass_and_knows_no_null(name: str) -> None:
    text = (GENERATED / "schemas" / f"{name}.json").read_text("utf-8")
    assert "additionalProperties" not in text
    assert '"null"' not in text
    assert '"decimal_places"' not in text


@every_fact
def test_name_says_service_fact_and_major_version(name: str) -> None:
    match = WIRE_NAME.match(name)
    assert match is not None
    topic = FACTS[name].contract.topic
    assert match["service"] == topic.owner
    assert topic.outsiders or (ROOT / "services" / topic.owner / "main.py").is_file()
    assert topic.name.startswith((f"{topic.owner}.", "bank."))


@every_fact
def test_snapshots_of_compacted_topics_carry_a_required_version(name: str) -> None:
    fact = FACTS[name]
    if fact.contract.topic.compacted:
        assert fact.model_fields["version"].is_required()
    assert fact.contract.key in wire_schema(fact)["required"]


def test_two_facts_with_one_name_are_refused() -> None:
    with pytest.raises(TypeError, match=r"titles-changed\.v1 is declared twice"):

        class TitlesChangedAgain(
            Fact,
            topic=certification.TITLE,
            name="certification.titles-changed.v1",
            key="uscc",
            audience=INTERNAL,
        ):
            uscc: str


def test_one_topic_name_has_one_declaration() -> None:
    declared: dict[str, Topic] = {}
    for fact in FACTS.values():
        topic = fact.contract.topic
        assert declared.setdefault(topic.name, topic) is topic


@every_fact
def test_every_model_forbids_unknown_fields_where_they_enter(name: str) -> None:
    """Strict where data enters the platform; only readers of events are lenient."""
    assert issubclass(FACTS[name], Value)
    assert FACTS[name].model_config["extra"] == "forbid"


def test_operation_ids_are_unique_across_services(services: list[ServiceDescription]) -> None:
    seen: dict[str, str] = {}
    for service in services:
        for path, operations in service.openapi["paths"].items():
            if path.startswith("/v1/operations/"):
                continue
            for operation in operations.values():
                owner = seen.setdefault(operation["operationId"], service.name)
                assert owner == service.name, f"{operation['operationId']} in {owner} too"


def test_events_table_names_publishers_consumers_and_orphans(
    services: list[ServiceDescription],
) -> None:
    table = generate.events_table(services)
    columns = {column.header: list(column.cells) for column in table.columns}
    facts = [str(cell) for cell in columns["fact"]]
    consumed = dict(zip(facts, map(str, columns["consumed by"]), strict=True))
    assert facts == sorted(FACTS)
    assert "funding" in consumed["certification.titles-changed.v1"]
    assert consumed["funding.loan-eligibility-changed.v1"] == "outside"
    assert generate.NOBODY in consumed.values() or all(consumed.values())


def test_a_service_takes_declared_facts_only(services: list[ServiceDescription]) -> None:
    for service in services:
        assert set(service.takes) <= FACTS.keys()
