"""Domain time follows the clock file, in Asia/Shanghai."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from shared import clock
from shared.settings import Settings


@pytest.fixture
def clock_file(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "clock.json"
    yield path
    clock.follow(None)


def _move(path: Path, domain_at: datetime, stamp: int) -> None:
    setting = {"domain_at": domain_at.isoformat(), "machine_at": datetime.now(UTC).isoformat()}
    path.write_text(json.dumps(setting))
    os.utime(path, ns=(stamp, stamp))


def test_domain_time_is_machine_time_without_a_file() -> None:
    clock.follow(None)
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    assert clock.now().utcoffset() == timedelta(hours=8)


def test_domain_time_is_what_the_file_says_and_runs_on(clock_file: Path) -> None:
    moved_to = datetime(2022, 9, 30, 23, 59, tzinfo=clock.SHANGHAI)
    _move(clock_file, moved_to, stamp=1)
    clock.follow(str(clock_file))
    assert timedelta(0) <= clock.now() - moved_to < timedelta(minutes=1)
    assert clock.today().isoformat() == "2022-09-30"


def test_a_moved_file_is_followed_by_the_running_process(
    clock_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "CLOCK_FILE_CHECK_S", -1.0)
    _move(clock_file, datetime(2022, 9, 30, tzinfo=UTC), stamp=1)
    clock.follow(str(clock_file))
    assert clock.now().year == 2022
    _move(clock_file, datetime(2023, 1, 1, tzinfo=UTC), stamp=2)
    assert clock.now().year == 2023


def test_production_refuses_a_clock_file() -> None:
    with pytest.raises(ValidationError, match="remove it in production"):
        Settings(environment="production", clock_file="clock.json")
