"""The service on the real bus: facts come in from Kafka, a bank that is not us reads its topic."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import Consumer, Producer

from contracts.events.certification import TITLE
from contracts.events.enterprise import CONSENT, DOSSIER
from contracts.fact import Fact
from shared import clock
from shared.bus.cloud_events import encoded, headers_of, new_event_id, source_of
from shared.bus.topics import ensure_topics
from tests.conftest import Broker
from tests.factories import make_uscc
from tests.services.funding.conftest import Funding
from tests.services.funding.makers import (
    consent,
    consents_changed,
    dossier_changed,
    title,
    titles_changed,
)

DEADLINE_S = 60
Snapshot = dict[str, Any]


def _publish(broker: Broker, *facts: Fact) -> None:
    """Publish as the owning services do: CloudEvents in binary mode."""
    producer = Producer({"bootstrap.servers": broker.bootstrap, "acks": "all"})
    for fact in facts:
        topic = fact.contract.topic
        headers = headers_of(
            event_id=new_event_id(),
            source=source_of(topic, fact.topic),
            type_=fact.contract.name,
            key=fact.key,
            occurred_at=clock.now(),
            correlation_id="bus-test",
            traceparent=None,
        )
        producer.produce(
            fact.topic,
            key=fact.key,
            value=fact.model_dump_json(exclude_none=True).encode(),
            headers=dict(encoded(headers)),
        )
    assert producer.flush(DEADLINE_S) == 0


def _decoded(headers: Any) -> dict[str, str]:
    return {name: value.decode() for name, value in headers or []}


@asynccontextmanager
async def _reading(broker: Broker, uscc: str) -> AsyncIterator[Callable[[int], Any]]:
    """A bank's own client; the function waits for so many snapshots of the enterprise."""
    consumer = Consumer(
        {
            "bootstrap.servers": broker.bootstrap,
            "group.id": f"bank-{uscc}",
            "auto.offset.reset": "earliest",
            "topic.metadata.refresh.interval.ms": 500,
            "allow.auto.create.topics": False,
        }
    )
    consumer.subscribe(["bank.icbc.loan-eligibility"])
    found: list[tuple[dict[str, str], Snapshot]] = []

    async def wait_for(count: int) -> list[tuple[dict[str, str], Snapshot]]:
        end = time.monotonic() + DEADLINE_S
        while len(found) < count:
            assert time.monotonic() < end, f"{len(found)} of {count} snapshots came"
            message = await asyncio.to_thread(consumer.poll, 0.2)
            if message is None or message.error() or message.key() != uscc.encode():
                continue
            headers = _decoded(message.headers())
            found.append((headers, json.loads(message.value() or b"{}")))
        return found

    try:
        yield wait_for
    finally:
        await asyncio.to_thread(consumer.close)


async def test_facts_from_kafka_reach_a_bank_and_a_withdrawal_follows(
    funding: Funding, kafka_broker: Broker
) -> None:
    uscc = make_uscc()
    wanted = {topic.name: topic for topic in (DOSSIER, CONSENT, TITLE)}
    await ensure_topics(kafka_broker.bootstrap, wanted)
    async with _reading(kafka_broker, uscc) as wait_for:
        _publish(
            kafka_broker,
            consents_changed(uscc, consent()),
            titles_changed(uscc, title()),
            dossier_changed(uscc),
        )
        headers, snapshot = (await wait_for(1))[0]
        assert headers["ce_type"] == "funding.loan-eligibility-changed.v1"
        assert headers["ce_source"] == "/terrace/funding/bank.icbc.loan-eligibility"
        assert headers["ce_subject"] == uscc
        assert headers["ce_correlationid"] == "bus-test"
        assert snapshot["status"] == "eligible"
        assert {p["product"] for p in snapshot["products"]} == {
            "icbc-sci-tech-loan",
            "icbc-xingke-loan",
        }
        withdrawn = consent(withdrawn_at=datetime(2022, 9, 30, tzinfo=UTC))
        _publish(kafka_broker, consents_changed(uscc, withdrawn, version=2))
        _, last = (await wait_for(2))[1]
        assert (last["version"], last["status"], last["reason"]) == (
            snapshot["version"] + 1,
            "withdrawn",
            "consent_withdrawn",
        )
        assert last["products"] == []
        assert "profile" not in last
    answer = await funding.get(f"/v1/enterprises/{uscc}/entitlements")
    assert answer.json()["payable_cny"] == "200000.00"
