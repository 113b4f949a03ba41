"""The `terrace` command: start, look at, stop the local stack; act as its operator.

Holds no logic of its own: every verb is one call into a module beside this one.
"""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deploy.local import certification, look, operations, run
from deploy.local.domain_clock import ClockMovedBack, domain_now, move_clock, parse_instant
from deploy.local.keys import mint_token
from deploy.local.settings import default_state_dir

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Terrace (梯田) on one machine: no containers, real PostgreSQL, real Kafka.",
)
app.add_typer(operations.dead_letters, name="dead-letters")
app.add_typer(operations.consumers, name="consumers")
app.add_typer(certification.certification, name="certification")
app.command("replay")(operations.replay)
_console = Console()

StateDir = Annotated[
    Path, typer.Option("--state-dir", help="Where data, keys and logs live (TERRACE_STATE_DIR).")
]
Service = Annotated[str | None, typer.Argument(help="One process; all of them without it.")]


@app.command()
def up(
    sample: Annotated[bool, typer.Option("--sample", help="Load the sample region.")] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Return once it is ready.")] = False,
    state_dir: StateDir = default_state_dir(),
) -> None:
    """Start the stack and keep it running until Ctrl-C or `terrace down`."""
    raise typer.Exit(run.detached(state_dir, sample) if detach else run.up(state_dir, sample))


@app.command()
def down(
    remove_data: Annotated[
        bool, typer.Option("--remove-data", help="Delete databases, topics and keys as well.")
    ] = False,
    state_dir: StateDir = default_state_dir(),
) -> None:
    """Stop everything the stack started, and nothing else."""
    _console.print(run.stop(state_dir))
    if remove_data:
        run.remove_state(state_dir)
        _console.print(f"{state_dir} is empty now.")


@app.command()
def status(state_dir: StateDir = default_state_dir()) -> None:
    """Show every process: pid, port, whether it is ready, how often it was restarted."""
    raise typer.Exit(asyncio.run(look.show_status(state_dir, _console)))


@app.command()
def logs(
    service: Service = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep printing.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0)] = 40,
    state_dir: StateDir = default_state_dir(),
) -> None:
    """Print the end of the logs."""
    raise typer.Exit(look.show_logs(state_dir, service, follow, lines))


@app.command()
def token(
    role: Annotated[str, typer.Option(help="enterprise, regulator, bank, operator …")],
    org: Annotated[str | None, typer.Option(help="A bank's or provider's code.")] = None,
    authority: Annotated[str | None, typer.Option(help="An authority's code: 440100.")] = None,
    uscc: Annotated[str | None, typer.Option(help="An enterprise's USCC.")] = None,
    ttl_s: Annotated[int, typer.Option(min=1, max=86_400, help="Seconds it is good for.")] = 900,
    state_dir: StateDir = default_state_dir(),
) -> None:
    """Print a short-lived bearer token, signed with this stack's own key."""
    from shared.auth import Role

    if role not in list(Role):
        _fail(f"There is no role {role!r}; choose one of {', '.join(Role)}.")
    try:
        print(mint_token(state_dir, role, org=org, authority=authority, uscc=uscc, ttl_s=ttl_s))
    except FileNotFoundError as problem:
        _fail(str(problem))


@app.command()
def clock(
    to: Annotated[
        datetime | None,
        typer.Argument(parser=parse_instant, metavar="INSTANT", help="2022-10-15T09:00+08:00"),
    ] = None,
    state_dir: StateDir = default_state_dir(),
) -> None:
    """Show domain time, or move it forward in every process."""
    try:
        if to is not None:
            move_clock(state_dir, to)
        print(domain_now(state_dir).isoformat(timespec="seconds"))
    except ClockMovedBack as problem:
        _fail(str(problem))
    except FileNotFoundError:
        _fail(f"No stack was ever started in {state_dir}; run: terrace up")


@app.command()
def fetch() -> None:
    """Download what the stack needs from outside, once; later starts need no network."""
    raise typer.Exit(run.fetch())


@app.command()
def demo(
    chaos: Annotated[bool, typer.Option("--chaos", help="Kill every process in turn.")] = False,
    state_dir: StateDir = default_state_dir() / "demo",
) -> None:
    """Run the whole chain on a sample region, on free ports and fresh state, and check it."""
    raise typer.Exit(run.demonstrate(state_dir, chaos))


def _fail(reason: str) -> None:
    Console(stderr=True).print(reason, style="red", soft_wrap=True, highlight=False)
    raise typer.Exit(1)


if __name__ == "__main__":
    app()
