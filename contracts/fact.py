"""How an event is declared: `Fact`, its topic, key, wire name and audience; and the registry.

A fact is declared once, as a frozen pydantic class in `contracts/events/<producer>.py`. Schema,
example, AsyncAPI page, topic list and contract tests are generated from the class. Two facts
with one wire name are refused when the module is imported.
"""

import string
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from contracts.values import Value

Audience: TypeAlias = frozenset[str]
"""Who may read a fact over HTTP, and so may receive it by webhook."""

INTERNAL: Audience = frozenset()
PUBLIC: Audience = frozenset({"public"})
ENTERPRISE: Audience = frozenset({"enterprise"})
BANK: Audience = frozenset({"bank"})


@dataclass(frozen=True)
class Topic:
    """A Kafka topic: one aggregate, one owner.

    `name` may hold one field of the fact in braces, as in `bank.{bank}.loan-eligibility`: one
    topic per value. A compacted topic carries one snapshot per key, with a `version` that grows
    by one per change and never restarts; others are kept for `retention_days`.

    `compaction_hours`: what a newer record of the key replaced must go, so segments end after so
    many hours and are compacted at once. Without it Kafka compacts when it thinks it worth while.
    `outsiders` write here and no service does: what cannot be handled becomes a dead letter, and
    never stops what comes after it.
    """

    name: str
    owner: str
    title: str
    compacted: bool
    partitions: int = 3
    retention_days: int = 30
    tombstone_days: int = 30
    compaction_hours: int | None = None
    outsiders: bool = False

    @property
    def source(self) -> str:
        """The `ce_source` that alone may publish here, so nobody can claim another's event id."""
        return f"/terrace/{self.owner}/{self.name}"

    def address(self, fact: "Fact") -> str:
        """The topic's name for this fact."""
        fields = [field for _, field, _, _ in string.Formatter().parse(self.name) if field]
        return self.name.format(**{field: getattr(fact, field) for field in fields})

    def config(self) -> dict[str, str]:
        """Kafka topic settings."""
        if self.compacted:
            return {
                "cleanup.policy": "compact",
                "delete.retention.ms": str(self.tombstone_days * 86_400_000),
                **self._prompt_compaction(),
            }
        return {
            "cleanup.policy": "delete",
            "retention.ms": str(self.retention_days * 86_400_000),
        }

    def _prompt_compaction(self) -> dict[str, str]:
        if self.compaction_hours is None:
            return {}
        hours_ms = str(self.compaction_hours * 3_600_000)
        return {
            "max.compaction.lag.ms": hours_ms,
            "segment.ms": hours_ms,
            "min.cleanable.dirty.ratio": "0.01",
        }


@dataclass(frozen=True)
class Contract:
    """What the class keywords of a fact declared."""

    topic: Topic
    name: str
    key: str
    audience: Audience


FACTS: dict[str, type["Fact"]] = {}
"""Every declared fact by its wire name."""


class Fact(Value):
    """Something that happened, published once and never changed."""

    contract: ClassVar[Contract]

    def __init_subclass__(cls, *, topic: Topic, name: str, key: str, audience: Audience) -> None:
        super().__init_subclass__()
        if name in FACTS:
            raise TypeError(f"{name} is declared twice: {FACTS[name].__name__}, {cls.__name__}")
        cls.contract = Contract(topic=topic, name=name, key=key, audience=audience)
        FACTS[name] = cls

    @property
    def key(self) -> str:
        """The aggregate this fact is about; order is kept per key."""
        return str(getattr(self, self.contract.key))

    @property
    def topic(self) -> str:
        """The topic this fact is published to."""
        return self.contract.topic.address(self)
