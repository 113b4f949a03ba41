"""The relay: crashes, a lost lock, refused records, missing topics, sleeping and waking."""

import asyncio
import json
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shared.bus import outbox, relay
from shared.bus.publisher import Publisher, Row
from shared.db import Session, lock_keys
from tests.shared.bus.support import (
    Limit,
    Place,
    Visit,
    eventually,
    note_visit,
    record_of,
    use_own_topics,
)

ROOT = Path(__file__).parents[3]


@asynccontextmanager
async def marking_blocked(place: Place) -> AsyncIterator[bool]:
    """The rows there are now cannot be marked as published inside; False when none was left."""
    connection = await asyncpg.connect(place.url)
    try:
        async with connection.transaction():
            yield bool(
                await connection.fetch(
                    "SELECT id FROM outbox WHERE published_at IS NULL FOR UPDATE"
                )
            )
    finally:
        await connection.close()


async def test_crash_between_publish_and_mark_sends_again_under_the_same_id(place: Place) -> None:
    """SIGKILL when the broker has the record and the database does not know it."""
    own = use_own_topics()
    await place.publish(Visit(uscc="k", note="once"))
    async with marking_blocked(place):
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.shared.bus.relay_process"),
            *(place.url, place.bootstrap, own),
            cwd=ROOT,
        )
        try:
            await eventually(lambda: place.read(Visit.contract.topic.name), "record published")
            await place.waits_for_lock()
        finally:
            child.kill()
            await child.wait()
        # With its machine gone, the server gives up the dead client's statement as well.
        await place.execute("SELECT pg_terminate_backend(:pid)", pid=await place.relay_process())
    assert await place.value("SELECT count(*) FROM outbox WHERE published_at IS NULL") == 1

    async with place.running([note_visit]):
        await place.all_published()
        await place.publish(Visit(uscc="k", note="later"))
        await place.has_effects("k", "once", "later")

    records = await place.read(Visit.contract.topic.name)
    ids = [dict(record.headers)["ce_id"] for record in records]
    assert len(ids) == 3
    assert ids[0] == ids[1] != ids[2]


async def test_lost_lock_is_taken_over_and_every_key_keeps_its_order(place: Place) -> None:
    """Two relays; the working one loses its connection again and again while publishing."""
    keys, version, losses = [f"k{n}" for n in range(20)], 0, 0
    async with place.running(), place.running():
        while losses < 3:
            version += 1
            await place.publish(*(Limit(uscc=key, version=version, note="x") for key in keys))
            async with marking_blocked(place) as caught:
                if caught:
                    await place.waits_for_lock()
                    victim = await place.relay_process()
                    await place.execute("SELECT pg_terminate_backend(:pid)", pid=victim)
                    await eventually(partial(is_another, place, victim), "another relay works")
                    losses += 1
        await place.all_published()

    first_seen: dict[bytes, list[int]] = defaultdict(list)
    for record in await place.read(Limit.contract.topic.name):
        version = json.loads(record.value)["version"]
        if version not in first_seen[record.key]:
            first_seen[record.key].append(version)
    assert {key.encode(): list(range(1, version + 1)) for key in keys} == first_seen


async def is_another(place: Place, than: int) -> bool:
    """Whether a relay works, and not that one."""
    return await place.relay_process() != than


async def test_only_one_relay_works_at_a_time(place: Place) -> None:
    async with place.running() as first, place.running() as second:
        worker = await place.relay_process()
        assert first.problems() == second.problems() == [] or await eventually(
            lambda: none_has_problems(first, second), "both are ready"
        )
        await place.publish(*(Visit(uscc=f"k{n}", note="x") for n in range(50)))
        await place.all_published()
        assert await place.relay_process() == worker
    assert len(await place.read(Visit.contract.topic.name)) == 50


async def none_has_problems(*buses: object) -> bool:
    return not any(bus.problems() for bus in buses)  # type: ignore[attr-defined]


async def test_discarded_producer_delivers_nothing_more(place: Place) -> None:
    topic = Visit.contract.topic
    publisher = Publisher(place.bootstrap, [topic])
    await publisher.connect()
    await publisher.publish([Row(1, topic.name, "k", b"first", {})])

    sending = asyncio.create_task(publisher.publish([Row(2, topic.name, "k", b"second", {})]))
    # Caught between the producer's queue and its socket: no other moment tells flush from discard.
    while not publisher._producer._message_accumulator._batches:  # type: ignore[union-attr] # noqa: ASYNC110
        await asyncio.sleep(0)
    sending.cancel()
    await publisher.discard()

    await place.produce(topic.name, b"k", b"third", {})
    assert [record.value for record in await place.read(topic.name)] == [b"first", b"third"]


async def test_refused_record_holds_back_only_its_key(place: Place) -> None:
    use_own_topics(partitions=1)
    topic = Visit.contract.topic.name
    await make_topic(place, topic, max_bytes=20_000)
    large, small = "x" * 50_000, "y"
    await place.publish(Visit(uscc="a", note="before"))
    await place.publish(Visit(uscc="b", note=small), Visit(uscc="a", note=large))
    await place.publish(Visit(uscc="a", note="after"), Visit(uscc="c", note=small))

    async with place.running([note_visit]) as bus:
        await place.has_effects("a", "before")
        await place.has_effects("b", small)
        await place.has_effects("c", small)
        await place.publish(Visit(uscc="c", note="more"), Visit(uscc="a", note="last"))
        await place.has_effects("c", small, "more")
        await place.has_effects("a", "before")
        assert await place.value("SELECT count(*) FROM outbox WHERE published_at IS NULL") == 3
        assert bus.problems() == []

        await allow_bytes(place, topic, 200_000)
        await place.has_effects("a", "before", large, "after", "last")


async def make_topic(place: Place, name: str, max_bytes: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=place.bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(name, 1, 1, None, {"max.message.bytes": str(max_bytes)})])
    await admin.close()
    await eventually(lambda: place.topics_include(name), "topic made")


async def allow_bytes(place: Place, name: str, max_bytes: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=place.bootstrap)
    await admin.start()
    config = {"max.message.bytes": str(max_bytes)}
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, config)])
    await admin.close()


async def test_missing_topics_are_made_as_the_contracts_say(place: Place) -> None:
    await place.publish(Limit(uscc="k", version=1, note="x"), Visit(uscc="k", note="x"))
    async with place.running():
        await place.all_published()
    admin = AIOKafkaAdminClient(bootstrap_servers=place.bootstrap)
    await admin.start()
    names = [Limit.contract.topic.name, Visit.contract.topic.name]
    [answer] = await admin.describe_configs(
        [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    )
    described = await admin.describe_topics(names)
    await admin.close()

    configs = {
        name: {entry[0]: entry[1] for entry in entries} for *_, name, entries in answer.resources
    }
    assert {topic["topic"]: len(topic["partitions"]) for topic in described} == {
        names[0]: Limit.contract.topic.partitions,
        names[1]: Visit.contract.topic.partitions,
    }
    assert configs[names[0]]["cleanup.policy"] == "compact"
    assert configs[names[0]]["delete.retention.ms"] == str(30 * 86_400_000)
    assert configs[names[1]]["cleanup.policy"] == "delete"
    assert configs[names[1]]["retention.ms"] == str(30 * 86_400_000)


@pytest.fixture
def _no_safety_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resting relay is woken or sleeps for ever."""
    monkeypatch.setattr(relay, "SAFETY_POLL_S", 3600.0)


async def is_idle(place: Place) -> bool:
    return bool(await place.value("SELECT idle FROM relay_state"))


@pytest.mark.usefixtures("_no_safety_poll")
async def test_resting_relay_is_woken_by_a_commit(place: Place) -> None:
    async with place.running():
        for note in ("one", "two"):
            await eventually(lambda: is_idle(place), "relay marked itself idle")
            await place.publish(Visit(uscc="k", note=note))
            await place.all_published()
    assert len(await place.read(Visit.contract.topic.name)) == 2


@pytest.mark.usefixtures("_no_safety_poll")
async def test_commit_that_began_before_the_idle_mark_is_not_forgotten(place: Place) -> None:
    """The transaction saw a busy relay, so it wakes nobody; it commits when the relay rests."""
    async with place.running():

        async def slow(session: Session) -> None:
            await lock_keys(session, ["k"])
            await outbox.add(session, Visit(uscc="k", note="slow"))
            await eventually(lambda: is_idle(place), "relay marked itself idle")

        await place.database.run(slow)
        await place.all_published()
    assert len(await place.read(Visit.contract.topic.name)) == 1


async def test_busy_relay_is_not_notified(place: Place) -> None:
    """NOTIFY serialises commits; only an idle mark may cause one."""
    heard: list[str] = []
    connection = await asyncpg.connect(place.url)
    await connection.add_listener("outbox", lambda *args: heard.append(args[3]))
    await place.publish(Visit(uscc="k", note="busy"))
    await place.execute("NOTIFY outbox, 'mark'")
    await eventually(lambda: asyncio.sleep(0, "mark" in heard), "mark heard")
    assert heard == ["mark"]
    await place.execute("UPDATE relay_state SET idle = true")
    await place.publish(Visit(uscc="k", note="idle"))
    await eventually(lambda: asyncio.sleep(0, len(heard) == 2), "notification heard")
    await connection.close()


async def test_rows_that_commit_late_with_lower_ids_are_published(place: Place) -> None:
    """A last-id cursor would lose the first one."""
    added, others_published = asyncio.Event(), asyncio.Event()

    async def slow(session: Session) -> None:
        await lock_keys(session, ["slow"])
        await outbox.add(session, Visit(uscc="slow", note="lower id"))
        added.set()
        await others_published.wait()

    async with place.running():
        late = asyncio.create_task(place.database.run(slow))
        await added.wait()
        await place.publish(Visit(uscc="quick", note="higher id"))
        await place.all_published()
        others_published.set()
        await late
        await place.all_published()
    notes = [json.loads(r.value)["note"] for r in await place.read(Visit.contract.topic.name)]
    assert sorted(notes) == ["higher id", "lower id"]


async def test_broker_that_forgets_hears_the_retained_outbox_again(place: Place) -> None:
    await place.publish(*(Limit(uscc="k", version=n, note=str(n)) for n in (1, 2)))
    await place.publish(*(Visit(uscc="k", note=str(n)) for n in (1, 2)))
    async with place.running():
        await place.all_published()
    async with place.running(broker_forgets=True):
        await eventually(lambda: has_records(place, Limit.contract.topic.name, 3))
        await eventually(lambda: has_records(place, Visit.contract.topic.name, 4))
    versions = [json.loads(r.value)["version"] for r in await place.read(Limit.contract.topic.name)]
    notes = [json.loads(r.value)["note"] for r in await place.read(Visit.contract.topic.name)]
    assert versions == [1, 2, 2]
    assert notes == ["1", "2", "1", "2"]


async def has_records(place: Place, topic: str, count: int) -> bool:
    return len(await place.read(topic)) >= count


async def test_every_record_of_a_key_goes_to_the_partition_other_clients_expect(
    place: Place,
) -> None:
    keys = [f"91440101MA5CY2T{n:03d}" for n in range(30)]
    await place.publish(*(Visit(uscc=key, note="ours") for key in keys))
    async with place.running():
        await place.all_published()
    for key in keys:
        await place.produce(**record_of(Visit(uscc=key, note="theirs")))
    partitions = defaultdict(set)
    for record in await place.read(Visit.contract.topic.name):
        partitions[record.key].add(record.partition)
    assert {len(found) for found in partitions.values()} == {1}
    assert len({min(found) for found in partitions.values()}) > 1
