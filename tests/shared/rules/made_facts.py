"""Made-up facts for properties: whole dossiers, and the same with parts not known."""

from datetime import date
from typing import Any

from hypothesis import strategies as st

from contracts.facts import EnterpriseFacts

USCC = "91350100M000100Y43"
MONEY = st.integers(0, 10**11).map(lambda fen: f"{fen // 100}.{fen % 100:02d}")
SMALL_MONEY = st.integers(0, 10**9).map(lambda fen: f"{fen // 100}.{fen % 100:02d}")
DAY = st.dates(min_value=date(2008, 1, 1), max_value=date(2023, 1, 1)).map(str)
FLAG = st.booleans()


def _accounts(year: int) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "year": st.just(year),
            "revenue_cny": MONEY,
            "main_revenue_cny": MONEY,
            "rd_expense_cny": SMALL_MONEY,
            "total_assets_cny": MONEY,
            "total_liabilities_cny": MONEY,
        }
    )


_RIGHT = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(
            ["invention_patent", "ic_layout", "software_copyright", "utility_model"]
        ),
        "granted_on": DAY,
        "self_developed": FLAG,
        "for_leading_product": FLAG,
        "overseas_family_or_income": FLAG,
        "in_use_with_benefit": FLAG,
        "holder_rank": st.integers(1, 5),
    }
)
_AWARD = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["science_technology", "quality", "maker_china"]),
        "level": st.sampled_from(["national", "provincial", "municipal"]),
        "awarded_on": DAY,
        "rank": st.integers(1, 9),
    }
)
_ROUND = st.fixed_dictionaries(
    {"closed_on": DAY, "paid_in_cny": SMALL_MONEY, "qualified_investor": FLAG}
)
_VIOLATION = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["safety", "tax", "quality"]),
        "severity": st.sampled_from(["ordinary", "larger", "major", "serious"]),
        "occurred_on": DAY,
    }
)

WHOLE = st.fixed_dictionaries(
    {
        "uscc": st.just(USCC),
        "region": st.just("440106"),
        "industry": st.sampled_from(["3484", "6510", "5199", "7310"]),
        "independent_legal_person": st.sampled_from([True, True, True, False]),
        "accounts": st.tuples(*(_accounts(year) for year in (2019, 2020, 2021))).map(list),
        "headcounts": st.fixed_dictionaries(
            {
                "year": st.just(2021),
                "employees": st.integers(1, 1500),
                "rd_staff": st.integers(0, 500),
            }
        ).map(lambda one: [one]),
        "ip_rights": st.lists(_RIGHT, max_size=3),
        "awards": st.lists(_AWARD, max_size=2),
        "honours": st.just([]),
        "rd_bodies": st.just([]),
        "equity_rounds": st.lists(_ROUND, max_size=2),
        "leading_product": st.fixed_dictionaries({"strategic_emerging": FLAG}),
        "compliance": st.fixed_dictionaries(
            {
                "on_abnormal_list": st.sampled_from([False, False, False, True]),
                "on_dishonest_list": st.just(False),
                "prohibited_product": st.just(False),
                "violations": st.lists(_VIOLATION, max_size=1),
            }
        ),
    }
)
"""A dossier in which everything the base tier reads is known."""

_PARTS = (
    "independent_legal_person",
    "headcounts",
    "ip_rights",
    "awards",
    "honours",
    "rd_bodies",
    "equity_rounds",
    "leading_product",
    *(f"compliance.{name}" for name in ("on_abnormal_list", "violations", "prohibited_product")),
    *(
        f"accounts.{at}.{name}"
        for at in range(3)
        for name in ("main_revenue_cny", "rd_expense_cny", "total_assets_cny")
    ),
)
FORGOTTEN = st.sets(st.sampled_from(_PARTS), max_size=6)
"""Parts of a dossier that are not known."""


def facts_without(document: dict[str, Any], parts: set[str] | None = None) -> EnterpriseFacts:
    """The facts, with these parts not known."""
    facts = {
        **document,
        "accounts": [dict(year) for year in document["accounts"]],
        "compliance": dict(document["compliance"]),
    }
    for part in parts or ():
        *parents, name = part.split(".")
        holder: Any = facts
        for parent in parents:
            holder = holder[int(parent) if parent.isdigit() else parent]
        del holder[name]
    return EnterpriseFacts.model_validate(facts)
