"""What enterprises, banks and authorities read over HTTP."""

from typing import Any

import pytest

from contracts.events.certification import TitleStatus
from tests.factories import make_uscc
from tests.services.funding.conftest import Funding
from tests.services.funding.makers import (
    CREDIT,
    consent,
    consents_changed,
    dossier_changed,
    take,
    title,
    titles_changed,
)


async def _little_giant(funding: Funding, **changes: Any) -> str:
    uscc = make_uscc()
    await take(
        funding.database,
        dossier_changed(uscc, **{"credit": CREDIT, **changes}),
        titles_changed(uscc, title(), title("little_giant")),
        consents_changed(uscc, consent("icbc")),
    )
    return uscc


async def test_entitlements_say_how_much_from_whom_why_and_when(funding: Funding) -> None:
    uscc = await _little_giant(funding)
    answer = await funding.get(f"/v1/enterprises/{uscc}/entitlements", "enterprise", uscc=uscc)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["payable_cny"] == "1200000.00"
    money = [row for row in body["entitlements"] if row["benefit"] == "money"]
    assert [row["scheme_id"] for row in money] == [
        "guangzhou-little-giant-one-off",
        "guangzhou-specialized-sme-one-off",
        "guangdong-little-giant",
    ]
    first, _, last = money
    assert (first["payable_cny"], first["automatic"], first["verification"]) == (
        "1000000.00",
        True,
        "seed",
    )
    assert first["payer_name"] == "广州市"
    assert first["contact"]["zh"] == "广州市工业和信息化局"
    assert "示例little_giant〔2022〕1号" in first["reason"]["zh"]
    assert "免申即享" in first["when"]["zh"]
    assert (last["payable_cny"], last["amount_max_cny"]) == (None, "500000.00")
    assert last["contact"]["en"] == "SME authority of 广东省"


async def test_ended_entitlement_is_shown_with_its_reason(funding: Funding) -> None:
    uscc = await _little_giant(funding)
    annulled = title("little_giant", status=TitleStatus.ANNULLED)
    await take(funding.database, titles_changed(uscc, title(), annulled, version=2))
    body = (await funding.get(f"/v1/enterprises/{uscc}/entitlements")).json()
    assert body["payable_cny"] == "200000.00"
    money = [row for row in body["entitlements"] if row["benefit"] == "money"]
    ended = [row for row in money if row["status"] == "ended"]
    assert {row["end_reason"] for row in ended} == {"title_annulled"}
    assert len(ended) == 2


async def test_summary_grows_by_what_is_payable_in_the_callers_region(funding: Funding) -> None:
    before = (await funding.get("/v1/entitlements/summary", "finance", authority="440100")).json()
    await _little_giant(funding)
    await _little_giant(funding, region="440605")
    after = (await funding.get("/v1/entitlements/summary", "finance", authority="440100")).json()
    assert after["automatic"] - before["automatic"] == 2
    assert after["to_be_set"] - before["to_be_set"] == 1
    assert float(after["payable_cny"]) - float(before["payable_cny"]) == 1_200_000
    elsewhere = await funding.get("/v1/entitlements/summary", "finance", authority="370200")
    assert elsewhere.json()["schemes"] == []
    assert elsewhere.json()["payable_cny"] == "0.00"


async def test_enterprise_sees_what_fits_without_any_consent(funding: Funding) -> None:
    uscc = make_uscc()
    await take(
        funding.database,
        dossier_changed(uscc, credit=CREDIT),
        titles_changed(uscc, title(), title("little_giant")),
    )
    answer = await funding.get(f"/v1/enterprises/{uscc}/loan-products", "enterprise", uscc=uscc)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["judged_on"] == "2022-09-30"
    assert [product["product_id"] for product in body["eligible"]] == [
        "icbc-little-giant-loan",
        "abc-kejie-loan",
        "ccb-shanke-loan",
        "boc-sci-tech-loan",
        "icbc-sci-tech-loan",
        "icbc-xingke-loan",
        "abc-little-giant-loan",
        "growthfunds-specialized-fund",
        "guarantors-specialized-guarantee",
        "orderlenders-procurement-loan",
        "parklenders-park-loan",
        "underwriters-collective-bond",
    ]
    assert not any(product["bank_told"] for product in body["eligible"])
    assert all(product["reasons"] for product in body["eligible"])
    shanke = body["eligible"][2]
    loans = next(found for found in shanke["reasons"] if found["id"] == "other-loans")
    assert loans["seen"]["zh"] == "3000000.00 CNY"
    assert loans["needed"]["zh"] == "≤ 10000000.00 CNY"
    assert loans["source"] == "善科贷产品要素(2024-12-27)"
    assert shanke["valid_until"] == "2025-06-30"
    assert {product["product_id"] for product in body["not_eligible"]} >= {
        "psbc-shaanxi-specialized-loan",
        "qdccb-sci-tech-easy-loan",
    }


async def test_missed_product_says_what_stands_in_the_way_and_which_facts_are_missing(
    funding: Funding,
) -> None:
    uscc = make_uscc()
    await take(
        funding.database,
        dossier_changed(uscc, credit={**CREDIT, "lender_count": 6}),
        titles_changed(uscc, title()),
    )
    body = (await funding.get(f"/v1/enterprises/{uscc}/loan-products")).json()
    missed = {product["product_id"]: product for product in body["near_misses"]}
    assert [found["id"] for found in missed["ccb-shanke-loan"]["unmet"]] == ["lenders"]
    assert missed["ccb-shanke-loan"]["unmet"][0]["seen"]["en"] == "6"
    await take(funding.database, dossier_changed(uscc, 2))
    body = (await funding.get(f"/v1/enterprises/{uscc}/loan-products")).json()
    shanke = next(p for p in body["cannot_be_judged"] if p["product_id"] == "ccb-shanke-loan")
    assert {found["met"] for found in shanke["unmet"]} == {None}
    assert "credit.other_loans_cny" in shanke["missing"]


async def test_product_a_bank_was_told_of_is_marked_with_the_end_of_the_consent(
    funding: Funding,
) -> None:
    uscc = await _little_giant(funding)
    body = (await funding.get(f"/v1/enterprises/{uscc}/loan-products")).json()
    told = {p["product_id"]: (p["bank_told"], p["consent_until"]) for p in body["eligible"]}
    assert told["icbc-xingke-loan"] == (True, "2023-08-31")
    assert told["ccb-shanke-loan"] == (False, None)


async def test_every_product_shows_conditions_limits_source_and_verification(
    funding: Funding,
) -> None:
    products = (await funding.get("/v1/loan-products")).json()["products"]
    assert len(products) >= 11
    for product in products:
        assert product["conditions"]
        assert product["limits"]
        assert product["source"]
        assert product["verification"] in ("v1", "seed")
    xingke = next(p for p in products if p["product_id"] == "icbc-xingke-loan")
    assert [limit["limit_cny"] for limit in xingke["limits"]] == [
        "5000000.00",
        "3000000.00",
        "2000000.00",
    ]
    assert "专精特新" in xingke["limits"][0]["when"]["zh"]


async def test_bank_lists_its_own_products_only(funding: Funding) -> None:
    answer = await funding.get("/v1/loan-products", "bank", org="ccb")
    assert {product["bank"] for product in answer.json()["products"]} == {"ccb"}
    other = await funding.get("/v1/loan-products?bank=icbc", "bank", org="ccb")
    assert other.json()["products"] == []
    own = await funding.get("/v1/loan-products/ccb-shanke-loan", "bank", org="ccb")
    assert own.status_code == 200
    foreign = await funding.get("/v1/loan-products/icbc-xingke-loan", "bank", org="ccb")
    assert foreign.status_code == 404
    assert foreign.json()["type"].endswith("loan-product-not-found")


async def test_banks_name_their_topics_and_products(funding: Funding) -> None:
    banks = {bank["code"]: bank for bank in (await funding.get("/v1/banks", None)).json()["banks"]}
    assert set(banks) >= {"abc", "boc", "bosc", "ccb", "cmb", "icbc", "jsb", "psbc", "qdccb"}
    assert banks["icbc"]["topic"] == "bank.icbc.loan-eligibility"
    assert "icbc-xingke-loan" in banks["icbc"]["products"]


async def test_award_schemes_are_open_and_filtered(funding: Funding) -> None:
    every = (await funding.get("/v1/award-schemes", None)).json()["schemes"]
    assert len(every) == 48 + 13
    answer = await funding.get("/v1/award-schemes?payer=340000&title=specialized_sme", None)
    (anhui,) = answer.json()["schemes"]
    assert [part["amount_cny"] for part in anhui["amounts"][0]["subtypes"]] == [
        "500000.00",
        "800000.00",
    ]
    one = await funding.get("/v1/award-schemes/beijing-little-giant", None)
    assert one.json()["payer_level"] == "district"
    assert one.json()["notes"][0]["verification"] == "seed"
    missing = await funding.get("/v1/award-schemes/nowhere", None)
    assert missing.status_code == 404


@pytest.mark.parametrize("part", ["entitlements", "loan-products"])
async def test_others_enterprises_stay_closed(funding: Funding, part: str) -> None:
    uscc = await _little_giant(funding)
    path = f"/v1/enterprises/{uscc}/{part}"
    assert (await funding.get(path, None)).status_code == 401
    assert (await funding.get(path, "enterprise", uscc=make_uscc())).status_code == 403
    assert (await funding.get(path, "regulator", authority="440300")).status_code == 403
    assert (await funding.get(path, "bank", org="icbc")).status_code == 403
    assert (await funding.get(path, "regulator", authority="440106")).status_code == 200
    unknown = f"/v1/enterprises/{make_uscc()}/{part}"
    assert (await funding.get(unknown)).status_code == 404
    assert (await funding.get("/v1/enterprises/nonsense/entitlements")).status_code == 422
