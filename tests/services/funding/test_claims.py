"""Claims for proportional aid (按比例补助): filed with evidence, reviewed in part, paid once."""

import asyncio
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from contracts.events.certification import TitleStatus
from tests.factories import make_uscc
from tests.services.funding.award_calls import (
    CITY,
    DIGITAL,
    LISTING,
    PARK,
    accepting,
    call,
    claim_of,
    file,
    filed,
    invoice,
    review,
    slug,
    titled,
)
from tests.services.funding.conftest import Funding
from tests.services.funding.makers import (
    dossier_changed,
    entitlements,
    published,
    take,
    title,
    titles_changed,
)


async def test_claim_approved_in_part_says_why_and_becomes_payable(funding: Funding) -> None:
    uscc = await titled(funding)
    claim = await filed(funding, uscc, claim_of(LISTING, invoice("400000.00"), invoice("90000.01")))
    assert (claim["state"], claim["period"], claim["due_on"]) == ("filed", "2022", "2022-10-30")
    assert (claim["claimed_cny"], claim["verification"]) == ("490000.01", "unverified")
    reviews = [
        {"number": 1, "accepted_cny": "300000.00", "reason": "路演费用不属于上市费用"},
        {"number": 2, "accepted_cny": "90000.01"},
    ]
    answer = await review(funding, claim, {"outcome": "approve", "items": reviews})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["eligible_cny"], body["percent"], body["approved_cny"]) == (
        "390000.01",
        "50.00",
        "195000.00",
    )
    assert [item["reason"] for item in body["items"]] == ["路演费用不属于上市费用", None]
    row = (await entitlements(funding.database, uscc))[LISTING]
    assert (row["origin"], row["payable_cny"], row["period"], row["budget_year"]) == (
        "claim",
        Decimal("195000.00"),
        "2022",
        2022,
    )
    facts = await published(funding.database, uscc, "funding.entitlement")
    assert [fact["payable_cny"] for fact in facts if fact and fact["scheme"] == LISTING] == [
        "195000.00"
    ]


async def test_aid_stops_at_its_cap(funding: Funding) -> None:
    uscc = await titled(funding)
    claim = await filed(funding, uscc, claim_of(LISTING, invoice("9000000.00")))
    body = (await review(funding, claim, accepting(claim))).json()
    assert body["approved_cny"] == "3000000.00"


async def test_share_that_the_source_leaves_open_waits_for_its_payer(funding: Funding) -> None:
    uscc = await titled(funding)
    claim = await filed(funding, uscc, claim_of(DIGITAL, invoice("1000000.00")))
    refused = await review(funding, claim, accepting(claim))
    assert slug(refused) == (409, "aid-share-not-set")
    path = f"/v1/award-schemes/{DIGITAL}/shares"
    share = {
        "percent": "33.33",
        "since": "2022-01-01",
        "document_no": "示例穗财〔2022〕1号",
        "reason": "年度资金安排",
    }
    province = await call(funding, "POST", path, "finance", share, authority="440000")
    assert slug(province) == (403, "not-the-payer")
    for _ in range(2):
        answer = await call(funding, "POST", path, "finance", share, authority=CITY)
        assert answer.status_code == 200, answer.text
    assert [row["percent"] for row in answer.json()["shares"]] == ["33.33"]
    changed = {**share, "percent": "40"}
    other = await call(funding, "POST", path, "finance", changed, authority=CITY)
    assert slug(other) == (409, "aid-share-exists")
    shown = await call(funding, "GET", f"/v1/enterprises/{uscc}/awards", "enterprise", uscc=uscc)
    rest = {row["scheme_id"]: row for row in shown.json()["not_yet"]}
    assert rest[DIGITAL]["share_percent"] == "33.33"
    body = (await review(funding, claim, accepting(claim))).json()
    assert (body["percent"], body["approved_cny"]) == ("33.33", "333300.00")


async def test_share_of_a_scheme_without_share_is_refused(funding: Funding) -> None:
    path = "/v1/award-schemes/guangzhou-little-giant-one-off/shares"
    share = {"percent": "10", "since": "2022-01-01", "document_no": "示例", "reason": "示例"}
    answer = await call(funding, "POST", path, "finance", share, authority=CITY)
    assert slug(answer) == (422, "not-claimable")


@pytest.mark.parametrize(
    ("titles", "scheme", "status"),
    [
        ((title("municipal_specialized_sme", authority=CITY),), LISTING, 201),
        ((title("municipal_specialized_sme", authority=CITY),), DIGITAL, 422),
        ((title("innovative_sme"),), LISTING, 422),
        ((title(status=TitleStatus.PUBLICIZED),), LISTING, 422),
        ((title(status=TitleStatus.ANNULLED),), LISTING, 422),
        ((title(valid_to=date(2022, 9, 29)),), LISTING, 422),
    ],
)
async def test_title_decides_who_may_claim(
    funding: Funding, titles: tuple[Any, ...], scheme: str, status: int
) -> None:
    uscc = await titled(funding, *titles)
    answer = await file(funding, uscc, claim_of(scheme))
    assert answer.status_code == status, answer.text
    if status == 422:
        assert slug(answer) == (422, "claim-not-eligible")
        assert [error["field"] for error in answer.json()["errors"]] == ["title"]


async def test_enterprise_of_another_region_is_told_so(funding: Funding) -> None:
    uscc = make_uscc("440605")
    await take(
        funding.database, dossier_changed(uscc, region="440605"), titles_changed(uscc, title())
    )
    answer = await file(funding, uscc, claim_of())
    assert slug(answer) == (422, "claim-not-eligible")
    assert "440605" in answer.json()["detail"]


async def test_one_claim_per_scheme_and_year_and_a_withdrawn_one_is_filed_anew(
    funding: Funding,
) -> None:
    uscc = await titled(funding)
    claim = await filed(funding, uscc, claim_of())
    second = await file(funding, uscc, claim_of())
    assert slug(second) == (409, "claim-exists")
    assert claim["claim_id"] in second.json()["detail"]
    path = f"/v1/claims/{claim['claim_id']}/withdrawal"
    for _ in range(2):
        withdrawn = await call(funding, "POST", path, "enterprise", {}, uscc=uscc)
        assert withdrawn.json()["state"] == "withdrawn"
    again = await filed(funding, uscc, claim_of(LISTING, invoice("7.00")))
    assert (again["claim_id"], again["state"], again["claimed_cny"]) == (
        claim["claim_id"],
        "filed",
        "7.00",
    )
    assert [step["move"] for step in again["steps"]] == ["file", "withdraw", "file"]


async def test_repeated_request_is_answered_as_the_first_time(funding: Funding) -> None:
    uscc = await titled(funding)
    body = claim_of()
    key = {"idempotency-key": f"claim-{uscc}"}
    first = await file(funding, uscc, body, **key)
    second = await file(funding, uscc, body, **key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    listed = await call(funding, "GET", "/v1/claims", "enterprise", uscc=uscc)
    assert len(listed.json()["claims"]) == 1


async def test_document_is_aided_once_however_its_number_is_typed(funding: Funding) -> None:
    number = make_uscc()
    first, second = await titled(funding), await titled(funding)
    claim = await filed(funding, first, claim_of(LISTING, invoice(document_no=number)))
    typed = claim_of(LISTING, invoice(document_no=f" {number.lower()[:9]} {number[9:]}"))
    assert slug(await file(funding, second, typed)) == (409, "claim-document-used")
    twice = invoice()
    assert slug(await file(funding, second, claim_of(LISTING, twice, twice))) == (
        409,
        "claim-document-used",
    )
    path = f"/v1/claims/{claim['claim_id']}/withdrawal"
    await call(funding, "POST", path, "enterprise", {}, uscc=first)
    assert (await file(funding, second, typed)).status_code == 201


async def test_returned_claim_is_completed_and_approved_with_every_step_on_record(
    funding: Funding,
) -> None:
    uscc = await titled(funding)
    claim = await filed(funding, uscc, claim_of())
    asked = {"outcome": "return", "note": "请补充付款凭证"}
    returned = (await review(funding, claim, asked)).json()
    assert (returned["state"], returned["due_on"]) == ("returned", "2022-10-15")
    early = await review(funding, claim, accepting(claim))
    assert slug(early) == (409, "illegal-claim-move")
    assert "resubmit" in early.json()["detail"]
    path = f"/v1/claims/{claim['claim_id']}/resubmission"
    items = {"items": [claim["items"][0] | {"amount_cny": "80000.00"}, invoice("20.00")]}
    for item in items["items"]:
        for field in ("number", "accepted_cny", "reason"):
            item.pop(field, None)
    resubmitted = await call(funding, "POST", path, "enterprise", items, uscc=uscc)
    assert resubmitted.status_code == 200, resubmitted.text
    approved = (await review(funding, claim, accepting(resubmitted.json()))).json()
    assert (approved["state"], approved["approved_cny"]) == ("approved", "40010.00")
    assert [step["move"] for step in approved["steps"]] == ["file", "return", "resubmit", "approve"]
    withdrawn = await call(
        funding, "POST", f"/v1/claims/{claim['claim_id']}/withdrawal", "enterprise", {}, uscc=uscc
    )
    assert slug(withdrawn) == (409, "illegal-claim-move")


@pytest.mark.parametrize(
    "body",
    [
        {"outcome": "reject"},
        {"outcome": "return", "note": "缺件", "items": [{"number": 1, "accepted_cny": "1.00"}]},
        {"outcome": "approve", "items": []},
        {"outcome": "approve", "items": [{"number": 1, "accepted_cny": "99999.99"}]},
        {"outcome": "approve", "items": [{"number": 1, "accepted_cny": "100000.01"}]},
        {"outcome": "approve", "items": [{"number": 2, "accepted_cny": "100000.00"}]},
        {
            "outcome": "approve",
            "items": [{"number": 1, "accepted_cny": "0.00", "reason": "与上市无关"}],
        },
        {
            "outcome": "approve",
            "items": [{"number": 1, "accepted_cny": "100000.00"}],
            "amount_cny": "5.00",
        },
    ],
)
async def test_review_without_reason_or_with_wrong_parts_is_refused_and_changes_nothing(
    funding: Funding, body: dict[str, Any]
) -> None:
    uscc = await titled(funding)
    claim = await filed(funding, uscc, claim_of())
    assert slug(await review(funding, claim, body)) == (422, "claim-review-incomplete")
    path = f"/v1/claims/{claim['claim_id']}"
    seen = (await call(funding, "GET", path, "enterprise", uscc=uscc)).json()
    assert (seen["state"], len(seen["steps"])) == ("filed", 1)
    assert LISTING not in await entitlements(funding.database, uscc)


async def test_only_the_payers_reviewers_decide_and_nobody_else_sees_a_claim(
    funding: Funding,
) -> None:
    uscc, other = await titled(funding), await titled(funding)
    claim = await filed(funding, uscc, claim_of())
    assert slug(await review(funding, claim, accepting(claim), "440000")) == (403, "not-the-payer")
    path = f"/v1/claims/{claim['claim_id']}"
    for role, claims, status in (
        ("enterprise", {"uscc": other}, 404),
        ("regulator", {"authority": "370000"}, 404),
        ("reviewer", {"authority": CITY}, 200),
        ("auditor", {"authority": "440000"}, 200),
        ("bank", {"org": "icbc"}, 403),
    ):
        assert (await call(funding, "GET", path, role, **claims)).status_code == status, role
    withdrawal = await call(funding, "POST", f"{path}/withdrawal", "enterprise", {}, uscc=other)
    assert slug(withdrawal) == (404, "claim-not-found")


async def test_park_operator_claims_once_per_project_and_the_payer_names_the_amount(
    funding: Funding,
) -> None:
    operator = make_uscc()
    first = claim_of(PARK, invoice(), name="广州示例产业园运营有限公司", project="2022-07")
    caller = {"role": "institution", "uscc": operator}
    answer = await call(funding, "POST", "/v1/claims", body=first, **caller)
    assert answer.status_code == 201, answer.text
    claim = answer.json()
    assert (claim["payee_kind"], claim["period"]) == ("park_operator", "2022-07")
    second = {**first, "items": [invoice()]}
    same = await call(funding, "POST", "/v1/claims", body=second, **caller)
    assert slug(same) == (409, "claim-exists")
    other = await call(
        funding, "POST", "/v1/claims", body={**second, "project": "2022-08"}, **caller
    )
    assert other.status_code == 201
    without = await review(funding, claim, accepting(claim))
    assert slug(without) == (422, "claim-review-incomplete")
    body = (await review(funding, claim, accepting(claim, amount_cny="50000.00"))).json()
    assert (body["approved_cny"], body["percent"]) == ("50000.00", None)
    row = (await entitlements(funding.database, operator))[PARK]
    assert (row["payee_kind"], row["title_kind"]) == ("park_operator", None)
    listed = await call(funding, "GET", "/v1/entitlements", **caller)
    assert [one["payable_cny"] for one in listed.json()["entitlements"]] == ["50000.00"]
    summary = await call(funding, "GET", "/v1/entitlements/summary", "finance", authority=CITY)
    totals = {one["scheme_id"]: one["payable_cny"] for one in summary.json()["schemes"]}
    assert totals[PARK] == "50000.00"


@pytest.mark.parametrize(
    ("role", "body", "problem"),
    [
        ("institution", claim_of(LISTING), "not-claimable"),
        ("enterprise", claim_of(PARK, project="1"), "not-claimable"),
        ("enterprise", claim_of("guangzhou-little-giant-one-off"), "not-claimable"),
        ("enterprise", claim_of(LISTING, name="示例公司"), "claim-incomplete"),
        ("enterprise", claim_of(LISTING, project="1"), "claim-incomplete"),
        ("institution", claim_of(PARK, project="1"), "claim-incomplete"),
        ("institution", claim_of(PARK, name="示例园区"), "claim-incomplete"),
        ("enterprise", claim_of(LISTING, invoice(issued_on="2022-10-01")), "claim-incomplete"),
        ("enterprise", claim_of(LISTING, invoice("0.00")), "invalid-input"),
        ("enterprise", claim_of(LISTING, invoice("10000000001.00")), "invalid-input"),
        ("enterprise", claim_of(LISTING, invoice(issuer="  ")), "invalid-input"),
        ("enterprise", {"scheme_id": LISTING, "items": []}, "invalid-input"),
    ],
)
async def test_wrong_claim_is_refused_and_nothing_is_stored(
    funding: Funding, role: str, body: dict[str, Any], problem: str
) -> None:
    uscc = await titled(funding)
    answer = await call(funding, "POST", "/v1/claims", role, body, uscc=uscc)
    assert slug(answer) == (422, problem)
    listed = await call(funding, "GET", "/v1/claims", role, uscc=uscc)
    assert listed.json()["claims"] == []


async def test_claim_of_an_institution_without_a_valid_code_is_refused(funding: Funding) -> None:
    body = claim_of(PARK, name="示例园区", project="1")
    for uscc in (None, "91440106MA5TYPED00", "anything"):
        claims = {} if uscc is None else {"uscc": uscc}
        answer = await call(funding, "POST", "/v1/claims", "institution", body, **claims)
        assert slug(answer) == (422, "not-claimable")


async def test_title_annulled_before_the_review_leaves_only_a_rejection(funding: Funding) -> None:
    uscc = await titled(funding)
    claim = await filed(funding, uscc, claim_of())
    annulled = title(status=TitleStatus.ANNULLED)
    await take(funding.database, titles_changed(uscc, annulled, version=2))
    assert slug(await review(funding, claim, accepting(claim))) == (409, "claim-title-fell-away")
    body = (await review(funding, claim, {"outcome": "reject", "note": "称号自始无效"})).json()
    assert body["state"] == "rejected"


async def test_title_annulled_after_the_approval_ends_what_the_claim_brought(
    funding: Funding,
) -> None:
    uscc = await titled(funding)
    claim = await filed(funding, uscc, claim_of())
    assert (await review(funding, claim, accepting(claim))).status_code == 200
    annulled = title(status=TitleStatus.ANNULLED)
    await take(funding.database, titles_changed(uscc, annulled, version=2))
    row = (await entitlements(funding.database, uscc))[LISTING]
    assert (row["status"], row["end_reason"], row["payable_cny"]) == (
        "ended",
        "title_annulled",
        None,
    )


async def test_lists_are_filtered_and_paged(funding: Funding) -> None:
    uscc = await titled(funding)
    await filed(funding, uscc, claim_of(LISTING))
    await filed(funding, uscc, claim_of(DIGITAL))
    first = await call(funding, "GET", "/v1/claims?limit=1", "enterprise", uscc=uscc)
    link = first.headers["link"].split(";")[0].strip("<>")
    second = await call(funding, "GET", link, "enterprise", uscc=uscc)
    found = [*first.json()["claims"], *second.json()["claims"]]
    assert sorted(claim["scheme_id"] for claim in found) == sorted([LISTING, DIGITAL])
    assert "link" not in second.headers
    one = await call(funding, "GET", f"/v1/claims?scheme={DIGITAL}", "enterprise", uscc=uscc)
    assert len(one.json()["claims"]) == 1
    late = await call(funding, "GET", "/v1/claims?overdue=true", "enterprise", uscc=uscc)
    assert late.json()["claims"] == []


async def test_of_claims_and_reviews_that_come_at_once_one_counts(funding: Funding) -> None:
    uscc = await titled(funding)
    answers = await asyncio.gather(*(file(funding, uscc, claim_of()) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    claim = next(answer.json() for answer in answers if answer.status_code == 201)
    reviews = await asyncio.gather(
        *(review(funding, claim, accepting(claim)) for _ in range(3)),
        review(funding, claim, {"outcome": "reject", "note": "不予支持"}),
    )
    assert sorted(answer.status_code for answer in reviews) == [200, 409, 409, 409]
    facts = await published(funding.database, uscc, "funding.entitlement")
    approved = any(answer.json().get("state") == "approved" for answer in reviews)
    assert len([fact for fact in facts if fact and fact["scheme"] == LISTING]) == approved


async def test_document_that_several_send_at_once_stands_in_one_claim(funding: Funding) -> None:
    usccs = [await titled(funding) for _ in range(4)]
    body = claim_of(LISTING, invoice())
    answers = await asyncio.gather(*(file(funding, uscc, body) for uscc in usccs))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
