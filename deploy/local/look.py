"""Looking at a stack that runs: its processes and its logs. Changes nothing."""

import asyncio
import time
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from deploy.local.readiness import is_ready
from deploy.local.record import StackRecord, running_stack


async def show_status(state_dir: Path, console: Console) -> int:
    """Print a table of the processes; 0 when every one is ready, 3 when not or none runs."""
    record = running_stack(state_dir)
    if record is None:
        console.print(f"No stack runs in {state_dir}. Start one with: terrace up")
        return 3
    ready = await _readiness(record)
    table = Table(title=f"{record.phase} since {record.started_at.astimezone():%H:%M:%S}")
    for heading in ("process", "pid", "port", "ready", "restarts"):
        table.add_column(heading, justify="left" if heading == "process" else "right")
    for name, process in record.processes.items():
        row = (name, str(process.pid or "–"), str(process.port), "yes" if ready[name] else "NO")
        table.add_row(*row, str(process.restarts), style=None if ready[name] else "red")
    console.print(table)
    console.print(f"{record.broker} at {record.bootstrap} · gateway {record.gateway}")
    return 0 if all(ready.values()) else 3


async def _readiness(record: StackRecord) -> dict[str, bool]:
    async with httpx.AsyncClient(trust_env=False) as client:

        async def ask(name: str) -> bool:
            if not record.processes[name].is_service:
                return record.processes[name].pid is not None
            return (await is_ready(record.url_of(name), client))[0]

        names = list(record.processes)
        return dict(zip(names, await asyncio.gather(*map(ask, names)), strict=True))


def show_logs(state_dir: Path, service: str | None, follow: bool, lines: int) -> int:
    """Print the last lines of one log or of all, each with its process's name before it."""
    paths = sorted((state_dir / "logs").glob("*.log"))
    if service is not None:
        names = [path.stem for path in paths]
        paths = [path for path in paths if path.stem == service]
        if not paths:
            print(f"No log of {service!r} in {state_dir}; there are: {', '.join(names) or 'none'}.")
            return 1
    read_to = {}
    for path in paths:
        content = path.read_bytes()
        read_to[path] = len(content)
        _print_lines(path, content.splitlines()[-lines:] if lines else [])
    try:
        while follow:
            time.sleep(0.3)
            for path in paths:
                read_to[path] = _print_new(path, read_to[path])
    except KeyboardInterrupt:
        pass
    return 0


def _print_new(path: Path, read_to: int) -> int:
    with path.open("rb") as log:
        if path.stat().st_size < read_to:
            read_to = 0  # the log was put aside and begun again
        log.seek(read_to)
        new = log.read()
    complete = new[: new.rfind(b"\n") + 1]
    _print_lines(path, complete.splitlines())
    return read_to + len(complete)


def _print_lines(path: Path, lines: list[bytes]) -> None:
    for line in lines:
        print(f"{path.stem:>13} │ {line.decode(errors='replace')}", flush=True)
