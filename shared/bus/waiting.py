"""Waiting without blocking: until an event, for a while, or longer at each failure."""

import asyncio
import random


class BackOff:
    """How long to wait before the next attempt: doubles up to a cap, with jitter."""

    def __init__(self, first_s: float, longest_s: float) -> None:
        self._first_s, self._longest_s = first_s, longest_s
        self._next_s = first_s

    def next_s(self) -> float:
        """The wait before the next attempt."""
        wait_s, self._next_s = self._next_s, min(self._next_s * 2, self._longest_s)
        return random.uniform(wait_s / 2, wait_s)

    def reset(self) -> None:
        """It worked: begin with the short wait again."""
        self._next_s = self._first_s


async def wait_for(event: asyncio.Event, seconds: float) -> None:
    """Wait for the event, but no longer."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return
