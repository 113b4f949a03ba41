"""Judges a part of the population by two laws. Pure; runs in worker processes.

An answer is one letter per tier: reached (r), not reached (n), cannot be judged (o), or the edition
has no such tier (-).
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np

from contracts.values import Tier
from services.certification.simulations.law import Side
from services.certification.simulations.stored_facts import facts_of
from shared.rules.columns import Columns, columns_of
from shared.rules.model import RuleSet
from shared.rules.table import NOT_REACHED, REACHED, evaluate, metrics_of

TIERS = tuple(Tier)
REACHED_LETTER, NOT_LETTER, OPEN_LETTER, NO_LETTER = "r", "n", "o", "-"
Verdicts = tuple[str, str]
"""Before and after, a letter per tier in the order of TIERS."""


def judge_part(
    before: Side, after: Side, day: date, stored: Sequence[Mapping[str, Any]]
) -> list[Verdicts]:
    """The letters of every enterprise, in the order of their facts. All are registered."""
    facts = [facts_of(one) for one in stored]
    rules = [[side.rules(one.region, day) for one in facts] for side in (before, after)]
    distinct = {id(found): found for row in rules for found in row}
    names = frozenset().union(*(metrics_of(found) for found in distinct.values()))
    columns = columns_of(facts, day, names)
    letters = {key: _letters(columns, found) for key, found in distinct.items()}
    return [
        (letters[id(old)][row], letters[id(new)][row])
        for row, (old, new) in enumerate(zip(*rules, strict=True))
    ]


def _letters(columns: Columns, rules: RuleSet) -> list[str]:
    """What a rule set says of every row."""
    tables = {table.tier: table.met for table in evaluate(columns, rules)}
    parts = []
    for tier in TIERS:
        met = tables.get(tier)
        if met is None:
            parts.append(np.full(columns.size, NO_LETTER))
            continue
        held = np.where(met == NOT_REACHED, NOT_LETTER, OPEN_LETTER)
        parts.append(np.where(met == REACHED, REACHED_LETTER, held))
    return ["".join(row) for row in zip(*(part.tolist() for part in parts), strict=True)]
