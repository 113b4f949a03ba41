"""Endpoints over HTTP: owners, secrets shown once and sealed, rotation, replay, test button."""

import secrets
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from services.webhook.deliveries.house import forget
from tests.factories import make_uscc
from tests.services.webhook.support import Webhooks, titles_changed

_paths = count(1)


@pytest.fixture
def path() -> str:
    return f"/endpoints-{next(_paths)}"


async def test_secret_is_shown_once_and_sealed_at_rest(webhooks: Webhooks, path: str) -> None:
    endpoint = await webhooks.add(path)
    assert endpoint["secret"].startswith("whsec_")
    assert "secret" not in await webhooks.read(endpoint)
    [row] = await webhooks.rows(
        "SELECT sealed FROM endpoint_secret WHERE endpoint_id = :id", id=endpoint["endpoint_id"]
    )
    assert endpoint["secret"].encode() not in row.sealed
    assert webhooks.app.state.webhook.sealer.open(row.sealed) == endpoint["secret"]


async def test_no_secret_is_kept_for_an_idempotency_key(webhooks: Webhooks, path: str) -> None:
    endpoint = await webhooks.add(path)
    headers = {**webhooks.provider, "idempotency-key": secrets.token_hex(8)}
    for place, body in (
        ("/v1/webhook-endpoints", {"url": f"{webhooks.receiver.url}{path}"}),
        (f"/v1/webhook-endpoints/{endpoint['endpoint_id']}/secrets", {}),
        ("/v1/inbound-sources", {"source": "idempotent-source"}),
        ("/v1/inbound-sources/idempotent-source/secrets", {}),
    ):
        answer = await webhooks.http.post(place, json=body, headers=headers)
        assert answer.status_code == 422, answer.text
        assert answer.json()["type"].endswith("secret-not-replayed")
    assert await webhooks.rows("SELECT 1 FROM idempotency WHERE body LIKE '%whsec_%'") == []


async def test_rotation_signs_with_both_and_then_with_the_new_one(
    webhooks: Webhooks, path: str
) -> None:
    uscc = make_uscc()
    endpoint = await webhooks.add(path, enterprises=[uscc])
    old = endpoint["secret"]
    new = (await webhooks.act(endpoint, "secrets", overlap_s=3_600))["secret"]
    await webhooks.give(titles_changed(uscc, 1))
    [message] = await webhooks.receiver.has(path, 1)
    assert len(message.headers["webhook-signature"].split()) == 2
    for secret in (old, new):
        Webhook(secret).verify(message.body, message.headers)
    newest = (await webhooks.act(endpoint, "secrets", overlap_s=0))["secret"]
    await webhooks.give(titles_changed(uscc, 2))
    message = (await webhooks.receiver.has(path, 2))[1]
    Webhook(newest).verify(message.body, message.headers)
    for secret in (old, new):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(message.body, message.headers)


async def test_endpoint_of_another_owner_is_not_found(webhooks: Webhooks, path: str) -> None:
    endpoint = await webhooks.add(path)
    place = f"/v1/webhook-endpoints/{endpoint['endpoint_id']}"
    for claims in ({"org": "somebody-else"}, {"org": f"{webhooks.provider}"}):
        stranger = webhooks.bearer("provider", **claims)
        for method, where in (
            ("GET", place),
            ("PATCH", place),
            ("DELETE", place),
            ("POST", f"{place}/secrets"),
            ("POST", f"{place}/activation"),
            ("POST", f"{place}/test-events"),
            ("GET", f"{place}/deliveries"),
            ("GET", f"{place}/deliveries/1"),
            ("POST", f"{place}/deliveries/1/retry"),
        ):
            body = {} if method in ("PATCH", "POST") else None
            answer = await webhooks.http.request(method, where, json=body, headers=stranger)
            assert answer.status_code == 404, f"{method} {where}: {answer.text}"
        listed = await webhooks.http.get("/v1/webhook-endpoints", headers=stranger)
        assert listed.json() == {"endpoints": []}


@pytest.mark.parametrize(
    ("role", "claims", "status"),
    [
        ("talent", {}, 403),
        ("reviewer", {}, 403),
        ("provider", {}, 403),
        ("enterprise", {}, 403),
        ("regulator", {}, 403),
        ("bank", {"org": "icbc"}, 200),
        ("auditor", {"authority": "440100"}, 200),
    ],
)
async def test_endpoints_need_an_owner(
    webhooks: Webhooks, role: str, claims: dict[str, str], status: int
) -> None:
    answer = await webhooks.http.get(
        "/v1/webhook-endpoints", headers=webhooks.bearer(role, **claims)
    )
    assert answer.status_code == status


async def test_change_moves_what_waits_to_the_new_url(webhooks: Webhooks, path: str) -> None:
    uscc = make_uscc()
    endpoint = await webhooks.add(path, enterprises=[uscc])
    await webhooks.receiver.behave(path, "500")
    await webhooks.give(titles_changed(uscc))
    await webhooks.receiver.has(path, 1)
    place = f"/v1/webhook-endpoints/{endpoint['endpoint_id']}"
    change = {"url": f"{webhooks.receiver.url}{path}-new"}
    changed = await webhooks.http.patch(place, json=change, headers=webhooks.provider)
    assert changed.json()["version"] == 2
    await webhooks.pass_time(timedelta(seconds=6))
    await webhooks.receiver.has(f"{path}-new", 1)


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"url": "x"},
        {"url": 7},
        {"url": "https://hooks.provider.cn", "types": ["no.such-type.v1"]},
        {"url": "http://127.0.0.1:9/", "types": ["funding.loan-eligibility-changed.v1"]},
        {"url": "http://127.0.0.1:9/", "types": ["enterprise.consents-changed.v1"]},
        {"url": "http://127.0.0.1:9/", "types": "all"},
        {"url": "http://127.0.0.1:9/", "enterprises": ["short"]},
        {"url": "http://127.0.0.1:9/", "regions": ["x"]},
        {"url": "http://127.0.0.1:9/", "secret": "whsec_mine"},
        {"url": "http://127.0.0.1:9/", "description": "x" * 201},
        {"url": "http://127.0.0.1:9/", "description": "\u0000"},
    ],
)
async def test_bad_input_is_a_422(webhooks: Webhooks, wanted: dict[str, Any]) -> None:
    answer = await webhooks.http.post(
        "/v1/webhook-endpoints", json=wanted, headers=webhooks.provider
    )
    assert answer.status_code == 422, answer.text


async def test_owner_has_so_many_endpoints_at_most(webhooks: Webhooks, path: str) -> None:
    owner = webhooks.bearer("provider", org=secrets.token_hex(4))
    for number in range(webhooks.app.state.webhook.settings.webhook_endpoints_max):
        await webhooks.add(f"{path}-{number}", owner, types=["webhook.endpoint-disabled.v1"])
    answer = await webhooks.http.post(
        "/v1/webhook-endpoints", json={"url": webhooks.receiver.url}, headers=owner
    )
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("too-many-webhook-endpoints")


async def test_test_event_goes_to_this_endpoint_alone(webhooks: Webhooks, path: str) -> None:
    endpoint = await webhooks.add(path, types=["webhook.endpoint-disabled.v1"])
    await webhooks.add(f"{path}-other")
    delivery = await webhooks.act(endpoint, "test-events")
    assert delivery["type"] == "webhook.test.v1"
    [message] = await webhooks.receiver.has(path, 1)
    Webhook(endpoint["secret"]).verify(message.body, message.headers)
    await webhooks.becomes(endpoint, waiting=0)
    detail = await webhooks.read(endpoint, more=f"/deliveries/{delivery['delivery_id']}")
    assert detail["status"] == "delivered"
    assert detail["log"][0]["response"] == "taken"
    assert webhooks.receiver.received(f"{path}-other") == []


async def test_replay_sends_again_in_order_what_came_since(webhooks: Webhooks, path: str) -> None:
    uscc = make_uscc()
    owner = webhooks.bearer("provider", org=secrets.token_hex(4))
    await webhooks.give(titles_changed(uscc, 1))
    await webhooks.pass_time(timedelta(hours=1))
    since = webhooks.now()
    await webhooks.pass_time(timedelta(hours=1))
    await webhooks.give(titles_changed(uscc, 2))
    endpoint = await webhooks.add(path, owner, enterprises=[uscc], ordered=True)
    await webhooks.give(titles_changed(uscc, 3))
    [live] = await webhooks.receiver.has(path, 1)
    replay = await webhooks.act(endpoint, "replays", owner, since=since.isoformat())
    assert replay == {"deliveries": 2}
    messages = await webhooks.receiver.has(path, 3)
    assert [message.note[1] for message in messages] == [3, 2, 3]
    assert messages[2].headers["webhook-id"] == live.headers["webhook-id"]
    twice = await webhooks.act(endpoint, "replays", owner, since=since.isoformat())
    assert twice == {"deliveries": 2}
    await webhooks.receiver.has(path, 5)
    place = f"/v1/webhook-endpoints/{endpoint['endpoint_id']}/replays"
    old = await webhooks.http.post(
        place, json={"since": (since - timedelta(days=31)).isoformat()}, headers=owner
    )
    assert old.status_code == 422
    assert old.json()["type"].endswith("webhook-replay-too-old")


async def test_deliveries_are_paged_and_filtered(webhooks: Webhooks, path: str) -> None:
    uscc = make_uscc()
    endpoint = await webhooks.add(path, enterprises=[uscc])
    await webhooks.give(*(titles_changed(uscc, version) for version in range(1, 6)))
    await webhooks.becomes(endpoint, waiting=0)
    place = f"/v1/webhook-endpoints/{endpoint['endpoint_id']}/deliveries"
    found: list[int] = []
    url: str | None = f"{place}?limit=2&status=delivered"
    while url:
        answer = await webhooks.http.get(url, headers=webhooks.provider)
        found += [delivery["delivery_id"] for delivery in answer.json()["deliveries"]]
        link = answer.headers.get("link")
        url = link.partition(">")[0].removeprefix("<") if link else None
    assert len(found) == 5
    assert found == sorted(found, reverse=True)
    pending = await webhooks.http.get(f"{place}?status=pending", headers=webhooks.provider)
    assert pending.json() == {"deliveries": []}
    for query in ("cursor=nonsense", "status=lost", "limit=0"):
        answer = await webhooks.http.get(f"{place}?{query}", headers=webhooks.provider)
        assert answer.status_code == 422
    for number in (0, -1, 2**63, 10**30):
        answer = await webhooks.http.get(f"{place}/{number}", headers=webhooks.provider)
        assert answer.status_code == 404, answer.text


async def test_deleted_endpoint_gets_nothing_more(webhooks: Webhooks, path: str) -> None:
    uscc = make_uscc()
    endpoint = await webhooks.add(path, enterprises=[uscc])
    place = f"/v1/webhook-endpoints/{endpoint['endpoint_id']}"
    deleted = await webhooks.http.delete(place, headers=webhooks.provider)
    assert deleted.status_code == 204
    other = await webhooks.add(f"{path}-other", enterprises=[uscc])
    await webhooks.give(titles_changed(uscc))
    await webhooks.becomes(other, waiting=0)
    assert webhooks.receiver.received(path) == []
    assert (await webhooks.http.get(place, headers=webhooks.provider)).status_code == 404


async def test_events_are_kept_thirty_days_and_then_forgotten(
    webhooks: Webhooks, path: str
) -> None:
    uscc = make_uscc()
    endpoint = await webhooks.add(path, enterprises=[uscc])
    await webhooks.receiver.behave(path, "410", times=1)
    await webhooks.give(titles_changed(uscc, 1))
    await webhooks.becomes(endpoint, status="disabled")
    database = webhooks.app.state.database
    await forget(database, webhooks.now() + timedelta(days=29), 30)
    assert (await webhooks.read(endpoint))["waiting"] == 1
    await forget(database, webhooks.now() + timedelta(days=31), 30)
    [row] = (await webhooks.read(endpoint, more="/deliveries"))["deliveries"]
    assert row["status"] == "expired"
    await forget(database, webhooks.now() + timedelta(days=62), 30)
    assert (await webhooks.read(endpoint, more="/deliveries"))["deliveries"] == []
    left = await webhooks.rows("SELECT 1 FROM event WHERE uscc = :uscc", uscc=uscc)
    assert left == []


async def test_metrics_are_per_endpoint(webhooks: Webhooks, path: str) -> None:
    uscc = make_uscc()
    endpoint = await webhooks.add(path, enterprises=[uscc])
    await webhooks.give(titles_changed(uscc))
    await webhooks.becomes(endpoint, waiting=0)
    text = (await webhooks.http.get("/metrics")).text
    label = f'endpoint="{endpoint["endpoint_id"]}"'
    assert f'terrace_webhook_attempts_total{{{label},outcome="delivered"}} 1.0' in text
    assert f"terrace_webhook_duration_seconds_count{{{label}}} 1.0" in text
