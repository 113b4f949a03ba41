"""The `terrace` command as a person uses it."""

import re
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.local.cli import app
from deploy.local.domain_clock import ensure_clock, parse_instant
from deploy.local.keys import ensure_keys
from deploy.local.settings import ROOT
from tests.deploy.programs import Programs

VERBS = "run demo up down test check format migration migrate contracts events bench clean"


def terrace(state_dir: Path, *words: str) -> tuple[int, str]:
    """Exit code and everything printed."""
    done = CliRunner().invoke(app, [*words, "--state-dir", str(state_dir)], terminal_width=200)
    return done.exit_code, done.output


def test_a_running_stack_can_be_looked_at_asked_and_stopped(
    state_dir: Path, programs: Programs
) -> None:
    record = programs.start_stack(state_dir)

    code, said = terrace(state_dir, "status")
    assert code == 0
    for name, process in record.processes.items():
        assert re.search(rf"{name}\W+{process.pid}\W+{process.port}\W+yes\W+0\W", said)

    code, said = terrace(state_dir, "logs", "enterprise")
    assert code == 0
    assert f"Uvicorn running on {record.url_of('enterprise')}" in said

    code, said = terrace(state_dir, "dead-letters", "discard", "enterprise", "7", "--reason", "old")
    assert code == 0
    assert "POST /v1/operations/dead-letters/7/discard" in said
    code, said = terrace(
        state_dir, "replay", "enterprise", "--since", "2022-09-30", "--topic", "a.b"
    )
    assert code == 0
    assert "POST /v1/operations/replays" in said
    assert "2022-09-30T00:00:00+08:00" in said
    code, said = terrace(state_dir, "dead-letters", "list", "nobody")
    assert code == 1
    assert "choose one of enterprise, gateway" in said

    code, said = terrace(state_dir, "down")
    assert (code, said.strip()) == (0, "Stopped.")
    assert programs.launched[0].wait(60) == 0
    assert terrace(state_dir, "status")[0] == 3


def test_down_ends_what_a_killed_stack_left(state_dir: Path, programs: Programs) -> None:
    programs.start_stack(state_dir)
    programs.launched[0].kill()
    programs.launched[0].wait()
    code, said = terrace(state_dir, "down", "--remove-data")
    assert code == 0
    assert "enterprise, gateway, kafka, postgres" in said
    assert not list(state_dir.glob("*/*"))


def test_without_a_stack_every_verb_says_how_to_start_one(tmp_path: Path) -> None:
    for words in (["status"], ["dead-letters", "list", "funding"], ["token", "--role", "bank"]):
        code, said = terrace(tmp_path, *words)
        assert code != 0
        assert "terrace up" in said
    assert terrace(tmp_path, "down") == (0, f"No stack runs in {tmp_path}.\n")


def test_a_role_that_does_not_exist_is_refused_with_those_that_do(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    code, said = terrace(tmp_path, "token", "--role", "boss")
    assert code == 1
    assert "enterprise, regulator" in said
    code, said = terrace(tmp_path, "token", "--role", "bank", "--org", "icbc")
    assert code == 0
    assert said.count(".") == 2


def test_domain_time_is_shown_and_moved_forward(tmp_path: Path) -> None:
    ensure_clock(tmp_path, parse_instant("2022-09-30"))
    assert terrace(tmp_path, "clock")[1].startswith("2022-09-30T00:00:0")
    assert terrace(tmp_path, "clock", "2022-10-15")[1].startswith("2022-10-15T00:00:0")
    code, said = terrace(tmp_path, "clock", "2022-10-14")
    assert code == 1
    assert "forward only" in said


@pytest.mark.parametrize("value", ["eighty", "70000", "-1"])
def test_a_port_that_is_none_is_refused_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("TERRACE_PORT_GATEWAY", value)
    code, _ = terrace(tmp_path, "up")
    assert code == 1


def test_make_prints_its_verbs() -> None:
    said = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(VERBS.split()) <= set(re.findall(r"^  make (\w+)", said, re.MULTILINE))
