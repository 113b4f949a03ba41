"""`make run`: the sample region loaded into a stack that keeps serving, and where to look."""

from rich.console import Console
from rich.table import Table

from deploy.local.sample.calls import Caller, OpenGate
from deploy.local.sample.checks import wait_until_settled
from deploy.local.sample.flow import Flow, Steps, bank_of
from deploy.local.sample.sandbox import try_the_new_law
from deploy.local.stack import Stack

_console = Console(stderr=True)


async def load_sample(stack: Stack) -> None:
    """Load the region and show what came of it. On a state that has it, nothing is doubled."""
    with Steps(_console) as steps, bank_of(stack) as bank:
        async with Flow(stack, bank, steps, OpenGate()) as flow:
            found = await flow.filing.look()
            fresh = found.dossiers == 0
            await flow.load()
            if fresh:
                await flow.wait_for_banks()
            await flow.change()
            agreed = await flow.wait_for_the_end() if fresh else True
            closed, due = await flow.close_the_loop()
            agreed &= closed == due
            entitled = sum(e.holds_specialized + e.holds_little_giant for e in flow.region)
            agreed &= await wait_until_settled(flow.caller, entitled, len(flow.region))
            table = await _summary(flow.caller)
    if found.dossiers:
        _say(
            f"{found.dossiers} sample dossiers, {found.consents} consents and {found.lists} lists"
            " were here already; nothing was doubled, only what was missing was filed."
        )
    if not agreed:
        _say("The banks were not told everything in time; see `terrace logs` and /readyz.")
    _console.print(table)
    _where_to_look(stack, flow)


async def _summary(caller: Caller) -> Table:
    token = caller.regulator()
    outlooks = await caller.read("/v1/outlooks/summary", token)
    titles = await caller.read("/v1/titles/summary", token)
    awards = await caller.read("/v1/entitlements/summary", token)
    table = Table(title="Sample region of Guangzhou (示例数据), domain date 2022-09-30")
    for heading in ("what", "which", "count"):
        table.add_column(heading, justify="right" if heading == "count" else "left")
    table.add_row("enterprises judged (评价)", "", str(outlooks["evaluated"]))
    for row in outlooks["counts"]:
        which = f"{row['tier']} {row['attainment']} ({row['rule_set']})"
        table.add_row("outlook (梯度)", which, str(row["enterprises"]))
    for row in titles["counts"]:
        table.add_row("title (称号)", f"{row['kind']} {row['status']}", str(row["enterprises"]))
    table.add_row("automatic awards (免申即享)", "", str(awards["automatic"]))
    table.add_row("payable, yuan (应付)", "", awards["payable_cny"])
    for row in await try_the_new_law(caller):
        table.add_row(*row)
    return table


def _where_to_look(stack: Stack, flow: Flow) -> None:
    giant = next(t.uscc for t in flow.travellers if t.enterprise.holds_little_giant)
    url = stack.gateway_url
    _say(
        f"API pages           {url}/docs\n"
        f"A little giant      {url}/v1/enterprises/{giant}/outlook (also /titles, /entitlements,"
        " /loan-products, /consents)\n"
        f"The region          {url}/v1/outlooks/summary, {url}/v1/entitlements/summary\n"
        f"What the banks saw  {flow.bank.out}\n"
        "Ask like this:\n"
        '  curl -H "Authorization: Bearer $(terrace token --role regulator --authority 440100)"'
        f" {url}/v1/enterprises/{giant}/entitlements\n"
        f'  curl -H "Authorization: Bearer $(terrace token --role enterprise --uscc {giant})"'
        f" {url}/v1/enterprises/{giant}/loan-products"
    )


def _say(text: str) -> None:
    _console.print(text, highlight=False, markup=False, soft_wrap=True)
