"""One answer for the enterprise: what it gets, from whom and why, and what lacks for the rest."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from contracts.events.certification import TitleStatus
from services.funding.awards.answering import answer_enterprise
from services.funding.awards.schemas import PaymentBrief
from shared.auth import Role, Subject
from shared.db import Database
from tests.factories import make_uscc
from tests.services.funding.award_calls import (
    DIGITAL,
    LISTING,
    accepting,
    call,
    changed_rules,
    claim_of,
    filed,
    review,
    slug,
    titled,
)
from tests.services.funding.conftest import Funding, MoveTo
from tests.services.funding.makers import dossier_changed, take, title
from tests.services.funding.payment_desk import AFTER_NOTICE, AWARD, Desk, award

CITY_STAFF = Subject(sub="regulator-1", role=Role.REGULATOR, authority="440100")
LITTLE_GIANT = "guangzhou-little-giant-one-off"
SPECIALIZED = "guangzhou-specialized-sme-one-off"
OFFERED = "guangdong-little-giant"


async def _answer(funding: Funding, uscc: str) -> dict[str, Any]:
    path = f"/v1/enterprises/{uscc}/awards"
    answer = await call(funding, "GET", path, "enterprise", uscc=uscc)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _by_scheme(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["scheme_id"]: row for row in rows}


async def test_what_it_gets_stands_first_by_amount_with_from_whom_and_why(
    funding: Funding,
) -> None:
    uscc = await titled(funding, title(), title("little_giant"))
    body = await _answer(funding, uscc)
    assert (body["judged_on"], body["payable_cny"], body["to_be_set"]) == (
        "2022-09-30",
        "1200000.00",
        1,
    )
    assert [row["scheme_id"] for row in body["awards"]] == [
        LITTLE_GIANT,
        SPECIALIZED,
        OFFERED,
        "guangzhou-industrial-housing",
        "guangzhou-land-priority",
        "guangzhou-property-split",
        "guangzhou-traffic-permits",
    ]
    first, permit = body["awards"][0], body["awards"][-1]
    assert (first["payer_name"], first["payable_cny"]) == ("广州市", "1000000.00")
    assert "示例little_giant〔2022〕1号" in first["reason"]["zh"]
    assert "免申即享" in first["when"]["zh"]
    assert (permit["quantity"], permit["unit"], permit["period"]) == (2, "vehicle", "2022")
    assert permit["payable_cny"] is None


async def test_combination_whose_clause_is_unknown_is_said_to_be_unknown(
    funding: Funding,
) -> None:
    uscc = await titled(funding, title("little_giant"))
    awards = _by_scheme((await _answer(funding, uscc))["awards"])
    (other,) = awards[LITTLE_GIANT]["combinations"]
    assert (other["scheme_id"], other["clause"], other["combinable"]) == (OFFERED, "unknown", None)
    assert "未载明" in other["text"]["zh"]
    assert awards["guangzhou-land-priority"]["combinations"] == []


async def test_rest_says_what_is_missing_the_largest_first(funding: Funding) -> None:
    uscc = await titled(funding, title())
    body = await _answer(funding, uscc)
    most = [float(row["offer"]["max_cny"] or 0) for row in body["not_yet"]]
    assert most == sorted(most, reverse=True)
    rest = _by_scheme(body["not_yet"])
    assert not set(rest) & set(_by_scheme(body["awards"]))
    (unmet,) = rest[LITTLE_GIANT]["unmet"]
    assert (unmet["id"], unmet["met"]) == ("title", False)
    assert "小巨人" in unmet["needed"]["zh"]
    assert unmet["seen"]["zh"] == "专精特新中小企业"
    assert rest[LISTING]["claimable"]
    assert rest[LISTING]["share_percent"] == "50.00"
    assert rest["guangzhou-loan-cost-aid"]["share_percent"] is None
    assert rest[DIGITAL]["offer"]["share_percent"] is None
    assert {note["verification"] for note in rest[DIGITAL]["notes"]} == {"unverified"}
    assert rest["guangzhou-technical-renovation-aid"]["also_checked"][0]["zh"] == (
        "纳入省级技术改造项目库"
    )
    assert "guangzhou-single-champion" not in rest
    assert "guangzhou-park-operator-project" not in rest
    assert "guangdong-specialized-sme" not in rest


async def test_firm_in_public_notice_has_nothing_and_reads_that_its_title_is_in_notice(
    funding: Funding,
) -> None:
    notice = title("little_giant", status=TitleStatus.PUBLICIZED, document_no="公示〔2022〕2号")
    body = await _answer(funding, await titled(funding, notice))
    assert (body["awards"], body["payable_cny"]) == ([], "0.00")
    (unmet,) = _by_scheme(body["not_yet"])[LITTLE_GIANT]["unmet"]
    assert "公示〔2022〕2号,公示中" in unmet["seen"]["zh"]


async def test_renewed_title_is_no_new_one_and_the_answer_says_so(funding: Funding) -> None:
    old = title(
        "little_giant",
        status=TitleStatus.EXPIRED,
        document_no="示例〔2019〕1号",
        valid_from=date(2019, 7, 1),
        valid_to=date(2022, 6, 30),
    )
    body = await _answer(funding, await titled(funding, old, title("little_giant")))
    (unmet,) = _by_scheme(body["not_yet"])[LITTLE_GIANT]["unmet"]
    assert "复核通过" in unmet["seen"]["zh"]
    assert "新认定" in unmet["needed"]["zh"]
    assert OFFERED in _by_scheme(body["awards"])


async def test_claim_is_shown_with_the_scheme_until_it_is_approved(funding: Funding) -> None:
    uscc = await titled(funding)
    claim = await filed(funding, uscc, claim_of(LISTING))
    row = _by_scheme((await _answer(funding, uscc))["not_yet"])[LISTING]
    assert (row["claim_id"], row["claim_state"], row["claimable"]) == (
        claim["claim_id"],
        "filed",
        False,
    )
    await review(funding, claim, accepting(claim))
    body = await _answer(funding, uscc)
    assert _by_scheme(body["awards"])[LISTING]["payable_cny"] == "50000.00"
    assert LISTING not in _by_scheme(body["not_yet"])


async def test_enterprise_without_title_reads_everything_it_could_have(funding: Funding) -> None:
    uscc = make_uscc()
    await take(funding.database, dossier_changed(uscc))
    body = await _answer(funding, uscc)
    assert body["awards"] == []
    assert {one["id"] for row in body["not_yet"] for one in row["unmet"]} == {"title"}
    assert not any(row["claimable"] for row in body["not_yet"])


async def test_answer_is_for_the_enterprise_and_its_authorities(funding: Funding) -> None:
    uscc = await titled(funding)
    path = f"/v1/enterprises/{uscc}/awards"
    for role, claims, status in (
        ("enterprise", {"uscc": make_uscc()}, 403),
        ("regulator", {"authority": "370000"}, 403),
        ("regulator", {"authority": "440000"}, 200),
        ("bank", {"org": "icbc"}, 403),
    ):
        assert (await call(funding, "GET", path, role, **claims)).status_code == status
    unknown = make_uscc()
    path = f"/v1/enterprises/{unknown}/awards"
    missing = await call(funding, "GET", path, "enterprise", uscc=unknown)
    assert slug(missing) == (404, "enterprise-not-found")


CONDITIONS = """  conditions:
    all:
    - {metric: revenue_last_year, min: 50000000, unit: cny, source: 示例, verification: unverified}
    - {metric: is_sme, is: true, source: 示例, verification: unverified}
"""


@pytest.fixture
def revenue_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Guangzhou's award for provincial titles with conditions beside the title."""

    def edit(text: str) -> str:
        return text.replace("  benefit: money\n", f"{CONDITIONS}  benefit: money\n", 1)

    with changed_rules(tmp_path / "rules", monkeypatch, edit):
        yield


@pytest.mark.usefixtures("revenue_is_asked_for")
async def test_condition_beside_the_title_says_how_far_it_is_and_the_award_comes_when_it_is_met(
    funding: Funding,
) -> None:
    uscc = await titled(funding)
    body = await _answer(funding, uscc)
    assert SPECIALIZED not in _by_scheme(body["awards"])
    (unmet,) = _by_scheme(body["not_yet"])[SPECIALIZED]["unmet"]
    assert (unmet["id"], unmet["seen"]["en"], unmet["short_by"]) == (
        "revenue_last_year",
        "45000000.00 CNY",
        "5000000.00 CNY",
    )
    await take(funding.database, dossier_changed(uscc, 2, accounts=[]))
    body = await _answer(funding, uscc)
    (unmet,) = _by_scheme(body["not_yet"])[SPECIALIZED]["unmet"]
    assert (unmet["met"], unmet["short_by"]) == (None, None)
    assert unmet["missing"] == ["accounts.2021.revenue_cny"]
    rich = [{"year": 2021, "revenue_cny": "50000000.00"}]
    await take(funding.database, dossier_changed(uscc, 3, accounts=rich))
    awards = _by_scheme((await _answer(funding, uscc))["awards"])
    assert awards[SPECIALIZED]["payable_cny"] == "200000.00"


async def test_answer_says_how_far_the_payment_has_come(
    own_database: Database, domain_day: MoveTo
) -> None:
    (uscc,) = await award(own_database)
    desk = Desk(own_database)
    await desk.budget(AWARD)

    async def payment() -> PaymentBrief | None:
        async with own_database.transaction() as session:
            answer = await answer_enterprise(session, uscc, CITY_STAFF)
        (found,) = [row.payment for row in answer.awards if row.scheme_id == SPECIALIZED]
        return found

    assert await payment() is None
    run = await desk.make_list()
    listed = await payment()
    assert listed is not None
    assert (listed.state, listed.list_no, listed.notice_until) == ("listed", "名单1", None)
    await desk.publish(run.run_id)
    domain_day(AFTER_NOTICE)
    await desk.sign(run.run_id)
    await desk.export(run.run_id)
    await desk.take_return(run.run_id)
    paid = await payment()
    assert paid is not None
    assert (paid.state, paid.amount_cny, paid.settled_on) == ("paid", AWARD, AFTER_NOTICE)
