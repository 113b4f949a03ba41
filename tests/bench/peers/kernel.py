"""The three 2022 tiers as fast as we can write them by hand in NumPy.

Blocks that stay in the cache, one division per ratio, and points as sums of one-byte comparisons
instead of choices: bands of equal steps are counted and multiplied once.
"""

from typing import Any

import numpy as np

from tests.bench.peers.figures import Array, Figures

BLOCK = 32_768
MILLION = 100_000_000


def judge(f: Figures) -> dict[str, Array]:
    """Whether each tier is reached, and the points of the first two."""
    size = len(f["revenue_0"])
    found: dict[str, Array] = {
        name: np.empty(size, kind)
        for name, kind in (
            ("innovative_sme", np.bool_),
            ("innovative_sme.points", np.uint8),
            ("specialized_sme", np.bool_),
            ("specialized_sme.points", np.uint8),
            ("little_giant", np.bool_),
        )
    }
    for start in range(0, size, BLOCK):
        rows = slice(start, start + BLOCK)
        _block({name: figure[rows] for name, figure in f.items()}, rows, found)
    return found


def _count(values: Array, *borders: Any) -> Array:
    """How many borders each value reaches."""
    total = np.greater_equal(values, borders[0]).view(np.uint8)
    for border in borders[1:]:
        total += np.greater_equal(values, border).view(np.uint8)
    return total


def _under(values: Array, *borders: Any) -> Array:
    """How many borders each value stays at or under."""
    total = np.less_equal(values, borders[0]).view(np.uint8)
    for border in borders[1:]:
        total += np.less_equal(values, border).view(np.uint8)
    return total


def _block(f: Figures, rows: slice, found: dict[str, Array]) -> None:
    revenue, main = f["revenue_0"], f["main_revenue_0"]
    share = np.true_divide(main, revenue)
    debt = np.true_divide(f["total_liabilities_0"], f["total_assets_0"])
    rd = np.true_divide(f["rd_expense_0"], revenue)
    main_1, main_2 = f["main_revenue_1"], f["main_revenue_2"]
    grown = np.true_divide(main - main_1, main_1)
    mean = np.true_divide(main_1 - main_2, main_2)
    mean += grown
    mean *= 0.5
    staff = np.true_divide(f["rd_staff_0"], f["employees_0"])
    required = f["independent_legal_person"] & f["is_sme"]
    barred = f["on_abnormal_list"] | f["on_dishonest_list"]
    barred |= f["prohibited_product"]
    barred |= f["violation"]
    required &= ~barred
    found["innovative_sme"][rows] = required & _innovative(f, rows, found, (share, debt, rd, grown))
    found["specialized_sme"][rows] = required & _specialized(
        f, rows, found, (share, debt, rd, mean, staff)
    )
    required &= _giant(f, (share, debt, rd, mean, staff))
    found["little_giant"][rows] = required


def _innovative(
    f: Figures, rows: slice, found: dict[str, Array], ratios: tuple[Array, ...]
) -> Array:
    share, debt, rd, grown = ratios
    innovation = _under(f["ip_level"], 0, 1, 2, 3)
    innovation += _count(rd, 0.01, 0.02, 0.03, 0.05)
    growth = _count(grown, 0.0, 0.05, 0.10, 0.15)
    growth += _under(debt, 0.55, 0.75)
    special = _count(share, 0.50, 0.55, 0.60, 0.70)
    special += f["strategic_emerging"].view(np.uint8)
    special += np.uint8(1)
    fives = innovation + growth  # every step of this table is five points
    fives += special
    np.multiply(fives, np.uint8(5), out=found["innovative_sme.points"][rows])
    passed = fives >= 12
    passed &= innovation >= 4
    passed &= growth >= 3
    passed &= special >= 3
    passed |= f["st_award_level_3y"] <= 1
    passed |= f["honour_route"]
    passed |= f["rd_institution_level"] <= 1
    passed |= f["equity_3"] >= 5 * MILLION
    return passed


def _specialized(
    f: Figures, rows: slice, found: dict[str, Array], ratios: tuple[Array, ...]
) -> Array:
    share, debt, rd, mean, staff = ratios
    spent, equity = f["rd_expense_0"], f["equity_2"]
    margin = np.true_divide(f["net_profit_0"], f["revenue_0"])
    twos = _count(mean, 0.0, 0.04, 0.06, 0.08, 0.10)
    twos += _count(margin, 0.02, 0.04, 0.06, 0.08, 0.10)
    twos += np.maximum(
        _count(spent, *(n * MILLION for n in (1, 2, 3, 4, 5))),
        _count(rd, 0.03, 0.04, 0.06, 0.08, 0.10),
    )
    twos += _count(share, 0.70, 0.80)
    twos += _under(debt, 0.50, 0.60)
    twos += _count(staff, 0.10, 0.20)
    twos += _under(f["ip_level"], 0, 1, 3)
    twos += _under(f["rd_institution_level"], 0, 2, 3)
    fours = _under(f["rd_institution_level"], 1)
    fours += _under(f["ip_level"], 2)
    points = fours * np.uint8(2)
    points += twos
    points *= np.uint8(2)
    points += _count(share, 0.60)
    points += _under(debt, 0.70)
    points += _count(staff, 0.05)
    points += _count(f["segment_years"], 2, 4, 6, 8, 10)
    gap = f["chain_gap_filler"].view(np.uint8)
    field = f["six_basics"] | f["time_honoured_brand"]
    field |= f["serves_key_chain_leader"]
    points += np.maximum(gap * np.uint8(5), field.view(np.uint8) * np.uint8(3))
    digital = _count(f["digital_level"], 2) * np.uint8(3)
    digital += _count(f["digital_level"], 3) * np.uint8(2)
    points += digital
    quality = _under(f["quality_award_level"], 1)
    quality += f["quality_system"].view(np.uint8)
    quality += f["own_brand"].view(np.uint8)
    quality += _count(f["standards_joined"], 1)
    points += np.minimum(quality * np.uint8(3), np.uint8(5))
    points += f["provincial_points"]
    found["specialized_sme.points"][rows] = points
    passed = points >= 60
    passed |= f["st_award_provincial_rank_3y"] <= 3
    passed |= f["st_award_national_rank_3y"] <= 5
    passed |= (spent + f["rd_expense_1"]) >= 20 * MILLION
    passed |= equity >= 60 * MILLION
    passed |= f["maker_china_list_3y"] <= 500
    passed &= f["segment_years"] >= 2
    passed &= spent >= MILLION
    passed &= rd >= 0.03
    enough = f["revenue_0"] >= 10 * MILLION
    enough |= equity >= 20 * MILLION
    passed &= enough
    return passed


def _giant(f: Figures, ratios: tuple[Array, ...]) -> Array:
    share, debt, rd, mean, staff = ratios
    revenue, before = f["revenue_0"], np.true_divide(f["rd_expense_1"], f["revenue_1"])
    large = (rd >= 0.03) & (before >= 0.03)
    large &= revenue >= 100 * MILLION
    middle = (rd >= 0.06) & (before >= 0.06)
    middle &= revenue >= 50 * MILLION
    small = (f["equity_2"] >= 80 * MILLION) & (staff >= 0.50)
    small &= (f["rd_expense_0"] + f["rd_expense_1"]) >= 30 * MILLION
    small &= revenue < 50 * MILLION
    middle &= revenue < 100 * MILLION
    large |= middle
    large |= small
    large &= f["rd_institution_level"] <= 3
    large &= f["class1_ip_in_use"] >= 2
    large |= f["st_award_national_rank_3y"] <= 3
    large |= f["maker_china_list_3y"] <= 50
    large &= f["segment_years"] >= 3
    large &= share >= 0.70
    large &= mean >= 0.05
    large &= debt <= 0.70
    large &= f["market_share_bp"] >= 1000
    large &= f["core_processes_on_it"] >= 1
    for name in ("sound_governance", "technology_leading", "certified", "own_brand", "key_link"):
        large &= f[name]
    large &= f["chain_gap_filler"]
    large &= f["six_basics"] | f["ten_key_fields"] | f["cyber_power"]
    large &= ~(
        f["single_champion"] | f["controlled_by_little_giant"] | f["same_group_similar_product"]
    )
    return large
