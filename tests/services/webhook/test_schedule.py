"""The schedule: exact steps, a tenth of jitter, Retry-After, and the time of day in its header."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.webhook.schedule import (
    RETRY_AFTER_S_MAX,
    due_at,
    retry_after_s,
    wait_s,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = 3_600
WRITTEN = [5, 300, 1_800, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR]
chances = st.floats(0, 1, exclude_max=True)


@given(st.integers(1, 10_000), chances)
def test_wait_is_the_written_step_and_at_most_a_tenth_more(failures: int, chance: float) -> None:
    step = WRITTEN[failures - 1] if failures <= len(WRITTEN) else 10 * HOUR
    assert wait_s(failures) == step
    wait = (due_at(failures, NOW, chance) - NOW).total_seconds()
    assert step <= wait <= step * 1.1 + 1e-5


@given(st.integers(1, 100), st.integers(1, 100), chances)
def test_wait_never_shrinks_with_more_failures(first: int, second: int, chance: float) -> None:
    few, many = sorted((first, second))
    assert due_at(few, NOW, chance) <= due_at(many, NOW, chance)


@given(st.integers(1, 100), chances, st.floats(0, 1e9))
def test_retry_after_delays_and_never_hastens(failures: int, chance: float, asked: float) -> None:
    due = due_at(failures, NOW, chance, asked)
    assert due >= due_at(failures, NOW, chance)
    assert due >= NOW + timedelta(seconds=min(asked, RETRY_AFTER_S_MAX))
    assert due <= NOW + timedelta(seconds=max(RETRY_AFTER_S_MAX, 10 * HOUR * 1.1))


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 0),
        ("120", 120),
        (" 120 ", 120),
        ("Sun, 01 Mar 2026 12:01:00 GMT", 60),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0),
        ("-5", 0),
        ("soon", 0),
        ("1e9", 0),
        ("９９", 0),
        ("", 0),
    ],
)
def test_retry_after_is_read_as_rfc_9110_says(header: str | None, seconds: int) -> None:
    assert retry_after_s(header, NOW) == seconds


@given(st.text(max_size=60))
def test_no_header_breaks_the_schedule(header: str) -> None:
    assert retry_after_s(header, NOW) >= 0
