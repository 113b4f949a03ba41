"""`python -m contracts.generate`: writes `contracts/generated` (make contracts).

`--check` writes nothing and fails when a file is not current. `--events` shows who publishes and
who consumes what (make events).
"""

import argparse
import sys

from rich.console import Console
from rich.table import Table

from contracts.fact import FACTS
from contracts.generation.examples import NoExample
from contracts.generation.files import (
    GENERATED,
    BreakingChange,
    breaks,
    differences,
    fact_files,
    service_files,
    write,
)
from contracts.generation.services import (
    ServiceDescription,
    ServiceDidNotAnswer,
    describe_services,
)

PIPED_COLUMNS = 160
NOBODY = "[yellow]nobody[/yellow]"


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit code is 1 when something must be done."""
    parser = argparse.ArgumentParser(prog="python -m contracts.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when a file is not current")
    parser.add_argument("--events", action="store_true", help="show publishers and consumers")
    asked = parser.parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else PIPED_COLUMNS)
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        services = describe_services()
        if asked.events:
            console.print(events_table(services))
            return 0
        files = fact_files() | service_files(services)
        return _check(files, errors) if asked.check else _write(files, console, errors)
    except (ServiceDidNotAnswer, NoExample, ValueError) as error:
        errors.print(str(error), style="red", markup=False)
        return 1


def events_table(services: list[ServiceDescription]) -> Table:
    """Who publishes and who consumes each fact. A fact that nobody takes is shown as such."""
    table = Table(title="事件 Events", title_justify="left")
    for column in ("fact", "topic", "key", "published by", "consumed by", "audience"):
        table.add_column(column, overflow="fold")
    for name, fact in sorted(FACTS.items()):
        contract = fact.contract
        takers = [service.name for service in services if name in service.takes]
        table.add_row(
            name,
            contract.topic.name,
            contract.key,
            contract.topic.owner,
            ", ".join(takers) or ("outside" if "{" in contract.topic.name else NOBODY),
            ", ".join(sorted(contract.audience)) or "internal",
        )
    return table


def _check(files: dict[str, str], errors: Console) -> int:
    found = differences(files)
    for difference in found:
        errors.print(difference, markup=False)
    for change in breaks(files):
        errors.print(f"breaks readers: {change}", style="red", markup=False)
    if found:
        errors.print(f"{len(found)} generated files are not current. Run: make contracts")
    return 1 if found else 0


def _write(files: dict[str, str], console: Console, errors: Console) -> int:
    try:
        changed = write(files)
    except BreakingChange as change:
        errors.print(str(change), style="red", markup=False)
        errors.print(
            "Nothing was written. Declare the change as a new fact (.v2). If no one has ever read"
            " the old one, remove its file from contracts/generated and run again.",
        )
        return 1
    for path in changed:
        console.print(f"{GENERATED.name}/{path}", highlight=False)
    console.print(f"{len(files)} files, {len(changed)} changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
