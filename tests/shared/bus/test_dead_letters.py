"""Dead letters and holds: superseded on compacted topics, queued elsewhere, drained in order."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from shared.bus import dead_letters
from shared.bus.cloud_events import new_event_id
from shared.bus.dead_letters import LetterClosed, LetterNotFound, Retried
from shared.bus.incoming import Received, Undecodable
from shared.bus.letters import WAITS, bury
from shared.db import Session
from shared.errors import Conflict
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


class Closed(Conflict):
    """A domain rule that an operator can lift."""

    slug = "closed"


class Gate:
    """A handler that refuses some notes until it is opened, and can be held in the middle."""

    def __init__(self, *refused: str) -> None:
        self.refused = set(refused)
        self.stop_at: str | None = None
        self.stopped = asyncio.Event()
        self.go_on = asyncio.Event()

    async def on_visit(self, fact: Visit, session: Session) -> None:
        if fact.note in self.refused:
            raise Closed(f"{fact.note} is refused.", "拒绝。")
        if fact.note == self.stop_at:
            self.stopped.set()
            await self.go_on.wait()
        await note(session, fact.uscc, fact.note)


async def test_next_version_supersedes_a_poison_message_on_a_compacted_topic(place: Place) -> None:
    async with place.running([note_limit]) as bus:
        await place.produce(**poison(Limit(uscc="k", version=1, note="bad")))
        await place.has_letters(1, "failed")
        assert await place.value("SELECT count(*) FROM holds") == 0
        await place.publish(Limit(uscc="k", version=2, note="good"))
        await place.has_effects("k", "2:good")
        [letter] = await place.has_letters(1, "superseded")
        with pytest.raises(LetterClosed):
            await dead_letters.retry(bus.desk, letter.id, "operator")


async def test_only_a_newer_snapshot_supersedes(place: Place) -> None:
    async def refuse_five(fact: Limit, session: Session) -> None:
        if fact.version == 5:
            raise Closed("Five is refused.", "拒绝。")
        await note_limit(fact, session)

    async with place.running([refuse_five]):
        await place.produce(**record_of(Limit(uscc="k", version=5, note="bad")))
        await place.has_letters(1, "failed")
        await place.produce(**record_of(Limit(uscc="k", version=4, note="older")))
        await place.has_effects("k", "4:older")
        await place.has_letters(1, "failed")
        await place.produce(**record_of(Limit(uscc="k", version=6, note="newer")))
        await place.has_effects("k", "4:older", "6:newer")
        await place.has_letters(1, "superseded")


async def test_poison_message_elsewhere_holds_its_key_and_nothing_else(place: Place) -> None:
    use_own_topics(partitions=1)
    async with place.running([note_visit]):
        await place.produce(**poison(Visit(uscc="held", note="bad")))
        for n in (1, 2):
            await place.publish(Visit(uscc="held", note=str(n)), Visit(uscc="free", note=str(n)))
        await place.has_effects("free", "1", "2")
        [failed] = await place.has_letters(1, "failed")
        waiting = await place.has_letters(2, "waiting")
        assert await place.effects("held") == []
    assert failed.key == "held"
    assert [letter.reason for letter in waiting] == [WAITS, WAITS]
    [hold] = await place.fetch("SELECT consumer, topic, key FROM holds")
    assert tuple(hold) == (place.name, Visit.contract.topic.name, "held")


async def test_letter_keeps_bytes_headers_reason_attempts_and_position(place: Place) -> None:
    use_own_topics(partitions=1)
    await place.make_topics()
    headers = [("ce_type", b"test.visited.v1"), ("odd\x00name", b"\xff\x00"), ("x", b"")]
    record = record_of(Visit(uscc="k", note="first"))
    await place.produce(**record)
    await place.produce(Visit.contract.topic.name, b"k", b"\x00\xff{", headers)
    async with place.running([note_visit]) as bus:
        await place.has_letters(1, "waiting", "failed")
        async with place.database.transaction() as session:
            [letter] = await dead_letters.list_letters(session, bus.name)
    assert letter.received.headers == tuple(headers)
    assert letter.received.payload == b"\x00\xff{"
    assert letter.received.raw_key == b"k"
    assert (letter.received.partition, letter.received.offset) == (0, 1)
    assert letter.attempts == 1
    assert letter.reason


async def test_retry_drains_the_queue_in_order_and_frees_the_key(place: Place) -> None:
    gate = Gate("1")
    async with place.running([gate.on_visit]) as bus:
        for n in range(1, 5):
            await place.publish(Visit(uscc="k", note=str(n)))
        waiting = await place.has_letters(3, "waiting")
        gate.refused.clear()
        # Any letter of the key will do: the queue goes from its head.
        assert await dead_letters.retry(bus.desk, waiting[-1].id, "operator") == Retried(4)
        assert await place.effects("k") == ["1", "2", "3", "4"]
        assert await place.value("SELECT count(*) FROM holds") == 0
        await place.publish(Visit(uscc="k", note="5"))
        await place.has_effects("k", "1", "2", "3", "4", "5")
    assert {letter.resolved_by for letter in await place.letters("handled")} == {"operator"}


async def test_drain_stops_at_the_first_letter_that_fails_again(place: Place) -> None:
    gate = Gate("1", "3")
    async with place.running([gate.on_visit]) as bus:
        for n in range(1, 5):
            await place.publish(Visit(uscc="k", note=str(n)))
        await place.has_letters(3, "waiting")
        [failed] = await place.letters("failed")
        stuck = await dead_letters.retry(bus.desk, failed.id, "operator")
        assert (stuck.handled, stuck.failed_id) == (0, failed.id)
        gate.refused = {"3"}
        stuck = await dead_letters.retry(bus.desk, failed.id, "operator")
        assert stuck.handled == 2
        assert "3 is refused" in (stuck.reason or "")
        assert await place.effects("k") == ["1", "2"]
        [third, fourth] = await place.letters("failed", "waiting")
        assert (third.id, third.status, third.attempts) == (stuck.failed_id, "failed", 1)
        gate.refused.clear()
        assert await dead_letters.retry(bus.desk, fourth.id, "operator") == Retried(2)
    assert await place.effects("k") == ["1", "2", "3", "4"]


async def test_new_event_during_a_drain_waits_for_its_turn(place: Place) -> None:
    """The operator is in the middle of the last letter when the next event arrives."""
    gate = Gate("1")
    async with place.running([gate.on_visit]) as bus:
        await place.publish(Visit(uscc="k", note="1"))
        [letter] = await place.has_letters(1, "failed")
        gate.refused.clear()
        gate.stop_at = "1"
        draining = asyncio.create_task(dead_letters.retry(bus.desk, letter.id, "operator"))
        await gate.stopped.wait()
        await place.produce(**record_of(Visit(uscc="k", note="2")))
        await place.waits_for_lock()
        assert await place.effects("k") == []
        gate.go_on.set()
        assert await draining == Retried(1)
        await place.has_effects("k", "1", "2")
    assert await place.letters("failed", "waiting") == []
    assert await place.value("SELECT count(*) FROM holds") == 0


async def test_drain_that_meets_a_new_event_takes_it_along(place: Place) -> None:
    """The consumer is about to queue an event when the operator reaches the end of the queue."""
    use_own_topics(partitions=1)
    gate = Gate("1")
    async with place.running([gate.on_visit]) as bus:
        await place.publish(Visit(uscc="k", note="1"))
        [letter] = await place.has_letters(1, "failed")
        gate.refused.clear()
        gate.stop_at = "slow"
        # One batch: "2" is put into the queue, and the handler of another key takes its time.
        await place.publish(Visit(uscc="k", note="2"), Visit(uscc="other", note="slow"))
        await gate.stopped.wait()
        draining = asyncio.create_task(dead_letters.retry(bus.desk, letter.id, "operator"))
        await place.waits_for_lock()
        gate.go_on.set()
        assert await draining == Retried(2)
        await place.has_effects("other", "slow")
        await place.publish(Visit(uscc="k", note="3"))
        await place.has_effects("k", "1", "2", "3")


async def test_hold_is_not_released_by_two_operators_at_once(place: Place) -> None:
    gate = Gate("1")
    async with place.running([gate.on_visit]) as bus:
        for n in range(1, 9):
            await place.publish(Visit(uscc="k", note=str(n)))
        [*_, last] = await place.has_letters(7, "waiting")
        gate.refused.clear()
        done = await asyncio.gather(
            *(dead_letters.retry(bus.desk, last.id, f"operator-{n}") for n in range(3)),
            return_exceptions=True,
        )
    assert sum(one.handled for one in done if isinstance(one, Retried)) == 8
    assert await place.effects("k") == [str(n) for n in range(1, 9)]


async def test_discarding_the_head_handles_those_behind_it(place: Place) -> None:
    async with place.running([note_visit]) as bus:
        await place.produce(**poison(Visit(uscc="k", note="bad")))
        await place.publish(Visit(uscc="k", note="1"))
        await place.publish(Visit(uscc="k", note="2"))
        await place.has_letters(2, "waiting")
        [bad] = await place.letters("failed")
        assert await dead_letters.discard(bus.desk, bad.id, "sent by mistake", "li") == Retried(2)
        assert await place.effects("k") == ["1", "2"]
        [discarded] = await place.letters("discarded")
        with pytest.raises(LetterClosed):
            await dead_letters.discard(bus.desk, bad.id, "again", "li")
        with pytest.raises(LetterNotFound):
            await dead_letters.discard(bus.desk, 999_999, "none", "li")
    assert (discarded.resolution, discarded.resolved_by) == ("sent by mistake", "li")
    assert await place.value("SELECT count(*) FROM holds") == 0


async def test_redelivered_record_whose_letter_is_closed_holds_nothing(place: Place) -> None:
    """The offset of an undecodable record was not committed, and its letter is closed by then."""
    bad = Received("t", 0, 7, datetime(2022, 9, 30, tzinfo=UTC), b"k", b"?", ())

    async def keep(session: Session) -> None:
        await bury(session, place.name, Visit.contract.topic, bad, Undecodable("no fact"), 1)

    await place.database.run(keep)
    assert await place.value("SELECT count(*) FROM holds") == 1
    [letter] = await place.letters("failed")
    await dead_letters.discard(place.bus([note_visit]).desk, letter.id, "no use", "li")
    await place.database.run(keep)
    assert await place.value("SELECT count(*) FROM holds") == 0
    assert len(await place.letters("failed", "waiting", "discarded")) == 1


async def test_discarding_one_that_waits_keeps_the_hold(place: Place) -> None:
    gate = Gate("1")
    async with place.running([gate.on_visit]) as bus:
        for n in (1, 2, 3):
            await place.publish(Visit(uscc="k", note=str(n)))
        [second, third] = await place.has_letters(2, "waiting")
        assert await dead_letters.discard(bus.desk, second.id, "not needed", "li") == Retried(0)
        assert await place.effects("k") == []
        gate.refused.clear()
        assert await dead_letters.retry(bus.desk, third.id, "li") == Retried(2)
    assert await place.effects("k") == ["1", "3"]


async def test_redelivered_event_makes_no_second_letter(place: Place) -> None:
    """Neither under a new offset, nor after the key was drained."""
    gate = Gate("1")
    record = record_of(Visit(uscc="k", note="1"), event_id=new_event_id())
    async with place.running([gate.on_visit]) as bus:
        await place.produce(**record)
        [letter] = await place.has_letters(1, "failed")
        await place.produce(**record)
        await place.produce(**record_of(Visit(uscc="k", note="2")))
        await place.has_letters(1, "waiting")
        gate.refused.clear()
        await dead_letters.retry(bus.desk, letter.id, "operator")
        await place.produce(**record)
        await place.produce(**record_of(Visit(uscc="k", note="3")))
        await place.has_effects("k", "1", "2", "3")
    assert len(await place.letters("failed", "waiting", "handled")) == 2


async def test_undecodable_letters_can_be_retried_when_the_code_has_learnt(place: Place) -> None:
    """The same record twice, both kept; after the fix one is handled and the other closed."""
    record = poison(Visit(uscc="k", note="?"))
    async with place.running([note_visit]):
        await place.produce(**record)
        await place.produce(**record)
        await place.has_letters(1, "waiting")
    good = Visit(uscc="k", note="learnt").model_dump_json().encode()
    await place.execute("UPDATE dead_letters SET payload = :good", good=good)
    async with place.running([note_visit]) as bus:
        [letter] = await place.letters("failed")
        assert await dead_letters.retry(bus.desk, letter.id, "operator") == Retried(2)
    assert await place.effects("k") == ["learnt"]
    assert [x.status for x in await place.letters("handled", "superseded")] == [
        "handled",
        "superseded",
    ]


async def test_letter_whose_sender_repaired_it_on_a_compacted_topic(place: Place) -> None:
    refused = True

    async def handler(fact: Limit, session: Session) -> None:
        if refused:
            raise Closed("Not yet.", "尚未。")
        await note_limit(fact, session)

    async with place.running([handler]) as bus:
        await place.publish(Limit(uscc="k", version=1, note="x"))
        [letter] = await place.has_letters(1, "failed")
        refused = False
        assert await dead_letters.retry(bus.desk, letter.id, "operator") == Retried(1)
        await place.produce(**record_of(Limit(uscc="k", version=1, note="again")))
        await place.publish(Limit(uscc="k", version=2, note="y"))
        await place.has_effects("k", "1:x", "2:y")
        await eventually(lambda: asyncio.sleep(0, bus.problems() == []))
    assert json.loads(letter.payload)["note"] == "x"
