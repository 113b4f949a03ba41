"""What runs in a state directory: `stack.json`, the lock of its supervisor, and leftovers.

The lock decides who may start; the record tells other commands where everything is.
"""

import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from deploy.local.child import Child
from deploy.local.processes import ProcessIdentity

Phase = Literal["starting", "ready", "stopping"]


class AlreadyRunning(RuntimeError):
    """Another supervisor works in this state directory."""


class ProcessRecord(BaseModel):
    pid: int | None
    port: int
    restarts: int
    is_service: bool


class StackRecord(BaseModel):
    """The content of stack.json."""

    phase: Phase
    supervisor_pid: int
    supervisor_started: str
    started_at: datetime
    gateway: str | None
    bootstrap: str
    broker: str
    processes: dict[str, ProcessRecord]

    @property
    def supervisor(self) -> ProcessIdentity:
        return ProcessIdentity(self.supervisor_pid, self.supervisor_started)

    def url_of(self, service: str) -> str:
        return f"http://127.0.0.1:{self.processes[service].port}"

    def write(self, state_dir: Path) -> None:
        partial = state_dir / f"stack.json.{os.getpid()}"
        partial.write_text(self.model_dump_json(indent=1))
        partial.rename(state_dir / "stack.json")


def running_stack(state_dir: Path) -> StackRecord | None:
    """The record of the stack that runs here now; None when its supervisor is gone."""
    try:
        record = StackRecord.model_validate_json((state_dir / "stack.json").read_text())
    except (FileNotFoundError, ValueError):
        return None
    return record if record.supervisor.is_alive() else None


@contextmanager
def sole_supervisor(state_dir: Path) -> Iterator[None]:
    """Hold the state directory for as long as the stack runs. Raises AlreadyRunning."""
    state_dir.mkdir(parents=True, exist_ok=True)
    with (state_dir / "supervisor.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(
                f"A stack already runs in {state_dir}. Stop it with `terrace down`, "
                "or set TERRACE_STATE_DIR to start another."
            ) from None
        yield


def end_leftovers(state_dir: Path) -> list[str]:
    """End every process that a killed supervisor left here; services first, PostgreSQL last.

    A recorded process is ended only when id and start time still match. Returns their names.
    """
    names = [path.stem for path in (state_dir / "run").glob("*.json")]
    last = ("kafka", "postgres")
    ended = []
    for name in sorted(names, key=lambda name: (last.index(name) + 1 if name in last else 0, name)):
        child = Child(name, state_dir)
        if child.leftover():
            child.end_leftover(signal.SIGINT if name == "postgres" else signal.SIGTERM)
            ended.append(name)
    return ended
