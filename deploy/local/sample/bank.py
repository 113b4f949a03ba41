"""A sample bank: a process that is not of the platform and knows only its AsyncAPI page.

Reads `bank.<code>.loan-eligibility` with confluent-kafka from the beginning, keeps one state per
(bank, enterprise) by version, and writes every record it sees to a JSON-lines file. Imports
nothing of Terrace. Outlives any end of the broker.

    python -m deploy.local.sample.bank --bootstrap HOST:PORT --asyncapi FILE --out FILE icbc ccb
"""

import argparse
import json
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TextIO

import yaml
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Message, TopicPartition

EVENT_TYPE = "funding.loan-eligibility-changed.v1"
SOURCE = "/terrace/funding/{topic}"
_POLL_S = 0.2


def topic_of(asyncapi: Mapping[str, Any], bank: str) -> str:
    """The bank's topic, as the AsyncAPI page names it. Raises LookupError."""
    for channel in asyncapi["channels"].values():
        named = (message.get("name") for message in _messages(asyncapi, channel))
        if EVENT_TYPE in named:
            return str(channel["address"]).format(bank=bank)
    raise LookupError(f"The AsyncAPI page has no channel for {EVENT_TYPE}.")


def _messages(asyncapi: Mapping[str, Any], channel: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [_resolved(asyncapi, message) for message in channel["messages"].values()]


def _resolved(document: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    """The node, or what its `$ref` points to within the page."""
    while "$ref" in node:
        found: Any = document
        for part in str(node["$ref"]).removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        node = found
    return node


@dataclass
class State:
    """What the bank holds of one enterprise. The version outlives the data."""

    version: int
    event_id: str
    value: Mapping[str, Any] | None


@dataclass
class Ledger:
    """The bank's states: one per (bank, enterprise), the highest version wins."""

    states: dict[tuple[str, str], State] = field(default_factory=dict)
    skipped: int = 0

    def take(
        self, bank: str, key: str, event_id: str, event_type: str, value: Mapping[str, Any] | None
    ) -> str:
        """What became of a record: applied, repeated, stale, deleted, or skipped."""
        known = self.states.get((bank, key))
        if value is None:
            if known is not None:
                known.value = None
            return "deleted"
        if event_type != EVENT_TYPE:
            self.skipped += 1
            return "skipped"
        version = int(value["version"])
        if known is not None and version <= known.version:
            return "repeated" if event_id == known.event_id else "stale"
        self.states[bank, key] = State(version, event_id, value)
        return "applied"

    def may_use(self, bank: str, key: str, on: date) -> bool:
        """Whether the bank may act on what it holds: eligible, and not past `valid_until`."""
        state = self.states.get((bank, key))
        if state is None or state.value is None or state.value["status"] != "eligible":
            return False
        return on <= date.fromisoformat(state.value["valid_until"])


class Bank:
    """Reads the topics of some banks until it is told to stop."""

    def __init__(self, bootstrap: str, topics: Mapping[str, str], out: TextIO) -> None:
        self._bank_of = {topic: bank for bank, topic in topics.items()}
        self._out = out
        self._ledger = Ledger()
        self._next_offsets: dict[tuple[str, int], int] = {}
        self._stopping = False
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": "sample-bank",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "allow.auto.create.topics": False,
                "topic.metadata.refresh.interval.ms": 1000,
                "reconnect.backoff.max.ms": 1000,
            }
        )

    def stop(self, *_: object) -> None:
        """End after the record under way."""
        self._stopping = True

    def run(self) -> None:
        """Consume until stopped. Raises RuntimeError when the client says it cannot go on."""
        self._consumer.subscribe(list(self._bank_of), on_assign=self._begin)
        try:
            while not self._stopping:
                message = self._consumer.poll(_POLL_S)
                if message is None:
                    continue
                problem = message.error()
                if problem is None:
                    self._take(message)
                elif problem.fatal():
                    raise RuntimeError(problem.str())
                elif problem.code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    print(problem.str(), file=sys.stderr, flush=True)
        finally:
            self._consumer.close()

    def _begin(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Read every partition from the beginning, or from where this process had come to."""
        for partition in partitions:
            place = partition.topic, partition.partition
            partition.offset = self._next_offsets.get(place, OFFSET_BEGINNING)
        consumer.assign(partitions)

    def _take(self, message: Message) -> None:
        arrived_ns, arrived_at = time.monotonic_ns(), datetime.now(UTC)
        topic, partition = message.topic() or "", message.partition() or 0
        offset = message.offset() or 0
        key, content = _text(message.key()), message.value()
        headers = {name: _text(written) for name, written in _headers(message)}
        value = None if content is None else json.loads(content)
        event_id, event_type = headers.get("ce_id", ""), headers.get("ce_type", "")
        if headers.get("ce_source") != SOURCE.format(topic=topic):
            raise RuntimeError(f"{topic} holds a record of {headers.get('ce_source')}: not ours.")
        bank = self._bank_of[topic]
        line = {
            "bank": bank,
            "key": key,
            "ce_id": event_id,
            "ce_type": event_type,
            "ce_correlationid": headers.get("ce_correlationid"),
            "version": None if value is None else value.get("version"),
            "status": None if value is None else value.get("status"),
            "outcome": self._ledger.take(bank, key, event_id, event_type, value),
            "arrived_at": arrived_at.isoformat(),
            "arrived_ns": arrived_ns,
            "partition": partition,
            "offset": offset,
            "value": value,
        }
        self._out.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._out.flush()
        self._next_offsets[topic, partition] = offset + 1


def _headers(message: Message) -> list[tuple[str, str | bytes | None]]:
    headers: Any = message.headers()
    return list(headers.items() if isinstance(headers, dict) else headers or ())


def _text(written: str | bytes | None) -> str:
    return written.decode() if isinstance(written, bytes) else written or ""


def main() -> None:
    """The command line of the bank."""
    parser = argparse.ArgumentParser(description="A sample bank that reads loan eligibility.")
    parser.add_argument("--bootstrap", required=True, help="the broker, host:port")
    parser.add_argument("--asyncapi", required=True, type=Path, help="the AsyncAPI page (YAML)")
    parser.add_argument("--out", required=True, type=Path, help="where records are written")
    parser.add_argument("banks", nargs="+", help="bank codes: icbc ccb …")
    given = parser.parse_args()
    page = yaml.safe_load(given.asyncapi.read_text("utf-8"))
    topics = {bank: topic_of(page, bank) for bank in given.banks}
    with given.out.open("w", encoding="utf-8") as out:
        bank = Bank(given.bootstrap, topics, out)
        signal.signal(signal.SIGTERM, bank.stop)
        signal.signal(signal.SIGINT, bank.stop)
        bank.run()


if __name__ == "__main__":
    main()
