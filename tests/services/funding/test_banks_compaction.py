"""What was withdrawn leaves Kafka: with the contract's own settings, only shorter times."""

import asyncio
import json
import time
from typing import Any
from uuid import uuid4

from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from contracts.events.funding import LOAN_ELIGIBILITY
from tests.conftest import Broker
from tests.factories import make_uscc

DEADLINE_S = 150
SHORT_MS = "500"


def _make_topic(broker: Broker) -> str:
    """A bank's topic whose hours are half a second."""
    name = f"bank.t{uuid4().hex[:10]}.loan-eligibility"
    config = LOAN_ELIGIBILITY.config()
    hours = [key for key in ("max.compaction.lag.ms", "segment.ms") if config[key]]
    topic = NewTopic(name, 1, 1, config={**config, **dict.fromkeys(hours, SHORT_MS)})
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    for made in admin.create_topics([topic]).values():
        made.result(30)
    return name


def _write(broker: Broker, topic: str, key: str, value: dict[str, Any]) -> None:
    producer = Producer({"bootstrap.servers": broker.bootstrap, "acks": "all"})
    producer.produce(topic, key=key, value=json.dumps(value).encode())
    assert producer.flush(30) == 0


def _read_from_the_beginning(broker: Broker, topic: str) -> list[bytes]:
    """Everything a bank finds that reads anew."""
    consumer = Consumer(
        {
            "bootstrap.servers": broker.bootstrap,
            "group.id": f"anew-{uuid4()}",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )
    consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
    found: list[bytes] = []
    try:
        while True:
            record = consumer.poll(30)
            assert record is not None
            if record.error():
                return found
            found.append(record.value() or b"")
    finally:
        consumer.close()


async def test_data_of_before_a_withdrawal_is_gone_once_the_withdrawal_was_repeated(
    kafka_broker: Broker,
) -> None:
    topic, uscc = await asyncio.to_thread(_make_topic, kafka_broker), make_uscc()
    told = {"version": 1, "status": "eligible", "profile": {"revenue_cny": "45000000.00"}}
    withdrawn = {"version": 2, "status": "withdrawn", "reason": "consent_withdrawn"}
    for value in (told, withdrawn):
        await asyncio.to_thread(_write, kafka_broker, topic, uscc, value)
    end, found = time.monotonic() + DEADLINE_S, [b"45000000"]
    while any(b"45000000" in value for value in found):
        assert time.monotonic() < end, f"still there after {DEADLINE_S} s: {found}"
        # What the platform does once a day: the record that follows is what ends a segment.
        await asyncio.to_thread(_write, kafka_broker, topic, uscc, withdrawn)
        found = await asyncio.to_thread(_read_from_the_beginning, kafka_broker, topic)
    assert {json.loads(value)["status"] for value in found} == {"withdrawn"}
