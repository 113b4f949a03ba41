"""The producer of a relay: publishes windows of outbox rows so that no record overtakes another.

One batch per partition at a time, and the broker takes or refuses a batch as a whole. So within
a window nothing can overtake a refused record of its key. After a refusal the producer's
sequence numbers no longer match the broker's (aiokafka has counted the lost batch), and the
producer must be replaced: `Sent.spoiled` says so.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka import errors as kafka
from aiokafka.partitioner import DefaultPartitioner

from contracts.fact import Topic
from shared.bus.cloud_events import encoded
from shared.bus.topics import TopicNotMade, ensure_topics, topic_at

# A batch of one record of 900 kB still stays under the broker's default limit of 1 MiB.
BATCH_BYTES_MAX = 800_000
REQUEST_MS = 10_000

_SEQUENCE_LOST = (
    kafka.OutOfOrderSequenceNumber,
    kafka.UnknownProducerId,
    kafka.InvalidProducerEpoch,
    kafka.InvalidProducerIdMapping,
    kafka.ProducerFenced,
    kafka.ProducerClosed,
)
_default_partitioner = DefaultPartitioner()


@dataclass(frozen=True)
class Row:
    """An outbox row on its way."""

    id: int
    topic: str
    key: str
    payload: bytes | None
    headers: Mapping[str, str]


@dataclass
class Sent:
    """What became of a window. Rows in neither list were not sent; they come again."""

    published: list[Row] = field(default_factory=list)
    refused: list[tuple[Row, str]] = field(default_factory=list)
    spoiled: bool = False
    trouble: str | None = None


@dataclass
class _Batch:
    builder: object
    rows_max: int
    rows: list[Row] = field(default_factory=list)
    full: bool = False

    def append(self, row: Row) -> None:
        """Take the row if there is room; after the first that has none, take no other."""
        if self.full:
            return
        added = len(self.rows) < self.rows_max and self.builder.append(  # type: ignore[attr-defined]
            timestamp=None,
            key=row.key.encode(),
            value=row.payload,
            headers=encoded(row.headers),
        )
        if added:
            self.rows.append(row)
        else:
            self.full = True


class Publisher:
    """An idempotent producer (`acks=all`) and the topics of one service.

    A forgetful broker (the stand-in) has no idempotent producer. It gets a marker: a topic whose
    name nobody else knows, and which is gone when the broker has begun anew.
    """

    def __init__(
        self,
        bootstrap: str,
        topics: Iterable[Topic],
        *,
        forgetful: bool = False,
        security: Mapping[str, Any] | None = None,
    ) -> None:
        self._bootstrap = bootstrap
        self._security = security or {}
        self._topics = tuple(topics)
        self._marker = f"terrace.marker-{uuid4().hex}" if forgetful else None
        self._producer: AIOKafkaProducer | None = None
        self._ready_topics: set[str] = set()
        # Partitions where a batch was refused, and how many of its rows go out one by one.
        self._one_by_one: dict[TopicPartition, int] = {}

    async def connect(self) -> None:
        """Begin with a new producer. Raises KafkaError while the broker is away."""
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            acks="all",
            enable_idempotence=self._marker is None,
            max_batch_size=BATCH_BYTES_MAX,
            request_timeout_ms=REQUEST_MS,
            **self._security,
        )
        await self._producer.start()
        self._ready_topics &= await self._existing_topics()

    async def has_forgotten(self) -> bool:
        """Whether a forgetful broker has begun anew since `mark_broker`."""
        return self._marker is not None and self._marker not in await self._existing_topics()

    async def mark_broker(self) -> None:
        """Leave the marker on a forgetful broker."""
        if self._marker is not None:
            topic = Topic(self._marker, "bus", "", compacted=False, partitions=1)
            await ensure_topics(self._bootstrap, {self._marker: topic}, self._security)
            self._ready_topics.add(self._marker)

    async def check(self) -> None:
        """Raises KafkaError when the broker is away or has lost topics published to before."""
        if lost := self._ready_topics - await self._existing_topics():
            raise kafka.UnknownTopicOrPartitionError(", ".join(sorted(lost)))

    async def publish(self, rows: Sequence[Row]) -> Sent:
        """Send the rows, each key's in order, and wait until the broker has answered for all.

        Waits as long as the broker is away. Raises KafkaError when topics cannot be looked up.
        """
        sent = Sent()
        batches: dict[TopicPartition, _Batch] = {}
        for address, part in _by_topic(rows).items():
            try:
                await self._prepare(address)
                partitions = tuple(sorted(await self._open.partitions_for(address)))
            except (TopicNotMade, kafka.TopicAuthorizationFailedError) as error:
                sent.refused += [(row, str(error)) for row in part]
                continue
            for row in part:
                number = _partition(row.key, partitions)
                self._batch_of(TopicPartition(address, number), batches).append(row)
        answers = await asyncio.gather(
            *(self._send(tp, batch) for tp, batch in batches.items()), return_exceptions=True
        )
        for (tp, batch), answer in zip(batches.items(), answers, strict=True):
            self._settle(sent, tp, batch, answer)
        return sent

    async def discard(self) -> None:
        """End the producer without delivering anything more.

        aiokafka's own `stop` flushes, and closing its connections flushes their buffers. Both
        would publish rows that another relay may be publishing by now.
        """
        producer, self._producer = self._producer, None
        if producer is None:
            return
        producer._closed = True
        sender = producer._sender.sender_task
        if sender is not None:
            sender.cancel()
        for connection in producer.client._conns.values():
            if connection._writer is not None:
                connection._writer.transport.abort()
        # Cancelled once, aiokafka's sender still waits for its requests; the second cancels those.
        while sender is not None and not sender.done():
            await asyncio.sleep(0)
            sender.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await sender
        await producer.client.close()

    @property
    def _open(self) -> AIOKafkaProducer:
        if self._producer is None:
            raise kafka.ProducerClosed
        return self._producer

    async def _existing_topics(self) -> set[str]:
        return set((await self._open.client.fetch_all_metadata()).topics())

    async def _prepare(self, address: str) -> None:
        if address in self._ready_topics:
            return
        topic = topic_at(address, self._topics)
        if topic is None:
            raise TopicNotMade(f"no contract of this service names the topic {address}")
        await ensure_topics(self._bootstrap, {address: topic}, self._security)
        self._ready_topics.add(address)

    def _batch_of(self, tp: TopicPartition, batches: dict[TopicPartition, _Batch]) -> _Batch:
        if tp not in batches:
            rows_max = 1 if tp in self._one_by_one else 1_000_000
            batches[tp] = _Batch(self._open.create_batch(), rows_max)
        return batches[tp]

    async def _send(self, tp: TopicPartition, batch: _Batch) -> None:
        await (await self._open.send_batch(batch.builder, tp.topic, partition=tp.partition))

    def _settle(
        self, sent: Sent, tp: TopicPartition, batch: _Batch, answer: BaseException | None
    ) -> None:
        alone = tp in self._one_by_one
        if answer is None:
            sent.published += batch.rows
        else:
            sent.spoiled = True
            if not _is_refusal(answer):
                sent.trouble = f"{type(answer).__name__}: {answer}"
                return
            if len(batch.rows) > 1:
                self._one_by_one[tp] = len(batch.rows)
                return
            sent.refused.append((batch.rows[0], f"{type(answer).__name__}: {answer}"))
        if alone:
            self._one_by_one[tp] -= 1
            if self._one_by_one[tp] == 0:
                del self._one_by_one[tp]


@lru_cache(maxsize=100_000)
def _partition(key: str, partitions: tuple[int, ...]) -> int:
    """Where every Kafka client puts the key. Remembered, since the hash is computed in Python."""
    number: int = _default_partitioner(key.encode(), partitions, partitions)
    return number


def _by_topic(rows: Sequence[Row]) -> dict[str, list[Row]]:
    parts: dict[str, list[Row]] = {}
    for row in rows:
        parts.setdefault(row.topic, []).append(row)
    return parts


def _is_refusal(error: BaseException) -> bool:
    """Whether the broker will not have these records, rather than being in trouble itself."""
    return (
        isinstance(error, kafka.KafkaError)
        and not error.retriable
        and not isinstance(error, _SEQUENCE_LOST)
    )
