"""The operator's verbs on a running stack: dead letters, paused consumers, replay.

Each is one call to `/v1/operations` of the service itself, with a token of the role operator.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urljoin

import httpx
import typer
from rich.console import Console
from rich.table import Table

from deploy.local.domain_clock import parse_instant
from deploy.local.keys import mint_token
from deploy.local.record import running_stack
from deploy.local.settings import default_state_dir

dead_letters = typer.Typer(no_args_is_help=True, help="Events a service could not handle.")
consumers = typer.Typer(no_args_is_help=True, help="What a service consumes; paused partitions.")
_console = Console()

Service = Annotated[str, typer.Argument(help="The service: funding …")]
LetterId = Annotated[int, typer.Argument(min=1, help="The id from `dead-letters list`.")]
StateDir = Annotated[Path, typer.Option("--state-dir")]


@dead_letters.command("list")
def list_dead_letters(service: Service, state_dir: StateDir = default_state_dir()) -> None:
    """Show what waits for a decision, oldest first."""
    rows = _call(state_dir, service, "GET", "dead-letters?limit=200")
    _show(rows, ("id", "status", "topic", "key", "type", "attempts", "stored_at", "reason"))


@dead_letters.command("retry")
def retry(service: Service, letter: LetterId, state_dir: StateDir = default_state_dir()) -> None:
    """Handle the event again; of a held key the whole queue, in order."""
    _console.print_json(data=_call(state_dir, service, "POST", f"dead-letters/{letter}/retry"))


@dead_letters.command("discard")
def discard(
    service: Service,
    letter: LetterId,
    reason: Annotated[str, typer.Option(help="Why; it is kept with the letter.")],
    state_dir: StateDir = default_state_dir(),
) -> None:
    """Give the event up, with a reason."""
    path = f"dead-letters/{letter}/discard"
    _console.print_json(data=_call(state_dir, service, "POST", path, {"reason": reason}))


@consumers.command("list")
def list_consumers(service: Service, state_dir: StateDir = default_state_dir()) -> None:
    """Show every partition with its lag, and why it is paused if it is."""
    rows = _call(state_dir, service, "GET", "consumers")
    _show(rows, ("topic", "partition", "lag", "paused_at", "problem"))


@consumers.command("resume")
def resume(
    service: Service,
    topic: Annotated[str, typer.Argument()],
    partition: Annotated[int, typer.Argument(min=0)],
    state_dir: StateDir = default_state_dir(),
) -> None:
    """Let a paused partition go on."""
    path = f"consumers/{topic}/{partition}/resume"
    _console.print_json(data=_call(state_dir, service, "POST", path))


def replay(
    service: Annotated[str, typer.Argument(help="The service that published.")],
    since: Annotated[
        datetime,
        typer.Option(parser=parse_instant, metavar="INSTANT", help="2022-09-30T08:00+08:00"),
    ],
    topic: Annotated[str | None, typer.Option(help="One topic; all without it.")] = None,
    state_dir: StateDir = default_state_dir(),
) -> None:
    """Publish again from the outbox archive; on compacted topics each key's current state."""
    body: dict[str, Any] = {"since": since.isoformat()}
    if topic:
        body["topic"] = topic
    _console.print_json(data=_call(state_dir, service, "POST", "replays", body))


def _call(
    state_dir: Path, service: str, method: str, path: str, body: dict[str, Any] | None = None
) -> Any:
    """The answer's JSON; a list is read to its last page."""
    record = running_stack(state_dir)
    if record is None:
        return _fail(f"No stack runs in {state_dir}. Start one with: terrace up")
    names = [name for name, process in record.processes.items() if process.is_service]
    if service not in names:
        return _fail(f"There is no service {service!r}; choose one of {', '.join(names)}.")
    token = mint_token(state_dir, "operator", authority="000000", ttl_s=60)
    base = record.url_of(service)
    rows: list[Any] = []
    url: str | None = f"{base}/v1/operations/{path}"
    with httpx.Client(
        headers={"Authorization": f"Bearer {token}"}, timeout=120, trust_env=False
    ) as client:
        while url:
            try:
                answer = client.request(method, url, json=body)
            except httpx.HTTPError as problem:
                reason = type(problem).__name__
                return _fail(f"{service} does not answer ({reason}); see: terrace status")
            if answer.is_error:
                return _fail(f"{service} refused ({answer.status_code}): {answer.text}")
            found = answer.json() if answer.content else {"status": answer.status_code}
            if not isinstance(found, list):
                return found
            rows += found
            following = answer.links.get("next", {}).get("url")
            url = urljoin(base, following) if following else None
    return rows


def _show(rows: Any, columns: Sequence[str]) -> None:
    if not isinstance(rows, list):
        _console.print_json(data=rows)
        return
    table = Table(*columns)
    for row in rows:
        table.add_row(*("" if row[name] is None else str(row[name]) for name in columns))
    _console.print(table if rows else "None.")


def _fail(reason: str) -> None:
    Console(stderr=True).print(reason, style="red", soft_wrap=True, highlight=False, markup=False)
    raise typer.Exit(1)
