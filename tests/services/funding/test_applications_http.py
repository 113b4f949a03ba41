"""Applications over HTTP: who may do and see what, and the figures."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx

from tests.services.funding.bank_side import (
    CONSENT_ID,
    PRODUCT,
    WISH,
    applying_consent,
    decided,
    drawn,
    make_applicant,
    refusal,
)
from tests.services.funding.conftest import Funding
from tests.services.funding.makers import consents_changed, take

WITHDRAWN_AT = datetime(2022, 9, 30, tzinfo=UTC)


async def _post(
    funding: Funding, path: str, body: Any, role: str, key: str | None = None, **claims: object
) -> httpx.Response:
    headers = {"authorization": f"Bearer {funding.token(role, **claims)}"}
    headers |= {"idempotency-key": key} if key else {}
    return await funding.http.post(path, json=body, headers=headers)


async def _apply(funding: Funding, uscc: str, key: str | None = None) -> httpx.Response:
    path, body = f"/v1/enterprises/{uscc}/loan-applications", {**WISH, "product": PRODUCT}
    return await _post(funding, path, body, "enterprise", key, uscc=uscc)


async def _say(funding: Funding, application_id: str, version: int, **changes: Any) -> Any:
    body = json.loads(decided(application_id, version, **changes).model_dump_json())
    return await _post(funding, "/v1/banks/icbc/loan-decisions", body, "bank", org="icbc")


async def test_enterprise_applies_the_bank_decides_and_both_read_the_same(
    funding: Funding,
) -> None:
    uscc = await make_applicant(funding.database)
    applied = await _apply(funding, uscc)
    assert applied.status_code == 201, applied.text
    id_ = applied.json()["application_id"]
    answer = await _say(funding, id_, 1, **drawn("1500000.00"))
    assert answer.status_code == 200, answer.text
    path = f"/v1/loan-applications/{id_}"
    readers = {
        "enterprise": {"uscc": uscc},
        "bank": {"org": "icbc"},
        "regulator": {"authority": "440100"},
    }
    seen = [(await funding.get(path, role, **claims)).json() for role, claims in readers.items()]
    assert seen[0] == seen[1] == seen[2]
    assert (seen[0]["state"], seen[0]["rate_percent"], seen[0]["drawn_cny"]) == (
        "drawn_down",
        "3.45",
        "1500000.00",
    )
    assert [d["version"] for d in seen[0]["decisions"]] == [1]
    for role, claims in (("bank", {"org": "ccb"}), ("enterprise", {"uscc": "9" * 18})):
        assert (await funding.get(path, role, **claims)).status_code == 404
    assert (await funding.get(path, "regulator", authority="330000")).status_code == 403


async def test_only_the_enterprise_itself_applies(funding: Funding) -> None:
    uscc = await make_applicant(funding.database)
    path, body = f"/v1/enterprises/{uscc}/loan-applications", {**WISH, "product": PRODUCT}
    for role, claims in (("operator", {"authority": "440100"}), ("bank", {"org": "icbc"})):
        assert (await _post(funding, path, body, role, **claims)).status_code == 403
    other = await make_applicant(funding.database)
    assert (await _post(funding, path, body, "enterprise", uscc=other)).status_code == 403


async def test_application_sent_twice_under_one_key_is_one(funding: Funding) -> None:
    uscc, key = await make_applicant(funding.database), str(uuid4())
    first, second = await _apply(funding, uscc, key), await _apply(funding, uscc, key)
    assert first.json() == second.json()
    assert (await _apply(funding, uscc)).json()["type"] == (
        "urn:terrace:problem:loan-application-open"
    )


async def test_wrong_input_says_what_to_do(funding: Funding) -> None:
    uscc = await make_applicant(funding.database)
    path = f"/v1/enterprises/{uscc}/loan-applications"
    for body in (
        WISH,
        {**WISH, "product": PRODUCT, "bank": "icbc"},
        {**WISH, "product": PRODUCT, "amount_cny": "0.00"},
        {**WISH, "product": PRODUCT, "amount_cny": 5_000_000},
        {**WISH, "product": PRODUCT, "consent_id": str(uuid4())},
    ):
        answer = await _post(funding, path, body, "enterprise", uscc=uscc)
        assert answer.status_code == 422, answer.text
    unknown = await _post(funding, path, {**WISH, "product": "no-such"}, "enterprise", uscc=uscc)
    assert unknown.status_code == 404


async def test_bank_says_nothing_for_another_bank(funding: Funding) -> None:
    uscc = await make_applicant(funding.database)
    id_ = (await _apply(funding, uscc)).json()["application_id"]
    body = json.loads(decided(id_, 1).model_dump_json())
    for path, org, wrong, status in (
        ("/v1/banks/icbc/loan-decisions", "ccb", body, 403),
        ("/v1/banks/ccb/loan-decisions", "ccb", body, 403),
        ("/v1/banks/ccb/loan-decisions", "ccb", {**body, "bank": "ccb"}, 404),
    ):
        assert (await _post(funding, path, wrong, "bank", org=org)).status_code == status
    untouched = await funding.get(f"/v1/loan-applications/{id_}", "enterprise", uscc=uscc)
    assert untouched.json()["state"] == "filed"


async def test_after_withdrawal_of_consent_the_bank_reads_its_own_words_only(
    funding: Funding,
) -> None:
    uscc = await make_applicant(funding.database)
    id_ = (await _apply(funding, uscc)).json()["application_id"]
    await _say(funding, id_, 1, **drawn("1500000.00"))
    gone = applying_consent(withdrawn_at=WITHDRAWN_AT)
    await take(funding.database, consents_changed(uscc, gone, version=2))
    own: dict[str, Any] = {"role": "bank", "org": "icbc"}
    single = (await funding.get(f"/v1/loan-applications/{id_}", **own)).json()
    listed = (await funding.get("/v1/banks/icbc/loan-applications?limit=200", **own)).json()
    (found,) = [row for row in listed["applications"] if row["application_id"] == id_]
    for shown in (single, found):
        assert (shown["state"], shown["drawn_cny"]) == ("drawn_down", "1500000.00")
        for part in ("uscc", "name", "product", "amount_cny", "purpose", "note", "consent_id"):
            assert shown[part] is None
    assert uscc not in json.dumps([single, found])
    assert CONSENT_ID not in json.dumps([single, found])
    its_own = await funding.get(f"/v1/loan-applications/{id_}", "enterprise", uscc=uscc)
    assert its_own.json()["amount_cny"] == "5000000.00"


async def test_bank_pages_through_its_applications_oldest_first(funding: Funding) -> None:
    ids = []
    for _ in range(3):
        uscc = await make_applicant(funding.database)
        ids.append((await _apply(funding, uscc)).json()["application_id"])
    path, seen = "/v1/banks/icbc/loan-applications?state=filed&limit=2", list[str]()
    while path:
        answer = await funding.get(path, "bank", org="icbc")
        seen += [row["application_id"] for row in answer.json()["applications"]]
        path = answer.links.get("next", {}).get("url", "")
    assert [id_ for id_ in seen if id_ in ids] == ids


async def test_figures_per_product_and_tier_are_exact(funding: Funding) -> None:
    async def figures(role: str, **claims: object) -> dict[str, Any]:
        answer = await funding.get("/v1/loan-applications/summary", role, **claims)
        rows = [
            row
            for row in answer.json()["figures"]
            if (row["bank"], row["product"], row["tier"]) == ("icbc", PRODUCT, "little_giant")
        ]
        return rows[0] if rows else {"applications": 0, "states": {}, "refusals": {}}

    before = await figures("bank", org="icbc")
    made = []
    for _ in range(3):
        uscc = await make_applicant(funding.database)
        made.append((await _apply(funding, uscc)).json()["application_id"])
    await _say(funding, made[0], 1, **drawn("0.01", rate_percent="3.00"))
    await _say(funding, made[1], 1, amount_cny="1000000.00", rate_percent="5.5")
    await _say(funding, made[2], 1, **refusal())
    for claims in ({"role": "bank", "org": "icbc"}, {"role": "regulator", "authority": "440100"}):
        after = await figures(**claims)
        assert after["applications"] == before["applications"] + 3
        assert after["refusals"]["credit_record"] == (
            before["refusals"].get("credit_record", 0) + 1
        )
        assert after["states"]["drawn_down"] == before["states"].get("drawn_down", 0) + 1
        assert after["rate_percent"] is not None
    elsewhere = await funding.get("/v1/loan-applications/summary", "regulator", authority="330000")
    assert elsewhere.json() == {"figures": []}
