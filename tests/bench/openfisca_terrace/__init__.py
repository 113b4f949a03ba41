"""The three 2022 tiers written for OpenFisca: the peer of the population bench.

As its guide teaches: one variable per ratio, indicator, category and tier, and every number of the
law a dated parameter (`parameters.yaml`), bands as scales; no number stands in a formula. OpenFisca
holds numbers in 32 bits, which neither fen nor a border of the law survives, so quantities are
widened to 64 here.
"""

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import yaml
from openfisca_core.parameters import ParameterNode
from openfisca_core.periods import YEAR
from openfisca_core.simulations import SimulationBuilder
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.variables import Variable

from tests.bench.openfisca_terrace import common, giant, innovative, specialized
from tests.bench.openfisca_terrace.entity import ENTERPRISE
from tests.bench.peers.figures import Array, Figures

PERIOD = "2023"
RESULTS = (
    "innovative_sme",
    "innovative_points",
    "specialized_sme",
    "specialized_points",
    "little_giant",
)


def system(figures: Figures) -> TaxBenefitSystem:
    """The rules, with an input variable for each figure."""
    made = TaxBenefitSystem([ENTERPRISE])
    made.parameters = ParameterNode("", data=_law())
    for name, figure in figures.items():
        kind: type = bool if figure.dtype == np.bool_ else int
        attributes = {"value_type": kind, "entity": ENTERPRISE, "definition_period": YEAR}
        made.add_variable(type(name, (Variable,), attributes))
        made.variables[name].dtype = figure.dtype
    for module in (common, innovative, specialized, giant):
        for variable in _variables(module):
            made.add_variable(variable)
    for variable in made.variables.values():
        if variable.value_type is float:
            variable.dtype = np.float64
    return made


def _law() -> Any:
    text = (Path(__file__).parent / "parameters.yaml").read_text("utf-8")
    return _dated(yaml.safe_load(text))


def _dated(node: Any) -> Any:
    """YAML reads days as dates; OpenFisca takes them as texts."""
    if isinstance(node, dict):
        return {str(key): _dated(value) for key, value in node.items()}
    return [_dated(value) for value in node] if isinstance(node, list) else node


def _variables(module: ModuleType) -> list[type[Variable]]:
    return [
        one
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, Variable) and one.__module__ == module.__name__
    ]


def simulation(rules: TaxBenefitSystem, figures: Figures) -> Any:
    """A population ready to be judged; nothing is computed yet."""
    size = len(next(iter(figures.values())))
    made = SimulationBuilder().build_default_simulation(rules, size)
    for name, figure in figures.items():
        made.set_input(name, PERIOD, figure)
    return made


def judge(made: Any) -> dict[str, Array]:
    """Whether each tier is reached, and the points of the first two."""
    return {name: made.calculate(name, PERIOD) for name in RESULTS}
