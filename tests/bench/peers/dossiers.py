"""Made-up dossiers for the bench of one verdict, and what zen-engine is told of each.

Ours reads the facts of the dossier itself: years, rights, awards with their dates. The peer gets
amounts in fen and everything else decoded, as `figures` gives it to the others.
"""

import random
from datetime import date
from fractions import Fraction
from typing import Any

from contracts.facts import EnterpriseFacts
from shared.rules.metric import Reading
from tests.bench.peers.figures import BARRING, HONOURS, NONE
from tests.shared.rules.made_facts import USCC

AS_OF = date(2022, 9, 30)
FLAGS = (
    "strategic_emerging",
    "chain_gap_filler",
    "key_link",
    "six_basics",
    "ten_key_fields",
    "cyber_power",
    "serves_key_chain_leader",
)
LEVELS = {
    "ip_level": ("class1_high_value", "class1_self_developed", "class1", "class2", "none"),
    **dict.fromkeys(
        ("rd_institution_level", "quality_award_level"),
        ("national", "provincial", "municipal", "below_municipal", "none"),
    ),
    "st_award_level_3y": ("national", "provincial", "none"),
}
PLAIN = (
    "independent_legal_person",
    "is_sme",
    "on_abnormal_list",
    "on_dishonest_list",
    "prohibited_product",
    "own_brand",
    "sound_governance",
    "technology_leading",
    "controlled_by_little_giant",
    "same_group_similar_product",
    *FLAGS,
)
NUMBERS = (
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
ACCOUNTS = ("revenue", "main_revenue", "rd_expense")


def dossier(rng: random.Random) -> EnterpriseFacts:
    """A whole dossier, with every fact the three tiers read."""
    revenue = rng.randint(10**6, 10**8)
    accounts = []
    for year in (2021, 2020, 2019):
        main = int(revenue * rng.uniform(0.5, 1))
        accounts.append(
            {
                "year": year,
                "revenue_cny": str(revenue),
                "main_revenue_cny": str(main),
                "rd_expense_cny": str(int(revenue * rng.uniform(0, 0.14))),
                "net_profit_cny": str(int(revenue * rng.uniform(-0.05, 0.2))),
                "total_assets_cny": str(revenue * 2),
                "total_liabilities_cny": str(int(revenue * rng.uniform(0.2, 1.9))),
            }
        )
        revenue = int(revenue * rng.uniform(0.75, 1.05))
    return EnterpriseFacts.model_validate(
        {
            "uscc": USCC,
            "region": "440106",
            "industry": "3484",
            "independent_legal_person": True,
            "segment_since": f"{rng.randint(2005, 2021)}-03-01",
            "accounts": accounts,
            "headcounts": [{"year": 2021, "employees": 200, "rd_staff": rng.randint(0, 120)}],
            "own_brand": rng.random() < 0.8,
            "sound_governance": True,
            "technology_leading": rng.random() < 0.8,
            "core_processes_on_it": rng.randint(0, 3),
            "digital_level": {
                "level": rng.randint(1, 4),
                "edition": 2022,
                "tested_on": "2022-05-01",
            },
            "provincial_points": rng.randint(0, 15),
            "controlled_by_little_giant": False,
            "same_group_similar_product": False,
            "leading_product": {
                "national_share_bp": rng.randint(0, 3000),
                **{flag: rng.random() < 0.5 for flag in FLAGS},
            },
            "compliance": {
                "on_abnormal_list": rng.random() < 0.03,
                "on_dishonest_list": False,
                "prohibited_product": False,
                "violations": [],
            },
            **_holdings(rng),
        }
    )


def _holdings(rng: random.Random) -> dict[str, Any]:
    rights = [
        {
            "kind": rng.choice(["invention_patent", "utility_model", "software_copyright"]),
            "granted_on": f"{rng.randint(2014, 2021)}-06-01",
            "self_developed": rng.random() < 0.7,
            "for_leading_product": True,
            "in_use_with_benefit": rng.random() < 0.7,
        }
        for _ in range(rng.randint(0, 6))
    ]
    awards = [
        {
            "kind": rng.choice(["science_technology", "quality"]),
            "level": rng.choice(["national", "provincial", "municipal"]),
            "awarded_on": "2021-05-01",
            "rank": rng.randint(1, 8),
        }
        for _ in range(rng.random() < 0.2)
    ]
    return {
        "ip_rights": rights,
        "awards": awards,
        "rd_bodies": [
            {
                "level": rng.choice(["provincial", "municipal", "below_municipal"]),
                "recognised_on": "2019-01-01",
            }
            for _ in range(rng.random() < 0.6)
        ],
        "honours": [
            {"kind": rng.choice(["high_tech_enterprise", "tech_based_sme"]),
             "valid_from": "2021-01-01", "valid_to": "2023-12-31"}
            for _ in range(rng.random() < 0.3)
        ],
        "certificates": [
            {"kind": "quality_system", "valid_from": "2020-01-01"}
            for _ in range(rng.random() < 0.7)
        ],
        "standards": [],
        "equity_rounds": [],
    }  # fmt: skip


def context(facts: EnterpriseFacts, reading: Reading) -> dict[str, Any]:
    """What zen-engine is given of the dossier."""
    found: dict[str, Any] = {name: bool(reading[name]) for name in PLAIN}
    for name, levels in LEVELS.items():
        found[name] = levels.index(str(reading[name]))
    for name in NUMBERS:
        value = reading[name]
        found[name] = value if isinstance(value, int) else NONE
    for back in range(3):
        year = next(one for one in facts.accounts if one.year == AS_OF.year - 1 - back)
        for name in ACCOUNTS:
            found[f"{name}_{back}"] = int(getattr(year, f"{name}_cny") * 100)
    last = next(one for one in facts.accounts if one.year == AS_OF.year - 1)
    for name in ("net_profit", "total_assets", "total_liabilities"):
        found[f"{name}_0"] = int(getattr(last, f"{name}_cny") * 100)
    found["employees_0"] = facts.headcounts[0].employees
    found["rd_staff_0"] = facts.headcounts[0].rd_staff
    for years in (2, 3):
        found[f"equity_{years}"] = reading[f"qualified_equity_paid_in_{years}y"]
    found["market_share_bp"] = int(Fraction(str(reading["market_share"])) * 10_000)
    words = {name: reading[name] for name in ("violations_3y", "honours", "certificates")}
    found["violation"] = not BARRING.isdisjoint(words["violations_3y"])  # type: ignore[arg-type]
    for honour, kinds in HONOURS.items():
        found[honour] = not kinds.isdisjoint(words["honours"])  # type: ignore[arg-type]
    found["certified"] = bool(words["certificates"])
    found["quality_system"] = "quality_system" in words["certificates"]  # type: ignore[operator]
    return found
