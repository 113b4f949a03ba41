"""Waiting for a condition instead of sleeping."""

import asyncio
from collections.abc import Callable

from deploy.local.processes import wait_until


async def until(condition: Callable[[], bool], timeout_s: float = 60) -> None:
    """Wait in a thread, so that the event loop goes on. Fails when the time is up."""
    assert await asyncio.to_thread(wait_until, condition, timeout_s)
