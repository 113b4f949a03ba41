"""Kills every process of the stack with SIGKILL, one after the other, while the run goes on.

A kill comes due when so many further changes were sent. From then on nobody sends a change until
the kill has happened, so every kill falls among changes; the next waits until all is ready again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol

from deploy.local.sample.calls import together


class Killable(Protocol):
    """A stack, as far as killing goes."""

    def kill(self, name: str) -> None: ...
    async def wait_ready(self) -> None: ...


class Chaos:
    """The gate of a run with kills. Without a round under way it holds nobody."""

    def __init__(self, stack: Killable, report: Callable[[str], None]) -> None:
        self.killed: list[str] = []
        self._stack = stack
        self._report = report
        self._passed = 0
        self._every = 0
        self._due: list[asyncio.Event] = []
        self._fired: list[asyncio.Event] = []

    async def pass_one(self) -> None:
        """Let one change pass, after every kill that is due."""
        self._passed += 1
        due = min(self._passed // self._every, len(self._due)) if self._every else 0
        if due:
            self._due[due - 1].set()
            await self._fired[due - 1].wait()

    @asynccontextmanager
    async def round(self, every: int, names: list[str]) -> AsyncIterator[None]:
        """Kill each of these in turn, one per so many changes; at the end all has recovered."""
        self._passed, self._every = 0, every
        self._due = [asyncio.Event() for _ in names]
        self._fired = [asyncio.Event() for _ in names]
        async with together() as group:
            group.create_task(self._kill_in_turn(names))
            yield
            for event in self._due:
                event.set()
        self._every = 0

    async def _kill_in_turn(self, names: list[str]) -> None:
        for name, due, fired in zip(names, self._due, self._fired, strict=True):
            await due.wait()
            await asyncio.to_thread(self._stack.kill, name)
            self.killed.append(name)
            self._report(f"SIGKILL {name}")
            fired.set()
            await self._stack.wait_ready()
