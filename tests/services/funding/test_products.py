"""Products as data: an owner adds and changes its own at run time, version by version."""

import asyncio
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from services.funding.products.catalogue import seeds
from services.funding.products.documents import ProductKind
from services.funding.products.institutions import institutions
from services.funding.products.population.models import MatchStatus
from services.funding.products.population.service import match_new_versions, matches_before
from services.funding.products.rates import Rate, RateBasis, indicative, lpr_on
from shared.auth import Role, Subject
from shared.db import Database
from tests.factories import make_uscc
from tests.services.funding.conftest import Funding
from tests.services.funding.makers import (
    CREDIT,
    consent,
    consents_changed,
    dossier_changed,
    heard_by,
    take,
    title,
    titles_changed,
)
from tests.services.funding.populating import document

PATH = "/v1/loan-products"


async def _send(
    funding: Funding, method: str, path: str, body: Any, *, if_match: str | None = None, **who: Any
) -> Any:
    claims = who or {"role": "bank", "org": "icbc"}
    headers = {"authorization": f"Bearer {funding.token(claims.pop('role'), **claims)}"}
    if if_match:
        headers["if-match"] = if_match
    return await funding.http.request(method, path, json=body, headers=headers)


async def _until_done(funding: Funding, location: str) -> dict[str, Any]:
    while True:
        answer = await funding.get(location, "bank", org="icbc")
        if answer.json()["status"] not in (MatchStatus.QUEUED, MatchStatus.RUNNING):
            return dict(answer.json())
        await asyncio.sleep(0.05)


def test_every_kind_of_the_report_is_there_and_says_where_it_comes_from() -> None:
    products = seeds().products.values()
    assert {product.terms.kind for product in products} == set(ProductKind)
    assert {product.terms.owner for product in products} <= set(institutions())
    for product in products:
        assert product.terms.source
        assert product.terms.verification in ("v1", "seed")
        if product.terms.verification == "seed":
            assert [product.terms.rate, product.terms.tenor, product.terms.materials] == [None] * 3
            assert {limit.most for _, limit in product.limits} == {None}


@pytest.mark.parametrize(
    ("basis", "value", "percent"),
    [
        (RateBasis.PERCENT, "2.9", "2.9"),
        (RateBasis.LPR_PLUS_BP, "-25", "3.40"),
        (RateBasis.LPR_PLUS_BP, "0", "3.65"),
        (RateBasis.LPR_FACTOR, "1.3", "4.745"),
    ],
)
def test_indicative_rate_is_exact(basis: RateBasis, value: str, percent: str) -> None:
    rate = Rate.model_validate(
        {"zh": "利率", "en": "Rate", "basis": basis, "value": value, "bound": "exact"}
    )
    found = indicative(rate, date(2022, 9, 30))
    assert found is not None
    assert found.percent == Decimal(percent)
    assert (found.lpr is None) is (basis is RateBasis.PERCENT)


def test_rate_without_a_figure_comes_to_nothing() -> None:
    text_only = seeds().products["psbc-shaanxi-specialized-loan"].terms.rate
    assert text_only is not None
    assert indicative(text_only, date(2022, 9, 30)) is None
    assert indicative(None, date(2022, 9, 30)) is None
    assert lpr_on(date(2019, 1, 1)) is None


async def test_bank_adds_a_product_and_its_topic_hears_of_who_fits_it(funding: Funding) -> None:
    uscc, other = make_uscc(), make_uscc()
    for one in (uscc, other):
        await take(
            funding.database,
            dossier_changed(one, headcounts=[{"year": 2021, "employees": 4321}]),
            consents_changed(one, *([consent("icbc")] if one == uscc else [])),
        )
    sent = document(
        "icbc-run-time-loan", conditions={"metric": "employees", "min": 4321, "max": 4321}
    )
    answer = await _send(funding, "POST", PATH, sent)
    assert answer.status_code == 202, answer.text
    body = answer.json()
    assert (body["product"]["version"], body["product"]["indicative_rate"]["percent"]) == (
        1,
        "3.85",
    )
    assert answer.headers["location"] == body["status_url"]
    done = await _until_done(funding, body["status_url"])
    assert (done["status"], done["eligible"], done["changes"]) == ("done", 2, 1)
    (snapshot,) = await heard_by(funding.database, uscc)
    assert snapshot is not None
    (product,) = snapshot["products"]
    assert (product["product"], product["version"], product["kind"]) == (
        "icbc-run-time-loan",
        1,
        "credit",
    )
    assert await heard_by(funding.database, other) == []
    match = (await funding.get(f"/v1/enterprises/{uscc}/loan-products")).json()
    fitting = {one["product_id"]: one for one in match["eligible"]}["icbc-run-time-loan"]
    assert fitting["to_bring"][0]["zh"] == "营业执照"
    assert fitting["contact"]["zh"] == "支行"


async def test_changed_product_is_a_new_version_and_the_old_one_stays_on_record(
    funding: Funding,
) -> None:
    path = f"{PATH}/icbc-versioned-loan"
    sent = document("icbc-versioned-loan", conditions={"metric": "employees", "min": 9_000_000})
    assert (await _send(funding, "POST", PATH, sent)).status_code == 202
    assert (await _send(funding, "POST", PATH, sent)).status_code == 409
    assert (await _send(funding, "PUT", path, sent)).status_code == 428
    changed = {**sent, "zh": "示例贷二"}
    answer = await _send(funding, "PUT", path, changed, if_match='"1"')
    assert answer.status_code == 202, answer.text
    assert (await _send(funding, "PUT", path, changed, if_match='"1"')).status_code == 412
    read = await funding.get(path, "bank", org="icbc")
    assert (read.headers["etag"], read.json()["name"]["zh"]) == ('"2"', "示例贷二")
    versions = (await funding.get(f"{path}/versions", "bank", org="icbc")).json()
    assert (versions["current"], versions["from_rule_file"]) == (2, None)
    assert [row["version"] for row in versions["versions"]] == [2, 1]
    assert {row["published_by"] for row in versions["versions"]} == {"icbc"}


async def test_product_of_a_rule_file_is_changed_over_it(funding: Funding) -> None:
    path = f"{PATH}/qdccb-sci-tech-easy-loan"
    nobody = {"metric": "region", "starts_with": "99"}
    sent = document("qdccb-sci-tech-easy-loan", owner="qdccb", conditions=nobody)
    answer = await _send(
        funding, "PUT", path, sent, if_match='"1"', role="operator", authority="370200"
    )
    assert answer.status_code == 202, answer.text
    versions = (await funding.get(f"{path}/versions", "bank", org="qdccb")).json()
    assert (versions["current"], versions["from_rule_file"]) == (2, 1)


async def test_bank_publishes_its_own_products_only(funding: Funding) -> None:
    foreign = await _send(funding, "POST", PATH, document("ccb-new-loan", owner="ccb"))
    assert foreign.status_code == 403
    assert foreign.json()["type"].endswith("forbidden")
    path = f"{PATH}/ccb-shanke-loan"
    hidden = await _send(funding, "PUT", path, document("ccb-shanke-loan"), if_match='"1"')
    assert hidden.status_code == 404
    for who in ({"role": "enterprise", "uscc": make_uscc()}, {"role": "finance"}):
        assert (await _send(funding, "POST", PATH, document(), **who)).status_code == 403


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"owner": "nosuchbank", "id": "nosuchbank-loan"}, "owner", "no institution"),
        ({"id": "ccb-loan"}, "id", "begins with the code of the owner"),
        ({"conditions": {"metric": "honors"}}, "conditions.metric", "no metric `honors`"),
        (
            {"conditions": {"all": [{"metric": "employees", "min": 5, "max": 2}]}},
            "conditions.all.0",
            "lies above",
        ),
        (
            {"conditions": {"metric": "revenue_last_year", "min": 5}},
            "conditions",
            "needs `unit: cny`",
        ),
        (
            {
                "conditions": {
                    "all": [{"metric": "employees", "min": 1}, {"metric": "employees", "max": 9}]
                }
            },
            "conditions",
            "stand twice",
        ),
        ({"limits": []}, "limits", ""),
        ({"rate": {"zh": "x", "en": "x", "basis": "text", "value": "3", "bound": "exact"}}, "", ""),
    ],
)
async def test_bad_product_is_refused_with_field_and_reason_and_nothing_is_stored(
    funding: Funding, change: dict[str, Any], field: str, reason: str
) -> None:
    sent = document("icbc-refused-loan") | change
    answer = await _send(funding, "POST", PATH, sent, role="operator", authority="440100")
    assert answer.status_code == 422, answer.text
    errors = answer.json()["errors"]
    assert any(field in error["field"] and reason in error["message"] for error in errors), errors
    gone = await funding.get(f"{PATH}/{sent['id']}", "regulator")
    assert gone.status_code == 404


def _deep(levels: int) -> dict[str, Any]:
    node: dict[str, Any] = {"metric": "employees", "min": 1}
    for level in range(levels):
        node = {"id": f"not-{level}", "not": node}
    return node


@pytest.mark.parametrize(
    "change",
    [
        {"conditions": _deep(40)},
        {"conditions": _deep(300)},
        {"conditions": {"metric": "employees", "min": 10**60}},
        {"conditions": {"metric": "employees", "min": 1e300}},
        {"conditions": {"metric": "employees", "min": "many"}},
        {"conditions": {"metric": ["employees"], "min": 1}},
        {"conditions": {"all": []}},
        {"conditions": {"all": {"metric": "employees"}}},
        {"conditions": {}},
        {"conditions": []},
        {"conditions": {"id": "a", "all": [{"id": "a", "metric": "employees", "min": 1}]}},
        {"limits": [{"when": {"metric": "nothing"}, "value": 1, "secured": None, "unit": "cny"}]},
        {"limits": [{"value": -1, "secured": None, "unit": "cny"}]},
        {"limits": [{"when": _deep(300), "value": 1, "secured": None, "unit": "cny"}]},
        {"tenor": {"zh": "x", "en": "x", "months_min": 0, "months_max": 601}},
        {"kind": "lottery"},
        {"from": "soon"},
        {"contact": None},
        {"sold_to": "anyone"},
    ],
)
async def test_no_document_however_bad_is_an_error_of_ours(
    funding: Funding, change: dict[str, Any]
) -> None:
    sent = document("icbc-hostile-loan") | change
    answer = await _send(funding, "POST", PATH, sent)
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"]


async def test_text_of_a_product_comes_back_as_it_was_sent(funding: Funding) -> None:
    words = 'A "loan": 贷 \\ # - {x} 😀\ttab'
    sent = document("icbc-verbatim-loan", en=words, conditions={"metric": "employees", "max": 0})
    answer = await _send(funding, "POST", PATH, sent)
    assert answer.status_code == 202, answer.text
    read = await funding.get(f"{PATH}/icbc-verbatim-loan", "bank", org="icbc")
    assert read.json()["name"]["en"] == words


async def test_near_miss_says_how_far_and_what_cannot_be_judged_stands_apart(
    funding: Funding,
) -> None:
    uscc = make_uscc()
    credit = {**CREDIT, "other_loans_cny": "10500000.00", "lender_count": 7}
    await take(
        funding.database,
        dossier_changed(uscc, credit=credit),
        titles_changed(uscc, title("innovative_sme")),
    )
    match = (await funding.get(f"/v1/enterprises/{uscc}/loan-products")).json()
    near = {product["product_id"]: product for product in match["near_misses"]}
    off = {found["id"]: found["distance"] for found in near["ccb-shanke-loan"]["unmet"]}
    assert off["other-loans"]["direction"] == "lower"
    assert off["other-loans"]["difference"] == "500000.00 CNY"
    assert (off["lenders"]["difference"], off["lenders"]["unit"]) == ("2", "count")
    (unmet,) = near["icbc-little-giant-loan"]["unmet"]
    assert [word["en"] for word in unmet["distance"]["words"]] == ["little giant"]
    far = {product["product_id"] for product in match["not_eligible"]}
    assert "bosc-sci-tech-loan" in far
    assert match["cannot_be_judged"][0]["missing"]
    lists = ("eligible", "near_misses", "cannot_be_judged", "not_eligible")
    every = [product["product_id"] for name in lists for product in match[name]]
    assert len(every) == len(set(every))
    assert [one["rank"] for one in match["eligible"]] == list(range(1, len(match["eligible"]) + 1))
    assert all(product["reasons"] and product["contact"] for product in match["eligible"])


async def test_new_version_of_a_rule_file_is_matched_once(own_database: Database) -> None:
    await match_new_versions(own_database)
    await match_new_versions(own_database)
    everyone = Subject(sub="o", role=Role.OPERATOR)
    async with own_database.transaction() as session:
        rows = await matches_before(session, everyone, None, 200)
        own = await matches_before(session, Subject("b", Role.BANK, org="icbc"), None, 200)
    assert {(row.product_id, row.version) for row in rows} == {
        (product.id, product.terms.version) for product in seeds().products.values()
    }
    assert {row.owner for row in own} == {"icbc"}
