"""One run of the sample region through the platform: load, wait for the banks, change, wait.

Used by `make run` and by the demo. Waits for conditions at the bank, never for a time.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.local.sample.accounting import count_agreeing, lost_states
from deploy.local.sample.bank_process import BankProcess
from deploy.local.sample.calls import Caller, Gate, Refused
from deploy.local.sample.closed_loop import ClosedLoop
from deploy.local.sample.filing import Filing
from deploy.local.sample.journeys import (
    BANKS,
    States,
    expected_before_changes,
    expected_in_the_end,
    travellers,
)
from deploy.local.sample.region import build_region
from deploy.local.stack import Stack

_LOOK_EVERY_S = 0.05
_TOKEN_S = 3600
WAIT_S = 90.0


async def until(condition: Callable[[], Awaitable[bool]], timeout_s: float) -> bool:
    """Ask again and again until the condition holds; False when the time is up."""
    deadline = time.monotonic() + timeout_s
    while not await condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(_LOOK_EVERY_S)
    return True


class Steps:
    """A progress bar per kind of work, shown as soon as its first item is done."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<34}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
        )
        self._tasks = {
            name: self._progress.add_task(words, total=None, visible=False)
            for name, words in {
                "dossiers": "Dossiers filed (建档)",
                "consents": "Consents to banks (授权)",
                "lists": "Official lists (公告名单)",
                "told": "Banks told (贷款资格)",
                "changes": "Changes (变更)",
                "loop": "Services accepted (闭环)",
                "told again": "Banks told of the changes",
                "revenue": "Changes of revenue, timed",
                "checked": "Enterprises checked",
            }.items()
        }

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def begin(self, name: str, total: int) -> None:
        """Show the bar of this work."""
        self._progress.reset(self._tasks[name], total=total, visible=True)

    def advance(self, name: str) -> None:
        """One item is done."""
        self._progress.advance(self._tasks[name])

    def set(self, name: str, done: int) -> None:
        """So many items are done."""
        self._progress.update(self._tasks[name], completed=done)


class Flow:
    """The sample region on its way through one stack."""

    def __init__(self, stack: Stack, bank: BankProcess, steps: Steps, gate: Gate) -> None:
        self.region = build_region()
        self.travellers = travellers(self.region)
        self.bank = bank
        self.caller = Caller(stack.gateway_url, partial(stack.token, ttl_s=_TOKEN_S), gate)
        self.filing = Filing(self.caller, self.region, self.travellers, steps.advance)
        self._steps = steps

    async def __aenter__(self) -> Self:
        await self.caller.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.caller.__aexit__(kind, error, trace)

    async def load(self) -> None:
        """File dossiers, lists and consents."""
        self._steps.begin("dossiers", len(self.region))
        self._steps.begin("consents", sum(len(t.journey.banks) for t in self.travellers))
        await self.filing.file_dossiers_and_consents()
        self._steps.begin("lists", 3)
        await self.filing.import_lists()
        await self.filing.file_late_consents()

    async def wait_for_banks(self) -> bool:
        """Wait until the banks know what they must before anything changes; False if not."""
        return await self._agree("told", expected_before_changes(self.travellers))

    async def change(self) -> None:
        """Withdrawals, returns, gains and losses."""
        self._steps.begin("changes", sum(t.journey.fate != "keeps" for t in self.travellers))
        await self.filing.make_changes()

    async def close_the_loop(self) -> tuple[int, int]:
        """Services are given and accepted; how many brought their tier, and how many should."""
        loop = ClosedLoop(self.caller, self.region, (t.uscc for t in self.travellers))
        loops = await loop.choose()
        self._steps.begin("loop", len(loops))
        await until(lambda: self._catalog_knows([one.uscc for one in loops]), WAIT_S)
        await loop.serve()
        closed = 0

        async def all_closed() -> bool:
            nonlocal closed
            closed = await loop.closed()
            self._steps.set("loop", closed)
            return closed == len(loops)

        await until(all_closed, WAIT_S)
        return closed, len(loops)

    async def _catalog_knows(self, usccs: list[str]) -> bool:
        """Whether the catalogue has heard of these dossiers."""
        token = self.caller.regulator()
        try:
            for uscc in usccs:
                await self.caller.read(f"/v1/enterprises/{uscc}/tier-packs", token)
        except Refused:
            return False
        return True

    async def wait_for_the_end(self) -> bool:
        """Wait until the banks know exactly what they must in the end; False if not."""
        return await self._agree("told again", self.expected())

    def expected(self) -> States:
        """Every state the banks must be left with, for the dossiers as they were filed last."""
        return expected_in_the_end(self.travellers, self.filing.dossiers)

    async def _agree(self, step: str, expected: States) -> bool:
        self._steps.begin(step, len(expected))
        looked = False

        async def agreed() -> bool:
            nonlocal looked
            if not self.bank.read_new() and looked:
                return False
            looked = True
            self._steps.set(step, count_agreeing(expected, self.bank.records))
            return not lost_states(expected, self.bank.records)

        return await until(agreed, WAIT_S)


def bank_of(stack: Stack) -> BankProcess:
    """The sample bank beside this stack, reading for every sample bank."""
    return BankProcess(stack.state_dir, stack.bootstrap, BANKS)
