"""The bus of one service as the app starts and stops it: relay, consumer, pruning, operations."""

from collections.abc import Sequence
from functools import cached_property

from fastapi import APIRouter

from contracts.fact import FACTS, Topic
from shared.bus.consumer import Consumer, PartitionState
from shared.bus.dead_letters import Desk
from shared.bus.relay import Relay
from shared.bus.retention import prune
from shared.bus.router import operations
from shared.bus.subscriptions import Handler, subscriptions
from shared.db import Database
from shared.jobs import Job
from shared.settings import Settings

PRUNE_CRON = "17 * * * *"


class Bus:
    """What a service publishes and consumes.

    It publishes the topics it owns (unless `publishes` names others) and consumes what its
    handlers' annotations say. Starting never fails because Kafka or PostgreSQL is away:
    `problems` says what is wrong, and empty means ready.
    """

    def __init__(
        self,
        name: str,
        database: Database,
        settings: Settings,
        handlers: Sequence[Handler] = (),
        publishes: Sequence[Topic] | None = None,
    ) -> None:
        self.name = name
        self.database = database
        self.settings = settings
        self.subscriptions = subscriptions(handlers)
        self.desk = Desk(database, name, self.subscriptions)
        topics = owned_topics(name) if publishes is None else publishes
        self._relay = Relay(database, settings, topics)
        self._consumer = Consumer(name, database, settings, self.subscriptions)

    async def start(self) -> None:
        """Begin in the background."""
        self._relay.start()
        self._consumer.start()

    async def stop(self) -> None:
        """Finish what is under way: first the consumer, whose handlers still fill the outbox."""
        await self._consumer.stop()
        await self._relay.stop()

    def problems(self) -> list[str]:
        """Why the service is not ready; empty when it is."""
        return [*self._relay.problems(), *self._consumer.problems()]

    def partitions(self) -> list[PartitionState]:
        """The partitions this process consumes now."""
        return self._consumer.states()

    @property
    def jobs(self) -> list[Job]:
        """The timed work of the bus: pruning, once an hour."""

        async def prune_bus(database: Database) -> None:
            await prune(database, self.settings, self.subscriptions.topics)

        return [Job("prune-bus", PRUNE_CRON, prune_bus)]

    @cached_property
    def router(self) -> APIRouter:
        """`/v1/operations/…`, for operators."""
        return operations(self)


def owned_topics(service: str) -> tuple[Topic, ...]:
    """The topics a service publishes, as the contracts say."""
    topics = (fact.contract.topic for fact in FACTS.values())
    return tuple(dict.fromkeys(topic for topic in topics if topic.owner == service))
