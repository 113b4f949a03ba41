"""Replay and retention: what goes out again, what is kept, what is refused."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from shared.bus import outbox
from shared.bus.replay import ReplayTooOld, replay
from shared.bus.retention import prune
from shared.db import Session, lock_keys
from tests.shared.bus.support import Limit, Place, Visit, note_limit, note_visit

LONG_AGO = datetime.now(UTC) - timedelta(days=1)


async def ids(place: Place, topic: str) -> list[tuple[str, bytes]]:
    """Id and value of every record, in order."""
    return [(dict(r.headers)["ce_id"].decode(), r.value) for r in await place.read(topic)]


async def test_replay_after_a_withdrawal_sends_only_the_withdrawal(place: Place) -> None:
    """An older "eligible" after "withdrawn" would be the snapshot that compaction keeps."""
    async with place.running([note_limit]):
        await place.publish(Limit(uscc="k", version=1, note="eligible"))
        await place.publish(Limit(uscc="k", version=2, note="withdrawn"))
        await place.publish(Limit(uscc="other", version=1, note="eligible"))
        await place.has_effects("k", "1:eligible", "2:withdrawn")
        await place.all_published()
        before = await ids(place, Limit.contract.topic.name)
        assert await replay(place.database, place.settings(), LONG_AGO) == 2
        await place.all_published()
        await place.publish(Limit(uscc="k", version=3, note="last"))
        await place.has_effects("k", "1:eligible", "2:withdrawn", "3:last")
    records = await ids(place, Limit.contract.topic.name)
    of_key = [record for record in records if b'"uscc":"k"' in record[1]]
    assert [json.loads(value)["note"] for _, value in of_key] == [
        "eligible",
        "withdrawn",
        "withdrawn",
        "last",
    ]
    assert of_key[1] == of_key[2]
    assert set(before) < set(records)


async def test_replay_waits_for_a_change_of_the_key_that_is_under_way(place: Place) -> None:
    """Chosen without the key's lock, the old state could go out after the new one."""
    topic = Limit.contract.topic
    await place.publish(Limit(uscc="k", version=1, note="old"))
    async with place.running():
        await place.all_published()

        async def change(session: Session) -> asyncio.Task[int]:
            await lock_keys(session, ["k"])
            replaying = asyncio.create_task(replay(place.database, place.settings(), LONG_AGO))
            await place.waits_for_lock()
            await outbox.add(session, Limit(uscc="k", version=2, note="new"))
            return replaying

        replaying = await place.database.run(change)
        await replaying
        await place.all_published()
    values = [json.loads(record.value)["note"] for record in await place.read(topic.name)]
    assert values[0] == "old"
    assert values.count("old") == 1
    assert set(values[1:]) == {"new"}


async def test_replay_of_happenings_sends_all_of_them_under_their_ids(place: Place) -> None:
    async with place.running([note_visit]):
        await place.publish(*(Visit(uscc="k", note=str(n)) for n in range(3)))
        await place.has_effects("k", "0", "1", "2")
        await place.all_published()
        first = await ids(place, Visit.contract.topic.name)
        assert await replay(place.database, place.settings(), LONG_AGO) == 3
        await place.all_published()
        await place.publish(Visit(uscc="k", note="last"))
        await place.has_effects("k", "0", "1", "2", "last")
    assert (await ids(place, Visit.contract.topic.name))[:6] == first * 2


async def test_replay_can_be_limited_to_a_topic_and_a_time(place: Place) -> None:
    await place.publish(Visit(uscc="k", note="early"))
    middle: datetime = await place.value("SELECT clock_timestamp()")
    await place.publish(Visit(uscc="k", note="late"), Limit(uscc="k", version=1, note="late"))
    async with place.running():
        await place.all_published()
        topic = Visit.contract.topic.name
        assert await replay(place.database, place.settings(), middle, topic) == 1
        await place.all_published()
    notes = [json.loads(record.value)["note"] for record in await place.read(topic)]
    assert notes == ["early", "late", "late"]
    assert len(await place.read(Limit.contract.topic.name)) == 1


async def test_replay_that_consumers_would_not_recognise_is_refused(place: Place) -> None:
    too_old = datetime.now(UTC) - timedelta(days=8)
    with pytest.raises(ReplayTooOld, match="7 days"):
        await replay(place.database, place.settings(inbox_retention_days=7), too_old)


async def test_replay_of_a_deleted_key_sends_its_tombstone(place: Place) -> None:
    topic = Limit.contract.topic

    async def delete(session: Session) -> None:
        await lock_keys(session, ["k"])
        await outbox.add_tombstone(session, topic=topic, address=topic.name, key="k")

    await place.publish(Limit(uscc="k", version=1, note="x"))
    await place.database.run(delete)
    async with place.running():
        await place.all_published()
        assert await replay(place.database, place.settings(), LONG_AGO) == 1
        await place.all_published()
    assert [r.value is None for r in await place.read(topic.name)] == [False, True, True]


async def test_pruning_keeps_what_replay_and_the_relay_still_need(place: Place) -> None:
    await place.publish(*(Limit(uscc="k", version=n, note="x") for n in (1, 2)))
    await place.publish(Visit(uscc="k", note="old"))
    async with place.running():
        await place.all_published()
    await place.publish(Visit(uscc="k", note="old and unpublished"))
    await place.execute("UPDATE outbox SET recorded_at = now() - interval '31 days'")
    await place.publish(Visit(uscc="k", note="young"))

    await prune(place.database, place.settings(), [])

    rows = await place.fetch(
        "SELECT convert_from(payload, 'UTF8') AS value FROM outbox ORDER BY id"
    )
    kept = [json.loads(row.value) for row in rows]
    assert kept == [
        {"uscc": "k", "version": 2, "note": "x"},
        {"uscc": "k", "note": "old and unpublished"},
        {"uscc": "k", "note": "young"},
    ]


async def test_pruning_of_inbox_letters_and_answers(place: Place) -> None:
    await place.execute(
        "INSERT INTO inbox (consumer, source, event_id, received_at)"
        " SELECT 'c', 's', n, now() - make_interval(days => n) FROM generate_series(1, 50) AS n"
    )
    await place.execute(
        "INSERT INTO dead_letters (consumer, topic, partition, record_offset, recorded_at, headers,"
        " status, reason, attempts, resolved_at) SELECT 'c', 't', 0, n, now(), '[]', CASE WHEN"
        " n = 3 THEN 'failed' ELSE 'handled' END, 'r', 1, CASE WHEN n = 3 THEN NULL ELSE"
        " now() - make_interval(days => n * 20) END FROM generate_series(1, 3) AS n"
    )
    await place.execute(
        "INSERT INTO idempotency (subject, key, request_hash, status, headers, body, created_at)"
        " SELECT 's', n, 'h', 200, '{}', '', now() - make_interval(days => n)"
        " FROM generate_series(1, 10) AS n"
    )
    await prune(place.database, place.settings(inbox_retention_days=30), [])
    assert await place.value("SELECT count(*) FROM inbox") == 29
    assert [row.status for row in await place.letters("failed", "handled")] == [
        "handled",
        "failed",
    ]
    assert await place.value("SELECT count(*) FROM idempotency") == 6


async def test_inbox_outlives_what_the_broker_may_deliver_again(place: Place) -> None:
    """A group that lost its offsets reads a topic from its beginning."""
    await place.execute(
        "INSERT INTO inbox (consumer, source, event_id, received_at)"
        " VALUES ('c', 's', 'e', now() - interval '36 days')"
    )
    await prune(place.database, place.settings(inbox_retention_days=7), [Visit.contract.topic])
    assert await place.value("SELECT count(*) FROM inbox") == 1
    await prune(place.database, place.settings(inbox_retention_days=7), [Limit.contract.topic])
    assert await place.value("SELECT count(*) FROM inbox") == 0


async def test_pruning_runs_in_small_transactions(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.bus.retention.ROWS_MAX", 10)
    await place.execute(
        "INSERT INTO inbox (consumer, source, event_id, received_at)"
        " SELECT 'c', 's', n, now() - interval '40 days' FROM generate_series(1, 35) AS n"
    )
    await prune(place.database, place.settings(), [])
    assert await place.value("SELECT count(*) FROM inbox") == 0
