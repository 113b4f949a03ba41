"""Which processes are ours, and how they are ended.

A process id alone proves nothing, since the system reuses ids: a process is named by its id and
its start time, and no signal is sent unless both still match.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_PROC = Path("/proc")


@dataclass(frozen=True)
class ProcessIdentity:
    """A process that was seen alive: its id and when it started (in the system's own notation)."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """The identity of a living process; None when there is none or only a zombie is left."""
        started = _started(pid)
        return None if started is None else cls(pid, started)

    @classmethod
    def own(cls) -> Self:
        """The identity of this very process."""
        return cls(os.getpid(), _started(os.getpid()) or "")

    def is_alive(self) -> bool:
        return _started(self.pid) == self.started

    def send(self, number: signal.Signals) -> None:
        """Send a signal if the process is still the one that was recorded."""
        if self.is_alive():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end; True when it has ended."""
        return wait_until(lambda: not self.is_alive(), timeout_s)

    def end(self, first: signal.Signals = signal.SIGTERM, grace_s: float = 10) -> None:
        """Ask with the first signal, and after the grace time end it with SIGKILL."""
        self.send(first)
        if not self.wait(grace_s):
            self.send(signal.SIGKILL)
            self.wait(10)


def wait_until(condition: Callable[[], bool], timeout_s: float, every_s: float = 0.02) -> bool:
    """Ask again and again until the condition holds; False when the time is up."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every_s)
    return True


def working_in(directory: Path) -> list[ProcessIdentity]:
    """Living processes whose working directory this is (Linux only; elsewhere none are found)."""
    found = []
    for entry in _PROC.glob("[0-9]*") if sys.platform == "linux" else ():
        try:
            inside = os.readlink(entry / "cwd") == str(directory)
        except OSError:
            continue
        if inside and (identity := ProcessIdentity.of(int(entry.name))):
            found.append(identity)
    return found


def _started(pid: int) -> str | None:
    if sys.platform == "linux":
        try:
            fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        except (OSError, UnicodeDecodeError):
            return None
        state, started = fields[0], fields[19]
        return None if state in "ZX" else f"{_boot()}/{started}"
    listed = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.split(maxsplit=1)
    return None if len(listed) < 2 or listed[0].startswith("Z") else listed[1].strip()


def _boot() -> str:
    return (_PROC / "sys/kernel/random/boot_id").read_text().strip()[:8]
