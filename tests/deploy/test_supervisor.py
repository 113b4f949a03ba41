"""The supervisor with real processes: it revives its own and touches nobody else's."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path

import pytest

from deploy.local.child import Child
from deploy.local.processes import ProcessIdentity
from deploy.local.record import end_leftovers
from deploy.local.supervisor import Supervisor
from tests.deploy.waiting import until

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
STUBBORN = [
    *(sys.executable, "-c"),
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('deaf', flush=True); time.sleep(600)",
]


class Sleeper:
    """A part that only sleeps; refuses to start as often as it is told to."""

    port = 0

    def __init__(self, name: str, directory: Path, refusals: int = 0) -> None:
        self.name = name
        self.starts = 0
        self.refusals = refusals
        self.stopped: list[str] = []
        self.child = Child(name, directory)
        self._directory = directory

    @property
    def pid(self) -> int | None:
        return self.child.pid

    def is_running(self) -> bool:
        return self.child.is_running()

    def start(self) -> None:
        self.starts += 1
        if 1 < self.starts <= 1 + self.refusals:
            raise RuntimeError("not now")
        self.child.launch(SLEEPER, cwd=self._directory)

    def stop(self) -> None:
        self.stopped.append(self.name)
        self.child.stop()

    def kill(self) -> None:
        self.child.kill()


@asynccontextmanager
async def watching(*parts: Sleeper) -> AsyncIterator[tuple[Supervisor, list[str]]]:
    changes: list[str] = []
    supervisor = Supervisor(changes.append)
    watch = asyncio.create_task(supervisor.watch())
    try:
        for part in parts:
            await supervisor.start(part)
        yield supervisor, changes
    finally:
        await supervisor.close([[part.name] for part in reversed(parts)])
        await watch


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A process like ours that we did not start through a supervisor."""
    process = subprocess.Popen(SLEEPER)
    yield process
    process.kill()
    process.wait()


async def test_a_killed_process_is_started_again(tmp_path: Path) -> None:
    one, two = Sleeper("one", tmp_path), Sleeper("two", tmp_path)
    async with watching(one, two) as (supervisor, _):
        first, bystander = one.pid, two.pid
        one.kill()
        await until(lambda: supervisor.is_settled("one"))
        assert one.pid != first
        assert two.pid == bystander
        assert (supervisor.restarts_of("one"), supervisor.restarts_of("two")) == (1, 0)


async def test_a_start_that_fails_is_tried_again_after_a_longer_wait(tmp_path: Path) -> None:
    part = Sleeper("one", tmp_path, refusals=2)
    async with watching(part) as (supervisor, changes):
        part.kill()
        await until(lambda: supervisor.is_settled("one"))
        assert part.starts == 4
    waits = [line.rsplit(" ", 2)[1] for line in changes if "starting it again" in line]
    assert waits == ["0.1", "0.2", "0.4"]


async def test_closing_ends_everything_it_started_and_nothing_else(
    tmp_path: Path, stranger: subprocess.Popen[bytes]
) -> None:
    order: list[str] = []
    parts = [Sleeper(name, tmp_path) for name in ("database", "service", "gateway")]
    for part in parts:
        part.stopped = order
    async with watching(*parts):
        identities = [ProcessIdentity.of(part.pid or 0) for part in parts]
    assert order == ["gateway", "service", "database"]
    assert not any(identity and identity.is_alive() for identity in identities)
    assert stranger.poll() is None


async def test_closing_while_a_dead_process_waits_for_its_next_start_leaves_none(
    tmp_path: Path,
) -> None:
    part = Sleeper("one", tmp_path, refusals=100)
    async with watching(part) as (_, changes):
        part.kill()
        await until(lambda: any("could not be started" in line for line in changes))
    assert not part.is_running()


async def test_a_process_that_ignores_sigterm_is_killed_after_the_grace_time(
    tmp_path: Path,
) -> None:
    child = Child("deaf", tmp_path)
    child.launch(STUBBORN, cwd=tmp_path)
    await until(lambda: "deaf" in child.log_of_this_run())
    child.stop(grace_s=0.2)
    assert not child.is_running()
    assert child.exit_code == -9


def test_a_leftover_is_ended_by_id_and_start_time(
    tmp_path: Path, stranger: subprocess.Popen[bytes]
) -> None:
    identity = ProcessIdentity.of(stranger.pid)
    assert identity is not None
    record = tmp_path / "run" / "one.json"
    record.parent.mkdir()
    record.write_text(json.dumps(asdict(identity)))
    assert end_leftovers(tmp_path) == ["one"]
    assert stranger.wait(10) == -15


def test_a_process_that_only_inherited_the_id_is_left_alone(
    tmp_path: Path, stranger: subprocess.Popen[bytes]
) -> None:
    record = tmp_path / "run" / "one.json"
    record.parent.mkdir()
    record.write_text(json.dumps({"pid": stranger.pid, "started": "another time"}))
    assert end_leftovers(tmp_path) == []
    assert stranger.poll() is None


def test_an_unreadable_record_is_no_leftover(tmp_path: Path) -> None:
    record = tmp_path / "run" / "one.json"
    record.parent.mkdir()
    for content in ("", "{", "[]", '{"pid": 1}'):
        record.write_text(content)
        assert end_leftovers(tmp_path) == []
