"""A record as it came and the event in it: decoding, and every reason why it cannot be decoded.

Pure: no table, no client. A record is refused here when its headers are not CloudEvents, when
its source or its key is not the one its topic and its content say, or when the content is not
the declared fact. A type without a handler and a tombstone are nobody's fault and are skipped.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from contracts.fact import Fact
from shared.bus.cloud_events import SPEC_VERSION, source_of
from shared.bus.subscriptions import Handler, Subscriptions

ATTRIBUTE_LENGTH_MAX = 500
VERSION_MAX = 2**63 - 1
REASON_LENGTH_MAX = 2_000


class Undecodable(Exception):
    """The record is no event of this topic. Trying again would not help."""


@dataclass(frozen=True)
class Received:
    """A record: all that is needed to keep it as a dead letter and to decode it again."""

    topic: str
    partition: int
    offset: int
    recorded_at: datetime
    raw_key: bytes | None
    payload: bytes | None
    headers: tuple[tuple[str, bytes], ...]

    @classmethod
    def of(cls, record: Any) -> "Received":
        """The record of an aiokafka consumer."""
        return cls(
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            recorded_at=datetime.fromtimestamp(max(record.timestamp, 0) / 1000, UTC),
            raw_key=record.key,
            payload=record.value,
            headers=tuple(record.headers),
        )

    @classmethod
    def unreadable(cls, topic: str, partition: int, offset: int) -> "Received":
        """A record of which only the position is known."""
        return cls(topic, partition, offset, datetime.fromtimestamp(0, UTC), None, None, ())

    @cached_property
    def key(self) -> str | None:
        """The record's key, if it is text that PostgreSQL can store."""
        return _text(self.raw_key)

    @cached_property
    def attributes(self) -> Mapping[str, str]:
        """The headers that are storable text, by name."""
        texts = {name: _text(value) for name, value in self.headers}
        return {name: value for name, value in texts.items() if value is not None}


@dataclass(frozen=True)
class Event:
    """A decoded record and who handles it."""

    received: Received
    id: str
    source: str
    type: str
    fact: Fact
    version: int | None
    handler: Handler

    @property
    def key(self) -> str:
        return self.fact.key


@dataclass(frozen=True)
class Skipped:
    """A record that asks for nothing here."""

    outcome: str


def decode(received: Received, subscriptions: Subscriptions) -> Event | Skipped:
    """The event in the record. Raises Undecodable with a reason an operator can act on."""
    if received.payload is None:
        return Skipped("tombstone")
    type_ = _attribute(received, "ce_type")
    subscription = subscriptions.of_type(type_)
    if subscription is None:
        return Skipped("unknown")
    if _attribute(received, "ce_specversion") != SPEC_VERSION:
        raise Undecodable("The header ce_specversion is not 1.0.")
    topic = subscriptions.topic_at(received.topic)
    if topic is None:
        raise Undecodable(f"No handler here reads the topic {received.topic}.")
    source = _attribute(received, "ce_source")
    if source != source_of(topic, received.topic):
        raise Undecodable(
            f"The source {source} may not publish on {received.topic};"
            f" only {source_of(topic, received.topic)} may."
        )
    fact = _fact(subscription.fact, received)
    return Event(
        received=received,
        id=_attribute(received, "ce_id"),
        source=source,
        type=type_,
        fact=fact,
        version=_version(fact) if topic.compacted else None,
        handler=subscription.handler,
    )


def describe(error: BaseException) -> str:
    """The error as a reason to store: short enough, and without what PostgreSQL cannot store."""
    name = type(error).__name__
    words = str(error) if isinstance(error, Undecodable) else f"{name}: {error}"
    return words.encode("utf-8", "replace").decode().replace("\x00", "\\0")[:REASON_LENGTH_MAX]


def _fact(declared: type[Fact], received: Received) -> Fact:
    try:
        fact = declared.model_validate_json(received.payload or b"", extra="ignore")
    except ValidationError as error:
        found = "; ".join(
            f"{'.'.join(map(str, item['loc']))}: {item['msg']}"
            for item in error.errors(include_url=False, include_context=False, include_input=False)
        )
        raise Undecodable(f"The value is no {declared.contract.name}: {found}") from None
    if fact.topic != received.topic:
        raise Undecodable(f"The fact belongs on {fact.topic}, not on {received.topic}.")
    if fact.key != received.key:
        raise Undecodable(f"The record's key is {received.raw_key!r}; the fact is of {fact.key}.")
    return fact


def _version(fact: Fact) -> int:
    version = getattr(fact, "version", None)
    if not isinstance(version, int) or not 1 <= version <= VERSION_MAX:
        raise Undecodable(f"A snapshot needs a version from 1 up; this one says {version}.")
    return version


def _attribute(received: Received, name: str) -> str:
    value = received.attributes.get(name, "")
    if not 1 <= len(value) <= ATTRIBUTE_LENGTH_MAX:
        raise Undecodable(f"The header {name} is missing, too long or no text.")
    return value


def _text(raw: bytes | None) -> str | None:
    try:
        value = raw.decode() if raw is not None else None
    except UnicodeDecodeError:
        return None
    return None if value is None or "\x00" in value else value
