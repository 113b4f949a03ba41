"""The sample bank as a process on a real broker that is killed while the bank reads."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer

from deploy.local.kafka import KafkaBroker
from deploy.local.sample.bank import EVENT_TYPE
from deploy.local.sample.bank_process import BankDied, BankProcess
from tests.conftest import CACHE
from tests.deploy.brokers import make_topic
from tests.deploy.waiting import until

TOPIC = "bank.icbc.loan-eligibility"


@pytest.fixture
def kafka(state_dir: Path) -> Iterator[KafkaBroker]:
    broker = KafkaBroker(state_dir, CACHE)
    broker.start()
    yield broker
    broker.remove()


def _publish(bootstrap: str, versions: range, source: str = f"/terrace/funding/{TOPIC}") -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True})
    for version in versions:
        producer.produce(
            TOPIC,
            key="91440101YY00000100",
            value=json.dumps({"version": version, "status": "eligible"}),
            headers={
                "ce_id": f"event-{version}",
                "ce_type": EVENT_TYPE,
                "ce_source": source,
                "ce_correlationid": f"request-{version}",
            },
        )
    assert producer.flush(30) == 0


async def test_nothing_is_missed_when_the_broker_is_killed(
    kafka: KafkaBroker, state_dir: Path
) -> None:
    with BankProcess(state_dir, kafka.bootstrap, ["icbc"]) as bank:
        # The bank is there first: the topic is made when it first has something to say.
        await make_topic(kafka.bootstrap, TOPIC)
        _publish(kafka.bootstrap, range(1, 6))
        await until(lambda: bank.read_new() >= 0 and len(bank.records) >= 5)
        kafka.kill()
        kafka.start()
        _publish(kafka.bootstrap, range(6, 11))
        await until(lambda: bank.read_new() >= 0 and bank.records[-1].version == 10)
    versions = [record.version for record in bank.records]
    assert sorted(set(versions), key=lambda version: version or 0) == list(range(1, 11))
    assert {record.correlation_id for record in bank.records} == {
        f"request-{version}" for version in range(1, 11)
    }
    lines = [json.loads(line) for line in bank.out.read_text().splitlines()]
    applied = [line["version"] for line in lines if line["outcome"] == "applied"]
    assert applied == list(range(1, 11))


async def test_a_record_of_another_source_ends_the_bank(
    kafka: KafkaBroker, state_dir: Path
) -> None:
    await make_topic(kafka.bootstrap, TOPIC)
    _publish(kafka.bootstrap, range(1, 2), source="/somebody/else")
    with BankProcess(state_dir, kafka.bootstrap, ["icbc"]) as bank:

        def died() -> bool:
            try:
                bank.read_new()
            except BankDied as reason:
                return "not ours" in str(reason)
            return False

        await until(died)
    assert bank.records == []
