"""The payer sets amounts within the bounds of the source (核定金额), and what follows from it."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from contracts.events.certification import TitleStatus
from services.funding.awards.amounts import set_amount
from services.funding.awards.errors import AmountNotOpen
from services.funding.awards.schemas import AmountWrite
from services.funding.ledger.schemas import AppropriationWrite
from services.funding.ledger.service import appropriate
from shared.auth import Role, Subject
from shared.db import Database
from tests.factories import make_uscc
from tests.services.funding.award_calls import call, changed_rules, slug, titled
from tests.services.funding.conftest import Funding, MoveTo
from tests.services.funding.makers import (
    benefits,
    dossier_changed,
    entitlements,
    published,
    take,
    title,
    titles_changed,
)
from tests.services.funding.payment_desk import Desk

CITY_STAFF = Subject(sub="finance-1", role=Role.FINANCE, authority="440100")
OFFERED = "guangdong-little-giant"
CITY_AWARD = "guangzhou-little-giant-one-off"
ANHUI = "anhui-specialized-sme"
CHAMPION = "省级专精特新冠军企业"


async def _holder(funding: Funding, region: str, authority: str) -> dict[str, Any]:
    """The one entitlement of a new provincial title holder of the region."""
    uscc = make_uscc(region)
    await take(
        funding.database,
        dossier_changed(uscc, region=region),
        titles_changed(uscc, title(authority=authority)),
    )
    (row,) = (await entitlements(funding.database, uscc)).values()
    return row


async def _set(funding: Funding, row: dict[str, Any], role: str, body: Any, **claims: Any) -> Any:
    path = f"/v1/entitlements/{row['entitlement_id']}/amount"
    return await call(funding, "POST", path, role, {"reason": "按年度资金安排", **body}, **claims)


@pytest.mark.parametrize(
    ("region", "payer", "body", "amount"),
    [
        ("340104", "340000", {"subtype": CHAMPION}, "800000.00"),
        ("340104", "340000", {"subtype": "省级专精特新企业"}, "500000.00"),
        ("110108", "110000", {"amount_cny": "100000.00"}, "100000.00"),
        ("110108", "110000", {"amount_cny": "500000.00"}, "500000.00"),
        ("120101", "120000", {"amount_cny": "0.01"}, "0.01"),
        ("610103", "610000", {"amount_cny": "200000.00"}, "200000.00"),
    ],
)
async def test_payer_sets_an_amount_within_the_bounds_of_its_source(
    funding: Funding, region: str, payer: str, body: dict[str, str], amount: str
) -> None:
    row = await _holder(funding, region, payer)
    answer = await _set(funding, row, "finance", body, authority=payer)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["granted_cny"], found["payable_cny"], found["status"]) == (
        amount,
        amount,
        "appeared",
    )
    assert [one["reason"] for one in found["decisions"]] == ["按年度资金安排"]
    assert found["subtype"] == body.get("subtype")
    facts = await published(funding.database, row["uscc"], "funding.entitlement")
    assert [fact.get("payable_cny") for fact in facts if fact] == [None, amount]


@pytest.mark.parametrize(
    ("region", "payer", "body"),
    [
        ("340104", "340000", {"amount_cny": "600000.00"}),
        ("340104", "340000", {"subtype": "市级冠军企业"}),
        ("340104", "340000", {"subtype": CHAMPION, "amount_cny": "500000.00"}),
        ("110108", "110000", {"amount_cny": "99999.99"}),
        ("110108", "110000", {"amount_cny": "500000.01"}),
        ("110108", "110000", {"subtype": CHAMPION}),
        ("110108", "110000", {}),
        ("120101", "120000", {"amount_cny": "0.00"}),
        ("120101", "120000", {"amount_cny": "500000.01"}),
        ("610103", "610000", {"amount_cny": "199999.99"}),
    ],
)
async def test_amount_that_the_source_does_not_allow_is_refused(
    funding: Funding, region: str, payer: str, body: dict[str, str]
) -> None:
    row = await _holder(funding, region, payer)
    answer = await _set(funding, row, "regulator", body, authority=payer)
    assert slug(answer) == (422, "amount-out-of-bounds")
    (after,) = (await entitlements(funding.database, row["uscc"])).values()
    assert after == row


async def test_amount_is_in_no_total_before_it_is_set(funding: Funding) -> None:
    async def summary() -> dict[str, Any]:
        path = "/v1/entitlements/summary"
        found: dict[str, Any] = (
            await call(funding, "GET", path, "finance", authority=payer)
        ).json()
        return found

    payer = "640000"
    before = await summary()
    row = await _holder(funding, "640104", payer)
    waiting = await summary()
    assert waiting["payable_cny"] == before["payable_cny"]
    assert waiting["to_be_set"] - before["to_be_set"] == 1
    path = "/v1/entitlements?to_be_set=true&scheme=ningxia-specialized-sme"
    listed = (await call(funding, "GET", path, "finance", authority=payer)).json()
    assert str(row["entitlement_id"]) in {one["entitlement_id"] for one in listed["entitlements"]}
    await _set(funding, row, "finance", {"amount_cny": "300000.00"}, authority=payer)
    after = await summary()
    assert Decimal(after["payable_cny"]) - Decimal(before["payable_cny"]) == 300_000
    assert after["to_be_set"] == before["to_be_set"]


@pytest.mark.parametrize(
    ("role", "authority"),
    [("finance", "340100"), ("finance", "000000"), ("regulator", "440000"), ("finance", None)],
)
async def test_only_the_payers_own_staff_set_its_amounts(
    funding: Funding, role: str, authority: str | None
) -> None:
    row = await _holder(funding, "340104", "340000")
    claims = {} if authority is None else {"authority": authority}
    answer = await _set(funding, row, role, {"subtype": CHAMPION}, **claims)
    assert slug(answer) == (403, "not-the-payer")
    operator = await _set(funding, row, "operator", {"subtype": CHAMPION}, authority="340000")
    assert slug(operator) == (403, "forbidden")


async def test_amount_that_is_fixed_ended_or_no_money_is_not_set(funding: Funding) -> None:
    uscc = await titled(funding, title(), title("little_giant"))
    money = await entitlements(funding.database, uscc)
    permit = (await benefits(funding.database, uscc))["guangzhou-traffic-permits", "2022"]
    body = {"amount_cny": "1000000.00"}
    for row in (money[CITY_AWARD], permit):
        answer = await _set(funding, row, "finance", body, authority="440100")
        assert slug(answer) == (409, "amount-not-open")
    annulled = title("little_giant", status=TitleStatus.ANNULLED)
    await take(funding.database, titles_changed(uscc, title(), annulled, version=2))
    ended = await _set(
        funding, money[OFFERED], "finance", {"amount_cny": "500000.00"}, authority="440000"
    )
    assert slug(ended) == (409, "amount-not-open")


async def test_same_amount_again_changes_nothing_and_another_one_is_a_new_decision(
    funding: Funding,
) -> None:
    row = await _holder(funding, "110108", "110000")
    for amount, decisions in (("200000.00", 1), ("200000.00", 1), ("300000.00", 2)):
        answer = await _set(funding, row, "finance", {"amount_cny": amount}, authority="110000")
        assert answer.status_code == 200, answer.text
        assert len(answer.json()["decisions"]) == decisions
    facts = await published(funding.database, row["uscc"], "funding.entitlement")
    assert len(facts) == 3
    detail = await call(
        funding, "GET", f"/v1/entitlements/{row['entitlement_id']}", "enterprise", uscc=row["uscc"]
    )
    assert [one["amount_cny"] for one in detail.json()["decisions"]] == ["200000.00", "300000.00"]


async def test_amount_stays_once_a_payment_has_taken_it_up(
    own_database: Database, domain_day: MoveTo
) -> None:
    domain_day(date(2025, 9, 1))
    uscc = make_uscc()
    certified = title("little_giant", valid_from=date(2025, 8, 25), valid_to=None)
    await take(own_database, dossier_changed(uscc), titles_changed(uscc, certified))
    row = (await entitlements(own_database, uscc))[CITY_AWARD]
    assert (row["automatic"], row["payable_cny"]) == (True, None)
    desk = Desk(own_database)
    await desk.do(set_amount, row["entitlement_id"], _amount("800000.00"), CITY_STAFF)
    wanted = AppropriationWrite(
        scheme=CITY_AWARD, year=2025, change_cny="800000.00", document_no="示例穗财〔2025〕1号"
    )
    await desk.do(appropriate, wanted, CITY_STAFF)
    await desk.make_list(year=2025)
    with pytest.raises(AmountNotOpen, match="reversal"):
        await desk.do(set_amount, row["entitlement_id"], _amount("700000.00"), CITY_STAFF)
    await desk.do(set_amount, row["entitlement_id"], _amount("800000.00"), CITY_STAFF)
    assert (await entitlements(own_database, uscc))[CITY_AWARD]["payable_cny"] == 800_000


def _amount(amount: str) -> AmountWrite:
    return AmountWrite(amount_cny=amount, reason="年度资金安排")


async def test_entitlement_of_another_or_of_nobody_is_not_found(funding: Funding) -> None:
    row = await _holder(funding, "110108", "110000")
    for path in (f"/v1/entitlements/{row['entitlement_id']}", f"/v1/entitlements/{make_id()}"):
        answer = await call(funding, "GET", path, "enterprise", uscc=make_uscc())
        assert slug(answer) == (404, "entitlement-not-found")


def make_id() -> str:
    return "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def city_gives_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Guangzhou's award for little giants as one that fills up to the higher (就高补差)."""

    def edit(text: str) -> str:
        head, award = text.split(f"- id: {CITY_AWARD}")
        return f"{head}- id: {CITY_AWARD}{award.replace('unknown', 'fill_up', 1)}"

    with changed_rules(tmp_path / "rules", monkeypatch, edit):
        yield


@pytest.mark.usefixtures("city_gives_way")
async def test_award_that_fills_up_waits_for_the_other_payer_and_pays_the_difference(
    own_database: Database,
) -> None:
    uscc = make_uscc()
    await take(own_database, dossier_changed(uscc), titles_changed(uscc, title("little_giant")))
    found = await entitlements(own_database, uscc)
    assert (found[CITY_AWARD]["granted_cny"], found[CITY_AWARD]["payable_cny"]) == (1_000_000, None)
    province = Subject(sub="finance-1", role=Role.FINANCE, authority="440000")
    async with own_database.transaction() as session:
        wanted = AmountWrite(amount_cny="500000.00", reason="省级奖补")
        await set_amount(session, found[OFFERED]["entitlement_id"], wanted, province)
    after = await entitlements(own_database, uscc)
    assert {name: row["payable_cny"] for name, row in after.items()} == {
        CITY_AWARD: 500_000,
        OFFERED: 500_000,
    }
    facts = await published(own_database, uscc, "funding.entitlement")
    told = [(fact["scheme"], fact.get("payable_cny")) for fact in facts if fact]
    assert told[-2:] == [(OFFERED, "500000.00"), (CITY_AWARD, "500000.00")]
