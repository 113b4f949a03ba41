"""The worker processes of one simulation, as the service drives them."""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from services.certification.simulations.judging import Verdicts
from services.certification.simulations.worker import LENGTH, packed

ROOT = Path(__file__).parents[3]
WORKERS = max(1, min(4, os.cpu_count() or 1))
ANSWER_BYTES_MAX = 64_000_000


class WorkerDied(RuntimeError):
    """A worker process ended before its answer."""


class Workers:
    """So many processes as there are cores, each judging a part of every page."""

    def __init__(self, order: dict[str, Any], count: int = WORKERS) -> None:
        self._order = order
        self._count = count
        self._processes: list[asyncio.subprocess.Process] = []

    async def __aenter__(self) -> Self:
        paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
        for _ in range(self._count):
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "services.certification.simulations.worker",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=environment,
                limit=ANSWER_BYTES_MAX,
            )
            self._processes.append(process)
        try:
            order = json.dumps(self._order, ensure_ascii=False)
            await asyncio.gather(*(_send(one, order) for one in self._processes))
        except WorkerDied:
            await self._end()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._end()

    @property
    def pids(self) -> list[int]:
        """The processes' ids."""
        return [process.pid for process in self._processes]

    async def judge(self, texts: Sequence[str]) -> list[Verdicts]:
        """The letters of every enterprise of a page, in order. Raises WorkerDied."""
        size = -(-len(texts) // self._count) or 1
        parts = [texts[start : start + size] for start in range(0, len(texts), size)]
        answers = await asyncio.gather(
            *(_ask(one, part) for one, part in zip(self._processes, parts, strict=False))
        )
        return [verdicts for answer in answers for verdicts in answer]

    async def _end(self) -> None:
        for process in self._processes:
            if process.returncode is None:
                process.kill()
        await asyncio.gather(*(process.wait() for process in self._processes))


async def _ask(process: asyncio.subprocess.Process, texts: Sequence[str]) -> list[Verdicts]:
    await _send(process, f"[{','.join(texts)}]")
    assert process.stdout is not None
    try:
        (length,) = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))
        found: list[Verdicts] = json.loads(await process.stdout.readexactly(length))
    except asyncio.IncompleteReadError:
        raise WorkerDied(f"Worker {process.pid} ended before its answer.") from None
    return found


async def _send(process: asyncio.subprocess.Process, message: str) -> None:
    """Send a message that is JSON already, as the texts of facts are."""
    assert process.stdin is not None
    try:
        process.stdin.write(packed(message))
        await process.stdin.drain()
    except (BrokenPipeError, ConnectionResetError):
        raise WorkerDied(f"Worker {process.pid} does not listen any more.") from None
