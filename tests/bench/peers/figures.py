"""What the peers of the population bench are given: plain arrays, decoded for them beforehand.

Money is in fen, ratios are numerator and denominator, levels count from the best (0). What an
absent rank or list would be is a number beyond every border.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.shared.rules.made_population import CODED, Population

Array = NDArray[Any]
Figures = dict[str, Array]
TIERS = ("innovative_sme", "specialized_sme", "little_giant")
NONE = 20_000
BARRING = {
    *(f"{kind}.{how}" for kind in ("safety", "network_data", "quality", "environment")
      for how in ("major", "serious")),
    *(f"tax.{how}" for how in ("ordinary", "larger", "major", "serious")),
    "industry_rules.serious",
    "research_integrity.serious",
}  # fmt: skip
HONOURS = {
    "honour_route": {
        "high_tech_enterprise",
        "national_innovation_demo",
        "ip_advantage",
        "ip_demo",
    },
    "time_honoured_brand": {"time_honoured_brand"},
    "single_champion": {"single_champion"},
}
LEVELS = ("ip_level", "rd_institution_level", "st_award_level_3y", "quality_award_level")
COUNTS = (
    "segment_years",
    "digital_level",
    "standards_joined",
    "provincial_points",
    "core_processes_on_it",
    "class1_ip_in_use",
    "st_award_national_rank_3y",
    "st_award_provincial_rank_3y",
    "maker_china_list_3y",
)


def figures_of(population: Population) -> Figures:
    """The arrays of a population in which everything is known."""
    figures = dict(population.money)
    for name, weighted in CODED.items():
        codes, values = population.codes[name], [value for value, _ in weighted]
        if name in LEVELS:
            figures[name] = codes
        elif name in COUNTS:
            numbers = [value if isinstance(value, int) else NONE for value in values]
            small = max(numbers) < 256
            figures[name] = np.array(numbers, np.uint8 if small else np.int16)[codes]
        elif name == "violations_3y":
            figures["violation"] = _any(values, BARRING)[codes]
        elif name == "certificates":
            figures["certified"] = _any(values, {word for value in values for word in _set(value)})[
                codes
            ]
            figures["quality_system"] = _any(values, {"quality_system"})[codes]
        elif name == "honours":
            for honour, words in HONOURS.items():
                figures[honour] = _any(values, words)[codes]
        else:
            figures[name] = codes.view(np.bool_)
    return figures


def _set(value: object) -> frozenset[str]:
    return value if isinstance(value, frozenset) else frozenset()


def _any(values: list[Any], words: set[str]) -> Array:
    return np.array([not words.isdisjoint(_set(value)) for value in values])
