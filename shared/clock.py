"""Domain time: the time law, validity and deadlines are judged by.

Tokens, leases, back-off and retention use machine time and never this module. A clock file moves
domain time in every process alike; only the `terrace` command writes it, forward only.
"""

import json
from datetime import UTC, date, datetime
from pathlib import Path

from contracts.values import SHANGHAI

CLOCK_FILE_CHECK_S = 0.2


class Clock:
    """Domain time of one process; follows the clock file when there is one."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._stamp: int | None = None
        self._checked_at = 0.0
        self._shift_s = 0.0

    def follow(self, path: str | None) -> None:
        """Take domain time from this file from now on; None returns to machine time."""
        self._path = Path(path) if path else None
        self._stamp, self._checked_at, self._shift_s = None, 0.0, 0.0

    def now(self) -> datetime:
        """The present instant of the domain, aware, in Asia/Shanghai."""
        machine = datetime.now(UTC)
        if self._path is not None and machine.timestamp() - self._checked_at > CLOCK_FILE_CHECK_S:
            self._read(self._path, machine)
        return datetime.fromtimestamp(machine.timestamp() + self._shift_s, SHANGHAI)

    def _read(self, path: Path, machine: datetime) -> None:
        self._checked_at = machine.timestamp()
        stamp = path.stat().st_mtime_ns
        if stamp == self._stamp:
            return
        setting = json.loads(path.read_text("utf-8"))
        domain_at = datetime.fromisoformat(setting["domain_at"])
        machine_at = datetime.fromisoformat(setting["machine_at"])
        self._shift_s = (domain_at - machine_at).total_seconds()
        self._stamp = stamp


_clock = Clock()
follow = _clock.follow
now = _clock.now


def today() -> date:
    """The present date of the domain in Asia/Shanghai."""
    return now().date()
