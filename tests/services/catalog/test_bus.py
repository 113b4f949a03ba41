"""The service on the real bus: dossiers and needs come in from Kafka, in either order."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
from confluent_kafka import Producer
from fastapi import FastAPI

from contracts.events.enterprise import DOSSIER, NEED, DossierChanged, NeedsChanged
from contracts.fact import Fact
from shared import clock
from shared.bus.cloud_events import encoded, headers_of, new_event_id, source_of
from shared.bus.topics import ensure_topics
from tests.conftest import Broker
from tests.factories import make_dossier, make_uscc
from tests.flows.waiting import until
from tests.services.catalog.test_needs import need

DEADLINE_S = 60
Starter = Callable[[str], AbstractAsyncContextManager[tuple[FastAPI, httpx.AsyncClient]]]


def _publish(broker: Broker, *facts: Fact) -> None:
    """Publish as the owning service does: CloudEvents in binary mode."""
    producer = Producer({"bootstrap.servers": broker.bootstrap, "acks": "all"})
    for fact in facts:
        headers = headers_of(
            event_id=new_event_id(),
            source=source_of(fact.contract.topic, fact.topic),
            type_=fact.contract.name,
            key=fact.key,
            occurred_at=clock.now(),
            correlation_id="catalog-bus-test",
            traceparent=None,
        )
        value = fact.model_dump_json(exclude_none=True).encode()
        producer.produce(fact.topic, key=fact.key, value=value, headers=dict(encoded(headers)))
    assert producer.flush(DEADLINE_S) == 0


async def test_a_need_that_is_heard_before_its_dossier_is_answered_when_both_are(
    start_service: Starter, kafka_broker: Broker, token: Callable[..., str]
) -> None:
    uscc, asked = make_uscc(), need(kind="service", service="entrepreneurship")
    document = make_dossier(code=uscc)
    dossier = DossierChanged.model_validate(
        {
            "uscc": uscc,
            "version": 1,
            "status": "registered",
            "name": document.pop("name"),
            "changed_at": clock.now().isoformat(),
            "facts": document,
        }
    )
    needs = NeedsChanged.model_validate({"uscc": uscc, "version": 1, "needs": [asked]})
    await ensure_topics(kafka_broker.bootstrap, {topic.name: topic for topic in (DOSSIER, NEED)})
    async with start_service("catalog") as (_, http):
        headers = {"authorization": f"Bearer {token('enterprise', uscc=uscc)}"}
        await asyncio.to_thread(_publish, kafka_broker, needs, dossier)

        async def unanswered() -> Any:
            path = f"/v1/enterprises/{uscc}/service-recommendations"
            found = await http.get(path, headers=headers)
            return found.json().get("needs_without_offer")

        assert await until(unanswered, bool) == [asked["need_id"]]
