"""Verbs on the certification service of a running stack: judge a stored evaluation again."""

from pathlib import Path
from typing import Annotated, Any, NoReturn
from uuid import UUID

import httpx
import typer
from rich.console import Console
from rich.table import Table

from deploy.local.keys import mint_token
from deploy.local.record import running_stack
from deploy.local.settings import default_state_dir

certification = typer.Typer(no_args_is_help=True, help="Stored evaluations (评价记录).")
_console = Console()

EvaluationId = Annotated[UUID, typer.Argument(metavar="ID", help="The evaluation_id.")]
StateDir = Annotated[Path, typer.Option("--state-dir")]


@certification.callback()
def verbs() -> None:
    """Stored evaluations (评价记录)."""


@certification.command("recompute")
def recompute(evaluation: EvaluationId, state_dir: StateDir = default_state_dir()) -> None:
    """Judge a stored evaluation again: identical (exit 0), or what differs (exit 1)."""
    again = _ask(state_dir, evaluation)
    if again["identical"]:
        _console.print(f"identical, byte for byte: {again['stored_digest']}")
        return
    table = Table("path", "stored", "recomputed")
    for found in again["differences"]:
        table.add_row(
            found["path"] or "(whole)",
            *("" if found[side] is None else found[side] for side in ("stored", "recomputed")),
        )
    for part, said in (("facts_unchanged", "facts"), ("rules_unchanged", "rule texts")):
        if not again[part]:
            _console.print(f"The {said} are not those that were judged.")
    _console.print(f"different in {again['difference_count']} places")
    _console.print(table)
    raise typer.Exit(1)


def _ask(state_dir: Path, evaluation: UUID) -> dict[str, Any]:
    record = running_stack(state_dir)
    if record is None:
        _fail(f"No stack runs in {state_dir}. Start one with: terrace up")
    token = mint_token(state_dir, "operator", authority="000000", ttl_s=60)
    url = f"{record.url_of('certification')}/v1/evaluations/{evaluation}/recomputation"
    headers = {"Authorization": f"Bearer {token}"}
    try:
        answer = httpx.post(url, headers=headers, timeout=60, trust_env=False)
    except httpx.HTTPError as problem:
        _fail(f"certification does not answer ({type(problem).__name__}); see: terrace status")
    if answer.is_error:
        _fail(f"certification refused ({answer.status_code}): {answer.text}")
    return dict(answer.json())


def _fail(reason: str) -> NoReturn:
    Console(stderr=True).print(reason, style="red", soft_wrap=True, highlight=False, markup=False)
    raise typer.Exit(1)
