"""Population evaluation: seconds to judge 1,000,000 dossiers by the three tiers of 2022.

Ours evaluates the rule files as they stand. The peers have the same rules written into code:
`openfisca` as a package for openfisca-core (tests/bench/openfisca_terrace), `numpy` as the best
kernel we can write by hand, which must beat a plain `np.select` version five times in the same
run. Every fact is known, since the peers have no way to say that one is not; ours judges the same
population in three values. All take arrays that are ready and start with nothing computed; rounds
take turns, and the best of each counts. Every row's verdict and points must be the same.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from shared.rules import table
from tests.bench import openfisca_terrace as openfisca
from tests.bench.peers import kernel, select_rules
from tests.bench.peers.figures import Array, figures_of
from tests.shared.rules.agreement import rules_2022
from tests.shared.rules.made_population import columns, draw

NAME = "population-evaluation"
DOSSIERS = 1_000_000
ROUNDS = 7
OPENFISCA_MIN = 4.0
KERNEL_MIN = 0.5
SELECT_MIN = 5.0
Verdicts = dict[str, Array]


async def run() -> dict[str, Any]:
    """Raises RuntimeError when verdicts differ, or when the kernel is no better than it must be."""
    population = draw(DOSSIERS, 2022)
    figures, ours, rules = figures_of(population), columns(population), rules_2022()
    system = openfisca.system(figures)
    work: dict[str, Callable[[], Callable[[], Verdicts]]] = {
        "ours": lambda: lambda: _ours(table.evaluate(ours, rules)),
        "numpy": lambda: lambda: kernel.judge(figures),
        "openfisca": lambda: _openfisca(openfisca.simulation(system, figures)),
        "select": lambda: lambda: select_rules.judge(figures),
    }
    seconds = {name: float("inf") for name in work}
    verdicts: dict[str, Verdicts] = {}
    for _ in range(ROUNDS):
        for name, prepare in work.items():
            judge = prepare()
            started = time.perf_counter()
            verdicts[name] = judge()
            seconds[name] = min(seconds[name], time.perf_counter() - started)
    _compare(verdicts)
    ahead = seconds["select"] / seconds["numpy"]
    print(f"The kernel beats np.select ({seconds['select']:.3f} s) {ahead:.1f}×.", file=sys.stderr)
    if ahead < SELECT_MIN:
        raise RuntimeError(f"The numpy kernel beats np.select {ahead:.1f}×, not {SELECT_MIN}×.")
    ratio = {name: seconds[name] / seconds["ours"] for name in ("openfisca", "numpy")}
    return {
        "bench": NAME,
        "ours": round(seconds["ours"], 4),
        "unit": "seconds, 1,000,000 dossiers × 3 tiers",
        "peers": {name: round(seconds[name], 4) for name in ratio},
        "ratio": {name: round(value, 2) for name, value in ratio.items()},
        "target": f">= {OPENFISCA_MIN:.0f} × openfisca, <= {1 / KERNEL_MIN:.0f} × numpy's time",
        "met": ratio["openfisca"] >= OPENFISCA_MIN and ratio["numpy"] >= KERNEL_MIN,
    }


def _ours(tables: tuple[table.TierTable, ...]) -> Verdicts:
    found: Verdicts = {}
    for tier in tables:
        found[tier.tier] = tier.met
        if tier.points_min is not None:
            found[f"{tier.tier}.points"] = tier.points_min
    return found


def _openfisca(simulation: Any) -> Callable[[], Verdicts]:
    names = {
        "innovative_points": "innovative_sme.points",
        "specialized_points": "specialized_sme.points",
    }
    return lambda: {
        names.get(name, name): found for name, found in openfisca.judge(simulation).items()
    }


def _compare(verdicts: dict[str, Verdicts]) -> None:
    ours = verdicts.pop("ours")
    for peer, found in verdicts.items():
        for name, values in ours.items():
            differ = int(np.count_nonzero(values != found[name]))
            if differ:
                raise RuntimeError(f"{peer} and ours differ in {name} of {differ} dossiers.")
