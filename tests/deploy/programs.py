"""Stacks that tests start as programs of their own."""

import os
import subprocess
import sys
from pathlib import Path

from deploy.local.processes import wait_until
from deploy.local.record import StackRecord, running_stack
from deploy.local.settings import ROOT

_READY_S = 120


class Programs:
    """Every program started here is ended at the end of the test."""

    def __init__(self) -> None:
        self.launched: list[subprocess.Popen[bytes]] = []

    def launch(self, state_dir: Path) -> subprocess.Popen[bytes]:
        """Start a tiny stack with servers of its own."""
        program = subprocess.Popen(
            [sys.executable, "-m", "tests.deploy.tiny_stack", str(state_dir)],
            cwd=ROOT,
            env={**os.environ, "TERRACE_DATABASE_URL": "", "TERRACE_KAFKA": ""},
        )
        self.launched.append(program)
        return program

    def start_stack(self, state_dir: Path) -> StackRecord:
        """Start a tiny stack and wait until it is ready."""
        program = self.launch(state_dir)

        def ready() -> bool:
            record = running_stack(state_dir)
            return record is not None and record.phase == "ready"

        assert wait_until(lambda: ready() or program.poll() is not None, _READY_S)
        record = running_stack(state_dir)
        assert record is not None
        return record

    def end(self) -> None:
        for program in self.launched:
            program.terminate()
            program.wait(60)
