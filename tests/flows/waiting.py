"""Waiting for what happens elsewhere: a condition with a deadline, never a sleep of its own."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

DEADLINE_S = 60.0
POLL_S = 0.05


async def until(read: Callable[[], Awaitable[T]], holds: Callable[[T], bool]) -> T:
    """The first value read that holds. Raises AssertionError with the last one at the deadline."""
    end = time.monotonic() + DEADLINE_S
    while True:
        value = await read()
        if holds(value):
            return value
        assert time.monotonic() < end, f"not within {DEADLINE_S:.0f} s: {value!r}"
        await asyncio.sleep(POLL_S)
