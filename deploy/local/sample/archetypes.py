"""The kinds of enterprise in the sample region, each with its label, written by hand.

A label says what 工信部企业〔2022〕63号 annex 2 and 3 (创新型: 60 of 100 points with 20/15/15 of
innovation, growth and specialisation, or a direct route; and the preconditions) makes of such an
enterprise on 2022-09-30. The comment beside each row adds the points up. Nothing here is computed
by the platform's rule code. Ranges are basis points and stay clear of the bands' borders, save
for the rows marked as boundary.
"""

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

Standing: TypeAlias = Literal[
    "little_giant", "notice", "specialized", "innovative", "potential", "ordinary"
]
Attainment: TypeAlias = Literal["reached", "not_reached", "cannot_be_judged"]
Span: TypeAlias = tuple[int, int]


@dataclass(frozen=True)
class Shape:
    """What the dossiers of one kind look like. Spans are basis points, both ends included."""

    size: Literal["micro", "small", "medium", "large"] = "small"
    sector: str | None = None
    ip: Literal["high_value", "own_class1", "class2", "none"] = "own_class1"
    rd: Span = (320, 480)
    growth: Span = (600, 900)
    debt: Span = (3000, 5000)
    main_share: Span = (7500, 9500)
    emerging: bool = True
    honours: tuple[str, ...] = ()
    honours_ended: bool = False
    award_year: int | None = None
    provincial_rd_body: bool = False
    equity_cny: str | None = None
    compliance: Literal["clean", "abnormal", "accident", "tax", "unchecked"] = "clean"
    accounts: Literal["complete", "without_last_year", "none"] = "complete"
    credit: Literal["clean", "at_limits", "many_lenders", "absent"] = "clean"
    employees: int | None = None
    revenue_2020_m: int | None = None


@dataclass(frozen=True)
class Archetype:
    """A kind of enterprise: how many, where they stand, and the label of 创新型 (2022)."""

    key: str
    count: int
    standing: Standing
    attainment: Attainment
    shape: Shape
    boundary: bool = False


HTE = "high_tech_enterprise"
TBS = "tech_based_sme"

# 15 + 20 + 20 + 10 + 10 + 20 = 95.
_STRONG = Shape(rd=(520, 900), growth=(1600, 3000))
# 15 + 15 + 10 + 10 + 10 + 20 = 80.
_SOLID = Shape()
# 5 + 5 + 5 + 5 + 5 + 15 = 40.
_WEAK = Shape(
    ip="class2",
    rd=(110, 190),
    growth=(50, 450),
    debt=(6000, 7000),
    main_share=(6100, 6900),
    emerging=False,
)
# 0 + 0 + (5 or 0) + 5 + 5 + 20 = at most 35, and nothing for innovation.
_PLAIN = replace(_WEAK, ip="none", rd=(10, 80), growth=(-600, 450), main_share=(7500, 9500))
# 5 + 10 + 20 + 10 + 10 + 20 = 75, and 15 for innovation.
_UNDER_MINIMUM = Shape(ip="class2", rd=(210, 290), growth=(1600, 2500))
# Every value on the border of its band: 5 + 15 + 10 + 5 + 10 + 15 = 60, with 20/15/25.
_ON_THE_LINE = Shape(
    ip="class2",
    rd=(300, 300),
    growth=(500, 500),
    debt=(7500, 7500),
    main_share=(6000, 6000),
)

_HOLDERS = (
    Archetype("lg-small", 29, "little_giant", "reached", replace(_STRONG, honours=(HTE,))),
    Archetype(
        "lg-medium",
        30,
        "little_giant",
        "reached",
        replace(_STRONG, size="medium", ip="high_value", honours=(HTE,)),
    ),
    Archetype("lg-medium-plain", 10, "little_giant", "reached", replace(_STRONG, size="medium")),
    Archetype("notice-small", 35, "notice", "reached", replace(_STRONG, honours=(HTE,))),
    Archetype("notice-medium-plain", 20, "notice", "reached", replace(_STRONG, size="medium")),
    Archetype("sp-small", 115, "specialized", "reached", replace(_SOLID, honours=(HTE,))),
    # Exactly as many lenders, loans, overdue marks and inquiries as 善科贷 still takes.
    Archetype(
        "sp-at-limits",
        5,
        "specialized",
        "reached",
        replace(_SOLID, honours=(HTE,), credit="at_limits"),
        boundary=True,
    ),
    Archetype("sp-medium-plain", 50, "specialized", "reached", replace(_SOLID, size="medium")),
    Archetype(
        "sp-lenders",
        30,
        "specialized",
        "reached",
        replace(_SOLID, honours=(TBS,), credit="many_lenders"),
    ),
    Archetype("sp-no-credit", 20, "specialized", "reached", replace(_SOLID, credit="absent")),
    # Holds the title, and would not reach the lowest tier today: 40 points.
    Archetype("sp-weak", 14, "specialized", "not_reached", _WEAK),
    # Holds the title; the accounts of 2021 are not filed and no direct route is open.
    Archetype(
        "sp-unfiled",
        8,
        "specialized",
        "cannot_be_judged",
        replace(_SOLID, accounts="without_last_year"),
    ),
)

_INNOVATIVE = (
    Archetype("in-score", 112, "innovative", "reached", _SOLID),
    # 40 points; a valid 高新技术企业 is a direct route.
    Archetype("in-hte", 68, "innovative", "reached", replace(_WEAK, honours=(HTE,))),
    # The same; the change takes the honour away, and the tier with it: label after the change.
    Archetype("in-loses", 12, "innovative", "not_reached", replace(_WEAK, honours=(HTE,))),
    Archetype("in-tbs", 40, "innovative", "reached", replace(_SOLID, honours=(TBS,))),
    Archetype("in-award", 10, "innovative", "reached", replace(_WEAK, award_year=2021)),
    Archetype("in-rd-body", 15, "innovative", "reached", replace(_WEAK, provincial_rd_body=True)),
    Archetype("in-equity", 10, "innovative", "reached", replace(_WEAK, equity_cny="8000000.00")),
    Archetype("in-on-line", 5, "innovative", "reached", _ON_THE_LINE, boundary=True),
    # 500 万元以上 includes the number.
    Archetype(
        "in-equity-on-line",
        5,
        "innovative",
        "reached",
        replace(_WEAK, equity_cny="5000000.00"),
        boundary=True,
    ),
    # Industry: large needs 1,000 employees and 40,000 万元; 999 employees make a medium one.
    Archetype(
        "in-size-on-line",
        3,
        "innovative",
        "reached",
        replace(_SOLID, size="large", sector="C", employees=999),
        boundary=True,
    ),
)

_POTENTIAL = (
    Archetype("po-weak", 57, "potential", "not_reached", _WEAK),
    # 75 points, but innovation 5 + 10 = 15 is under its minimum of 20.
    Archetype("po-minimum", 38, "potential", "not_reached", _UNDER_MINIMUM),
    # The same; an accepted service case brings a self-developed invention patent: innovation
    # 15 + 10 = 25 and 85 points: label after the change.
    Archetype("po-served", 2, "potential", "reached", _UNDER_MINIMUM),
    # The row on the line with R&D a hundredth of a percent lower: 5 + 10 + 10 + 5 + 10 + 15 = 55.
    Archetype(
        "po-under-line",
        5,
        "potential",
        "not_reached",
        replace(_ON_THE_LINE, rd=(299, 299)),
        boundary=True,
    ),
    # One cent under 500 万元 of equity, and 40 points.
    Archetype(
        "po-equity-under-line",
        3,
        "potential",
        "not_reached",
        replace(_WEAK, equity_cny="4999999.99"),
        boundary=True,
    ),
    Archetype(
        "po-unfiled",
        40,
        "potential",
        "cannot_be_judged",
        replace(_SOLID, accounts="without_last_year"),
    ),
    # 80 points; whether there was an accident nobody has checked.
    Archetype(
        "po-unchecked",
        25,
        "potential",
        "cannot_be_judged",
        replace(_SOLID, compliance="unchecked"),
    ),
    # 40 points, and the honour ended in 2021.
    Archetype(
        "po-honour-ended",
        14,
        "potential",
        "not_reached",
        replace(_WEAK, honours=(HTE,), honours_ended=True),
    ),
    # 40 points, and the award is of 2015: outside 近三年.
    Archetype("po-old-award", 5, "potential", "not_reached", replace(_WEAK, award_year=2015)),
    # 40 points; the change brings 高新技术企业, a direct route: label after the change.
    Archetype("po-gains", 15, "potential", "reached", _WEAK),
)

_ORDINARY = (
    Archetype("or-plain", 74, "ordinary", "not_reached", _PLAIN),
    Archetype("or-micro", 26, "ordinary", "not_reached", replace(_PLAIN, size="micro")),
    # 95 points, and no SME.
    Archetype(
        "or-large", 10, "ordinary", "not_reached", replace(_STRONG, size="large", sector="C")
    ),
    # Exactly 1,000 employees and 40,000 万元 (32,000 and 25 % more): 90 points, and large, since
    # the bounds are inclusive.
    Archetype(
        "or-large-on-line",
        3,
        "ordinary",
        "not_reached",
        replace(
            _SOLID,
            size="large",
            sector="C",
            growth=(2500, 2500),
            employees=1000,
            revenue_2020_m=320,
        ),
        boundary=True,
    ),
    # 80 points behind a precondition that fails.
    Archetype("or-abnormal", 12, "ordinary", "not_reached", replace(_SOLID, compliance="abnormal")),
    Archetype("or-accident", 10, "ordinary", "not_reached", replace(_SOLID, compliance="accident")),
    Archetype("or-tax", 5, "ordinary", "not_reached", replace(_SOLID, compliance="tax")),
    # Only the licence is on file.
    Archetype(
        "or-empty",
        10,
        "ordinary",
        "cannot_be_judged",
        replace(_PLAIN, accounts="none", compliance="unchecked", credit="absent"),
    ),
)

ARCHETYPES = (*_HOLDERS, *_INNOVATIVE, *_POTENTIAL, *_ORDINARY)
