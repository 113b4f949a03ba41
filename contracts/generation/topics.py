"""Topics as the contracts declare them, which facts travel on each, and who reads them."""

from collections.abc import Iterable
from typing import Any

from contracts.fact import FACTS, Fact, Topic
from contracts.generation.services import ServiceDescription


def topics_of(facts: dict[str, type[Fact]]) -> list[Topic]:
    """Every declared topic once, by name."""
    found = {fact.contract.topic.name: fact.contract.topic for fact in facts.values()}
    return [found[name] for name in sorted(found)]


def topic_list(facts: dict[str, type[Fact]]) -> list[dict[str, Any]]:
    """`topics.yaml`: what an operator who makes topics by hand must know."""
    return [
        {
            "name": topic.name,
            "title": topic.title,
            "owner": topic.owner,
            "partitions": topic.partitions,
            "config": topic.config(),
            "facts": facts_on(topic, facts),
        }
        for topic in topics_of(facts)
    ]


def consumer_list(services: Iterable[ServiceDescription]) -> dict[str, list[str]]:
    """`consumers.yaml`: the topics each service reads, which is what its user may read."""
    return {
        service.name: sorted({FACTS[name].contract.topic.name for name in service.takes})
        for service in sorted(services, key=lambda service: service.name)
    }


def facts_on(topic: Topic, facts: dict[str, type[Fact]]) -> list[str]:
    """The wire names of the facts on this topic."""
    return sorted(name for name, fact in facts.items() if fact.contract.topic == topic)
