"""The three 2022 tiers in plain NumPy: whole arrays, `np.select` for every band."""

import numpy as np

from tests.bench.peers.figures import Array, Figures

MILLION = 100_000_000


def judge(f: Figures) -> dict[str, Array]:
    """Whether each tier is reached, and the points of the first two."""
    share = f["main_revenue_0"] / f["revenue_0"]
    debt = f["total_liabilities_0"] / f["total_assets_0"]
    rd = f["rd_expense_0"] / f["revenue_0"]
    grown = (f["main_revenue_0"] - f["main_revenue_1"]) / f["main_revenue_1"]
    grown_before = (f["main_revenue_1"] - f["main_revenue_2"]) / f["main_revenue_2"]
    mean = (grown + grown_before) / 2
    required = (
        f["independent_legal_person"]
        & f["is_sme"]
        & ~f["on_abnormal_list"]
        & ~f["on_dishonest_list"]
        & ~f["prohibited_product"]
        & ~f["violation"]
    )
    found = _innovative(f, required, share, debt, rd, grown)
    found |= _specialized(f, required, share, debt, rd, mean)
    found["little_giant"] = _giant(f, required, share, debt, rd, mean)
    return found


def _innovative(
    f: Figures, required: Array, share: Array, debt: Array, rd: Array, grown: Array
) -> dict[str, Array]:
    level = f["ip_level"]
    innovation = np.select(
        [level == 0, level == 1, level == 2, level == 3], [20, 15, 10, 5], 0
    ) + np.select([rd >= 0.05, rd >= 0.03, rd >= 0.02, rd >= 0.01], [20, 15, 10, 5], 0)
    growth = np.select(
        [grown >= 0.15, grown >= 0.10, grown >= 0.05, grown >= 0], [20, 15, 10, 5], 0
    ) + np.select([debt <= 0.55, debt <= 0.75], [10, 5], 0)
    special = np.select([f["strategic_emerging"]], [10], 5) + np.select(
        [share >= 0.70, share >= 0.60, share >= 0.55, share >= 0.50], [20, 15, 10, 5], 0
    )
    points = innovation + growth + special
    passed = (points >= 60) & (innovation >= 20) & (growth >= 15) & (special >= 15)
    direct = (
        (f["st_award_level_3y"] <= 1)
        | f["honour_route"]
        | (f["rd_institution_level"] <= 1)
        | (f["equity_3"] >= 5 * MILLION)
    )
    return {"innovative_sme": required & (passed | direct), "innovative_sme.points": points}


def _specialized(
    f: Figures, required: Array, share: Array, debt: Array, rd: Array, mean: Array
) -> dict[str, Array]:
    spent, equity = f["rd_expense_0"], f["equity_2"]
    margin = f["net_profit_0"] / f["revenue_0"]
    staff = f["rd_staff_0"] / f["employees_0"]
    level, body = f["ip_level"], f["rd_institution_level"]
    field = f["six_basics"] | f["time_honoured_brand"] | f["serves_key_chain_leader"]
    quality = (
        np.select([f["quality_award_level"] <= 1], [3], 0)
        + np.select([f["quality_system"]], [3], 0)
        + np.select([f["own_brand"]], [3], 0)
        + np.select([f["standards_joined"] >= 1], [3], 0)
    )
    five = [10, 8, 6, 4, 2]
    points = (
        np.select([share >= 0.80, share >= 0.70, share >= 0.60], [5, 3, 1], 0)
        + np.select([mean >= 0.10, mean >= 0.08, mean >= 0.06, mean >= 0.04, mean >= 0], five, 0)
        + np.minimum(f["segment_years"] // 2, 5)
        + np.select([f["chain_gap_filler"], field], [5, 3], 0)
        + np.select([f["digital_level"] >= 3, f["digital_level"] == 2], [5, 3], 0)
        + np.minimum(quality, 5)
        + np.select(
            [margin >= 0.10, margin >= 0.08, margin >= 0.06, margin >= 0.04, margin >= 0.02],
            five,
            0,
        )
        + np.select([debt <= 0.50, debt <= 0.60, debt <= 0.70], [5, 3, 1], 0)
        + f["provincial_points"]
        + np.select([level == 0, level == 1, level == 2, level == 3], [10, 8, 6, 2], 0)
        + np.maximum(
            np.select([spent >= n * MILLION for n in (5, 4, 3, 2, 1)], five, 0),
            np.select([rd >= 0.10, rd >= 0.08, rd >= 0.06, rd >= 0.04, rd >= 0.03], five, 0),
        )
        + np.select([staff >= 0.20, staff >= 0.10, staff >= 0.05], [5, 3, 1], 0)
        + np.select([body == 0, body == 1, body == 2, body == 3], [10, 8, 4, 2], 0)
    )
    conditions = (
        (f["segment_years"] >= 2)
        & (spent >= MILLION)
        & (rd >= 0.03)
        & ((f["revenue_0"] >= 10 * MILLION) | (equity >= 20 * MILLION))
    )
    direct = (
        (f["st_award_provincial_rank_3y"] <= 3)
        | (f["st_award_national_rank_3y"] <= 5)
        | ((spent + f["rd_expense_1"]) >= 20 * MILLION)
        | (equity >= 60 * MILLION)
        | (f["maker_china_list_3y"] <= 500)
    )
    return {
        "specialized_sme": required & conditions & ((points >= 60) | direct),
        "specialized_sme.points": points,
    }


def _giant(f: Figures, required: Array, share: Array, debt: Array, rd: Array, mean: Array) -> Array:
    revenue, before = f["revenue_0"], f["rd_expense_1"] / f["revenue_1"]
    total = f["rd_expense_0"] + f["rd_expense_1"]
    staff = f["rd_staff_0"] / f["employees_0"]
    input_ok = np.select(
        [revenue >= 100 * MILLION, revenue >= 50 * MILLION],
        [(rd >= 0.03) & (before >= 0.03), (rd >= 0.06) & (before >= 0.06)],
        (f["equity_2"] >= 80 * MILLION) & (total >= 30 * MILLION) & (staff >= 0.50),
    )
    general = input_ok & (f["rd_institution_level"] <= 3) & (f["class1_ip_in_use"] >= 2)
    direct = (f["st_award_national_rank_3y"] <= 3) | (f["maker_china_list_3y"] <= 50)
    result: Array = (
        required
        & (f["segment_years"] >= 3)
        & (share >= 0.70)
        & (mean >= 0.05)
        & f["sound_governance"]
        & f["technology_leading"]
        & (f["core_processes_on_it"] >= 1)
        & f["certified"]
        & (debt <= 0.70)
        & (f["market_share_bp"] >= 1000)
        & f["own_brand"]
        & f["key_link"]
        & f["chain_gap_filler"]
        & (f["six_basics"] | f["ten_key_fields"] | f["cyber_power"])
        & (general | direct)
        & ~f["single_champion"]
        & ~f["controlled_by_little_giant"]
        & ~f["same_group_similar_product"]
    )
    return result
