"""Vouchers: never over budget, one per enterprise, kind and period, one end each; it balances."""

import asyncio
from collections import Counter
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.catalog.jobs import expire_vouchers
from tests.services.catalog.conftest import CITY, OFFICE, Catalog, DomainClock, firm, provider_of
from tests.services.catalog.test_cases import LIFE, Sides, new_case, put_into

FINANCE = {"role": "finance", "authority": CITY}
_years = count(2030)


async def budget(catalog: Catalog, total: str = "1000000.00", **changes: Any) -> Any:
    body = {
        "authority": CITY,
        "kind": "digital",
        "period": str(next(_years)),
        "total_cny": total,
        "face_cny": "20000.00",
        "valid_days": 90,
        "ends_on": "2022-12-20",
        **changes,
    }
    return await catalog.done("POST", "/v1/voucher-budgets", FINANCE, body)


async def issue(catalog: Catalog, budget_id: str, uscc: str) -> Any:
    body = {"budget_id": budget_id, "uscc": uscc}
    return await catalog.call("POST", "/v1/vouchers", firm(uscc), body)


async def redeem(catalog: Catalog, voucher: Any, case_id: str) -> Any:
    path = f"/v1/vouchers/{voucher['voucher_id']}/redemption"
    return await catalog.call("POST", path, firm(voucher["uscc"]), {"case_id": case_id})


async def balance(catalog: Catalog, found: Any) -> dict[str, Decimal]:
    path = f"/v1/voucher-budgets?authority={CITY}&period={found['period']}"
    (row,) = (await catalog.http.get(path)).json()["budgets"]
    names = ("issued_cny", "redeemed_cny", "settled_cny", "left_cny", "total_cny")
    return {name: Decimal(row[name]) for name in names}


async def states(catalog: Catalog, budget_id: str) -> Counter[str]:
    async with catalog.database.transaction() as session:
        rows = await (await session.connection()).execute(
            text("SELECT state FROM voucher WHERE budget_id = :id"), {"id": budget_id}
        )
        return Counter(row.state for row in rows)


async def accepted_case(catalog: Catalog, sides: Sides | None = None) -> Sides:
    found = await new_case(catalog, *((sides.provider, sides.offering_id) if sides else ()))
    await put_into(catalog, found, "accepted")
    return found


async def test_200_at_once_on_a_budget_for_50_never_overspend_and_the_budget_balances(
    catalog: Catalog,
) -> None:
    money, first = await budget(catalog, "1000000.00"), await accepted_case(catalog)
    cases = {first.uscc: first}
    for _ in range(199):
        found = await accepted_case(catalog, first)
        cases[found.uscc] = found
    answers = await asyncio.gather(*(issue(catalog, money["budget_id"], u) for u in cases))
    said = Counter(answer.status_code for answer in answers)
    assert said == {201: 50, 409: 150}
    refused = {a.json()["type"].rpartition(":")[2] for a in answers if a.status_code == 409}
    assert refused == {"budget-exhausted"}
    vouchers = [answer.json() for answer in answers if answer.status_code == 201]
    tries = [voucher for voucher in vouchers for _ in range(4)]
    redeemed = await asyncio.gather(
        *(redeem(catalog, voucher, cases[voucher["uscc"]].case_id) for voucher in tries)
    )
    assert len(redeemed) == 200
    assert all(answer.status_code == 200 for answer in redeemed)
    assert await states(catalog, money["budget_id"]) == {"redeemed": 50}
    assert await balance(catalog, money) == {
        "issued_cny": 0,
        "redeemed_cny": Decimal(1_000_000),
        "settled_cny": 0,
        "left_cny": 0,
        "total_cny": Decimal(1_000_000),
    }
    facts = await catalog.facts(vouchers[0]["uscc"])
    told = [f["state"] for f in facts if f["type"] == "catalog.voucher-moved.v1"]
    assert told == ["issued", "redeemed"]


async def test_one_per_enterprise_kind_and_period_also_when_asked_at_once(
    catalog: Catalog,
) -> None:
    money, uscc = await budget(catalog), await catalog.enterprise()
    answers = await asyncio.gather(*(issue(catalog, money["budget_id"], uscc) for _ in range(8)))
    assert Counter(a.status_code for a in answers) == {201: 1, 409: 7}
    assert (await balance(catalog, money))["issued_cny"] == 20_000
    other = await budget(catalog)
    assert (await issue(catalog, other["budget_id"], uscc)).status_code == 201


async def test_it_is_redeemed_only_on_an_own_accepted_case_of_its_kind_with_a_listed_provider(
    catalog: Catalog,
) -> None:
    money, sides = await budget(catalog), await new_case(catalog)
    stranger = await accepted_case(catalog)
    voucher = (await issue(catalog, money["budget_id"], sides.uscc)).json()
    await sides.live(LIFE[:5])
    assert (await redeem(catalog, voucher, sides.case_id)).status_code == 409
    await sides.live(LIFE[5:6])
    assert (await redeem(catalog, voucher, stranger.case_id)).status_code == 409
    await catalog.review(sides.provider, "suspend")
    refused = await redeem(catalog, voucher, sides.case_id)
    assert refused.json()["type"].endswith("provider-not-listed")
    await catalog.review(sides.provider, "restore")
    assert (await redeem(catalog, voucher, sides.case_id)).json()["state"] == "redeemed"
    green = await budget(catalog, kind="green")
    other = (await issue(catalog, green["budget_id"], sides.uscc)).json()
    assert (await redeem(catalog, other, sides.case_id)).status_code == 409


async def test_finance_settles_a_redeemed_one_once(catalog: Catalog) -> None:
    money, sides = await budget(catalog), await accepted_case(catalog)
    voucher = (await issue(catalog, money["budget_id"], sides.uscc)).json()
    path, body = f"/v1/vouchers/{voucher['voucher_id']}/settlement", {"reference": "示例凭证1"}
    assert (await catalog.call("POST", path, FINANCE, body)).status_code == 409
    await redeem(catalog, voucher, sides.case_id)
    elsewhere = {"role": "finance", "authority": "320000"}
    assert (await catalog.call("POST", path, elsewhere, body)).status_code == 403
    for _ in range(2):
        settled = await catalog.done("POST", path, FINANCE, body)
        assert settled["state"] == "settled"
    second = await catalog.call("POST", path, FINANCE, {"reference": "示例凭证2"})
    assert second.status_code == 409
    assert (await balance(catalog, money))["settled_cny"] == 20_000


async def test_an_unused_one_falls_back_to_the_budget_and_can_be_issued_again(
    catalog: Catalog, domain_clock: DomainClock
) -> None:
    money, sides = await budget(catalog, "20000.00", valid_days=10), await accepted_case(catalog)
    voucher = (await issue(catalog, money["budget_id"], sides.uscc)).json()
    other = await catalog.enterprise()
    assert (await issue(catalog, money["budget_id"], other)).status_code == 409
    domain_clock.move_to("2022-10-10T23:59:00+08:00")
    await expire_vouchers(catalog.database)
    assert (await states(catalog, money["budget_id"])) == {"issued": 1}
    domain_clock.move_to("2022-10-11T00:00:01+08:00")
    assert (await redeem(catalog, voucher, sides.case_id)).status_code == 409
    for _ in range(2):
        await expire_vouchers(catalog.database)
    assert (await states(catalog, money["budget_id"])) == {"expired": 1}
    assert (await balance(catalog, money))["left_cny"] == 20_000
    assert (await issue(catalog, money["budget_id"], other)).status_code == 201


async def test_the_issue_rule_asks_for_a_title_and_a_place(catalog: Catalog) -> None:
    money = await budget(catalog, titles=["specialized_sme"])
    plain, held = await catalog.enterprise(), await catalog.enterprise()
    await catalog.hears_titles(held, "specialized_sme")
    assert (await issue(catalog, money["budget_id"], plain)).status_code == 422
    assert (await issue(catalog, money["budget_id"], held)).status_code == 201
    far = await catalog.enterprise(region="440305")
    open_to_all = await budget(catalog)
    assert (await issue(catalog, open_to_all["budget_id"], far)).status_code == 422
    thief = await catalog.call(
        "POST",
        "/v1/vouchers",
        firm(plain),
        {"budget_id": open_to_all["budget_id"], "uscc": held},
    )
    assert thief.status_code == 403


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE voucher SET state = 'settled', settled_at = now(), case_id = :case"
        " WHERE voucher_id = :id",
        "UPDATE voucher SET amount_cny = 1 WHERE voucher_id = :id",
        "DELETE FROM voucher WHERE voucher_id = :id",
        "UPDATE voucher_budget SET redeemed_cny = total_cny WHERE budget_id = :budget",
    ],
)
async def test_the_database_itself_refuses_what_would_not_balance(
    catalog: Catalog, statement: str
) -> None:
    money, sides = await budget(catalog), await accepted_case(catalog)
    voucher = (await issue(catalog, money["budget_id"], sides.uscc)).json()
    values = {
        "case": sides.case_id,
        "id": voucher["voucher_id"],
        "budget": money["budget_id"],
    }
    used = {name: value for name, value in values.items() if f":{name}" in statement}
    with pytest.raises(DBAPIError):
        async with catalog.database.transaction() as session:
            await (await session.connection()).execute(text(statement), used)
    assert (await balance(catalog, money))["issued_cny"] == 20_000


async def test_a_period_has_one_budget_and_other_support_issues_no_vouchers(
    catalog: Catalog,
) -> None:
    money = await budget(catalog, support="post_service_subsidy")
    assert money["beneficiary"] == "provider"
    sides = await accepted_case(catalog)
    assert (await issue(catalog, money["budget_id"], sides.uscc)).status_code == 422
    path = f"/v1/service-cases/{sides.case_id}/support"
    grant = {"budget_id": money["budget_id"]}
    assert (await catalog.call("POST", path, firm(sides.uscc), grant)).status_code == 403
    given = await catalog.done("POST", path, FINANCE, grant)
    assert (given["state"], given["beneficiary"]) == ("redeemed", "provider")
    own = await catalog.done("GET", "/v1/vouchers", provider_of(sides.provider))
    assert [row["voucher_id"] for row in own["vouchers"]] == [given["voucher_id"]]
    told = (await catalog.facts(sides.uscc))[-1]
    assert (told["support"], told["provider"]) == ("post_service_subsidy", sides.provider)
    other = await catalog.done("GET", "/v1/vouchers", provider_of("someone-else"))
    assert other["vouchers"] == []
    assert (await catalog.call("POST", path, FINANCE, grant)).status_code == 409
    assert (await balance(catalog, money))["redeemed_cny"] == 20_000
    body = {
        k: v
        for k, v in money.items()
        if k in {"authority", "support", "kind", "period", "total_cny"}
    }
    body |= {"face_cny": "1.00", "valid_days": 1, "ends_on": "2022-12-01"}
    assert (await catalog.call("POST", "/v1/voucher-budgets", OFFICE, body)).status_code == 409
