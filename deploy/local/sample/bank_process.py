"""The sample bank as a process beside the stack, and the file in which it writes what it sees."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local.child import Child
from deploy.local.sample.accounting import BankRecord
from deploy.local.service_process import ROOT

ASYNCAPI = ROOT / "contracts" / "generated" / "asyncapi.yaml"


class BankDied(RuntimeError):
    """The bank's process ended by itself."""


class BankProcess:
    """`with BankProcess(...) as bank:` runs it; `records` grows as `read_new` is called."""

    def __init__(self, state_dir: Path, bootstrap: str, banks: Iterable[str]) -> None:
        self.out = state_dir.resolve() / "sample" / "bank.jsonl"
        self.records: list[BankRecord] = []
        self._child = Child("sample-bank", state_dir.resolve())
        self._read_to = 0
        self._command = [
            *(sys.executable, "-m", "deploy.local.sample.bank"),
            *("--bootstrap", bootstrap, "--asyncapi", str(ASYNCAPI), "--out", str(self.out)),
            *banks,
        ]

    def __enter__(self) -> Self:
        self.out.parent.mkdir(parents=True, exist_ok=True)
        self.out.write_text("")
        self._child.end_leftover()
        self._child.launch(self._command, cwd=ROOT)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._child.stop()

    def read_new(self) -> int:
        """Take in the lines written since the last call; returns how many. Raises BankDied."""
        with self.out.open("rb") as lines:
            lines.seek(self._read_to)
            new = lines.read()
        complete = new[: new.rfind(b"\n") + 1]
        self._read_to += len(complete)
        found = [parse_line(line) for line in complete.splitlines()]
        self.records += found
        if not found and not self._child.is_running():
            raise BankDied(f"The sample bank ended:\n{self._child.end_of_log()}")
        return len(found)


def parse_line(line: bytes) -> BankRecord:
    """One record of the bank's file."""
    written = json.loads(line)
    return BankRecord(
        bank=written["bank"],
        key=written["key"],
        event_id=written["ce_id"],
        correlation_id=written["ce_correlationid"],
        arrived_ns=written["arrived_ns"],
        value=written["value"],
    )
