"""Made-up enterprises for tests: valid codes, plausible dossiers."""

import random
from itertools import count
from typing import Any

from stdnum.cn import uscc

_numbers = count(random.Random().randrange(10_000_000))


def make_uscc(region: str = "440106") -> str:
    """A synthetic unified social credit code with a right check character."""
    number = next(_numbers) % 100_000_000
    body = f"91{region}{number:08d}0"
    return body + uscc.calc_check_digit(body)


def make_dossier(code: str | None = None, **changes: Any) -> dict[str, Any]:
    """A dossier as a frontend files it (JSON). A change of None leaves the field out."""
    document = {
        "uscc": code or make_uscc(),
        "name": "广州示例精密科技有限公司",
        "region": "440106",
        "industry": "3484",
        "segment": "servo-drive",
        "chain_position": "component",
        "registered_on": "2012-05-04",
        "independent_legal_person": True,
        "segment_since": "2013-01-01",
        "accounts": [
            {
                "year": year,
                "revenue_cny": f"{revenue}.00",
                "main_revenue_cny": f"{revenue * 9 // 10}.00",
                "net_profit_cny": f"{revenue // 10}.00",
                "total_assets_cny": f"{revenue * 2}.00",
                "total_liabilities_cny": f"{revenue}.00",
                "rd_expense_cny": f"{revenue * 6 // 100}.00",
            }
            for year, revenue in ((2019, 30_000_000), (2020, 36_000_000), (2021, 45_000_000))
        ],
        "headcounts": [{"year": 2021, "employees": 120, "rd_staff": 30}],
        "ip_rights": [
            {
                "kind": "invention_patent",
                "granted_on": "2018-03-01",
                "self_developed": True,
                "for_leading_product": True,
                "in_use_with_benefit": True,
            }
        ],
        "rd_bodies": [],
        "awards": [],
        "honours": [],
        "equity_rounds": [],
        "own_brand": True,
        "leading_product": {"strategic_emerging": True},
        "compliance": {
            "on_abnormal_list": False,
            "on_dishonest_list": False,
            "prohibited_product": False,
            "violations": [],
        },
        **changes,
    }
    return {name: value for name, value in document.items() if value is not None}
