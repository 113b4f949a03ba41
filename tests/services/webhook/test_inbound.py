"""Inbound messages: signed, in time, once; then a fact."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook
from svix.webhooks import Webhook as SvixWebhook

from tests.services.webhook.support import Webhooks

_numbers = count(1)
BODY = '{"type": "case.closed", "data": {"case": "C-1", "note": "回访完成"}}'


@pytest.fixture
async def source(webhooks: Webhooks) -> dict[str, Any]:
    body = {"source": f"cases-{next(_numbers)}"}
    answer = await webhooks.http.post("/v1/inbound-sources", json=body, headers=webhooks.provider)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def signed(
    secret: str, body: str = BODY, id_: str = "msg_1", at: datetime | None = None
) -> dict[str, str]:
    at = at or datetime.now(UTC)
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(id_, at, body),
        "content-type": "application/json",
    }


async def post(
    webhooks: Webhooks, source: Mapping[str, Any], headers: Mapping[str, str], body: str = BODY
) -> httpx.Response:
    return await webhooks.http.post(source["path"], content=body.encode(), headers=dict(headers))


async def facts(webhooks: Webhooks, source: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = await webhooks.rows(
        "SELECT payload FROM outbox WHERE topic = 'webhook.inbound' AND key = :key ORDER BY id",
        key=source["source"],
    )
    return [json.loads(row.payload) for row in rows]


async def test_signed_message_is_published_once(webhooks: Webhooks, source: dict[str, Any]) -> None:
    headers = signed(source["secret"])
    first, second = [await post(webhooks, source, headers) for _ in range(2)]
    assert (first.status_code, first.json()) == (200, {"message_id": "msg_1", "repeated": False})
    assert (second.status_code, second.json()) == (200, {"message_id": "msg_1", "repeated": True})
    [fact] = await facts(webhooks, source)
    assert fact["type"] == "case.closed"
    assert fact["body"] == BODY
    assert fact["message_id"] == "msg_1"


async def test_message_signed_by_svix_is_taken(webhooks: Webhooks, source: dict[str, Any]) -> None:
    at = datetime.now(UTC)
    headers = {
        **signed(source["secret"], at=at),
        "webhook-signature": SvixWebhook(source["secret"]).sign("msg_1", at, BODY),
    }
    assert (await post(webhooks, source, headers)).status_code == 200


async def test_id_with_another_body_is_refused(webhooks: Webhooks, source: dict[str, Any]) -> None:
    await post(webhooks, source, signed(source["secret"]))
    other = BODY.replace("C-1", "C-2")
    answer = await post(webhooks, source, signed(source["secret"], other), other)
    assert answer.status_code == 409
    assert len(await facts(webhooks, source)) == 1


async def test_what_cannot_be_trusted_is_refused_and_leaves_nothing(
    webhooks: Webhooks, source: dict[str, Any]
) -> None:
    secret = source["secret"]
    good = signed(secret)
    late = signed(secret, at=datetime.now(UTC) - timedelta(minutes=6))
    early = signed(secret, at=datetime.now(UTC) + timedelta(minutes=6))
    stranger = signed("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    unsigned = {"content-type": "application/json"}
    for headers in (late, early, stranger, unsigned, {**good, "webhook-id": "msg_2"}):
        answer = await post(webhooks, source, headers)
        assert answer.status_code == 401, answer.text
        assert answer.json()["type"].endswith("inbound-message-refused")
    assert (await post(webhooks, source, good, BODY + " ")).status_code == 401
    nobody = await webhooks.http.post("/v1/inbound/nobody", content=BODY, headers=good)
    assert nobody.status_code == 401
    assert await facts(webhooks, source) == []


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "no json",
        '"text"',
        "NaN",
        '{"a": NaN}',
        '{"a": 1e999}',
        '{"a": "\\ud800"}',
        '{"a": "\\u0000"}',
        '{"a":' * 100 + "1" + "}" * 100,
        "[" * 100_000,
        json.dumps({"a": "x" * 950_000}),
    ],
)
async def test_signed_nonsense_is_a_422(
    webhooks: Webhooks, source: dict[str, Any], body: str
) -> None:
    answer = await post(webhooks, source, signed(source["secret"], body), body)
    assert answer.status_code == 422, answer.text
    assert await facts(webhooks, source) == []


async def test_rotated_secret_overlaps_and_then_ends(
    webhooks: Webhooks, source: dict[str, Any]
) -> None:
    path = f"/v1/inbound-sources/{source['source']}/secrets"
    for overlap_s, old_is_taken in ((600, True), (0, False)):
        answer = await webhooks.http.post(
            path, json={"overlap_s": overlap_s}, headers=webhooks.provider
        )
        new = answer.json()["secret"]
        id_ = f"msg_overlap_{overlap_s}"
        old = await post(webhooks, source, signed(source["secret"], id_=id_))
        assert (old.status_code == 200) is old_is_taken
        assert (await post(webhooks, source, signed(new, id_=f"{id_}_new"))).status_code == 200


async def test_source_belongs_to_its_maker(webhooks: Webhooks, source: dict[str, Any]) -> None:
    stranger = webhooks.bearer("provider", org="stranger")
    answer = await webhooks.http.get("/v1/inbound-sources", headers=stranger)
    assert answer.json() == {"sources": []}
    path = f"/v1/inbound-sources/{source['source']}/secrets"
    assert (await webhooks.http.post(path, headers=stranger)).status_code == 404
    again = await webhooks.http.post(
        "/v1/inbound-sources", json={"source": source["source"]}, headers=stranger
    )
    assert again.status_code == 409
    listed = await webhooks.http.get("/v1/inbound-sources", headers=webhooks.provider)
    assert "secret" not in json.dumps(listed.json()).replace("secrets", "")
