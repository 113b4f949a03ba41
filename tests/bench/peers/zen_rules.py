"""The three 2022 tiers as a JSON decision model (JDM) for zen-engine.

As its guide teaches: a decision table per banded indicator, so that the trace names the row that
gave the points, and expression nodes for ratios, sums and conditions. The tables of all tiers stand
side by side behind the ratios.
"""

import json
from dataclasses import dataclass
from typing import Any, TypeAlias

MILLION = 100_000_000

SHARED = {
    "share": "main_revenue_0 / revenue_0",
    "debt": "total_liabilities_0 / total_assets_0",
    "rd": "rd_expense_0 / revenue_0",
    "rd_before": "rd_expense_1 / revenue_1",
    "margin": "net_profit_0 / revenue_0",
    "staff": "rd_staff_0 / employees_0",
    "grown": "(main_revenue_0 - main_revenue_1) / main_revenue_1",
    "grown_before": "(main_revenue_1 - main_revenue_2) / main_revenue_2",
    "mean": "($.grown + $.grown_before) / 2",
    "rd_total": "rd_expense_0 + rd_expense_1",
    "required": "independent_legal_person and is_sme and not on_abnormal_list"
    " and not on_dishonest_list and not prohibited_product and not violation",
}


@dataclass(frozen=True)
class Bands:
    """Rows of a decision table on one value; the first that holds gives the points, else 0."""

    value: str
    sign: str
    steps: tuple[tuple[float, int], ...]


def _bands(value: str, sign: str, *steps: tuple[float, int]) -> Bands:
    return Bands(value, sign, steps)


Rules: TypeAlias = dict[str, str | Bands]


def _five(*borders: float) -> tuple[tuple[float, int], ...]:
    return tuple(zip(borders, (10, 8, 6, 4, 2), strict=True))


INNOVATIVE: Rules = {
    "t1_ip": _bands("ip_level", "==", (0, 20), (1, 15), (2, 10), (3, 5)),
    "t1_rd": _bands("rd", ">=", (0.05, 20), (0.03, 15), (0.02, 10), (0.01, 5)),
    "t1_grown": _bands("grown", ">=", (0.15, 20), (0.10, 15), (0.05, 10), (0, 5)),
    "t1_debt": _bands("debt", "<=", (0.55, 10), (0.75, 5)),
    "t1_field": "strategic_emerging ? 10 : 5",
    "t1_share": _bands("share", ">=", (0.70, 20), (0.60, 15), (0.55, 10), (0.50, 5)),
    "t1_innovation": "t1_ip + t1_rd",
    "t1_growth": "t1_grown + t1_debt",
    "t1_special": "$.t1_field + t1_share",
    "t1_points": "$.t1_innovation + $.t1_growth + $.t1_special",
    "t1_passed": "$.t1_points >= 60 and $.t1_innovation >= 20 and $.t1_growth >= 15"
    " and $.t1_special >= 15",
    "t1_direct": "st_award_level_3y <= 1 or honour_route or rd_institution_level <= 1"
    f" or equity_3 >= {5 * MILLION}",
    "innovative_sme": "required and ($.t1_passed or $.t1_direct)",
}

SPECIALIZED: Rules = {
    "t2_share": _bands("share", ">=", (0.80, 5), (0.70, 3), (0.60, 1)),
    "t2_mean": _bands("mean", ">=", *_five(0.10, 0.08, 0.06, 0.04, 0)),
    "t2_years": "min([floor(segment_years / 2), 5])",
    "t2_field": "chain_gap_filler ? 5 : (six_basics or time_honoured_brand or"
    " serves_key_chain_leader) ? 3 : 0",
    "t2_digital": "digital_level >= 3 ? 5 : digital_level == 2 ? 3 : 0",
    "t2_quality": "min([(quality_award_level <= 1 ? 3 : 0) + (quality_system ? 3 : 0)"
    " + (own_brand ? 3 : 0) + (standards_joined >= 1 ? 3 : 0), 5])",
    "t2_margin": _bands("margin", ">=", *_five(0.10, 0.08, 0.06, 0.04, 0.02)),
    "t2_debt": _bands("debt", "<=", (0.50, 5), (0.60, 3), (0.70, 1)),
    "t2_ip": _bands("ip_level", "==", (0, 10), (1, 8), (2, 6), (3, 2)),
    "t2_rd_amount": _bands(
        "rd_expense_0", ">=", *_five(*(float(n * MILLION) for n in (5, 4, 3, 2, 1)))
    ),
    "t2_rd_ratio": _bands("rd", ">=", *_five(0.10, 0.08, 0.06, 0.04, 0.03)),
    "t2_rd": "max([t2_rd_amount, t2_rd_ratio])",
    "t2_staff": _bands("staff", ">=", (0.20, 5), (0.10, 3), (0.05, 1)),
    "t2_body": _bands("rd_institution_level", "==", (0, 10), (1, 8), (2, 4), (3, 2)),
    "t2_points": "t2_share + t2_mean + $.t2_years + $.t2_field + $.t2_digital"
    " + $.t2_quality + t2_margin + t2_debt + provincial_points + t2_ip + $.t2_rd"
    " + t2_staff + t2_body",
    "t2_conditions": f"segment_years >= 2 and rd_expense_0 >= {MILLION} and rd >= 0.03"
    f" and (revenue_0 >= {10 * MILLION} or equity_2 >= {20 * MILLION})",
    "t2_direct": "st_award_provincial_rank_3y <= 3 or st_award_national_rank_3y <= 5"
    f" or rd_total >= {20 * MILLION} or equity_2 >= {60 * MILLION} or maker_china_list_3y <= 500",
    "specialized_sme": "required and $.t2_conditions and ($.t2_points >= 60 or $.t2_direct)",
}

GIANT: Rules = {
    "t3_special": "segment_years >= 3 and share >= 0.7 and mean >= 0.05",
    "t3_refined": "sound_governance and technology_leading and core_processes_on_it >= 1"
    " and certified and debt <= 0.7",
    "t3_feature": "market_share_bp >= 1000 and own_brand",
    "t3_chain": "key_link and chain_gap_filler",
    "t3_field": "six_basics or ten_key_fields or cyber_power",
    "t3_large": f"revenue_0 >= {100 * MILLION} and rd >= 0.03 and rd_before >= 0.03",
    "t3_middle": f"revenue_0 >= {50 * MILLION} and revenue_0 < {100 * MILLION}"
    " and rd >= 0.06 and rd_before >= 0.06",
    "t3_small": f"revenue_0 < {50 * MILLION} and equity_2 >= {80 * MILLION}"
    f" and rd_total >= {30 * MILLION} and staff >= 0.5",
    "t3_general": "($.t3_large or $.t3_middle or $.t3_small) and rd_institution_level <= 3"
    " and class1_ip_in_use >= 2",
    "t3_direct": "st_award_national_rank_3y <= 3 or maker_china_list_3y <= 50",
    "t3_excluded": "single_champion or controlled_by_little_giant or same_group_similar_product",
    "little_giant": "required and $.t3_special and $.t3_refined and $.t3_feature and $.t3_chain"
    " and $.t3_field and ($.t3_general or $.t3_direct) and not $.t3_excluded",
}


def decision() -> str:
    """The model as JSON."""
    rules = {**INNOVATIVE, **SPECIALIZED, **GIANT}
    tables = {key: bands for key, bands in rules.items() if isinstance(bands, Bands)}
    others = {key: text for key, text in rules.items() if isinstance(text, str)}
    nodes = [
        _node("input", "inputNode", {"schema": ""}),
        _node("shared", "expressionNode", _expressions(SHARED)),
        *(_node(key, "decisionTableNode", _table(key, bands)) for key, bands in tables.items()),
        _node("verdict", "expressionNode", _expressions(others)),
        _node("output", "outputNode", {"schema": ""}),
    ]
    pairs = [("input", "shared"), ("shared", "verdict"), ("verdict", "output")]
    pairs += [("shared", key) for key in tables] + [(key, "verdict") for key in tables]
    edges = [
        {"id": f"{one}-{other}", "type": "edge", "sourceId": one, "targetId": other}
        for one, other in pairs
    ]
    return json.dumps({"nodes": nodes, "edges": edges})


def _expressions(rules: dict[str, str]) -> dict[str, Any]:
    # Points come from the tables under their own key, the node's own results under `$`.
    keys = [{"id": key, "key": key, "value": value} for key, value in rules.items()]
    return {"expressions": keys, "passThrough": True, "executionMode": "single"}


def _table(key: str, bands: Bands) -> dict[str, Any]:
    rows = [
        {"_id": f"{key}-{place}", "value": f"{bands.sign} {border}", "points": str(points)}
        for place, (border, points) in enumerate(bands.steps)
    ]
    rows.append({"_id": f"{key}-rest", "value": "", "points": "0"})
    return {
        "hitPolicy": "first",
        "inputs": [{"id": "value", "name": bands.value, "field": bands.value}],
        "outputs": [{"id": "points", "name": key, "field": key}],
        "rules": rows,
        "passThrough": False,
        "executionMode": "single",
    }


def _node(name: str, kind: str, content: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": name,
        "name": name,
        "type": kind,
        "position": {"x": 0, "y": 0},
        "content": content,
    }
