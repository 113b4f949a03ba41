"""The rules of a listing as their files state them: requirements, the route, lock-ups."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import Field

from contracts.facts import ListingStage
from services.funding.readiness.metrics import listing_metrics
from services.funding.rule_files import InForce, Sourced, Texts, as_model
from shared.rules.lined_yaml import Tree, read_tree
from shared.rules.load import parse_condition
from shared.rules.model import Condition

RULES = Path(__file__).parent / "rules"


class Requirement(Texts):
    """One thing the rules ask for, with its condition as written."""

    id: str
    condition: dict[str, Any]


class Head(Texts, InForce, Sourced):
    """A rule of an exchange: any one of some requirements, and all of others."""

    id: str
    document_no: str
    any_of: tuple[Requirement, ...] = Field(min_length=1)
    all_of: tuple[Requirement, ...]


@dataclass(frozen=True, eq=False)
class ListingRule:
    """A rule with its conditions made ready."""

    head: Head
    conditions: dict[str, Condition]


class Step(Texts):
    """A step of the route, and the stages at which it is behind the enterprise."""

    id: str
    done_at: tuple[ListingStage, ...]


class LockUp(Texts):
    """How long holders stay locked up after a listing on a board (限售期)."""

    board: str
    months: int = Field(ge=0)


class Route(Sourced):
    """The way to the exchange, and lock-ups compared."""

    steps: tuple[Step, ...]
    who: Texts
    lock_ups: tuple[LockUp, ...]


@cache
def listing_rule(name: str) -> ListingRule:
    """A rule by the name of its file. Raises RuleFileError."""
    tree = read_tree(RULES / f"{name}.yaml")
    head = as_model(Head, tree, tree, f"{name}.yaml")
    rows: list[Tree] = [*tree["any_of"], *tree["all_of"]]
    return ListingRule(
        head,
        {
            row["id"]: parse_condition(
                row["condition"],
                file=f"{name}.yaml",
                metrics=listing_metrics(),
                source=head.source,
                verification=head.verification,
            )
            for row in rows
        },
    )


@cache
def route() -> Route:
    """The route and the lock-ups. Raises RuleFileError."""
    tree = read_tree(RULES / "route.yaml")
    return as_model(Route, tree, tree, "route.yaml")
