"""Facts arrive at endpoints: signed, as the CloudEvent they are on Kafka, retried, logged."""

from itertools import count

import pytest
from standardwebhooks import Webhook
from svix.webhooks import Webhook as SvixWebhook

from tests.factories import make_uscc
from tests.services.webhook.support import Webhooks, titles_changed

_paths = count(1)


@pytest.fixture
def path() -> str:
    return f"/delivery-{next(_paths)}"


async def test_message_is_verified_by_both_public_libraries(webhooks: Webhooks, path: str) -> None:
    uscc = make_uscc()
    endpoint = await webhooks.add(path, enterprises=[uscc])
    fact = titles_changed(uscc)
    await webhooks.give(fact)
    [message] = await webhooks.receiver.has(path, 1)
    Webhook(endpoint["secret"]).verify(message.body, message.headers)
    SvixWebhook(endpoint["secret"]).verify(message.body, message.headers)
    event = message.event
    assert event["id"] == message.headers["webhook-id"]
    assert event["type"] == "certification.titles-changed.v1"
    assert event["source"] == "/terrace/certification/certification.title"
    assert event["subject"] == uscc
    assert event["correlationid"] == "webhook-test"
    assert event["data"] == fact.model_dump(mode="json", exclude_none=True)
    assert message.headers["content-type"].startswith("application/cloudevents+json")


async def test_attempt_log_holds_request_status_and_duration(webhooks: Webhooks, path: str) -> None:
    uscc = make_uscc()
    endpoint = await webhooks.add(path, enterprises=[uscc])
    await webhooks.receiver.behave(path, "503", times=1)
    await webhooks.give(titles_changed(uscc))
    await webhooks.receiver.has(path, 1)
    await webhooks.becomes(endpoint, waiting=1)
    [delivery] = (await webhooks.read(endpoint, more="/deliveries"))["deliveries"]
    await webhooks.act(endpoint, f"deliveries/{delivery['delivery_id']}/retry")
    first, second = await webhooks.receiver.has(path, 2)
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    await webhooks.becomes(endpoint, waiting=0)
    detail = await webhooks.read(endpoint, more=f"/deliveries/{delivery['delivery_id']}")
    assert [(entry["status"], entry["outcome"]) for entry in detail["log"]] == [
        (503, "failed"),
        (200, "delivered"),
    ]
    assert all(entry["duration_ms"] > 0 for entry in detail["log"])
    assert detail["log"][0]["response"] == "refused with 503"
    assert detail["log"][0]["url"] == f"{webhooks.receiver.url}{path}"
    assert detail["request_body"] == first.event
