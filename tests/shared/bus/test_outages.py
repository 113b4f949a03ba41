"""PostgreSQL or Kafka away: the bus waits; nothing is lost, nothing twice, no dead letter."""

import asyncio
import json
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

from deploy.local.kafka import KafkaBroker
from deploy.local.postgres import PostgresServer
from deploy.local.tansu import TansuBroker
from shared import migrate
from shared.bus import partition
from shared.db import Session
from tests.conftest import CACHE, Broker
from tests.shared.bus.support import (
    Limit,
    Place,
    Visit,
    eventually,
    note,
    note_visit,
    use_own_topics,
)

EFFECTS = "CREATE TABLE effects (id bigint GENERATED ALWAYS AS IDENTITY, key text, note text)"


async def is_troubled(bus: object) -> bool:
    return bool(bus.problems())  # type: ignore[attr-defined]


async def is_ready(bus: object) -> bool:
    return not bus.problems()  # type: ignore[attr-defined]


async def test_database_killed_in_the_middle_of_a_handler(
    kafka_broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Were the outage taken for an unknown failure, its few attempts would be over in no time.
    monkeypatch.setattr(partition, "RETRY_S", 0.0)
    use_own_topics()
    server = PostgresServer(tmp_path)
    server.start()
    try:
        url = server.ensure_database("outage")
        await migrate.upgrade(url, None)
        place = Place(url, kafka_broker.bootstrap)
        await place.execute(EFFECTS)
        killed = False

        async def handler(fact: Visit, session: Session) -> None:
            nonlocal killed
            await note(session, fact.uscc, fact.note)
            if not killed and fact.uscc == "k5":
                killed = True
                server.kill()
            await (await session.connection()).execute(text("SELECT 1"))

        await place.publish(*(Visit(uscc=f"k{n}", note="x") for n in range(10)))
        async with place.running([handler]) as bus:
            await eventually(lambda: asyncio.sleep(0, killed), "database killed")
            await eventually(lambda: is_troubled(bus), "trouble reported")
            server.start()
            for n in range(10):
                await place.has_effects(f"k{n}", "x")
            await eventually(lambda: is_ready(bus), "ready again")
            assert await place.letters("failed", "waiting") == []
            await place.publish(Visit(uscc="k5", note="y"))
            await place.has_effects("k5", "x", "y")
        await place.database.close()
    finally:
        server.remove()


def clients_at_work() -> set[asyncio.Task[object]]:
    """Tasks of Kafka clients; a bus that was stopped leaves none."""
    return {
        task
        for task in asyncio.all_tasks()
        if "aiokafka" in getattr(task.get_coro(), "cr_code", task).__repr__()
    }


@pytest.mark.timeout(180)
def test_broker_killed_and_started_again(fresh_database: str, tmp_path: Path) -> None:
    # A loop of its own: services of other tests start tasks in the session's loop at any time.
    asyncio.run(_broker_killed_and_started_again(fresh_database, tmp_path))


async def _broker_killed_and_started_again(fresh_database: str, tmp_path: Path) -> None:
    use_own_topics()
    await migrate.upgrade(fresh_database, None)
    before = clients_at_work()
    broker = KafkaBroker(tmp_path, CACHE)
    place = Place(fresh_database, broker.bootstrap)
    await place.execute(EFFECTS)
    await place.publish(Visit(uscc="k", note="before the first start"))
    async with place.running([note_visit]) as bus:
        await eventually(lambda: is_troubled(bus), "trouble reported")
        try:
            broker.start()
            await place.has_effects("k", "before the first start")
            await eventually(lambda: is_ready(bus), "ready")

            broker.kill()
            # A partition that fails makes the consumer begin anew, here without a broker.
            bus._consumer._broken.set()
            await place.publish(*(Visit(uscc=f"k{n}", note="while away") for n in range(50)))
            await eventually(lambda: is_troubled(bus), "trouble reported")
            broker.start()
            for n in range(50):
                await place.has_effects(f"k{n}", "while away")
            await eventually(lambda: is_ready(bus), "ready again")
            assert await place.letters("failed", "waiting") == []
        finally:
            broker.remove()
    await place.database.close()
    assert clients_at_work() <= before


async def test_stand_in_broker_that_is_killed_hears_the_outbox_again(
    fresh_database: str, tmp_path: Path
) -> None:
    use_own_topics()
    await migrate.upgrade(fresh_database, None)
    broker = TansuBroker(tmp_path)
    place = Place(fresh_database, broker.bootstrap)
    await place.execute(EFFECTS)
    topics = [Visit.contract.topic.name, Limit.contract.topic.name]
    try:
        broker.start()
        async with place.running([note_visit], broker_forgets=True):
            await place.publish(*(Limit(uscc="k", version=n, note=str(n)) for n in (1, 2)))
            for note_, lives in (("1", 1), ("2", 2)):
                await place.publish(Visit(uscc="k", note=note_))
                await place.has_effects("k", *map(str, range(1, lives + 1)))
                broker.kill()
                broker.start()
            await eventually(partial(are_told, place, topics[0], {"1", "2"}), "told again")
            await eventually(partial(are_told, place, topics[1], {"2"}), "current state only")
            assert await place.effects("k") == ["1", "2"]
    finally:
        broker.remove()
    await place.database.close()


async def are_told(place: Place, topic: str, notes: set[str]) -> bool:
    return {json.loads(record.value)["note"] for record in await place.read(topic)} == notes
