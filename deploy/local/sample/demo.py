"""`make demo`: the whole chain on the sample region, with every count checked.

Counts come from the sample bank's own records, from the gateway, and from the labels of the
generator; never from a service's database or outbox. With chaos, every process is killed with
SIGKILL in turn while the region is loaded and again while it changes.
"""

import asyncio
import json
import time
from dataclasses import dataclass, field
from uuid import uuid4

from rich.console import Console
from rich.table import Table

from deploy.local.sample.accounting import (
    Difference,
    duplicated_versions,
    final_records,
    latencies_ms,
    lost_states,
    percentile,
    redelivered,
)
from deploy.local.sample.award_desk import AwardDesk, run_award_desk
from deploy.local.sample.calls import OpenGate, for_each, together
from deploy.local.sample.chaos import Chaos
from deploy.local.sample.checks import (
    Outcome,
    complaints,
    read_outcome,
    wait_until_settled,
)
from deploy.local.sample.flow import Flow, Steps, bank_of
from deploy.local.sample.sandbox import Row, try_the_new_law
from deploy.local.settings import StackSettings
from deploy.local.stack import Stack

DEADLINE_S = 600.0
CHAOS_DEADLINE_S = 1200.0
CHANGES = 300
CHANGES_S = 50.0
_KILL_EVERY_LOADED = 250
_KILL_EVERY_CHANGED = 60
_SHOWN_MAX = 12
_console = Console(stderr=True)


@dataclass
class Books:
    """Everything the demo has counted."""

    stack: Stack
    outcome: Outcome = field(default_factory=Outcome)
    expected: int = 0
    received: int = 0
    closed_loop: int = 0
    new_law: list[Row] = field(default_factory=list)
    reached_a_bank: int = 0
    lost: list[Difference] = field(default_factory=list)
    doubled_versions: list[tuple[str, str, int]] = field(default_factory=list)
    redelivered: int = 0
    latencies_ms: list[float] = field(default_factory=list)
    killed: list[str] = field(default_factory=list)
    retried: dict[str, int] = field(default_factory=dict)
    award_desk: AwardDesk = field(default_factory=AwardDesk)
    complaints: list[str] = field(default_factory=list)

    @property
    def duplicated(self) -> int:
        return len(self.doubled_versions) + len(self.outcome.doubles)

    @property
    def adds_up(self) -> bool:
        return not (self.lost or self.duplicated or self.complaints)

    def line(self) -> str:
        """The demo's last line."""
        timed = self.latencies_ms
        return json.dumps(
            {
                "enterprises": self.outcome.enterprises,
                "evaluated": self.outcome.evaluated,
                "titles": {
                    kind: self.outcome.titles.get(kind, 0)
                    for kind in ("specialized_sme", "little_giant")
                },
                "entitlements": len(self.outcome.automatic),
                "awards_cny": f"{self.outcome.awards_cny:.2f}",
                "bank_states_expected": self.expected,
                "bank_states_received": self.received,
                "closed_loop": self.closed_loop,
                "award_desk": self.award_desk.figures(),
                "lost": len(self.lost),
                "duplicated": self.duplicated,
                "redelivered": self.redelivered,
                "broker": self.stack.broker_version,
                "start_s": round(self.stack.start_s, 1),
                "p50_ms": round(percentile(timed, 0.5), 1) if timed else None,
                "p99_ms": round(percentile(timed, 0.99), 1) if timed else None,
            }
        )


async def run_demo(settings: StackSettings, *, chaos: bool) -> int:
    """Run the demo on this stack; 0 only if every count adds up. The last line is JSON."""
    deadline_s = CHAOS_DEADLINE_S if chaos else DEADLINE_S
    try:
        async with asyncio.timeout(deadline_s), Stack(settings, report=_report) as stack:
            _report(f"Ready in {stack.start_s:.1f} s; {stack.broker_version}")
            books = await _keep_books(stack, chaos)
    except TimeoutError:
        raise RuntimeError(
            f"The demo did not end within {deadline_s:.0f} s; see {settings.state_dir}/logs."
        ) from None
    _show(books)
    print(books.line(), flush=True)
    return 0 if books.adds_up else 1


async def _keep_books(stack: Stack, chaos: bool) -> Books:
    books = Books(stack)
    gate = Chaos(stack, _report) if chaos else OpenGate()
    with Steps(_console) as steps, bank_of(stack) as bank:
        async with Flow(stack, bank, steps, gate) as flow:
            if isinstance(gate, Chaos):
                await _move_with_kills(flow, gate, steps, stack.process_names())
                books.killed = gate.killed
            else:
                await flow.load()
                await flow.wait_for_banks()
                await flow.change()
            settled = await flow.wait_for_the_end()
            if settled:
                books.latencies_ms = await _time_changes(flow, steps)
            books.closed_loop, due = await flow.close_the_loop()
            await _check(books, flow, steps)
            books.award_desk = await run_award_desk(stack, flow.region)
            books.complaints += books.award_desk.complaints
            if books.closed_loop < max(due, 1):
                books.complaints.append(f"closed loop: {books.closed_loop} of {due} enterprises")
    return books


async def _move_with_kills(flow: Flow, chaos: Chaos, steps: Steps, names: list[str]) -> None:
    """Load and change while every process is killed in turn, once in each."""
    async with chaos.round(_KILL_EVERY_LOADED, names):
        await flow.load()
    await flow.wait_for_banks()
    steady = [t for t in flow.travellers if t.shows_revenue_steadily]
    async with chaos.round(_KILL_EVERY_CHANGED, names[::-1]):
        await flow.change()
        steps.begin("revenue", 2 * len(steady))
        for turn in range(2):
            await for_each(
                steady,
                lambda t, turn=turn: flow.filing.raise_revenue(  # type: ignore[misc]
                    t.uscc, f"chaos-{turn}-{t.uscc}"
                ),
                lambda: steps.advance("revenue"),
            )


async def _time_changes(flow: Flow, steps: Steps) -> list[float]:
    """Change revenue at a steady rate; milliseconds from each change to each bank it is told."""
    steady = [t.uscc for t in flow.travellers if t.shows_revenue_steadily]
    steps.begin("revenue", CHANGES)
    run, sent_ns = uuid4().hex[:8], dict[str, int]()
    busy = {uscc: asyncio.Lock() for uscc in steady}
    began = time.monotonic()

    async def change(number: int) -> None:
        uscc = steady[number % len(steady)]
        await asyncio.sleep(began + number / CHANGES_S - time.monotonic())
        async with busy[uscc]:
            request_id = f"timed-{run}-{number}"
            sent_ns[request_id] = time.monotonic_ns()
            await flow.filing.raise_revenue(uscc, request_id)
            steps.advance("revenue")

    async with together() as group:
        for number in range(CHANGES):
            group.create_task(change(number))
    await flow.wait_for_the_end()
    found = latencies_ms(sent_ns, flow.bank.records)
    told = {request_id for request_id, _ in found}
    return list(found.values()) if told == sent_ns.keys() else []


async def _check(books: Books, flow: Flow, steps: Steps) -> None:
    records, expected = flow.bank.records, flow.expected()
    entitled = sum(e.holds_specialized + e.holds_little_giant for e in flow.region)
    await wait_until_settled(flow.caller, entitled, len(flow.region))
    steps.begin("checked", len(flow.region))
    outcome = await read_outcome(flow.caller, flow.region, lambda: steps.advance("checked"))
    flow.bank.read_new()
    books.outcome = outcome
    books.new_law = await try_the_new_law(flow.caller)
    books.expected = len(expected)
    books.received = len(final_records(records))
    books.reached_a_bank = len(
        {
            uscc
            for (_, uscc), record in final_records(records).items()
            if record.value is not None and record.value["status"] == "eligible"
        }
    )
    books.lost = lost_states(expected, records)
    books.doubled_versions = duplicated_versions(records)
    books.redelivered = redelivered(records)
    books.retried = dict(flow.caller.retried)
    books.complaints = complaints(outcome, flow.region)
    if not books.latencies_ms:
        books.complaints.append("not every timed change was told to a bank")
    if books.reached_a_bank < 100:
        books.complaints.append(f"only {books.reached_a_bank} enterprises reach a bank")


def _show(books: Books) -> None:
    table = Table(title="Sample region of Guangzhou (示例), 2022-09-30")
    table.add_column("what")
    table.add_column("count", justify="right")
    outcome = books.outcome
    for words, value in (
        ("enterprises", outcome.enterprises),
        ("judged for 创新型", outcome.evaluated),
        ("  of them reached", outcome.summed_attainments.get("reached", 0)),
        ("专精特新 in effect", outcome.titles.get("specialized_sme", 0)),
        ("小巨人 in effect", outcome.titles.get("little_giant", 0)),
        ("automatic entitlements (免申即享)", len(outcome.automatic)),
        ("awards, yuan", f"{outcome.awards_cny:,.2f}"),
        ("lines paid by the award desk (拨付)", books.award_desk.lines - books.award_desk.returned),
        ("  yuan", f"{books.award_desk.paid_cny:,.2f}"),
        ("  returned by the bank (退回)", books.award_desk.returned),
        ("next tier by an accepted service (闭环)", books.closed_loop),
        ("(bank, enterprise) states due", books.expected),
        ("  received", books.received),
        ("  lost", len(books.lost)),
        ("  duplicated", books.duplicated),
        ("  redelivered", books.redelivered),
        ("enterprises that reach a bank", books.reached_a_bank),
        ("calls tried again", sum(books.retried.values())),
        *((f"  after {why}", count) for why, count in sorted(books.retried.items())),
        ("processes killed", len(books.killed)),
        *((f"{what} {which}", count) for what, which, count in books.new_law),
    ):
        table.add_row(words, str(value))
    _console.print(table)
    found = [
        *(f"{d.bank} {d.uscc}: {d.said}" for d in books.lost),
        *(f"two event ids: {doubled}" for doubled in books.doubled_versions),
        *(f"two entitlements: {doubled}" for doubled in outcome.doubles),
        *books.complaints,
    ]
    for line in found[:_SHOWN_MAX]:
        _console.print(line, style="red", highlight=False, markup=False, soft_wrap=True)
    if len(found) > _SHOWN_MAX:
        _console.print(f"… and {len(found) - _SHOWN_MAX} more", style="red")


def _report(line: str) -> None:
    _console.print(line, highlight=False, markup=False)
