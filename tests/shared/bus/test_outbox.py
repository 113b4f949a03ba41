"""The outbox: what it refuses, what it promises, and what its records look like on the wire."""

import json

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat

from shared.bus import outbox
from shared.bus.outbox import PENDING_BYTES_MAX, PENDING_MAX, KeyNotLocked, RecordTooLarge
from shared.db import Session, lock_keys
from shared.telemetry import trace
from tests.shared.bus.support import Limit, Place, Visit

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def test_key_that_is_not_locked_is_refused(place: Place) -> None:
    async with place.database.transaction() as session:
        await lock_keys(session, ["another"])
        with pytest.raises(KeyNotLocked, match="lock_keys"):
            await outbox.add(session, Visit(uscc="k", note="x"))
        with pytest.raises(KeyNotLocked):
            await outbox.next_version(session, Limit.contract.topic, "k")
    assert await place.value("SELECT count(*) FROM outbox") == 0


async def test_record_over_900_kilobytes_is_refused(place: Place) -> None:
    await place.publish(Visit(uscc="k", note="x" * 899_000))
    with pytest.raises(RecordTooLarge, match="900000"):
        await place.publish(Visit(uscc="k", note="x" * 900_000))
    assert await place.value("SELECT count(*) FROM outbox") == 1
    async with place.running():
        await place.all_published()


async def test_call_with_a_record_too_large_adds_none_of_its_facts(place: Place) -> None:
    async with place.database.transaction() as session:
        await lock_keys(session, ["k"])
        with pytest.raises(RecordTooLarge):
            await outbox.add(
                session, Visit(uscc="k", note="fits"), Visit(uscc="k", note="x" * 900_000)
            )
        await outbox.add(session, Visit(uscc="k", note="instead"))
    rows = await place.fetch("SELECT convert_from(payload, 'UTF8') AS fact FROM outbox")
    assert [json.loads(row.fact)["note"] for row in rows] == ["instead"]


async def test_nothing_is_published_when_the_transaction_fails(place: Place) -> None:
    async def change_my_mind(session: Session) -> None:
        await lock_keys(session, ["k"])
        await outbox.add(session, Visit(uscc="k", note="never"))
        raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError, match="changed my mind"):
        await place.database.run(change_my_mind)
    await place.publish(Visit(uscc="k", note="after"))
    async with place.running():
        await place.all_published()
    assert [json.loads(r.value)["note"] for r in await place.read(Visit.contract.topic.name)] == [
        "after"
    ]


async def test_version_grows_by_one_per_key_and_topic_and_outlives_the_tombstone(
    place: Place,
) -> None:
    topic = Limit.contract.topic

    async def next_versions(session: Session) -> list[int]:
        await lock_keys(session, ["a", "b"])
        versions = [await outbox.next_version(session, topic, key) for key in ("a", "a", "b")]
        await outbox.add_tombstone(session, topic=topic, address=topic.name, key="a")
        return [*versions, await outbox.next_version(session, topic, "a")]

    assert await place.database.run(next_versions) == [1, 2, 1, 3]
    assert await place.database.run(next_versions) == [4, 5, 2, 6]


async def test_version_after_the_one_the_caller_read_is_kept(place: Place) -> None:
    topic = Limit.contract.topic

    async def next_version(session: Session) -> int:
        await lock_keys(session, ["k"])
        return await outbox.next_version(session, topic, "k", after=known)

    for known in range(3):
        assert await place.database.run(next_version) == known + 1
    assert await place.value("SELECT version FROM key_versions WHERE key = 'k'") == 3


async def test_version_given_before_stores_and_publishes_nothing(place: Place) -> None:
    async def from_an_old_row(session: Session) -> None:
        await lock_keys(session, ["k"])
        version = await outbox.next_version(session, Limit.contract.topic, "k", after=0)
        await outbox.add(session, Limit(uscc="k", version=version, note="x"))

    await place.database.run(from_an_old_row)
    with pytest.raises(RuntimeError, match="not the present version"):
        await place.database.run(from_an_old_row)
    assert await place.value("SELECT count(*) FROM outbox") == 1
    assert await place.value("SELECT version FROM key_versions WHERE key = 'k'") == 1


async def test_rows_keep_the_order_they_were_added_in_however_many(place: Place) -> None:
    big = "x" * (PENDING_BYTES_MAX // 10)
    notes = [str(number) for number in range(2 * PENDING_MAX + 1)] + [big] * 11 + ["last"]
    await place.publish(*(Visit(uscc="k", note=note) for note in notes))
    rows = await place.fetch("SELECT convert_from(payload, 'UTF8') AS fact FROM outbox ORDER BY id")
    assert [json.loads(row.fact)["note"] for row in rows] == notes


async def test_tombstone_is_a_null_value_and_only_for_compacted_topics(place: Place) -> None:
    topic = Limit.contract.topic
    async with place.database.transaction() as session:
        await lock_keys(session, ["k"])
        await outbox.add(session, Limit(uscc="k", version=1, note="x"))
        await outbox.add_tombstone(session, topic=topic, address=topic.name, key="k")
        with pytest.raises(ValueError, match="kept by time"):
            await outbox.add_tombstone(session, topic=Visit.contract.topic, address="any", key="k")
    async with place.running():
        await place.all_published()
    records = await place.read(topic.name)
    assert [record.value is None for record in records] == [False, True]
    assert records[1].key == b"k"


async def test_records_are_cloudevents_to_the_sdk(place: Place) -> None:
    fact = Limit(uscc="91440101MA5CY2T72W", version=7, note="额度")
    with trace("request-1", PARENT):
        await place.publish(fact)
    async with place.running():
        await place.all_published()
    [record] = await place.read(fact.topic)
    message = KafkaMessage(headers=dict(record.headers), key=record.key, value=record.value)

    event = from_binary(message, JSONFormat())

    [row] = await place.fetch("SELECT event_id, occurred_at FROM outbox")
    assert event.get_specversion() == "1.0"
    assert event.get_id() == str(row.event_id)
    assert event.get_source() == f"/terrace/test/{fact.topic}"
    assert event.get_type() == "test.limit-changed.v1"
    assert event.get_subject() == fact.uscc
    assert event.get_time() == row.occurred_at
    assert event.get_datacontenttype() == "application/json"
    assert event.get_extension("correlationid") == "request-1"
    assert event.get_extension("traceparent").split("-")[1] == PARENT.split("-")[1]
    assert event.get_data() == json.loads(fact.model_dump_json())
    assert record.key == fact.uscc.encode()
