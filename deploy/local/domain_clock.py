"""The file that sets domain time for every process of the stack. It moves forward only.

Without a chosen start, domain time is machine time. Services read the file; only the `terrace`
command writes it.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class ClockMovedBack(ValueError):
    """Domain time would go back, and with it deadlines that have passed already."""


def parse_instant(text: str) -> datetime:
    """An ISO 8601 date or instant; without an offset it is meant in Asia/Shanghai.

    Raises ValueError when it is neither.
    """
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=SHANGHAI)


def clock_path(state_dir: Path) -> Path:
    return state_dir / "clock.json"


def ensure_clock(state_dir: Path, start: datetime | None = None) -> None:
    """Write the file unless it is there; domain time begins at the start, or now."""
    if not clock_path(state_dir).exists():
        _write(state_dir, start or datetime.now(UTC))


def domain_now(state_dir: Path) -> datetime:
    """The present instant of the stack's domain."""
    setting = json.loads(clock_path(state_dir).read_text())
    domain_at = datetime.fromisoformat(setting["domain_at"])
    machine_at = datetime.fromisoformat(setting["machine_at"])
    return domain_at + (datetime.now(UTC) - machine_at)


def move_clock(state_dir: Path, to: datetime) -> None:
    """Move domain time forward to this aware instant. Raises ClockMovedBack."""
    now = domain_now(state_dir)
    if to < now:
        raise ClockMovedBack(
            f"Domain time is {now.isoformat(timespec='seconds')} already; it moves forward only. "
            "For an earlier time start a new state directory (TERRACE_STATE_DIR)."
        )
    _write(state_dir, to)


def _write(state_dir: Path, domain_at: datetime) -> None:
    path = clock_path(state_dir)
    setting = {"domain_at": domain_at.isoformat(), "machine_at": datetime.now(UTC).isoformat()}
    partial = path.with_suffix(f".{os.getpid()}")
    partial.write_text(json.dumps(setting))
    partial.rename(path)
