"""Domain time of the local stack goes forward only, and the services read the same."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.local.domain_clock import (
    ClockMovedBack,
    clock_path,
    domain_now,
    ensure_clock,
    move_clock,
    parse_instant,
)
from shared.clock import Clock

START = datetime(2022, 9, 30, 1, tzinfo=UTC)
SECOND = timedelta(seconds=30)


def test_without_a_start_domain_time_is_machine_time(tmp_path: Path) -> None:
    ensure_clock(tmp_path)
    assert abs(domain_now(tmp_path) - datetime.now(UTC)) < SECOND


def test_the_first_start_is_kept(tmp_path: Path) -> None:
    ensure_clock(tmp_path, START)
    ensure_clock(tmp_path, START + timedelta(days=90))
    assert START <= domain_now(tmp_path) < START + SECOND


def test_services_read_what_terrace_wrote(tmp_path: Path) -> None:
    ensure_clock(tmp_path, START)
    clock = Clock()
    clock.follow(str(clock_path(tmp_path)))
    assert START <= clock.now() < START + SECOND


def test_it_moves_forward_and_never_back(tmp_path: Path) -> None:
    ensure_clock(tmp_path, START)
    move_clock(tmp_path, START + timedelta(days=30))
    with pytest.raises(ClockMovedBack, match="forward only"):
        move_clock(tmp_path, START + timedelta(days=29))
    assert domain_now(tmp_path) >= START + timedelta(days=30)


def test_an_instant_without_offset_is_meant_in_china() -> None:
    assert parse_instant("2022-09-30") == datetime(2022, 9, 29, 16, tzinfo=UTC)
    assert parse_instant("2022-09-30T09:00+00:00") == datetime(2022, 9, 30, 9, tzinfo=UTC)
