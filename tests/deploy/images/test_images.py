"""Each image, assembled by its COPY lines, serves with what compose.yaml gives it and no less."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from deploy.local.topology import GATEWAY, SERVICES, ServiceEntry
from tests.deploy.images.assembly import Assembly, run_as
from tests.deploy.images.composed import ROOT, read_containers
from tests.deploy.images.dockerfile import read_images
from tests.deploy.images.running import Platform, Running, without
from tests.deploy.images.servers import AuthenticatedBroker, PasswordedPostgres
from tests.deploy.images.tokens import Issuer

BEHIND = [entry for entry in SERVICES if entry.name != GATEWAY]
IMPORT_ALL = """
import importlib, pkgutil, sys
package = importlib.import_module(f"services.{sys.argv[1]}")
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    if ".migrations" not in module.name:
        importlib.import_module(module.name)
"""


@pytest.fixture(scope="module")
def started(platform: Platform) -> Iterator[dict[str, Running]]:
    """Every service and the gateway, migrated and started from its image."""
    running: dict[str, Running] = {}
    for entry in SERVICES:
        if entry.name not in platform.containers:
            continue
        if entry.has_database:
            done = platform.run_job(platform.containers[f"{entry.name}-migrations"])
            assert done.returncode == 0, f"{entry.name}-migrations: {done.stdout}{done.stderr}"
        running[entry.name] = platform.start(platform.containers[entry.name])
    yield running
    for one in reversed(running.values()):
        one.child.stop(grace_s=20)


def _missing(service: str) -> str:
    return (
        f"{service} is in deploy/local/topology.py and has no block in deploy/compose.yaml."
        " Copy the block of enterprise, and add a line to the gateway's TERRACE_UPSTREAMS."
    )


@pytest.mark.parametrize("entry", SERVICES, ids=lambda entry: entry.name)
def test_the_image_serves_with_what_compose_gives(
    platform: Platform, started: dict[str, Running], issuer: Issuer, entry: ServiceEntry
) -> None:
    assert entry.name in started, _missing(entry.name)
    running = started[entry.name]
    running.wait_ready()
    assert platform.healthcheck(platform.containers[entry.name], running) == 0
    if entry.on_bus:
        bearer = {"Authorization": f"Bearer {issuer.token('guangzhou')}"}
        path = f"{running.url}/v1/operations/consumers"
        assert httpx.get(path, trust_env=False).status_code == 401
        assert httpx.get(path, headers=bearer, trust_env=False).status_code == 200


def test_a_request_goes_through_the_gateway_with_a_token_of_keycloak(
    started: dict[str, Running], issuer: Issuer
) -> None:
    gateway = started[GATEWAY]
    gateway.wait_ready()
    bearer = {"Authorization": f"Bearer {issuer.token('guangzhou')}"}
    with httpx.Client(base_url=gateway.url, trust_env=False, headers=bearer) as client:
        answer = client.get("/v1/enterprises")
        assert (answer.status_code, answer.json()) == (200, {"enterprises": []})
        assert client.get("/docs").status_code == 200
        assert client.get("/docs/events").status_code == 200
        served = set(client.get("/readyz").json()["services"])
    assert served == {entry.name for entry in BEHIND}


@pytest.mark.parametrize("entry", SERVICES, ids=lambda entry: entry.name)
def test_every_module_of_a_service_imports_from_its_image_alone(
    platform: Platform, entry: ServiceEntry
) -> None:
    assert entry.name in platform.containers, _missing(entry.name)
    container = platform.containers[entry.name]
    image = platform.image_of(container)
    assert [path.name for path in (image.workdir / "services").iterdir() if path.is_dir()] == [
        entry.name
    ]
    done = subprocess.run(
        ["python", "-c", IMPORT_ALL, entry.name],
        cwd=image.workdir,
        env=platform.environment(container, image),
        capture_output=True,
        text=True,
        check=False,
        **run_as(container.definition["user"]),
    )
    assert done.returncode == 0, f"{entry.name} needs what its image lacks:\n{done.stderr}"


def test_a_service_writes_nothing_into_its_image(
    platform: Platform, started: dict[str, Running]
) -> None:
    for name, running in started.items():
        running.wait_ready()
        container = platform.containers[name]
        image = platform.image_of(container)
        assert container.definition["read_only"]
        assert not list(image.files.rglob("__pycache__"))


def _refusal(platform: Platform, name: str, *variables: str) -> str:
    """What a service says that was started without some variables and does not serve."""
    running = platform.start(without(platform.containers[name], *variables))
    try:
        with pytest.raises(AssertionError) as refused:
            running.wait_ready()
        return str(refused.value)
    finally:
        running.child.stop()


def test_a_service_without_its_database_url_says_so(platform: Platform) -> None:
    assert "Set TERRACE_DATABASE_URL" in _refusal(platform, "enterprise", "TERRACE_DATABASE_URL")


def test_a_service_without_its_password_files_says_what_is_missing(platform: Platform) -> None:
    said = _refusal(platform, "enterprise", "TERRACE_SECRETS_DIR")
    assert "TERRACE_KAFKA_USER and TERRACE_KAFKA_PASSWORD" in said


def test_a_service_without_its_user_on_the_bus_says_so(platform: Platform) -> None:
    said = _refusal(platform, "enterprise", "TERRACE_KAFKA_USER")
    assert "TERRACE_KAFKA_SECURITY=sasl_plaintext needs TERRACE_KAFKA_USER" in said


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the Dockerfile reads, to break."""
    for folder in ("contracts", "shared", "services"):
        shutil.copytree(
            ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    (tmp_path / "deploy").mkdir()
    for name in ("Dockerfile", "Dockerfile.dockerignore", "requirements-runtime.lock"):
        shutil.copy(ROOT / "deploy" / name, tmp_path / "deploy" / name)
    return tmp_path


def _start_from(platform: Platform, checkout: Path) -> str:
    """What the enterprise service says when it is built from this checkout; empty if it serves."""
    container = platform.containers["enterprise"]
    rootfs = platform.image_of(container, checkout)
    running = platform.start(container, rootfs)
    try:
        running.wait_ready()
    except AssertionError as refused:
        return str(refused)
    finally:
        running.child.stop()
    return ""


def test_a_service_that_imports_another_does_not_start(
    platform: Platform, started: dict[str, Running], checkout: Path
) -> None:
    planted = checkout / "services" / "enterprise" / "codes.py"
    text = planted.read_text()
    planted.write_text(f"{text}\nfrom services.funding import errors as _errors  # noqa\n")
    assert "No module named 'services.funding'" in _start_from(platform, checkout)


def test_an_image_without_a_folder_it_needs_does_not_start(
    platform: Platform, started: dict[str, Running], checkout: Path
) -> None:
    dockerfile = checkout / "deploy" / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text().replace("COPY contracts/ contracts/\n", ""))
    assert "No module named 'contracts'" in _start_from(platform, checkout)


def test_an_image_without_a_package_it_needs_does_not_start(
    platform: Platform, started: dict[str, Running], checkout: Path
) -> None:
    lock = checkout / "deploy" / "requirements-runtime.lock"
    lock.write_text(lock.read_text().replace("\nasyncpg==", "\n# asyncpg=="))
    assert "No module named 'asyncpg'" in _start_from(platform, checkout)


def test_a_file_that_the_build_cannot_see_fails_the_copy(
    assembly: Assembly, checkout: Path
) -> None:
    (checkout / "deploy" / "Dockerfile.dockerignore").write_text("*\n!contracts\n!services\n")
    with pytest.raises(FileNotFoundError, match="shared/"):
        assembly.build("blind", "service", {"SERVICE": "enterprise"}, checkout)


def test_an_unchanged_copy_of_the_checkout_serves(
    platform: Platform, started: dict[str, Running], checkout: Path
) -> None:
    assert _start_from(platform, checkout) == ""


def test_dependencies_are_installed_by_hash_and_nothing_runs_as_root() -> None:
    images = read_images(ROOT / "deploy" / "Dockerfile", {"SERVICE": "enterprise"})
    installs = [run for image in images.values() for run in image.runs if "pip install" in run]
    assert len(installs) == 2
    assert all("--require-hashes" in run for run in installs)
    assert images["service"].user == images["kafka-setup"].user == "10001:10001"
    assert list(images)[-1] == "service", "the default stage must be the service"


def test_users_of_image_and_compose_agree(platform: Platform) -> None:
    for container in read_containers().values():
        if container.build:
            assert container.definition["user"] == platform.image_of(container).image.user


def test_passwords_stay_out_of_the_environment(
    platform: Platform, postgres: PasswordedPostgres, broker: AuthenticatedBroker
) -> None:
    files = [path for path in platform.secrets.rglob("*") if path.is_file()]
    known = {path.read_text().strip() for path in files if not path.name.startswith(".")}
    assert len(known) == len([path for path in files if not path.name.startswith(".")])
    for container in platform.containers.values():
        if container.build:
            image = platform.image_of(container)
            given = " ".join(platform.environment(container, image).values())
            assert not [password for password in known if password in given]
