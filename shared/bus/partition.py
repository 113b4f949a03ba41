"""One partition's task: batches in order, three kinds of failure, offsets after the database.

A batch is one transaction. When one event of it fails, the events are handled one by one, and
only the failing one becomes a dead letter. Infrastructure failures are waited out.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError

from contracts.fact import Topic
from shared.bus import metrics, pauses
from shared.bus.delivery import Outcomes, deliver
from shared.bus.failures import is_infrastructure, is_permanent
from shared.bus.incoming import Event, Received, Undecodable, decode
from shared.bus.letters import bury
from shared.bus.subscriptions import Subscriptions
from shared.bus.waiting import BackOff
from shared.db import Database, Session

BATCH_EVENTS_MAX = 100
BATCH_WAIT_MS = 200
# A transaction and a commit of offsets cost as much for one event as for ten. So a partition rests
# after a batch that was not full, in proportion to the batch's time: the busier the machine, the
# more events come together, and an event after a pause waits for nothing.
REST_PER_WORK = 2.0
REST_S_MAX = 0.15
ATTEMPTS_MAX = 5
RETRY_S = 0.1
OUTAGE_BACK_OFF_S = (0.1, 10.0)
PAUSE_CHECK_S = 0.5
COMMIT_S = 5.0

T = TypeVar("T")
log = structlog.get_logger()


@dataclass(frozen=True)
class Group:
    """What the partitions of one consumer share."""

    name: str
    database: Database
    subscriptions: Subscriptions
    consumer: AIOKafkaConsumer
    dead_letters_in_row_max: int
    transactions: asyncio.Semaphore


@dataclass(frozen=True)
class _Failed:
    """A record that cannot be decoded."""

    received: Received
    error: Undecodable


class Partition:
    """Consumes one partition until it is taken away."""

    def __init__(self, group: Group, tp: TopicPartition, topic: Topic) -> None:
        self._group = group
        self._topic = topic
        self.tp = tp
        self.next_offset: int | None = None
        self.problem: str | None = None
        self._failed_in_row = 0
        self._leaving = False
        self._only_waiting = False
        self.task = asyncio.create_task(self._run(), name=f"{tp.topic}/{tp.partition}")

    def leave(self) -> None:
        """Finish the work under way, commit it and end; end at once when only waiting."""
        self._leaving = True
        if self._only_waiting:
            self.task.cancel()

    async def _run(self) -> None:
        await self._wait_while_paused()
        while not self._leaving:
            received = await self._poll()
            if received:
                began = time.monotonic()
                await self._settle(received)
                await self._commit(received[-1])
                if len(received) < BATCH_EVENTS_MAX:
                    took = time.monotonic() - began
                    await self._sleep(min(REST_PER_WORK * took, REST_S_MAX))

    async def _poll(self) -> list[Received]:
        consumer = self._group.consumer
        try:
            with self._waiting():
                found = await consumer.getmany(
                    self.tp, timeout_ms=BATCH_WAIT_MS, max_records=BATCH_EVENTS_MAX
                )
        except UnicodeDecodeError:
            return await self._poll_around_unreadable()
        return [Received.of(record) for record in found.get(self.tp, [])]

    async def _settle(self, received: Sequence[Received]) -> None:
        """Bring every record to its end: handled, skipped or kept as a dead letter."""
        items = [item for record in received if (item := self._decoded(record)) is not None]
        try:
            await self._through_outages(partial(self._deliver, _events(items)))
            return
        except Exception as error:
            log.info("batch failed; its events go one by one", error=str(error))
        for item in items:
            await self._settle_one(item)

    def _decoded(self, received: Received) -> Event | _Failed | None:
        try:
            found = decode(received, self._group.subscriptions)
        except Undecodable as error:
            return _Failed(received, error)
        if isinstance(found, Event):
            return found
        if found.outcome == "unknown":
            metrics.UNKNOWN.inc()
        return None

    async def _settle_one(self, item: Event | _Failed) -> None:
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                await self._through_outages(partial(self._deliver, _events([item])))
                return
            except Exception as error:
                if is_permanent(error) or attempt == ATTEMPTS_MAX:
                    await self._bury(item, error, attempt)
                    return
            await self._sleep(random.uniform(0.5, 1) * RETRY_S * 2**attempt)

    async def _deliver(self, events: Sequence[Event]) -> None:
        if not events:
            return
        group = self._group

        async def work(session: Session) -> Outcomes:
            return await deliver(session, group.name, events)

        async with group.transactions:
            outcomes = await group.database.run(work)
        for (type_, outcome), count in outcomes.items():
            metrics.CONSUMED.labels(type_, outcome).inc(count)
            if outcome == "handled":
                self._failed_in_row = 0

    async def _bury(self, item: Event | _Failed, error: Exception, attempts: int) -> None:
        group = self._group
        record = item if isinstance(item, Event) else item.received

        async def work(session: Session) -> None:
            await bury(session, group.name, self._topic, record, error, attempts)

        await self._through_outages(partial(group.database.run, work))
        metrics.DEAD_LETTERS.labels(self.tp.topic).inc()
        received = record.received if isinstance(record, Event) else record
        log.error(
            "dead letter",
            topic=self.tp.topic,
            partition=self.tp.partition,
            offset=received.offset,
            error=str(error),
        )
        self._failed_in_row += 1
        # What outsiders write wrong says nothing about us; others must not wait for them.
        if self._failed_in_row >= group.dead_letters_in_row_max and not self._topic.outsiders:
            await self._pause(received)

    async def _pause(self, last: Received) -> None:
        group, count = self._group, self._failed_in_row

        async def work(session: Session) -> None:
            await pauses.pause(session, group.name, self.tp.topic, self.tp.partition, count)

        await self._through_outages(partial(group.database.run, work))
        await self._commit(last)
        await self._wait_while_paused()

    async def _wait_while_paused(self) -> None:
        group = self._group

        async def work(session: Session) -> int | None:
            return await pauses.dead_letters_at_pause(
                session, group.name, self.tp.topic, self.tp.partition
            )

        while (
            letters := await self._through_outages(partial(group.database.run, work))
        ) is not None:
            self.problem = f"paused after {letters} dead letters"
            await self._sleep(PAUSE_CHECK_S)
        self.problem, self._failed_in_row = None, 0

    async def _through_outages(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do the work; while the database is away wait and do it again, however long it takes."""
        back_off = BackOff(*OUTAGE_BACK_OFF_S)
        while True:
            try:
                done = await work()
            except Exception as error:
                if not is_infrastructure(error):
                    raise
                self.problem = f"waits: {type(error).__name__}"
                log.warning("consumer waits", error=str(error), topic=self.tp.topic)
            else:
                self.problem = None
                return done
            await self._sleep(back_off.next_s())

    async def _commit(self, last: Received) -> None:
        """Commit the offset after this record, if the partition is still ours and the broker there.

        A commit that is dropped does no harm: whoever gets the record again finds it in the inbox.
        """
        self.next_offset = last.offset + 1
        commit = self._group.consumer.commit({self.tp: self.next_offset})
        try:
            await asyncio.wait_for(commit, COMMIT_S)
        except (CommitFailedError, IllegalStateError, TimeoutError) as error:
            log.info("commit dropped", topic=self.tp.topic, error=repr(error))

    async def _poll_around_unreadable(self) -> list[Received]:
        """Records with a header name that is no UTF-8 stop aiokafka's decoder; step over one.

        Such a record cannot be read at all, so its dead letter has a position and no bytes.
        """
        consumer = self._group.consumer
        position = await consumer.position(self.tp)
        try:
            found = await consumer.getmany(self.tp, timeout_ms=BATCH_WAIT_MS, max_records=1)
        except UnicodeDecodeError as error:
            received = Received.unreadable(self.tp.topic, self.tp.partition, position)
            problem = Undecodable(f"A header name is no UTF-8: {error.reason}.")
            await self._bury(_Failed(received, problem), problem, attempts=1)
            consumer.seek(self.tp, position + 1)
            await self._commit(received)
            return []
        return [Received.of(record) for record in found.get(self.tp, [])]

    async def _sleep(self, seconds: float) -> None:
        with self._waiting():
            await asyncio.sleep(seconds)

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        """Nothing is lost when the task is cancelled here."""
        if self._leaving:
            raise asyncio.CancelledError
        self._only_waiting = True
        try:
            yield
        finally:
            self._only_waiting = False


def _events(items: Sequence[Event | _Failed]) -> list[Event]:
    """The events. Raises Undecodable when an item is none."""
    events = []
    for item in items:
        if isinstance(item, _Failed):
            raise item.error
        events.append(item)
    return events
