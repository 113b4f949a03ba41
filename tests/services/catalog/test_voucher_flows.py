"""Any sequence of steps leaves every voucher in one state, every budget balanced, no cost overpaid.

The steps are drawn at random; what must hold is asked of the database and of the published facts.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.catalog.jobs import expire_vouchers
from tests.services.catalog.conftest import Catalog, DomainClock
from tests.services.catalog.test_cases import Sides
from tests.services.catalog.test_vouchers import (
    FINANCE,
    accepted_case,
    balance,
    budget,
    issue,
    redeem,
    states,
)

FIRMS = 3
NEXT = {
    None: {"issued"},
    "issued": {"redeemed", "expired"},
    "redeemed": {"settled"},
    "settled": set(),
    "expired": set(),
}
STEP = st.tuples(
    st.sampled_from(["issue", "redeem", "settle", "grant", "days"]), st.integers(0, FIRMS - 1)
)


@dataclass
class Flow:
    """A voucher budget for two, a subsidy budget for two, and three firms with accepted cases."""

    catalog: Catalog
    clock: DomainClock
    cases: list[Sides]
    vouchers: Any
    subsidies: Any
    day: int = 0
    given: list[Any] = field(default_factory=list)

    async def make(self, step: str, which: int) -> None:
        case = self.cases[which]
        if step == "issue":
            answer = await issue(self.catalog, self.vouchers["budget_id"], case.uscc)
        elif step == "grant":
            path = f"/v1/service-cases/{case.case_id}/support"
            wanted = {"budget_id": self.subsidies["budget_id"]}
            answer = await self.catalog.call("POST", path, FINANCE, wanted)
        elif step == "days":
            self.day += 4
            self.clock.move_to(f"2022-10-{min(1 + self.day, 31):02d}T10:00:00+08:00")
            await expire_vouchers(self.catalog.database)
            return
        elif not self.given:
            return
        else:
            voucher = self.given[which % len(self.given)]
            answer = await self.use(step, voucher)
        assert answer.status_code < 500, answer.text
        if answer.status_code == 201:
            self.given.append(answer.json())

    async def use(self, step: str, voucher: Any) -> Any:
        if step == "redeem":
            case = next(c for c in self.cases if c.uscc == voucher["uscc"])
            return await redeem(self.catalog, voucher, case.case_id)
        path = f"/v1/vouchers/{voucher['voucher_id']}/settlement"
        return await self.catalog.call("POST", path, FINANCE, {"reference": "示例凭证"})


async def begin(catalog: Catalog, clock: DomainClock, costs: list[int]) -> Flow:
    clock.move_to("2022-09-30T10:00:00+08:00")
    first = await accepted_case(catalog)
    cases = [first] + [await accepted_case(catalog, first) for _ in range(FIRMS - 1)]
    async with catalog.database.transaction() as session:
        for case, cost in zip(cases, costs, strict=True):
            await (await session.connection()).execute(
                text("UPDATE service_case SET settlement_cny = :cost WHERE case_id = :id"),
                {"cost": cost, "id": case.case_id},
            )
    vouchers = await budget(catalog, "40000.00", valid_days=10)
    subsidies = await budget(catalog, "40000.00", support="post_transformation_aid")
    return Flow(catalog, clock, cases, vouchers, subsidies)


async def require_balance(flow: Flow, money: Any) -> None:
    """The four sums are what the vouchers say, and none is below nothing."""
    held = await balance(flow.catalog, money)
    async with flow.catalog.database.transaction() as session:
        rows = await (await session.connection()).execute(
            text("SELECT state, sum(amount_cny) FROM voucher WHERE budget_id = :id GROUP BY state"),
            {"id": money["budget_id"]},
        )
        sums = defaultdict(Decimal, {str(row[0]): row[1] for row in rows})
    for state in ("issued", "redeemed", "settled"):
        assert held[f"{state}_cny"] == sums[state]
    spent = held["issued_cny"] + held["redeemed_cny"] + held["settled_cny"]
    assert held["left_cny"] == held["total_cny"] - spent >= 0


async def require_one_path(flow: Flow) -> None:
    """What was told of each voucher is one path, and its end is the state on file."""
    for case in flow.cases:
        facts = await flow.catalog.facts(case.uscc)
        told = [f for f in facts if f["type"] == "catalog.voucher-moved.v1"]
        at: dict[str, Any] = {}
        for fact in told:
            assert fact["state"] in NEXT[at.get(fact["voucher_id"])], told
            at[fact["voucher_id"]] = fact["state"]
        async with flow.catalog.database.transaction() as session:
            rows = await (await session.connection()).execute(
                text("SELECT voucher_id, state FROM voucher WHERE uscc = :uscc"),
                {"uscc": case.uscc},
            )
            assert {str(row.voucher_id): row.state for row in rows} == at


async def require_no_cost_overpaid(flow: Flow) -> None:
    async with flow.catalog.database.transaction() as session:
        rows = await (await session.connection()).execute(
            text(
                "SELECT settlement_cny, (SELECT sum(amount_cny) FROM voucher"
                " WHERE voucher.case_id = service_case.case_id) AS paid"
                " FROM service_case WHERE case_id = ANY(:ids)"
            ),
            {"ids": [case.case_id for case in flow.cases]},
        )
        assert all((row.paid or 0) <= row.settlement_cny for row in rows)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    steps=st.lists(STEP, min_size=4, max_size=16),
    costs=st.lists(st.sampled_from([5_000, 20_000, 100_000]), min_size=FIRMS, max_size=FIRMS),
)
async def test_every_flow_keeps_one_state_per_voucher_and_balances(
    catalog: Catalog,
    domain_clock: DomainClock,
    steps: list[tuple[str, int]],
    costs: list[int],
) -> None:
    flow = await begin(catalog, domain_clock, costs)
    for step, which in steps:
        await flow.make(step, which)
        for money in (flow.vouchers, flow.subsidies):
            await require_balance(flow, money)
    await require_one_path(flow)
    await require_no_cost_overpaid(flow)


async def test_a_voucher_pays_at_most_what_the_case_cost_and_the_rest_is_back_in_the_budget(
    catalog: Catalog, domain_clock: DomainClock
) -> None:
    flow = await begin(catalog, domain_clock, [5_000, 20_000, 100_000])
    await flow.make("issue", 0)
    used = await redeem(catalog, flow.given[0], flow.cases[0].case_id)
    assert used.json()["amount_cny"] == "5000.00"
    held = await balance(catalog, flow.vouchers)
    assert held["issued_cny"] == 0
    assert held["redeemed_cny"] == 5_000
    assert held["left_cny"] == 35_000
    path = f"/v1/service-cases/{flow.cases[0].case_id}/support"
    wanted = {"budget_id": flow.subsidies["budget_id"]}
    refused = await catalog.call("POST", path, FINANCE, wanted)
    assert refused.json()["type"].endswith("voucher-not-redeemable")
    assert await states(catalog, flow.subsidies["budget_id"]) == {}
