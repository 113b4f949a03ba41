"""The consumer: each event at most once, batches, failures, rebalances, pauses."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.record.util import calc_crc32c
from sqlalchemy import text

from shared.bus import consumer, metrics, outbox
from shared.bus.cloud_events import new_event_id
from shared.bus.subscriptions import reads_ahead
from shared.db import Session, holds_key
from shared.errors import Unprocessable
from shared.telemetry import correlation_id, trace, traceparent
from tests.shared.bus.support import (
    Limit,
    Place,
    Visit,
    eventually,
    note,
    note_limit,
    note_visit,
    poison,
    record_of,
    use_own_topics,
)


async def test_event_delivered_twice_has_one_effect(place: Place) -> None:
    again = record_of(Visit(uscc="k", note="once"))
    async with place.running([note_visit]):
        await place.produce(**again)
        await place.produce(**again)
        await place.produce(**record_of(Visit(uscc="k", note="last")))
        await place.has_effects("k", "once", "last")


async def test_repeated_event_within_one_batch_has_one_effect(place: Place) -> None:
    use_own_topics(partitions=1)
    again = record_of(Visit(uscc="k", note="once"))
    await place.make_topics()
    for record in (again, again, record_of(Visit(uscc="k", note="last"))):
        await place.produce(**record)
    async with place.running([note_visit]):
        await place.has_effects("k", "once", "last")


async def test_source_cannot_use_up_the_id_of_anothers_event(place: Place) -> None:
    """Somebody who may write to one topic copies source and id of an event of the other."""
    id_ = new_event_id()
    true = record_of(Visit(uscc="k", note="true"), event_id=id_)
    forged = record_of(
        Limit(uscc="k", version=1, note="forged"),
        event_id=id_,
        more_headers={"ce_source": true["headers"]["ce_source"]},
    )
    honest = record_of(Limit(uscc="k", version=2, note="same id, own source"), event_id=id_)
    async with place.running([note_visit, note_limit]):
        await place.produce(**forged)
        [letter] = await place.has_letters(1, "failed")
        assert "may not publish" in letter.reason
        await place.produce(**true)
        await place.has_effects("k", "true")
        await place.produce(**honest)
        await place.has_effects("k", "true", "2:same id, own source")


async def test_unknown_types_are_skipped_and_counted(place: Place) -> None:
    before = metrics.UNKNOWN._value.get()
    unknown = record_of(
        Visit(uscc="k", note="?"), more_headers={"ce_type": "test.not-yet-invented.v1"}
    )
    async with place.running([note_visit]):
        await place.produce(**unknown)
        await place.produce(**record_of(Visit(uscc="k", note="known")))
        await place.has_effects("k", "known")
    assert metrics.UNKNOWN._value.get() == before + 1
    assert await place.letters("failed", "waiting") == []


async def test_tombstone_is_skipped_and_the_version_remembered(place: Place) -> None:
    fact = Limit(uscc="k", version=2, note="newest")
    async with place.running([note_limit]):
        await place.produce(**record_of(fact))
        await place.produce(**record_of(fact, value=None))
        await place.produce(**record_of(Limit(uscc="k", version=1, note="older")))
        await place.produce(**record_of(Limit(uscc="k", version=3, note="after")))
        await place.has_effects("k", "2:newest", "3:after")


async def test_older_snapshots_are_dropped(place: Place) -> None:
    async with place.running([note_limit]):
        for version in (2, 1, 2, 4, 3, 5):
            await place.produce(**record_of(Limit(uscc="k", version=version, note="x")))
        await place.has_effects("k", "2:x", "4:x", "5:x")
    assert await place.value("SELECT version FROM seen_versions WHERE key = 'k'") == 5


async def test_failing_event_takes_no_other_event_of_its_batch_with_it(place: Place) -> None:
    """The batch is one transaction; when it fails, its events go one by one."""
    use_own_topics(partitions=1)
    calls: list[str] = []

    async def picky(fact: Visit, session: Session) -> None:
        calls.append(fact.note)
        await note(session, fact.uscc, fact.note)
        if fact.note == "3":
            raise Unprocessable("Three is not allowed.", "不允许三。")

    await place.publish(*(Visit(uscc=f"k{n}", note=str(n)) for n in range(1, 6)))
    async with place.running():
        await place.all_published()
    async with place.running([picky]):
        [letter] = await place.has_letters(1, "failed")
        await place.has_effects("k5", "5")
    for n in (1, 2, 4, 5):
        assert await place.effects(f"k{n}") == [str(n)]
    assert await place.effects("k3") == []
    assert letter.attempts == 1
    assert calls == ["1", "2", "3", "1", "2", "3", "4", "5"]


async def test_what_the_handlers_of_a_batch_need_is_read_once_for_all_its_keys(
    place: Place,
) -> None:
    use_own_topics(partitions=1)
    calls: list[str] = []

    async def read_ahead(session: Session, keys: Sequence[str]) -> None:
        assert all(holds_key(session, key) for key in keys)
        calls.append(f"ahead of {' '.join(keys)}")

    @reads_ahead(read_ahead)
    async def follow(fact: Visit, session: Session) -> None:
        calls.append(fact.note)
        await note(session, fact.uscc, fact.note)

    visits = [("b", "1"), ("a", "2"), ("b", "3")]
    await place.publish(*(Visit(uscc=key, note=what) for key, what in visits))
    async with place.running():
        await place.all_published()
    async with place.running([follow]):
        await place.has_effects("b", "1", "3")
    assert calls == ["ahead of a b", "1", "2", "3"]


async def test_unknown_failure_is_tried_a_few_times(place: Place) -> None:
    attempts: dict[str, int] = {}

    async def clumsy(fact: Visit, session: Session) -> None:
        attempts[fact.note] = attempts.get(fact.note, 0) + 1
        if fact.note == "never" or attempts[fact.note] < 3:
            raise RuntimeError("slipped")
        await note(session, fact.uscc, fact.note)

    async with place.running([clumsy]):
        await place.publish(Visit(uscc="a", note="third time"), Visit(uscc="b", note="never"))
        await place.has_effects("a", "third time")
        [letter] = await place.has_letters(1, "failed")
    assert (letter.key, letter.attempts) == ("b", 5)
    assert "RuntimeError: slipped" in letter.reason


async def test_value_the_database_refuses_is_no_outage(place: Place) -> None:
    """Such an event would otherwise be waited out for ever."""

    async def overflow(fact: Visit, session: Session) -> None:
        connection = await session.connection()
        statement = text(
            "INSERT INTO inbox (consumer, source, event_id, received_at)"
            " SELECT 'x', 'x', 'x', now() WHERE CAST(:n AS integer) > 0"
        )
        await connection.execute(statement, {"n": 10**30})

    async with place.running([overflow]):
        await place.publish(Visit(uscc="k", note="x"))
        await place.has_letters(1, "failed")


MALFORMED = {
    "no JSON": {"value": b"{"},
    "wrong field": {"value": b'{"uscc":"k"}'},
    "no UTF-8": {"value": b'{"uscc":"k","note":"\xff"}'},
    "empty": {"value": b""},
    "another's key": {"key": b"other"},
    "no key": {"key": None},
    "key with NUL": {"key": b"k\x00"},
    "key no UTF-8": {"key": b"\xff"},
    "no headers": {"headers": {}},
    "no id": {"more_headers": {"ce_id": ""}},
    "long id": {"more_headers": {"ce_id": "x" * 501}},
    "NUL in id": {"more_headers": {"ce_id": "\x00"}},
    "wrong spec": {"more_headers": {"ce_specversion": "0.3"}},
    "foreign source": {"more_headers": {"ce_source": "/elsewhere"}},
}


@pytest.mark.parametrize("change", MALFORMED.values(), ids=MALFORMED.keys())
async def test_malformed_record_becomes_a_dead_letter_and_blocks_nobody(
    place: Place, change: dict[str, object]
) -> None:
    use_own_topics(partitions=1)
    async with place.running([note_visit]) as bus:
        await place.produce(**record_of(Visit(uscc="k", note="bad"), **change))
        await place.produce(**record_of(Visit(uscc="good", note="fine")))
        await place.has_effects("good", "fine")
        [letter] = await place.letters("failed")
        assert bus.problems() == []
    assert letter.reason
    assert await place.effects("k") == []


async def test_header_name_that_no_client_can_decode_is_stepped_over(place: Place) -> None:
    use_own_topics(partitions=1)
    await place.make_topics()
    await place.produce(**record_of(Visit(uscc="k", note="1")))
    await produce_undecodable_header(place, Visit.contract.topic.name)
    await place.produce(**record_of(Visit(uscc="k", note="2")))
    async with place.running([note_visit]):
        await place.has_effects("k", "1", "2")
        [letter] = await place.letters("failed")
    assert (letter.record_offset, letter.payload) == (1, None)


async def produce_undecodable_header(place: Place, topic: str) -> None:
    """No client lets one write such a header, so the bytes of a batch are changed."""
    producer = AIOKafkaProducer(bootstrap_servers=place.bootstrap)
    await producer.start()
    try:
        batch = producer.create_batch()
        batch.append(timestamp=None, key=b"k", value=b"v", headers=[("NAME", b"x")])
        changed = bytearray(batch._build()).replace(b"NAME", b"\xff\xfe\xff\xfe")
        changed[17:21] = calc_crc32c(bytes(changed[21:])).to_bytes(4, "big")
        batch._buffer = changed
        await (await producer.send_batch(batch, topic, partition=0))
    finally:
        await producer.stop()


@pytest.mark.parametrize("version", [2**63, 10**30])
async def test_version_beyond_any_counter_is_a_dead_letter(place: Place, version: int) -> None:
    async with place.running([note_limit]):
        await place.produce(**record_of(Limit(uscc="k", version=version, note="x")))
        await place.has_letters(1, "failed")
        await place.produce(**record_of(Limit(uscc="k", version=1, note="y")))
        await place.has_effects("k", "1:y")


async def test_ids_of_the_request_travel_to_the_last_consumer(place: Place) -> None:
    """Request → Limit → handler that publishes → Visit → handler."""
    heard: list[tuple[str | None, str | None]] = []

    async def publish_on(fact: Limit, session: Session) -> None:
        await outbox.add(session, Visit(uscc=fact.uscc, note="follows"))

    async def listen(fact: Visit, session: Session) -> None:
        heard.append((correlation_id.get(), traceparent.get()))

    parent = f"00-{uuid4().hex}-00f067aa0ba902b7-01"
    async with place.running([publish_on, listen]):
        with trace("request-1", parent):
            await place.publish(Limit(uscc="k", version=1, note="x"))
        await eventually(lambda: asyncio.sleep(0, heard), "heard")
    [(correlation, current)] = heard
    assert correlation == "request-1"
    assert current is not None
    assert current.split("-")[1] == parent.split("-")[1]
    assert correlation_id.get() is None


async def test_topic_that_appears_later_is_consumed(place: Place) -> None:
    """A templated name: one topic per value, made when the first bank joins."""
    own = use_own_topics()
    name = f"test-{own}.{{uscc}}.visit"
    Visit.contract = replace(Visit.contract, topic=replace(Visit.contract.topic, name=name))
    async with place.running([note_visit]) as bus:
        await place.publish(Visit(uscc="icbc", note="first"))
        await place.has_effects("icbc", "first")
        await place.publish(Visit(uscc="ccb", note="second"))
        await place.has_effects("ccb", "second")
        states = {state.topic for state in bus.partitions()}
    assert states == {f"test-{own}.icbc.visit", f"test-{own}.ccb.visit"}


async def test_new_partitions_are_consumed(place: Place) -> None:
    use_own_topics(partitions=1)
    topic = Visit.contract.topic.name
    async with place.running([note_visit]):
        await place.publish(Visit(uscc="k", note="1"))
        await place.has_effects("k", "1")
        admin = AIOKafkaAdminClient(bootstrap_servers=place.bootstrap)
        await admin.start()
        await admin.create_partitions({topic: NewPartitions(3)})
        await admin.close()
        await eventually(lambda: takes(place, topic, 2), "new partition takes records")
        await place.has_effects("p2", "2")


async def takes(place: Place, topic: str, partition: int) -> bool:
    await place.produce(**record_of(Visit(uscc="p2", note="2")), partition=partition)
    return True


async def test_consumer_makes_the_topics_it_subscribes_to(place: Place) -> None:
    async with place.running([note_visit, note_limit]):
        for fact in (Visit, Limit):
            await eventually(partial(place.topics_include, fact.contract.topic.name))


async def test_too_many_dead_letters_in_a_row_pause_the_partition(place: Place) -> None:
    use_own_topics(partitions=1)
    await place.make_topics()
    for n in range(3):
        await place.produce(**poison(Visit(uscc=f"bad{n}", note="x")))
    await place.produce(**record_of(Visit(uscc="good", note="waits")))
    topic = Visit.contract.topic.name

    async with place.running([note_visit], dead_letters_in_row_max=3) as bus:
        await eventually(lambda: has_problem(bus, "paused after 3 dead letters"))
        assert len(await place.letters("failed")) == 3
        assert await place.effects("good") == []
    async with place.running([note_visit], dead_letters_in_row_max=3) as bus:
        await eventually(lambda: has_problem(bus, "paused"), "still paused after a restart")
        assert bus.problems() == [f"consumer: {topic}/0 paused after 3 dead letters"]
        await place.execute("DELETE FROM paused_partitions")
        await place.has_effects("good", "waits")
        await eventually(lambda: asyncio.sleep(0, bus.problems() == []), "ready again")


async def has_problem(bus: object, words: str) -> bool:
    return any(words in problem for problem in bus.problems())  # type: ignore[attr-defined]


async def test_letters_with_successes_between_them_pause_nothing(place: Place) -> None:
    use_own_topics(partitions=1)
    async with place.running([note_visit], dead_letters_in_row_max=2) as bus:
        for n in range(4):
            await place.produce(**poison(Visit(uscc=f"bad{n}", note="x")))
            await place.produce(**record_of(Visit(uscc="good", note=str(n))))
            await place.has_effects("good", *map(str, range(n + 1)))
        assert bus.problems() == []


async def test_rebalance_in_the_middle_of_a_batch_finishes_the_work(place: Place) -> None:
    """A second consumer joins while a batch is being handled: done once, committed once."""
    started, finish, calls = asyncio.Event(), asyncio.Event(), []

    async def slow(fact: Visit, session: Session) -> None:
        calls.append(fact.note)
        await note(session, fact.uscc, fact.note)
        started.set()
        await finish.wait()

    await place.publish(*(Visit(uscc=f"k{n}", note=str(n)) for n in range(30)))
    async with place.running([slow]) as first:
        await started.wait()
        async with place.running([slow]) as second:
            await eventually(lambda: asyncio.sleep(0, first.partitions() == []), "rebalance began")
            finish.set()
            await eventually(lambda: asyncio.sleep(0, second.partitions()), "second takes part")
            await place.publish(*(Visit(uscc=f"k{n}", note="more") for n in range(30)))
            for n in range(30):
                await place.has_effects(f"k{n}", str(n), "more")
    assert sorted(calls) == sorted([*map(str, range(30)), *["more"] * 30])


async def test_work_that_does_not_end_is_cancelled_at_a_rebalance_and_done_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "FINISH_S", 0.2)
    stuck = asyncio.Event()

    async def stuck_once(fact: Visit, session: Session) -> None:
        await note(session, fact.uscc, fact.note)
        if not stuck.is_set():
            stuck.set()
            await asyncio.Event().wait()

    await place.publish(*(Visit(uscc=f"k{n}", note=str(n)) for n in range(30)))
    async with place.running([stuck_once]):
        await stuck.wait()
        async with place.running([stuck_once]):
            for n in range(30):
                await place.has_effects(f"k{n}", str(n))
    assert await place.letters("failed", "waiting") == []
    assert await place.value("SELECT count(*) FROM effects") == 30
