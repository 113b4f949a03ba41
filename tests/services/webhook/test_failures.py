"""Endpoints that fail: tried again on schedule, disabled, told about, probed, caught up with."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from contracts.events.webhook import EndpointDisabled, EndpointRecovered
from services.webhook.schedule import STEPS_S
from tests.factories import make_uscc
from tests.services.webhook.support import Webhooks, eventually, titles_changed

_paths = count(1)
DISABLED = EndpointDisabled.contract.name
RECOVERED = EndpointRecovered.contract.name


@pytest.fixture
def path() -> str:
    return f"/failures-{next(_paths)}"


async def only_delivery(webhooks: Webhooks, endpoint: dict[str, Any]) -> dict[str, Any]:
    [delivery] = (await webhooks.read(endpoint, more="/deliveries"))["deliveries"]
    return await webhooks.read(endpoint, more=f"/deliveries/{delivery['delivery_id']}")


async def has_attempts(webhooks: Webhooks, endpoint: dict[str, Any], count: int) -> dict[str, Any]:
    async def there() -> dict[str, Any] | None:
        delivery = await only_delivery(webhooks, endpoint)
        return delivery if len(delivery["log"]) >= count else None

    found: dict[str, Any] = await eventually(there, f"{count} attempts")
    return found


@pytest.mark.parametrize(
    ("mode", "status", "error"),
    [
        ("500", 500, "The endpoint answered 500."),
        ("404", 404, "The endpoint answered 404."),
        ("redirect", 307, "redirects are not followed"),
        ("early", 200, "The exchange broke"),
        ("hang", None, "No whole answer within 1 s."),
    ],
)
async def test_failure_is_noted_and_tried_again(
    webhooks: Webhooks, path: str, mode: str, status: int | None, error: str
) -> None:
    uscc = make_uscc()
    endpoint = await webhooks.add(path, enterprises=[uscc])
    await webhooks.receiver.behave(path, mode, times=1)
    await webhooks.give(titles_changed(uscc))
    failed = await has_attempts(webhooks, endpoint, 1)
    assert failed["log"][0]["status"] == status
    assert error in failed["log"][0]["error"]
    assert failed["status"] == "pending"
    wait_s = (datetime.fromisoformat(failed["due_at"]) - webhooks.now()).total_seconds()
    assert wait_s <= STEPS_S[0] * 1.1
    await webhooks.pass_time(timedelta(seconds=STEPS_S[0] * 1.1))
    delivered = await has_attempts(webhooks, endpoint, 2)
    assert [entry["outcome"] for entry in delivered["log"]] == ["failed", "delivered"]
    assert len({m.headers["webhook-id"] for m in webhooks.receiver.received(path)}) == 1
    assert webhooks.receiver.received("/redirected") == []


async def test_receiver_that_is_not_there_is_tried_again(webhooks: Webhooks) -> None:
    uscc = make_uscc()
    answer = await webhooks.http.post(
        "/v1/webhook-endpoints",
        json={"url": "http://127.0.0.1:9/nobody", "enterprises": [uscc]},
        headers=webhooks.provider,
    )
    await webhooks.give(titles_changed(uscc))
    failed = await has_attempts(webhooks, answer.json(), 1)
    assert "Not connected" in failed["log"][0]["error"]
    await webhooks.act(answer.json(), "test-events")
    deleted = await webhooks.http.delete(
        f"/v1/webhook-endpoints/{answer.json()['endpoint_id']}", headers=webhooks.provider
    )
    assert deleted.status_code == 204


async def test_answer_of_500_kb_is_read_to_a_bound(webhooks: Webhooks, path: str) -> None:
    uscc = make_uscc()
    endpoint = await webhooks.add(path, enterprises=[uscc])
    await webhooks.receiver.behave(path, "big")
    await webhooks.give(titles_changed(uscc))
    delivery = await has_attempts(webhooks, endpoint, 1)
    assert delivery["status"] == "delivered"
    assert len(delivery["log"][0]["response"]) == 2_048


async def test_retry_after_counts_when_it_is_later(webhooks: Webhooks, path: str) -> None:
    uscc = make_uscc()
    endpoint = await webhooks.add(path, enterprises=[uscc])
    await webhooks.receiver.behave(path, "later", times=1)
    before = webhooks.now()
    await webhooks.give(titles_changed(uscc))
    failed = await has_attempts(webhooks, endpoint, 1)
    assert datetime.fromisoformat(failed["due_at"]) >= before + timedelta(seconds=7_200)


async def test_hanging_endpoint_delays_no_other(webhooks: Webhooks, path: str) -> None:
    usccs = [make_uscc() for _ in range(40)]
    slow = await webhooks.add(f"{path}-slow", enterprises=usccs)
    await webhooks.add(path, enterprises=usccs)
    await webhooks.receiver.behave(f"{path}-slow", "hang")
    await webhooks.give(*(titles_changed(uscc) for uscc in usccs))
    messages = await webhooks.receiver.has(path, len(usccs))
    assert {message.event["subject"] for message in messages} == set(usccs)
    assert (await webhooks.read(slow))["waiting"] == len(usccs)


async def test_order_is_kept_per_key_where_asked(webhooks: Webhooks, path: str) -> None:
    first, second = make_uscc(), make_uscc()
    endpoint = await webhooks.add(path, enterprises=[first, second], ordered=True)
    await webhooks.receiver.behave(path, "500", times=1)
    await webhooks.give(*(titles_changed(first, version) for version in (1, 2, 3)))
    await webhooks.receiver.has(path, 1)
    await webhooks.give(titles_changed(second))
    await webhooks.receiver.has(path, 2)
    await webhooks.becomes(endpoint, waiting=3)
    await webhooks.pass_time(timedelta(seconds=STEPS_S[0] * 1.1))
    messages = await webhooks.receiver.has(path, 5)
    assert messages[1].note == (second, 1)
    assert [m.note[1] for m in messages if m.note[0] == first] == [1, 1, 2, 3]


async def test_retry_of_the_first_lets_those_behind_it_go_too(
    webhooks: Webhooks, path: str
) -> None:
    uscc = make_uscc()
    endpoint = await webhooks.add(path, enterprises=[uscc], ordered=True)
    await webhooks.receiver.behave(path, "later", times=1)
    await webhooks.give(*(titles_changed(uscc, version) for version in (1, 2, 3)))
    await webhooks.receiver.has(path, 1)

    async def held_back() -> dict[str, Any] | None:
        listed = (await webhooks.read(endpoint, more="/deliveries"))["deliveries"]
        due = {delivery["due_at"] for delivery in listed}
        return listed[-1] if len(due) == 1 and listed[-1]["attempts"] == 1 else None

    head = await eventually(held_back, "the others wait as long as the first")
    await webhooks.act(endpoint, f"deliveries/{head['delivery_id']}/retry")
    assert [m.note[1] for m in await webhooks.receiver.has(path, 4)] == [1, 1, 2, 3]


async def test_410_disables_at_once_and_the_owner_enables(webhooks: Webhooks, path: str) -> None:
    uscc = make_uscc()
    endpoint = await webhooks.add(path, enterprises=[uscc])
    await webhooks.receiver.behave(path, "410", times=1)
    await webhooks.give(titles_changed(uscc, 1))
    found = await webhooks.becomes(endpoint, status="disabled", disabled_reason="gone")
    assert found["next_probe_at"] is None
    await webhooks.give(titles_changed(uscc, 2), titles_changed(uscc, 3))
    assert (await webhooks.read(endpoint))["waiting"] == 3
    assert len(webhooks.receiver.received(path)) == 1
    enabled = await webhooks.act(endpoint, "activation")
    assert enabled["status"] == "enabled"
    assert [m.note[1] for m in await webhooks.receiver.has(path, 4)] == [1, 1, 2, 3]


async def fails_for_five_days(webhooks: Webhooks, endpoint: dict[str, Any]) -> dict[str, Any]:
    """Let time pass from one attempt to the next until the endpoint is disabled."""
    for attempts in count(1):
        delivery = await has_attempts(webhooks, endpoint, attempts)
        found = await webhooks.read(endpoint)
        if found["status"] == "disabled":
            return {**found, "attempts": attempts}
        due = datetime.fromisoformat(delivery["due_at"])
        assert (due - webhooks.now()).total_seconds() <= STEPS_S[-1] * 1.1
        await webhooks.pass_time(max(due - webhooks.now(), timedelta()))
    raise AssertionError("unreachable: the loop ends with the endpoint disabled")


async def test_five_days_without_success_disable_and_the_owner_hears_of_it(
    webhooks: Webhooks, path: str
) -> None:
    uscc, owner = make_uscc(), webhooks.bearer("provider", org=f"failing{path}")
    other = await webhooks.add(f"{path}-other", owner, types=["certification.titles-changed.v1"])
    stranger = webhooks.bearer("provider", org=f"stranger{path}")
    await webhooks.add(f"{path}-stranger", stranger)
    endpoint = await webhooks.add(path, owner, enterprises=[uscc])
    webhooks.provider, kept = owner, webhooks.provider
    await webhooks.receiver.behave(path, "500")
    await webhooks.give(titles_changed(uscc, 1))
    found = await fails_for_five_days(webhooks, endpoint)
    failing_s = (
        datetime.fromisoformat(found["disabled_at"])
        - datetime.fromisoformat(found["failing_since"])
    ).total_seconds()
    assert 5 * 86_400 <= failing_s <= 5 * 86_400 + STEPS_S[-1] * 1.2
    # 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h sum to 27.6 h; from there every 10 to 11 hours.
    assert 17 <= found["attempts"] <= 19
    told = [m.event for m in await webhooks.receiver.has(f"{path}-other", 2)]
    [disabled] = [event for event in told if event["type"] == DISABLED]
    assert disabled["data"]["endpoint_id"] == endpoint["endpoint_id"]
    assert disabled["data"]["reason"] == "failing"
    await webhooks.give(titles_changed(uscc, 2), titles_changed(uscc, 3))
    await webhooks.receiver.behave(path, "ok")
    before = len(webhooks.receiver.received(path))
    await webhooks.pass_time(timedelta(hours=10))
    messages = await webhooks.receiver.has(path, before + 3)
    assert [m.note[1] for m in messages[before:]] == [1, 2, 3]
    await webhooks.becomes(endpoint, status="enabled", waiting=0, failing_since=None)

    async def recovered() -> bool:
        events = [m.event for m in webhooks.receiver.received(f"{path}-other")]
        return any(event["type"] == RECOVERED for event in events)

    await eventually(recovered, "the owner hears of the recovery")
    strange = {m.event["type"] for m in webhooks.receiver.received(f"{path}-stranger")}
    assert not strange & {DISABLED, RECOVERED}
    assert (await webhooks.read(other))["status"] == "enabled"
    webhooks.provider = kept


async def test_disabled_endpoint_takes_a_test_event_and_recovers(
    webhooks: Webhooks, path: str
) -> None:
    uscc = make_uscc()
    endpoint = await webhooks.add(path, enterprises=[uscc])
    await webhooks.receiver.behave(path, "500")
    await webhooks.give(titles_changed(uscc))
    await has_attempts(webhooks, endpoint, 1)
    await webhooks.pass_time(timedelta(days=6))
    await webhooks.becomes(endpoint, status="disabled")
    await webhooks.receiver.behave(path, "ok")
    before = len(webhooks.receiver.received(path))
    await webhooks.act(endpoint, "test-events")
    messages = await webhooks.receiver.has(path, before + 2)
    assert [m.event["type"] for m in messages[before:]] == [
        "webhook.test.v1",
        "certification.titles-changed.v1",
    ]
    await webhooks.becomes(endpoint, status="enabled", waiting=0)
