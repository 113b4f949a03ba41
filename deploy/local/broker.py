"""Which broker the local stack runs: Apache Kafka, or the stand-in where its jars cannot be had."""

from pathlib import Path
from typing import Protocol

from rich.console import Console

from deploy.local.kafka import KafkaBroker
from deploy.local.kafka_jars import JarsUnavailable, kafka_jars
from deploy.local.tansu import TansuBroker


class Broker(Protocol):
    """What the stack needs of a broker. `keeps_data` tells whether topics survive its end."""

    name: str
    keeps_data: bool
    version: str
    port: int

    @property
    def bootstrap(self) -> str: ...
    @property
    def pid(self) -> int | None: ...
    @property
    def log_path(self) -> Path: ...
    def is_running(self) -> bool: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...
    def remove(self) -> None: ...


def choose_broker(state_dir: Path, cache_dir: Path, port: int | None = None) -> Broker:
    """Apache Kafka, fetching its jars if need be; the stand-in, with a warning, if that fails."""
    try:
        kafka_jars(cache_dir)
    except JarsUnavailable as problem:
        Console(stderr=True).print(
            f"[yellow]{problem}\nThe stand-in broker takes its place: it keeps events in memory "
            "only, so every start publishes the retained outbox again. Not for measurements.",
            soft_wrap=True,
        )
        return TansuBroker(state_dir, port)
    return KafkaBroker(state_dir, cache_dir, port)
