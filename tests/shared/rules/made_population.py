"""Made-up populations as columns: what the 2022 edition reads, drawn in bulk and always the same.

`draw` gives the raw figures (fen, persons, codes); `columns` the metrics of them. With `unknown`
a share of the facts is not known; with `borders` ratios and amounts sit on the law's borders, or
one fen beside them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.rules.columns import NOT_KNOWN, Coded, Column, Columns, Mean, Numbers
from shared.rules.metric import ABSENT, Unknown, Value

Array = NDArray[Any]
YEARS = 3
PERCENTS = (0, 1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 50, 55, 60, 70, 75, 80)
AMOUNTS = (1, 2, 3, 4, 5, 10, 20, 30, 50, 60, 80, 100)
"""Millions of yuan at which the law draws borders."""
MILLION = 100_000_000
NO_VIOLATION: frozenset[str] = frozenset()

CODED: Mapping[str, tuple[tuple[Value | Unknown, int], ...]] = {
    **{
        name: ((0, 100 - share), (1, share))
        for name, share in (
            ("independent_legal_person", 98),
            ("is_sme", 96),
            ("on_abnormal_list", 3),
            ("on_dishonest_list", 1),
            ("prohibited_product", 1),
            ("strategic_emerging", 45),
            ("chain_gap_filler", 30),
            ("key_link", 50),
            ("six_basics", 35),
            ("ten_key_fields", 30),
            ("cyber_power", 15),
            ("serves_key_chain_leader", 25),
            ("own_brand", 60),
            ("sound_governance", 95),
            ("technology_leading", 80),
            ("controlled_by_little_giant", 2),
            ("same_group_similar_product", 2),
        )
    },
    "violations_3y": (
        (NO_VIOLATION, 94),
        (frozenset({"tax.ordinary"}), 2),
        (frozenset({"safety.larger"}), 2),
        (frozenset({"quality.major", "safety.ordinary"}), 1),
        (frozenset({"industry_rules.serious"}), 1),
    ),
    "honours": (
        (NO_VIOLATION, 70),
        (frozenset({"high_tech_enterprise"}), 12),
        (frozenset({"tech_based_sme"}), 12),
        (frozenset({"high_tech_enterprise", "time_honoured_brand"}), 3),
        (frozenset({"time_honoured_brand"}), 2),
        (frozenset({"single_champion"}), 1),
    ),
    "certificates": (
        (NO_VIOLATION, 30),
        (frozenset({"quality_system"}), 40),
        (frozenset({"other_management_system"}), 10),
        (frozenset({"quality_system", "developed_market_product"}), 20),
    ),
    "ip_level": (
        ("class1_high_value", 10),
        ("class1_self_developed", 30),
        ("class1", 15),
        ("class2", 30),
        ("none", 15),
    ),
    "rd_institution_level": (
        ("national", 2),
        ("provincial", 8),
        ("municipal", 25),
        ("below_municipal", 30),
        ("none", 35),
    ),
    "st_award_level_3y": (("national", 1), ("provincial", 4), ("none", 95)),
    "quality_award_level": (
        ("national", 1),
        ("provincial", 9),
        ("municipal", 10),
        ("below_municipal", 10),
        ("none", 70),
    ),
    **{
        f"st_award_{level}_rank_3y": (
            *((rank, 1) for rank in range(1, 9)),
            (ABSENT, 88),
            (Unknown((), "", "", 1, 4), 1),
            (Unknown((), "", "", 1, None), 1),
        )
        for level in ("national", "provincial")
    },
    "maker_china_list_3y": ((50, 2), (500, 4), (1000, 1), (ABSENT, 93)),
    "segment_years": tuple((years, 8 if years < 10 else 1) for years in range(25)),
    "digital_level": ((1, 20), (2, 40), (3, 30), (4, 10)),
    "standards_joined": tuple((count, 9 - count) for count in range(6)),
    "provincial_points": tuple((points, 1) for points in range(16)),
    "core_processes_on_it": ((0, 20), (1, 30), (2, 30), (7, 20)),
    "class1_ip_in_use": (
        *((count, 6 - count) for count in range(6)),
        (Unknown((), "", "", 1, 3), 1),
        (Unknown((), "", "", 2, 4), 1),
        (Unknown((), "", "", 0, None), 1),
    ),
}
"""Metrics of few values: each with its weight."""


@dataclass(frozen=True)
class Population:
    """Raw figures per enterprise. Money in fen, the latest year first; `lacks` marks unknowns."""

    size: int
    money: dict[str, Array]
    codes: dict[str, Array]
    lacks: dict[str, Array]


def draw(size: int, seed: int, *, unknown: float = 0.0, borders: bool = False) -> Population:
    """A population; the same seed gives the same."""
    rng = np.random.default_rng(seed)
    money = _on_borders(rng, size) if borders else _anywhere(rng, size)
    codes = {}
    for name, weighted in CODED.items():
        values = [(i, w) for i, (v, w) in enumerate(weighted) if unknown or _is_value(v)]
        weights = np.array([weight for _, weight in values], float)
        places = np.array([place for place, _ in values], np.uint8)
        codes[name] = places[rng.choice(len(places), size, p=weights / weights.sum())]
    lacks = {
        name: rng.random(size) < unknown if unknown else np.zeros(size, np.bool_)
        for name in (*money, *codes)
    }
    return Population(size, money, codes, lacks)


def _is_value(value: Value | Unknown) -> bool:
    return not isinstance(value, Unknown)


def _anywhere(rng: np.random.Generator, size: int) -> dict[str, Array]:
    revenue = (10 ** rng.uniform(8.5, 11.5, size)).astype(np.int64)
    figures = {"revenue_0": revenue}
    for year in (1, 2):
        figures[f"revenue_{year}"] = _part(rng, figures[f"revenue_{year - 1}"], 0.7, 1.1)
    for year in range(YEARS):
        figures[f"main_revenue_{year}"] = _part(rng, figures[f"revenue_{year}"], 0.5, 1.0)
        figures[f"rd_expense_{year}"] = _part(rng, figures[f"revenue_{year}"], 0.0, 0.14)
    figures["net_profit_0"] = _part(rng, revenue, -0.05, 0.2)
    figures["total_assets_0"] = _part(rng, revenue, 0.5, 2.0)
    figures["total_liabilities_0"] = _part(rng, figures["total_assets_0"], 0.1, 0.95)
    figures["equity_2"] = np.where(rng.random(size) < 0.06, _part(rng, revenue, 0, 1), 0)
    figures["equity_3"] = figures["equity_2"] + np.where(
        rng.random(size) < 0.03, _part(rng, revenue, 0, 0.3), 0
    )
    figures["employees_0"] = rng.integers(1, 900, size)
    figures["rd_staff_0"] = _part(rng, figures["employees_0"], 0, 0.7)
    figures["market_share_bp"] = rng.integers(0, 3000, size)
    return figures


def _part(rng: np.random.Generator, whole: Array, low: float, high: float) -> Array:
    return (whole * rng.uniform(low, high, len(whole))).astype(np.int64)


def _on_borders(rng: np.random.Generator, size: int) -> dict[str, Array]:
    """Every ratio is a percent of the law, give or take one fen; so is every amount."""

    def percent(of: Array, growth: bool = False) -> Array:
        rate = rng.choice(PERCENTS, size) + (100 if growth else 0)
        return of // 100 * rate + rng.integers(-1, 2, size)

    amount = rng.choice(AMOUNTS, size) * MILLION + rng.integers(-1, 2, size)
    figures: dict[str, Array] = {}
    figures["main_revenue_2"] = rng.integers(1, 10**9, size) * 10_000
    grown = percent(figures["main_revenue_2"], True)
    # Half of the means are a border as a whole: the second growth makes up for the first.
    twice = 2 * rng.choice(PERCENTS[:9], size)
    figures["main_revenue_1"] = np.maximum(grown, 1)
    rest = figures["main_revenue_1"] // 100 * (100 + twice) - (
        figures["main_revenue_1"]
        // 100
        * (
            (figures["main_revenue_1"] - figures["main_revenue_2"])
            * 100
            // figures["main_revenue_2"]
        )
    )
    one = percent(figures["main_revenue_1"], True)
    figures["main_revenue_0"] = np.maximum(
        np.where(rng.random(size) < 0.5, one, rest + rng.integers(-1, 2, size)), 0
    )
    for year in range(YEARS):
        share = rng.choice((50, 55, 60, 70, 80), size)
        figures[f"revenue_{year}"] = np.maximum(figures[f"main_revenue_{year}"] * 100 // share, 1)
        figures[f"revenue_{year}"] += rng.integers(-1, 2, size) * (rng.random(size) < 0.3)
    even = rng.random(size) < 0.3
    figures["revenue_0"] = np.where(even, amount, np.maximum(figures["revenue_0"], 0))
    figures["revenue_1"] = np.maximum(figures["revenue_1"], 1)
    for year in range(YEARS):
        figures[f"rd_expense_{year}"] = np.maximum(
            np.where(
                rng.random(size) < 0.3,
                rng.permutation(amount) // 10,
                percent(figures[f"revenue_{year}"]),
            ),
            0,
        )
    figures["net_profit_0"] = percent(figures["revenue_0"])
    figures["total_assets_0"] = rng.integers(0, 10**10, size) * 100
    figures["total_liabilities_0"] = np.maximum(percent(figures["total_assets_0"]), 0)
    figures["equity_2"] = rng.permutation(amount) * (rng.random(size) < 0.4)
    figures["equity_3"] = figures["equity_2"] + 5 * MILLION * (rng.random(size) < 0.3)
    figures["employees_0"] = rng.integers(0, 10, size) * 20
    figures["rd_staff_0"] = figures["employees_0"] * rng.choice((5, 10, 20, 50), size) // 100
    figures["market_share_bp"] = 1000 + rng.integers(-1, 2, size)
    return {name: figure.astype(np.int64) for name, figure in figures.items()}


def columns(population: Population) -> Columns:
    """The metrics of the population."""
    made = _Made(population)
    found: dict[str, Column] = {name: made.coded(name) for name in CODED}
    for name in ("revenue", "rd_expense"):
        found[f"{name}_last_year"] = made.amount(f"{name}_0")
    for years in (2, 3):
        found[f"qualified_equity_paid_in_{years}y"] = made.amount(f"equity_{years}")
    found["market_share"] = made.amount("market_share_bp", 10_000)
    found["rd_expense_total_2y"] = made.total("rd_expense_0", "rd_expense_1")
    found["rd_expense_avg_2y"] = made.average("rd_expense_0", "rd_expense_1")
    for name, part, whole in (
        ("rd_to_revenue", "rd_expense_0", "revenue_0"),
        ("rd_to_revenue_previous_year", "rd_expense_1", "revenue_1"),
        ("main_revenue_share", "main_revenue_0", "revenue_0"),
        ("debt_ratio", "total_liabilities_0", "total_assets_0"),
        ("net_margin", "net_profit_0", "revenue_0"),
        ("rd_staff_ratio", "rd_staff_0", "employees_0"),
    ):
        found[name] = made.ratio(part, whole)
    first = made.growth("main_revenue_0", "main_revenue_1")
    second = made.growth("main_revenue_1", "main_revenue_2")
    found["main_revenue_growth"] = first
    found["main_revenue_growth_avg_2y"] = _mean(first, second)
    return Columns(population.size, found)


class _Made:
    def __init__(self, population: Population) -> None:
        self.money, self.codes = population.money, population.codes
        self.lacks = population.lacks

    def coded(self, name: str) -> Coded:
        values = tuple(value for value, _ in CODED[name])
        if not any(lacks.any() for lacks in self.lacks.values()):
            return Coded(self.codes[name], tuple(value for value in values if _is_value(value)))
        values = (*values, NOT_KNOWN)
        codes = np.where(self.lacks[name], np.uint8(len(values) - 1), self.codes[name])
        return Coded(codes, values)

    def _known(self, *names: str) -> Array | None:
        lacks = np.logical_or.reduce([self.lacks[name] for name in names])
        return ~lacks if lacks.any() else None

    def amount(self, name: str, over: int = 1) -> Numbers:
        known = self._known(name)
        figures = self.money[name]
        return Numbers(figures if known is None else figures * known, over, known)

    def total(self, one: str, other: str) -> Numbers:
        known = self._known(one, other)
        total = self.money[one] + self.money[other]
        special: dict[int, Value | Unknown] = {}
        if known is not None:
            for row in np.flatnonzero(~known).tolist():
                low = sum(
                    int(self.money[name][row]) for name in (one, other) if not self.lacks[name][row]
                )
                special[row] = Unknown((), "", "", low, None)
            total = total * known
        return Numbers(total, 1, known, special)

    def average(self, one: str, other: str) -> Numbers:
        known = self._known(one, other)
        total = self.money[one] + self.money[other]
        return Numbers(total if known is None else total * known, 2, known)

    def ratio(self, part: str, whole: str) -> Numbers:
        return self._over(self.money[part], part, whole)

    def growth(self, now: str, before: str) -> Numbers:
        return self._over(self.money[now] - self.money[before], now, before)

    def _over(self, top: Array, part: str, whole: str) -> Numbers:
        known = self._known(part, whole)
        bottom = self.money[whole]
        if not bottom.all():
            known = (bottom != 0) if known is None else known & (bottom != 0)
        if known is None:
            return Numbers(top, bottom)
        return Numbers(np.where(known, top, 0), np.where(known, bottom, 1), known)


def _mean(first: Numbers, second: Numbers) -> Mean:
    if first.known is None or second.known is None:
        return Mean(first, second, second.known if first.known is None else first.known)
    return Mean(first, second, first.known & second.known)


def ratio_of(top: int, bottom: int) -> Fraction:
    """An exact ratio, for tests that check a column by hand."""
    return Fraction(top, bottom)
