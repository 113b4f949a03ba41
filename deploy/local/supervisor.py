"""Keeps a set of processes running: what dies is started again, with capped back-off.

Touches only the parts it was given. Stopping is in the order the caller names.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

_LOOK_EVERY_S = 0.1
_BACK_OFF_FIRST_S = 0.1
_BACK_OFF_MAX_S = 10.0
_HEALTHY_AFTER_S = 30.0


class Part(Protocol):
    """Something that can be kept running. `start` blocks until it is up and raises if it fails."""

    @property
    def name(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def pid(self) -> int | None: ...
    def is_running(self) -> bool: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...


@dataclass
class _Kept:
    part: Part
    restarts: int = 0
    started_at: float = field(default_factory=time.monotonic)
    back_off_s: float = 0.0

    def next_back_off(self) -> float:
        healthy = time.monotonic() - self.started_at > _HEALTHY_AFTER_S
        doubled = 0.0 if healthy else self.back_off_s * 2
        self.back_off_s = min(max(doubled, _BACK_OFF_FIRST_S), _BACK_OFF_MAX_S)
        return self.back_off_s


class Supervisor:
    """Starts parts, watches them until closed, and tells the owner of every change."""

    def __init__(
        self,
        on_change: Callable[[str], None],
        on_revived: Callable[[Part], Awaitable[None]] | None = None,
    ) -> None:
        self._on_change = on_change
        self._on_revived = on_revived
        self._kept: dict[str, _Kept] = {}
        self._starting: dict[str, asyncio.Task[None]] = {}
        self._reviving: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Event()

    def restarts_of(self, name: str) -> int:
        kept = self._kept.get(name)
        return kept.restarts if kept else 0

    def is_settled(self, name: str) -> bool:
        """Whether the part runs and is not being started at this moment."""
        kept = self._kept.get(name)
        return kept is not None and name not in self._starting and kept.part.is_running()

    async def start(self, part: Part) -> None:
        """Start a part and keep it running from now on. Raises what its start raises."""
        self._kept[part.name] = _Kept(part)
        await self._start(part)
        self._on_change(f"{part.name} started")

    async def watch(self) -> None:
        """Revive what dies, until closed."""
        while not self._closing.is_set():
            for name, kept in self._kept.items():
                if name not in self._starting and not kept.part.is_running():
                    task = asyncio.create_task(self._revive(kept))
                    self._starting[name] = task
                    self._reviving.add(task)
                    task.add_done_callback(self._reviving.discard)
            await self._pause(_LOOK_EVERY_S)

    async def close(self, order: Iterable[Sequence[str]]) -> None:
        """Stop everything: group after group, the parts of a group at the same time."""
        self._closing.set()
        for group in order:
            await asyncio.gather(*(self._end(name) for name in group))
        await asyncio.gather(*(self._end(name) for name in list(self._kept)))

    async def _start(self, part: Part) -> None:
        # A task of its own: when the caller is cancelled the thread goes on, and closing must
        # know of it to end what it starts.
        task = asyncio.create_task(asyncio.to_thread(part.start))
        self._starting[part.name] = task
        task.add_done_callback(lambda ended: self._started(part.name, ended))
        await asyncio.shield(task)

    def _started(self, name: str, task: asyncio.Task[None]) -> None:
        self._starting.pop(name, None)
        if not task.cancelled():
            task.exception()  # looked at, since the caller may be gone

    async def _revive(self, kept: _Kept) -> None:
        name = kept.part.name
        try:
            delay = kept.next_back_off()
            self._on_change(f"{name} ended; starting it again in {delay:.1f} s")
            await self._pause(delay)
            if self._closing.is_set():
                return
            kept.restarts += 1
            await asyncio.to_thread(kept.part.start)
            kept.started_at = time.monotonic()
            self._on_change(f"{name} runs again")
        except Exception as problem:  # the next look tries again, later
            self._on_change(f"{name} could not be started again: {problem}")
            return
        finally:
            self._starting.pop(name, None)
        if self._on_revived:
            await self._on_revived(kept.part)

    async def _end(self, name: str) -> None:
        kept = self._kept.get(name)
        if kept is None:
            return
        while task := self._starting.get(name):
            await asyncio.to_thread(kept.part.stop)
            await asyncio.wait([task], timeout=_LOOK_EVERY_S)
        await asyncio.to_thread(kept.part.stop)
        del self._kept[name]

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return
