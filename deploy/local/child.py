"""One process that we start, watch, and end, and that a later start can still recognise.

Owns the process's log and a small file with its identity. If this program is killed, the next
start finds the file and ends the process that was left behind, if it is still the same one.
"""

import json
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from deploy.local.postgres_home import RunAs
from deploy.local.processes import ProcessIdentity

_LOG_BYTES_MAX = 20_000_000
_LOG_END_BYTES = 20_000


class Child:
    """A named process of one state directory. At most one runs at a time."""

    def __init__(self, name: str, state_dir: Path) -> None:
        self.name = name
        self.log_path = state_dir / "logs" / f"{name}.log"
        self._identity_path = state_dir / "run" / f"{name}.json"
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self.is_running() and self._process else None

    @property
    def exit_code(self) -> int | None:
        """How the last process ended; None while it runs or before the first start."""
        return self._process.poll() if self._process else None

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def leftover(self) -> ProcessIdentity | None:
        """The process an earlier program started under this name, if it is still alive."""
        try:
            identity = ProcessIdentity(**json.loads(self._identity_path.read_text()))
        except (OSError, ValueError, TypeError):
            return None
        return identity if identity.is_alive() else None

    def end_leftover(self, first: signal.Signals = signal.SIGTERM, grace_s: float = 10) -> None:
        """End what an earlier program left running under this name."""
        if not self.is_running() and (identity := self.leftover()):
            identity.end(first, grace_s)

    def launch(
        self,
        command: Sequence[str | Path],
        cwd: Path,
        environment: Mapping[str, str] | None = None,
        run_as: RunAs | None = None,
    ) -> None:
        """Start the process in a session of its own, so that Ctrl-C reaches only the supervisor.

        The environment is the whole one; without it the process gets ours.
        """
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        self._identity_path.parent.mkdir(parents=True, exist_ok=True)
        if self.log_path.exists() and self.log_path.stat().st_size > _LOG_BYTES_MAX:
            self.log_path.replace(self.log_path.with_suffix(".log.1"))
        with self.log_path.open("ab") as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(
                command,
                cwd=cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **(run_as or RunAs()),
            )
        if identity := ProcessIdentity.of(self._process.pid):
            self._identity_path.write_text(json.dumps(asdict(identity)))

    def stop(self, first: signal.Signals = signal.SIGTERM, grace_s: float = 15) -> None:
        """Ask the process to end, and end it with SIGKILL when the grace time is over."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(first)
            try:
                self._process.wait(grace_s)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._forget()

    def kill(self) -> None:
        """End the process with SIGKILL, as a power cut would."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
        self._forget()

    def log_of_this_run(self) -> str:
        """What the process has written since it was last launched."""
        try:
            with self.log_path.open("rb") as log:
                log.seek(self._log_start)
                return log.read().decode(errors="replace")
        except FileNotFoundError:
            return ""

    def end_of_log(self, lines: int = 12) -> str:
        """The last lines of the log, this run's or an earlier one's."""
        try:
            with self.log_path.open("rb") as log:
                log.seek(max(0, self.log_path.stat().st_size - _LOG_END_BYTES))
                return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return ""

    def _forget(self) -> None:
        if self._process is not None:
            self._process.wait(10)
            self._identity_path.unlink(missing_ok=True)
