"""Bad input is a 4xx that says what to do; nothing is stored, nothing is published."""

import base64
import json
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from tests.factories import make_dossier, make_uscc
from tests.services.enterprise.conftest import Enterprises


def _accounts(**changes: Any) -> list[dict[str, Any]]:
    return [{"year": 2021, "revenue_cny": "100.00", **changes}]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"uscc": "91350100M000100Y44"}, "the other 17 give 3"),
        ({"uscc": "440101000012345"}, "注册号"),
        ({"uscc": "91110108MA8QOH3L2G"}, "often typed for 0"),
        ({"uscc": "9111010"}, "7 characters"),
        ({"industry": "9811"}, "no division 98"),
        ({"region": "990100"}, "pattern"),
        ({"region": "290100"}, "No province has the code 29"),
        ({"development_scores": [{"year": 2098, "score_bp": 6000}]}, "is not closed"),
        (
            {
                "honours": [
                    {
                        "kind": "high_tech_enterprise",
                        "valid_from": "2020-12-01",
                        "valid_to": "2019-12-01",
                    }
                ]
            },
            "lies before valid_from",
        ),
        ({"segment": None}, "chain_position needs a segment"),
        ({"segment": "no-such-segment"}, "/v1/dictionaries/segments"),
        ({"accounts": _accounts(revenue_cny="-1.00")}, "greater than or equal to 0"),
        ({"accounts": _accounts(revenue_cny=100)}, "as a string in yuan"),
        ({"accounts": _accounts(revenue_cny="1.005")}, "2 decimal places"),
        ({"accounts": _accounts(revenue_cny="9" * 50)}, "14 digits"),
        ({"accounts": _accounts(revenue_cny="NaN")}, "finite"),
        ({"accounts": _accounts(year=2098)}, "is not closed on"),
        ({"accounts": _accounts(year=10**49)}, "less than or equal"),
        ({"accounts": _accounts(main_revenue_cny="200.00")}, "more than revenue_cny"),
        ({"accounts": [*_accounts(), *_accounts()]}, "2 times"),
        ({"accounts": _accounts(turnover="1.00")}, "not permitted"),
        ({"accounts": "none"}, "valid tuple"),
        ({"registered_on": "2099-01-01"}, "has not come yet"),
        ({"registered_on": 5}, "YYYY-MM-DD"),
        ({"own_brand": "yes"}, "valid boolean"),
        ({"favourite_colour": "red"}, "not permitted"),
        ({"name": "\u0000企业"}, "NUL"),
        ({"name": "\ud800企业"}, "unusable-text"),
    ],
)
async def test_wrong_dossier_is_refused(
    enterprises: Enterprises, changes: dict[str, Any], says: str
) -> None:
    before = await enterprises.stored()
    answer = await enterprises.http.post(
        "/v1/enterprises",
        content=json.dumps(make_dossier(**changes)).encode("utf-8"),
        headers={**enterprises.operator, "content-type": "application/json"},
    )
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in answer.text
    assert await enterprises.stored() == before


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 422),
        (b'{"name": "\xff\xfe"}', "application/json", 400),
        (b"[]", "application/json", 422),
        (b"<a/>", "application/xml", 415),
        (b'{"a": ' + b"9" * 5000 + b"}", "application/json", 400),
        (b'{"a": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", "application/json", 400),
        (b'{"name": "' + b"x" * 10_000_000 + b'"}', "application/json", 413),
    ],
)
async def test_wrong_body_is_refused(
    enterprises: Enterprises, body: bytes, content_type: str, status: int
) -> None:
    before = await enterprises.stored()
    answer = await enterprises.http.post(
        "/v1/enterprises",
        content=body,
        headers={**enterprises.operator, "content-type": content_type},
    )
    assert answer.status_code == status, answer.text
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert await enterprises.stored() == before


async def test_problem_speaks_chinese_when_asked(enterprises: Enterprises) -> None:
    answer = await enterprises.http.get(
        f"/v1/enterprises/{make_uscc()}",
        headers={**enterprises.operator, "accept-language": "zh-CN,zh;q=0.9"},
    )
    assert answer.status_code == 404
    assert "尚未建档" in answer.json()["detail"]


async def test_tokens_that_cannot_be_trusted_are_refused(enterprises: Enterprises) -> None:
    foreign = RSAKey.generate_key(2048, parameters={"kid": "test"})
    before = await enterprises.stored()
    headers: list[dict[str, str]] = [
        {},
        {"authorization": "Basic YTpi"},
        {"authorization": "Bearer not.a.token"},
        {"authorization": f"Bearer {enterprises.token('operator', ttl_s=-60)}"},
        {"authorization": f"Bearer {enterprises.token('operator', key=foreign)}"},
        {"authorization": f"Bearer {enterprises.token('operator', aud='other')}"},
        {"authorization": f"Bearer {enterprises.token('operator', iss='other')}"},
        {"authorization": f"Bearer {enterprises.token('king')}"},
        {"authorization": "Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6InRlc3QiLCJjcml0IjoxfQ.e30.AA"},
    ]
    for header in headers:
        answer = await enterprises.http.post("/v1/enterprises", json=make_dossier(), headers=header)
        assert answer.status_code == 401, header
        assert answer.headers["www-authenticate"] == "Bearer"
    assert await enterprises.stored() == before


async def test_scope_is_an_authority_and_an_enterprise_sees_itself(
    enterprises: Enterprises,
) -> None:
    uscc = (await enterprises.register())["uscc"]
    path = f"/v1/enterprises/{uscc}"
    allowed = [
        enterprises.bearer("regulator", authority="440100"),
        enterprises.bearer("regulator", authority="440000"),
        enterprises.bearer("auditor", authority="000000"),
        enterprises.bearer("enterprise", uscc=uscc),
    ]
    refused = [
        enterprises.bearer("regulator", authority="440300"),
        enterprises.bearer("regulator", authority="510000"),
        enterprises.bearer("regulator"),
        enterprises.bearer("enterprise", uscc=make_uscc()),
        enterprises.bearer("bank", org="icbc"),
    ]
    assert [(await enterprises.http.get(path, headers=h)).status_code for h in allowed] == [200] * 4
    assert [(await enterprises.http.get(path, headers=h)).status_code for h in refused] == [403] * 5


async def test_an_enterprise_does_not_file_what_public_records_say(
    enterprises: Enterprises,
) -> None:
    dossier = make_dossier()
    own = enterprises.bearer("enterprise", uscc=dossier["uscc"])
    refused = await enterprises.http.post("/v1/enterprises", json=dossier, headers=own)
    assert refused.status_code == 403
    assert refused.json()["type"].endswith("official-field")
    del dossier["compliance"]
    opened = await enterprises.http.post("/v1/enterprises", json=dossier, headers=own)
    assert opened.status_code == 201
    patched = await enterprises.http.patch(
        opened.headers["location"],
        json={"provincial_points": 15},
        headers={**own, "if-match": '"1"'},
    )
    assert patched.status_code == 403


@pytest.mark.parametrize("version", ["0", "3000000000", "9" * 30, "x"])
async def test_a_version_that_cannot_be_is_no_server_error(
    enterprises: Enterprises, version: str
) -> None:
    uscc = (await enterprises.register())["uscc"]
    path = f"/v1/enterprises/{uscc}/versions/{version}"
    answer = await enterprises.http.get(path, headers=enterprises.operator)
    assert answer.status_code == 422


async def test_a_crafted_cursor_is_no_server_error(enterprises: Enterprises) -> None:
    for key in ('["\\u0000"]', '["\\ud800"]', "[1e999]", "[" * 20_000):
        cursor = base64.urlsafe_b64encode(key.encode()).decode()
        answer = await enterprises.http.get(
            "/v1/enterprises", params={"cursor": cursor}, headers=enterprises.operator
        )
        assert answer.status_code in (414, 422), key[:20]


async def test_province_does_not_cover_a_city_that_reports_on_its_own(
    enterprises: Enterprises,
) -> None:
    answer = await enterprises.http.post(
        "/v1/enterprises",
        json=make_dossier(region="440305"),
        headers=enterprises.bearer("regulator", authority="440000"),
    )
    assert answer.status_code == 403
    assert answer.json()["type"].endswith("out-of-scope")
