"""The consumer of one service: group membership, one task per partition, topics that come later.

The group is the service's name, for ever. Offsets are committed explicitly after the database,
never automatically. What happens to a batch is in `partition.py`.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from shared.bus import metrics
from shared.bus.partition import Group, Partition
from shared.bus.security import client_security
from shared.bus.subscriptions import Subscriptions
from shared.bus.topics import ensure_topics
from shared.bus.waiting import BackOff, wait_for
from shared.db import Database
from shared.settings import Settings

FETCH_WAIT_MS = 100
METADATA_MS = 2_000
SESSION_MS = 10_000
HEARTBEAT_MS = 1_000
REBALANCE_MS = 60_000
# Work in flight when a partition is taken away gets this long; well under the rebalance timeout.
FINISH_S = 20.0
CHECK_S = 2.0
STOP_S = 5.0
BACK_OFF_S = (0.2, 5.0)
# aiokafka leaves the group for ever when nobody polls for so long, as during a long outage.
NEVER_MS = 2**31 - 1

log = structlog.get_logger()


@dataclass(frozen=True)
class PartitionState:
    """Where a partition stands that this process consumes."""

    topic: str
    partition: int
    lag: int | None
    problem: str | None


class Consumer(ConsumerRebalanceListener):  # type: ignore[misc]
    """Consumes a service's topics until stopped; survives Kafka and PostgreSQL being away."""

    def __init__(
        self, name: str, database: Database, settings: Settings, subscriptions: Subscriptions
    ) -> None:
        self._name = name
        self._database = database
        self._settings = settings
        self._security = client_security(settings)
        self._subscriptions = subscriptions
        # Half of the pool stays free for requests.
        self._transactions = asyncio.Semaphore(max(1, settings.database_pool_size // 2))
        self._group: Group | None = None
        self._partitions: dict[TopicPartition, Partition] = {}
        self._broken: asyncio.Event = asyncio.Event()
        self._stopping = asyncio.Event()
        self._problem: str | None = "starting"
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin in the background; a service without handlers consumes nothing."""
        self._problem = None
        if self._subscriptions:
            self._problem = "starting"
            self._task = asyncio.create_task(self._keep_running(), name="consumer")

    async def stop(self) -> None:
        """Finish the work in flight, commit it and leave the group."""
        self._stopping.set()
        self._broken.set()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=FINISH_S + STOP_S)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def problems(self) -> list[str]:
        """Why something may not be consumed now."""
        found = [f"consumer: {self._problem}"] if self._problem else []
        return found + [
            f"consumer: {tp.topic}/{tp.partition} {partition.problem}"
            for tp, partition in sorted(self._partitions.items())
            if partition.problem
        ]

    def states(self) -> list[PartitionState]:
        """The partitions this process consumes now."""
        return [
            PartitionState(tp.topic, tp.partition, self._lag(tp), partition.problem)
            for tp, partition in sorted(self._partitions.items())
        ]

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Finish or cancel the work in flight before others may take the partitions."""
        leaving = [
            partition for tp in revoked if (partition := self._partitions.pop(tp, None)) is not None
        ]
        await _finish(leaving)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """One task per partition."""
        if self._group is None:
            return
        for tp in assigned:
            topic = self._subscriptions.topic_at(tp.topic)
            if topic is None:
                raise LookupError(f"{tp.topic} was assigned and no handler reads it")
            partition = Partition(self._group, tp, topic)
            partition.task.add_done_callback(self._note_end)
            self._partitions[tp] = partition

    async def _keep_running(self) -> None:
        back_off = BackOff(*BACK_OFF_S)
        while not self._stopping.is_set():
            try:
                await self._make_topics()
                await self._consume(back_off)
            except (KafkaError, OSError, TimeoutError) as error:
                self._problem = f"broker: {type(error).__name__}"
                log.warning("consumer waits for the broker", error=str(error))
            except Exception:
                self._problem = "unexpected error, see the log"
                log.exception("consumer failed; it starts again")
            await wait_for(self._stopping, back_off.next_s())

    async def _consume(self, back_off: BackOff) -> None:
        """One membership of the group, until it breaks or the service stops."""
        consumer = self._new_consumer()
        self._broken.clear()
        self._group = Group(
            name=self._name,
            database=self._database,
            subscriptions=self._subscriptions,
            consumer=consumer,
            dead_letters_in_row_max=self._settings.dead_letters_in_row_max,
            transactions=self._transactions,
        )
        try:
            await consumer.start()
            while not (self._stopping.is_set() or self._broken.is_set()):
                await self._check(consumer)
                await wait_for(self._broken, CHECK_S)
                if not self._broken.is_set():
                    back_off.reset()
        finally:
            self._group = None
            leaving, self._partitions = list(self._partitions.values()), {}
            await _finish(leaving)
            await _close(consumer)

    async def _check(self, consumer: AIOKafkaConsumer) -> None:
        """Note whether the broker answers; make topics that have gone; measure the lag."""
        try:
            existing = await asyncio.wait_for(consumer.topics(), STOP_S)
            if not self._subscriptions.fixed_topics.keys() <= existing:
                await self._make_topics()
            self._problem = None
        except (KafkaError, OSError, TimeoutError) as error:
            self._problem = f"broker: {type(error).__name__}"
        for tp in self._partitions:
            if (lag := self._lag(tp)) is not None:
                metrics.LAG.labels(tp.topic, tp.partition).set(lag)

    async def _make_topics(self) -> None:
        # A broker that forgets gets its topics from the relays, which see by the missing topics
        # that it has forgotten.
        if not self._settings.broker_forgets:
            await ensure_topics(
                self._settings.kafka, self._subscriptions.fixed_topics, self._security
            )

    def _new_consumer(self) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._settings.kafka,
            group_id=self._name,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            fetch_max_wait_ms=FETCH_WAIT_MS,
            max_partition_fetch_bytes=2_097_152,
            metadata_max_age_ms=METADATA_MS,
            session_timeout_ms=SESSION_MS,
            heartbeat_interval_ms=HEARTBEAT_MS,
            rebalance_timeout_ms=REBALANCE_MS,
            max_poll_interval_ms=NEVER_MS,
            **self._security,
        )
        consumer.subscribe(pattern=self._subscriptions.pattern, listener=self)
        return consumer

    def _note_end(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._problem = f"partition {task.get_name()}: {type(error).__name__}"
            log.warning("partition failed; the consumer starts again", error=repr(error))
            self._broken.set()

    def _lag(self, tp: TopicPartition) -> int | None:
        group = self._group
        if group is None or tp not in group.consumer.assignment():
            return None
        end, settled = group.consumer.highwater(tp), self._partitions[tp].next_offset
        return None if end is None or settled is None else max(0, end - settled)


async def _finish(partitions: list[Partition]) -> None:
    """Let partitions end their work; cancel what takes too long."""
    tasks = {partition.task for partition in partitions}
    for partition in partitions:
        partition.leave()
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=FINISH_S)
        for task in late:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _close(consumer: AIOKafkaConsumer) -> None:
    """Leave the group and end every task of the consumer.

    With the broker away aiokafka gives up half-way, even with a CancelledError of its own, and
    leaves tasks that would go on for ever. So `stop` runs apart, and what it left is ended here.
    """
    stopping = asyncio.create_task(consumer.stop())
    await asyncio.wait({stopping}, timeout=STOP_S)
    coordinator, fetcher = consumer._coordinator, consumer._fetcher
    left = {stopping}
    if coordinator is not None:
        left |= {coordinator._coordination_task, coordinator._heartbeat_task}
        left |= {coordinator._commit_refresh_task}
    if fetcher is not None:
        left |= {fetcher._fetch_task, *fetcher._pending_tasks}
    for task in (left := {task for task in left if task is not None}):
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    await consumer._client.close()
