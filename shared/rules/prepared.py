"""Keeps what was prepared of a rule, so that judging the next enterprise need not do it again.

A rule never changes, so the object itself is the key; an edited rule set is another object.
"""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Rule = TypeVar("Rule")
Made = TypeVar("Made")

KEPT_MAX = 4_096


class Prepared(Generic[Rule, Made]):
    """What `make` made of the rules it was last asked for, with what else decides how."""

    def __init__(self, make: Callable[..., Made]) -> None:
        self._make = make
        self._kept: dict[tuple[Hashable, ...], tuple[Rule, Made]] = {}

    def of(self, rule: Rule, *how: Hashable) -> Made:
        """What was made of this very rule. The rule is kept, so its identity stays its own."""
        key = (id(rule), *how)
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= KEPT_MAX:
                self._kept.clear()
            found = self._kept[key] = (rule, self._make(rule, *how))
        return found[1]
