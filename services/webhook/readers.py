"""Who may receive a fact: its audience, read through `rules/readers.yaml`. Pure.

Asked when an event is fanned out and again when it is sent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from contracts.fact import FACTS, Audience, Fact
from shared import authorities


@dataclass(frozen=True)
class Owner:
    """Who owns an endpoint: a role and what its token names (USCC, authority or organisation)."""

    role: str
    owner: str


@dataclass(frozen=True)
class Rule:
    """One kind of reader."""

    roles: frozenset[str]
    same: Mapping[str, str]
    covers: str | None


@dataclass(frozen=True)
class Readers:
    """The written rules."""

    audiences: Mapping[str, tuple[Rule, ...]]
    narrowed: Mapping[str, frozenset[str]]
    never_topics: tuple[str, ...]


@cache
def _rules() -> Readers:
    written = yaml.safe_load((Path(__file__).parent / "rules" / "readers.yaml").read_text("utf-8"))
    return Readers(
        audiences={
            audience: tuple(
                Rule(frozenset(row["roles"]), row.get("same", {}), row.get("covers"))
                for row in rows
            )
            for audience, rows in written["audiences"].items()
        },
        narrowed={name: frozenset(roles) for name, roles in written["narrowed"].items()},
        never_topics=tuple(written["never_topics"]),
    )


def known_audiences() -> frozenset[str]:
    """The audiences that have rules."""
    return frozenset(_rules().audiences)


def deliverable(facts: Mapping[str, type[Fact]] = FACTS) -> dict[str, type[Fact]]:
    """The facts that may be sent by webhook at all, by type."""
    never = _rules().never_topics
    return {
        name: fact
        for name, fact in facts.items()
        if fact.contract.audience and not fact.contract.topic.name.startswith(never)
    }


def about(fact: Fact) -> dict[str, str]:
    """The fields of a fact that decide who may read it."""
    fields = {
        field
        for rule in _rules_of(fact.contract.audience)
        for field in (*rule.same.values(), rule.covers)
        if field is not None
    }
    found: dict[str, Any] = {field: getattr(fact, field, None) for field in sorted(fields)}
    return {field: str(value) for field, value in found.items() if value is not None}


def may_read(
    owner: Owner,
    type_: str,
    audience: Iterable[str],
    about: Mapping[str, str],
    region: str | None,
) -> bool:
    """Whether the owner may read the fact. `region` is of the enterprise it is about."""
    claims = {"role": owner.role, "owner": owner.owner}
    return _admits(owner.role, type_) and any(
        owner.role in rule.roles
        and all(
            field in about and claims[claim] == about[field] for claim, field in rule.same.items()
        )
        and (
            rule.covers is None
            or (
                rule.covers in about
                and region is not None
                and authorities.covers(owner.owner, region)
            )
        )
        for rule in _rules_of(audience)
    )


def could_read(role: str, fact: type[Fact]) -> bool:
    """Whether a caller of this role may ever read facts of this kind."""
    rules = _rules_of(fact.contract.audience)
    return _admits(role, fact.contract.name) and any(role in rule.roles for rule in rules)


def _admits(role: str, type_: str) -> bool:
    narrowed = _rules().narrowed.get(type_)
    return narrowed is None or role in narrowed


def _rules_of(audience: Audience | Iterable[str]) -> list[Rule]:
    rules = _rules().audiences
    return [rule for name in sorted(audience) for rule in rules.get(name, ())]
