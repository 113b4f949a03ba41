"""Whether the table and the scalar evaluator agree, enterprise by enterprise.

Drawn from seeds: random dossiers, a tenth of whose facts is not known, and dossiers built to sit on
borders; compared with every processor.
"""

import os
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from shared.rules import table
from shared.rules.columns import Columns
from shared.rules.evaluate import evaluate
from shared.rules.load import load_rule_set
from shared.rules.model import RuleSet
from tests.shared.rules.made_population import columns, draw

EDITIONS = Path(__file__).parents[3] / "services" / "certification" / "rules" / "editions"
MET = {True: table.REACHED, False: table.NOT_REACHED, None: table.OPEN}


def rules_2022() -> RuleSet:
    """The edition that the made populations have every metric of."""
    return load_rule_set(EDITIONS / "miit-2022-63.yaml")


def differences(population: Columns, rules: RuleSet) -> list[str]:
    """What differs, in words; empty when every row is the same."""
    tables = table.evaluate(population, rules)
    found = []
    for row in range(population.size):
        verdict = evaluate(rules, population.reading(row))
        for one, tier in zip(tables, verdict.tiers, strict=True):
            seen = (
                int(one.met[row]),
                None if one.points_min is None else int(one.points_min[row]),
                None if one.points_max is None else int(one.points_max[row]),
            )
            wanted = (MET[tier.met], tier.points_min, tier.points_max)
            if seen != wanted:
                found.append(f"row {row}, {tier.tier}: table {seen}, scalar {wanted}")
    return found


def compare(seed: int, size: int, unknown: float, borders: bool) -> list[str]:
    """Draw a population and compare it."""
    population = columns(draw(size, seed, unknown=unknown, borders=borders))
    return [f"seed {seed}, {text}" for text in differences(population, rules_2022())]


def compare_all(work: Iterable[tuple[int, int, float, bool]]) -> list[str]:
    """What differs in any of the populations, each given by the arguments of `compare`."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        return [text for texts in pool.map(compare, *zip(*work, strict=True)) for text in texts]
