"""Runs a stack from the command line: in the foreground, in the background, or for the demo."""

import asyncio
import shutil
import signal
import subprocess
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from rich.console import Console

from deploy.local.domain_clock import clock_path, domain_now
from deploy.local.kafka_jars import JarsUnavailable, kafka_jars
from deploy.local.postgres import PostgresServer
from deploy.local.processes import wait_until
from deploy.local.record import AlreadyRunning, end_leftovers, running_stack, sole_supervisor
from deploy.local.settings import (
    DEFAULT_GATEWAY_PORT,
    SAMPLE_DOMAIN_END,
    SAMPLE_DOMAIN_START,
    StackSettings,
    default_state_dir,
    from_environment,
)
from deploy.local.stack import Stack

_STOP_S = 120
_INTERRUPTED = 130
_console = Console(stderr=True)


def up(state_dir: Path, sample: bool) -> int:
    """Run the stack of the environment in the foreground; the exit code of the command."""
    start = SAMPLE_DOMAIN_START if sample else None
    if sample and (reason := _too_late_for_the_sample(state_dir)):
        return _refuse(reason)
    try:
        settings = from_environment(
            state_dir, gateway_port=DEFAULT_GATEWAY_PORT, domain_start=start
        )
    except ValueError as problem:
        return _refuse(str(problem))
    return serve(settings, sample)


def _too_late_for_the_sample(state_dir: Path) -> str | None:
    """Why this state cannot take the sample region, whose consents and titles end in 2023."""
    if not clock_path(state_dir).exists() or domain_now(state_dir) < SAMPLE_DOMAIN_END:
        return None
    return (
        f"The sample region is of {SAMPLE_DOMAIN_START:%Y-%m-%d}; domain time in {state_dir} is"
        f" {domain_now(state_dir):%Y-%m-%d} and moves forward only. Take another state directory"
        " (TERRACE_STATE_DIR), or empty this one: terrace down --remove-data"
    )


def serve(settings: StackSettings, sample: bool) -> int:
    """Run this stack until it is interrupted."""
    return _run(settings, _serve(settings, sample), interrupted=0)


def detached(state_dir: Path, sample: bool) -> int:
    """Start the stack in the background and wait until it is ready."""
    if running_stack(state_dir):
        return _refuse(f"A stack already runs in {state_dir}; stop it with: terrace down")
    command = [sys.executable, "-m", "deploy.local.cli", "up", "--state-dir", str(state_dir)]
    log_path = state_dir / "logs" / "supervisor.log"
    log_path.parent.mkdir(parents=True, exist_ok=True)
    with log_path.open("ab") as log:
        supervisor = subprocess.Popen(
            [*command, *(["--sample"] if sample else [])],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def settled() -> bool:
        record = running_stack(state_dir)
        return supervisor.poll() is not None or (record is not None and record.phase == "ready")

    with _console.status(f"Starting; details in {log_path}"):
        wait_until(settled, timeout_s=600, every_s=0.2)
    record = running_stack(state_dir)
    if record is None or record.phase != "ready":
        end = "\n".join(log_path.read_text(errors="replace").splitlines()[-15:])
        return _refuse(f"The stack is not ready; {log_path} ends:\n{end}")
    _console.print(f"Ready at {record.gateway}. Stop it with: terrace down")
    return 0


def stop(state_dir: Path) -> str:
    """Stop the stack of this state directory, or what a killed one left; tells what happened."""
    record = running_stack(state_dir)
    if record is not None:
        with _console.status("Stopping"):
            record.supervisor.end(signal.SIGTERM, grace_s=_STOP_S)
    left = end_leftovers(state_dir)
    if left:
        return f"Ended what a killed stack had left: {', '.join(left)}."
    return "Stopped." if record else f"No stack runs in {state_dir}."


def remove_state(state_dir: Path) -> None:
    """Delete a stopped stack's data, keys and logs; the shared cache of downloads stays.

    Raises AlreadyRunning.
    """
    with sole_supervisor(state_dir):
        end_leftovers(state_dir)
        PostgresServer(state_dir).remove()
        for name in ("kafka", "keys", "logs", "run", "sample"):
            shutil.rmtree(state_dir / name, ignore_errors=True)
        for name in ("passwords.json", "clock.json", "stack.json"):
            (state_dir / name).unlink(missing_ok=True)


def demonstrate(state_dir: Path, chaos: bool) -> int:
    """Run the demo on fresh state and free ports; 0 only if every count adds up."""
    from deploy.local.sample.demo import run_demo

    try:
        remove_state(state_dir)
    except AlreadyRunning as problem:
        return _refuse(str(problem))
    settings = from_environment(state_dir, domain_start=SAMPLE_DOMAIN_START)
    return _run(settings, run_demo(settings, chaos=chaos), interrupted=_INTERRUPTED)


def fetch(settings: StackSettings | None = None) -> int:
    """Download Kafka's jars unless they are there or a broker is given; failing is no error."""
    settings = settings or from_environment(default_state_dir())
    if settings.kafka:
        return 0
    try:
        kafka_jars(settings.cache_dir)
    except JarsUnavailable as problem:
        _report(str(problem))
    except KeyboardInterrupt:
        return _INTERRUPTED
    return 0


async def _serve(settings: StackSettings, sample: bool) -> int:
    async with Stack(settings, report=_report) as stack:
        _console.print(f"[bold]Ready in {stack.start_s:.1f} s[/] · {stack.broker_version}")
        if sample:
            from deploy.local.sample.load import load_sample

            await load_sample(stack)
        _console.print(
            f"Gateway {stack.gateway_url} · API pages {stack.gateway_url}/docs\n"
            "A token: terrace token --role regulator --authority 440100\n"
            "Stop with Ctrl-C or: terrace down",
            highlight=False,
        )
        await asyncio.Event().wait()
    return 0


def _run(settings: StackSettings, work: Coroutine[Any, Any, int], interrupted: int) -> int:
    # The download comes first and outside the event loop, so that Ctrl-C ends it at once.
    if fetch(settings) == _INTERRUPTED:
        work.close()
        return _INTERRUPTED
    try:
        return asyncio.run(_until_signal(work))
    except asyncio.CancelledError:
        return interrupted
    except (RuntimeError, ValueError, OSError) as problem:
        return _refuse(str(problem))


async def _until_signal(work: Coroutine[Any, Any, int]) -> int:
    task = asyncio.create_task(work)
    loop = asyncio.get_running_loop()

    def interrupt() -> None:
        if not task.cancelling():
            _report("Stopping; this takes a few seconds.")
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupt)
    return await task


def _report(line: str) -> None:
    _console.print(line, highlight=False, markup=False)


def _refuse(reason: str) -> int:
    _console.print(reason, style="red", soft_wrap=True, highlight=False, markup=False)
    return 1
