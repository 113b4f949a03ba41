"""Topics as the contracts declare them, and which facts travel on each."""

from typing import Any

from contracts.fact import Fact, Topic


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


def facts_on(topic: Topic, facts: dict[str, type[Fact]]) -> list[str]:
    """The wire names of the facts on this topic."""
    return sorted(name for name, fact in facts.items() if fact.contract.topic == topic)
