"""Over real Kafka: a dossier comes in, an outlook and titles go out, however often it comes."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from sqlalchemy import text

from contracts.events.certification import OUTLOOK, TITLE
from contracts.events.enterprise import DOSSIER, DossierChanged
from shared import clock
from shared.bus.cloud_events import encoded, headers_of, new_event_id
from shared.bus.topics import ensure_topics
from tests.conftest import Broker
from tests.factories import make_uscc
from tests.services.certification.conftest import (
    Certification,
    DomainClock,
    csv_list,
    dossier_changed,
    running_app,
)

WITHIN_S = 60


async def _publish(bootstrap: str, *facts: DossierChanged, times: int = 1) -> None:
    """What the enterprise service's relay does; `times` redelivers each event."""
    await ensure_topics(bootstrap, {DOSSIER.name: DOSSIER})
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    await producer.start()
    try:
        for fact in facts:
            headers = headers_of(
                event_id=new_event_id(),
                source=DOSSIER.source,
                type_=fact.contract.name,
                key=fact.key,
                occurred_at=clock.now(),
                correlation_id="request-1",
                traceparent=None,
            )
            value = fact.model_dump_json(exclude_none=True).encode()
            for _ in range(times):
                await producer.send_and_wait(
                    DOSSIER.name, value, key=fact.key.encode(), headers=encoded(headers)
                )
    finally:
        await producer.stop()


async def _read(bootstrap: str, topic: str, count: int, *usccs: str) -> list[dict[str, Any]]:
    """The first facts of these keys, as a stranger with any Kafka client reads them."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        found: list[dict[str, Any]] = []
        async with asyncio.timeout(WITHIN_S):
            while len(found) < count:
                record = await consumer.getone()
                if record.key.decode() in usccs:
                    headers = {name: value.decode() for name, value in record.headers}
                    found.append({"headers": headers, **json.loads(record.value)})
        return found
    finally:
        await consumer.stop()


@pytest.fixture
async def on_kafka(
    fresh_database: str,
    kafka_broker: Broker,
    jwks: Path,
    token: Callable[..., str],
    domain_clock: DomainClock,
) -> Any:
    await ensure_topics(
        kafka_broker.bootstrap, {topic.name: topic for topic in (DOSSIER, OUTLOOK, TITLE)}
    )
    async with running_app(fresh_database, kafka_broker.bootstrap, jwks) as app:
        domain_clock.move_to("2022-09-30T10:00:00+08:00")
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield Certification(app, client, token)


async def test_dossier_leads_to_one_outlook_and_its_titles(
    on_kafka: Certification, kafka_broker: Broker
) -> None:
    bootstrap, uscc = kafka_broker.bootstrap, make_uscc()
    imported = await on_kafka.send_list(csv_list(f"{uscc},示例公司,4"))
    assert imported.json()["unmatched"] == 1
    await _publish(bootstrap, dossier_changed(uscc, 1), times=3)
    await _publish(bootstrap, dossier_changed(uscc, 2, name="新名称有限公司"))
    await _publish(bootstrap, dossier_changed(uscc, 3, independent_legal_person=False))
    first, second = await _read(bootstrap, OUTLOOK.name, 2, uscc)
    assert (first["version"], second["version"]) == (1, 2)
    assert first["tiers"][0]["attainment"] == "reached"
    assert second["tiers"][0]["unmet"] == ["legal_person_in_china"]
    assert first["headers"]["ce_type"] == "certification.outlook-changed.v1"
    assert first["headers"]["ce_correlationid"] == "request-1"
    (titles,) = await _read(bootstrap, TITLE.name, 1, uscc)
    assert [title["kind"] for title in titles["titles"]] == ["specialized_sme"]
    assert len(await on_kafka.facts(uscc, "outlook-changed")) == 2
    assert len(await on_kafka.facts(uscc, "titles-changed")) == 1


async def test_import_while_the_dossier_arrives_loses_no_title(
    on_kafka: Certification, kafka_broker: Broker
) -> None:
    bootstrap = kafka_broker.bootstrap
    codes = [make_uscc() for _ in range(40)]
    body = csv_list(*(f"{uscc},示例公司,4" for uscc in codes))
    _, imported = await asyncio.gather(
        _publish(bootstrap, *(dossier_changed(uscc) for uscc in codes)),
        on_kafka.send_list(body),
    )
    assert imported.status_code == 201, imported.text
    snapshots = await _read(bootstrap, TITLE.name, len(codes), *codes)
    assert sorted(snapshot["uscc"] for snapshot in snapshots) == sorted(codes)
    async with on_kafka.database.transaction() as session:
        twice = await session.scalar(
            text("SELECT count(*) FROM key_versions WHERE topic = :topic AND version > 1"),
            {"topic": TITLE.name},
        )
    assert twice == 0
