"""Whether the table and the scalar evaluator agree, enterprise by enterprise.

`python -m tests.shared.rules.agreement` compares them on 1,000,000 random dossiers, a tenth of
whose facts is not known, and on 100,000 built to sit on borders, with every processor; the tests
do it with fewer. Exit code 1 when any differs.
"""

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from shared.rules import table
from shared.rules.columns import Columns
from shared.rules.evaluate import evaluate
from shared.rules.load import load_rule_set
from shared.rules.model import RuleSet
from tests.shared.rules.made_population import columns, draw

EDITIONS = Path(__file__).parents[3] / "services" / "certification" / "rules" / "editions"
CHUNK = 20_000
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


def main() -> int:
    """Compare both populations on all processors."""
    parser = argparse.ArgumentParser(prog="python -m tests.shared.rules.agreement")
    parser.add_argument("--random", type=int, default=1_000_000)
    parser.add_argument("--borders", type=int, default=100_000)
    given = parser.parse_args()
    work = [(seed, CHUNK, 0.1, False) for seed in range(given.random // CHUNK)]
    work += [(10_000 + seed, CHUNK, 0.03, True) for seed in range(given.borders // CHUNK)]
    started = time.perf_counter()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        found = [text for texts in pool.map(compare, *zip(*work, strict=True)) for text in texts]
    seconds = time.perf_counter() - started
    compared = len(work) * CHUNK
    print(f"{compared} dossiers compared in {seconds:.0f} s, {len(found)} differ")
    print(*found[:20], sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
