"""compose.yaml is valid, complete, and gives no container more than it needs."""

import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from deploy.configuration import known_variables
from deploy.local.settings import StackSettings
from deploy.local.topology import GATEWAY, SERVICES, ServiceEntry
from tests.deploy.images.composed import (
    COMPOSE,
    DOCKERFILE,
    ROOT,
    Container,
    read_containers,
    read_document,
)
from tests.deploy.images.servers import make_secrets

SCHEMA = json.loads(Path(__file__).with_name("compose-spec.schema.json").read_text("utf-8"))
DOCUMENT = read_document(COMPOSE.read_text("utf-8"))
CONTAINERS = read_containers()
OURS = [container for container in CONTAINERS.values() if container.build]
ONLY_LOCAL = {"TERRACE_CLOCK_FILE", "TERRACE_BROKER_FORGETS"}
each_service = pytest.mark.parametrize("entry", SERVICES, ids=lambda entry: entry.name)
each_container = pytest.mark.parametrize(
    "container", CONTAINERS.values(), ids=lambda container: container.name
)


def _errors(document: Any) -> list[str]:
    found = jsonschema.Draft7Validator(SCHEMA).iter_errors(document)
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in found]


def test_compose_is_valid_by_the_schema_of_the_specification() -> None:
    assert _errors(DOCUMENT) == []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("read_only", [1]),
        ("dependson", {}),
        ("depends_on", {"kafka-setup": {"condition": "done"}}),
        ("environment", {"A": {"B": 1}}),
    ],
)
def test_the_schema_refuses_what_compose_would_refuse(place: str, value: Any) -> None:
    broken = deepcopy(DOCUMENT)
    broken["services"]["enterprise"][place] = value
    assert _errors(broken)


def block_of(name: str) -> Container:
    """The service's block, or a sentence that says what is missing."""
    assert name in CONTAINERS, (
        f"deploy/compose.yaml has no block {name}, and deploy/local/topology.py has the service."
        " Copy the two blocks of enterprise (the service and its migrations) under its name."
    )
    return CONTAINERS[name]


@each_service
def test_every_service_of_the_topology_has_its_block(entry: ServiceEntry) -> None:
    container = block_of(entry.name)
    assert container.build["args"] == {"SERVICE": entry.name}
    assert container.definition["image"].startswith(f"terrace/{entry.name}:")
    if entry.has_database:
        url = f"postgresql://{entry.database}@postgres:5432/{entry.database}"
        migrations = block_of(f"{entry.name}-migrations")
        for part in (container, migrations):
            assert part.environment["TERRACE_DATABASE_URL"] == url
            assert [mount.source for mount in part.mounts] == [
                f"./secrets/services/{entry.name}"
            ], "a service sees its own passwords only"
            assert part.build == container.build
        assert migrations.definition["command"][1:] == ["-m", "shared.migrate", entry.name]
        assert migrations.waits_for["postgres-setup"] == "service_completed_successfully"
        assert container.waits_for[migrations.name] == "service_completed_successfully"
    if entry.on_bus:
        assert container.environment["TERRACE_KAFKA_USER"] == entry.name
        assert container.environment["TERRACE_KAFKA_SECURITY"] == "sasl_plaintext"
        assert container.waits_for["kafka-setup"] == "service_completed_successfully"


def test_the_gateway_knows_every_service() -> None:
    upstreams = json.loads(CONTAINERS[GATEWAY].environment["TERRACE_UPSTREAMS"])
    wanted = {
        entry.name: f"http://{entry.name}:8000" for entry in SERVICES if entry.name != GATEWAY
    }
    assert upstreams == wanted, "TERRACE_UPSTREAMS of the gateway does not name every service"


@each_service
def test_compose_gives_what_the_local_stack_gives(entry: ServiceEntry, tmp_path: Path) -> None:
    local = StackSettings(tmp_path).environment_of(
        entry,
        database_url=None,
        bootstrap="",
        broker_forgets=False,
        upstreams={},
    )
    secrets = make_secrets(tmp_path) / "services" / entry.name
    files = {path.name.upper() for path in secrets.glob("terrace_*")}
    given = set(block_of(entry.name).environment) | files
    assert set(local) - ONLY_LOCAL <= given, f"{entry.name} lacks a variable or a secret file"


def test_nothing_runs_that_the_topology_does_not_know() -> None:
    known = {entry.name for entry in SERVICES} | {
        f"{entry.name}-migrations" for entry in SERVICES if entry.has_database
    }
    assert {container.name for container in OURS} - known == {"kafka-setup"}


@each_container
def test_every_container_waits_only_for_containers_that_can_end_its_wait(
    container: Container,
) -> None:
    for name, condition in container.waits_for.items():
        awaited = CONTAINERS[name].definition
        if condition == "service_healthy":
            assert "healthcheck" in awaited
        else:
            assert awaited["restart"] == "on-failure:5", f"{name} never ends"


@pytest.mark.parametrize("container", OURS, ids=lambda container: container.name)
def test_containers_of_ours_are_confined(container: Container) -> None:
    assert container.definition["read_only"] is True
    assert container.definition["cap_drop"] == ["ALL"]
    assert container.definition["security_opt"] == ["no-new-privileges:true"]
    assert int(container.definition["user"].split(":")[0]) >= 1000
    assert all(mount.read_only for mount in container.mounts)


@each_container
def test_no_password_stands_in_an_environment(container: Container) -> None:
    for name, value in container.environment.items():
        assert not re.search(r"://[^/@]*:[^/@]*@", value), f"{name} holds a password"
        secret = re.search("PASSWORD|SECRET|PRIVATE|TOKEN", name)
        assert not secret or name in ("TERRACE_SECRETS_DIR", "POSTGRES_PASSWORD_FILE"), name


@each_container
def test_every_variable_of_ours_is_a_setting_somebody_reads(container: Container) -> None:
    ours = {name for name in container.environment if name.startswith("TERRACE_")}
    assert ours <= known_variables()


@each_container
def test_everything_that_is_mounted_is_there(container: Container, tmp_path: Path) -> None:
    secrets = make_secrets(tmp_path)
    for mount in container.mounts:
        if mount.source.startswith("./secrets/"):
            place = secrets / mount.source.removeprefix("./secrets/")
        else:
            place = ROOT / "deploy" / mount.source
        assert place.exists(), f"{container.name} mounts {mount.source}, which nothing makes"


def test_password_files_are_kept_and_closed_to_others(tmp_path: Path) -> None:
    secrets = make_secrets(tmp_path)
    before = {path: path.read_text() for path in secrets.rglob("*") if path.is_file()}
    make_secrets(tmp_path)
    assert before == {path: path.read_text() for path in secrets.rglob("*") if path.is_file()}
    assert secrets.stat().st_mode & 0o077 == 0
    assert (secrets / ".gitignore").read_text() == "*\n"
    assert all(len(text) >= 43 for path, text in before.items() if path.name != ".gitignore")


@each_container
def test_images_name_no_registry(container: Container) -> None:
    first, slash, _ = container.definition["image"].partition("/")
    assert not (slash and re.search(r"[.:]", first))


def test_base_images_name_no_registry() -> None:
    text = DOCKERFILE.read_text("utf-8")
    bases = re.findall(r"^ARG PYTHON=(\S+)", text, re.MULTILINE)
    assert bases
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) == {"${PYTHON}"}
    assert not re.search(r"[.:]", bases[0].rpartition("/")[0])


@each_container
def test_only_the_gateway_is_open_to_the_network(container: Container) -> None:
    for port in container.definition.get("ports", ()):
        assert container.name == GATEWAY or port.startswith("127.0.0.1:")
