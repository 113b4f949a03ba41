"""Both brokers of the local stack: Apache Kafka, and the stand-in where its jars are missing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.kafka import KafkaBroker
from deploy.local.kafka_jars import kafka_jars, listed_jars
from deploy.local.tansu import TansuBroker
from tests.conftest import CACHE
from tests.deploy.brokers import make_topic, publish, read


@pytest.fixture
def kafka(state_dir: Path) -> Iterator[KafkaBroker]:
    broker = KafkaBroker(state_dir, CACHE)
    broker.start()
    yield broker
    broker.remove()


async def test_acknowledged_records_and_offsets_survive_sigkill(kafka: KafkaBroker) -> None:
    await make_topic(kafka.bootstrap, "trial.kept")
    await publish(kafka.bootstrap, "trial.kept", [b"1", b"2", b"3"])
    assert await read(kafka.bootstrap, "trial.kept", "reader", 3) == {b"1", b"2", b"3"}
    kafka.kill()
    kafka.start()
    await publish(kafka.bootstrap, "trial.kept", [b"4"])
    assert await read(kafka.bootstrap, "trial.kept", "reader", 1) == {b"4"}
    assert len(await read(kafka.bootstrap, "trial.kept", "newcomer", 4)) == 4


def test_a_second_broker_on_the_same_state_takes_over_from_a_forgotten_one(
    kafka: KafkaBroker, state_dir: Path
) -> None:
    successor = KafkaBroker(state_dir, CACHE)
    successor.start()
    assert successor.is_running()
    assert not kafka.is_running()
    successor.stop()


def test_every_cached_jar_is_the_one_that_was_pinned() -> None:
    jars = listed_jars()
    directory = kafka_jars(CACHE)
    assert all(jar.is_intact(directory / jar.file_name) for jar in jars)
    assert {path.name for path in directory.iterdir()} == {jar.file_name for jar in jars}


def test_a_jar_with_another_content_is_not_intact(tmp_path: Path) -> None:
    forged = tmp_path / "forged.jar"
    forged.write_bytes(b"something else")
    assert not any(jar.is_intact(forged) for jar in listed_jars())


async def test_the_stand_in_serves_and_forgets_everything_at_its_end(state_dir: Path) -> None:
    broker = TansuBroker(state_dir)
    broker.start()
    try:
        assert not broker.keeps_data
        await make_topic(broker.bootstrap, "trial.passing")
        await publish(broker.bootstrap, "trial.passing", [b"1", b"2"], idempotent=False)
        assert await read(broker.bootstrap, "trial.passing", "reader", 2) == {b"1", b"2"}
        broker.kill()
        broker.start()
        await make_topic(broker.bootstrap, "trial.passing")
        await publish(broker.bootstrap, "trial.passing", [b"3"], idempotent=False)
        assert await read(broker.bootstrap, "trial.passing", "newcomer", 1) == {b"3"}
    finally:
        broker.remove()
