"""Topics on the broker: which address belongs to which contract, and making the missing ones.

Makes topics as the contracts say (partitions, compaction, retention) and leaves existing ones
as they are: partitions of a living topic are an operator's business, since keys would move.
"""

import re
import string
from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, NoError, TopicAlreadyExistsError, for_code

from contracts.fact import Topic
from shared.banks import banks

REQUEST_MS = 10_000
_BROKER_DEFAULT = -1


class TopicNotMade(KafkaError):  # type: ignore[misc]
    """The broker refused to make a topic; the message names the topic and the reason."""


def is_templated(topic: Topic) -> bool:
    """Whether the name holds a field, so that there is one topic per value."""
    return "{" in topic.name


def known_addresses(topics: Iterable[Topic]) -> dict[str, Topic]:
    """The addresses known before anybody publishes.

    A templated name has one when its value comes; but where outsiders write, the topic of every
    known bank must be there first.
    """
    found: dict[str, Topic] = {}
    for topic in topics:
        if not is_templated(topic):
            found[topic.name] = topic
        elif topic.outsiders:
            found |= {topic.name.format(bank=code): topic for code in banks()}
    return found


def pattern_of(topics: Iterable[Topic]) -> str:
    """A regular expression that matches the addresses of these topics and nothing else."""
    names = (
        "".join(
            re.escape(literal) + ("[^.]+" if field else "")
            for literal, field, _, _ in string.Formatter().parse(topic.name)
        )
        for topic in topics
    )
    return f"^(?:{'|'.join(names)})$"


def topic_at(address: str, topics: Iterable[Topic]) -> Topic | None:
    """The contract of an address."""
    return next((topic for topic in topics if re.match(pattern_of([topic]), address)), None)


async def ensure_topics(
    bootstrap: str, wanted: Mapping[str, Topic], security: Mapping[str, Any] | None = None
) -> None:
    """Make the topics (by address) that do not exist. Raises TopicNotMade and KafkaError."""
    admin = AIOKafkaAdminClient(
        bootstrap_servers=bootstrap, request_timeout_ms=REQUEST_MS, **(security or {})
    )
    try:
        await admin.start()
        existing = set(await admin.list_topics())
        missing = [
            NewTopic(address, topic.partitions, _BROKER_DEFAULT, {}, topic.config())
            for address, topic in wanted.items()
            if address not in existing
        ]
        if not missing:
            return
        answer = await admin.create_topics(missing)
        for address, code, *message in answer.topic_errors:
            error = for_code(code)
            if error not in (NoError, TopicAlreadyExistsError):
                raise TopicNotMade(f"topic {address}: {error.__name__} {message}")
    finally:
        await admin.close()
