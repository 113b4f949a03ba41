"""Definitions of the metrics, each from the document it names."""

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from contracts.facts import EnterpriseFacts
from shared.rules.metric import ABSENT, Unknown, Value
from shared.rules.metrics import METRICS, Reading, read

AS_OF = date(2022, 9, 30)
PATENT = {
    "kind": "invention_patent",
    "granted_on": "2019-05-01",
    "self_developed": True,
    "for_leading_product": True,
}


def _read(as_of: date = AS_OF, **facts: Any) -> Reading:
    document = {"uscc": "91350100M000100Y43", "region": "440106", "industry": "3484", **facts}
    return read(EnterpriseFacts.model_validate(document), as_of)


def _year(year: int, **figures: str) -> dict[str, Any]:
    return {"year": year, "revenue_cny": "0.00", **{f"{n}_cny": v for n, v in figures.items()}}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("revenue_last_year", 12_100_000_00),
        ("revenue_previous_year", 11_000_000_00),
        ("rd_to_revenue", Fraction(3, 121)),
        ("rd_to_revenue_previous_year", Fraction(2, 110)),
        ("rd_expense_total_2y", 500_000_00),
        ("rd_expense_avg_2y", Fraction(250_000_00)),
        ("main_revenue_growth", Fraction(1, 10)),
        ("main_revenue_growth_avg_2y", Fraction(3, 20)),
        ("revenue_cagr_2y", Fraction(121, 100)),
        ("debt_ratio", Fraction(1, 2)),
        ("net_margin", Fraction(-1, 121)),
    ],
)
def test_figures_of_closed_years(name: str, value: int | Fraction) -> None:
    accounts = [
        _year(2019, revenue="10000000.00", main_revenue="5000000.00"),
        _year(2020, revenue="11000000.00", main_revenue="6000000.00", rd_expense="200000.00"),
        _year(
            2021,
            revenue="12100000.00",
            main_revenue="6600000.00",
            rd_expense="300000.00",
            total_assets="8.00",
            total_liabilities="4.00",
            net_profit="-100000.00",
        ),
        _year(2022, revenue="1.00"),
    ]
    assert _read(accounts=accounts)[name] == value


def test_last_year_is_the_calendar_year_before() -> None:
    accounts = [_year(2021, revenue="21.00"), _year(2022, revenue="22.00")]
    assert _read(date(2022, 12, 31), accounts=accounts)["revenue_last_year"] == 2100
    assert _read(date(2023, 1, 1), accounts=accounts)["revenue_last_year"] == 2200
    assert _read(date(2024, 1, 1), accounts=accounts).missing("revenue_last_year") == (
        "accounts.2023.revenue_cny",
    )


def test_compound_growth_is_shown_per_year() -> None:
    reading = _read(accounts=[_year(2019, revenue="100.00"), _year(2021, revenue="110.25")])
    metric = METRICS["revenue_cagr_2y"]
    assert metric.show(reading["revenue_cagr_2y"]) == "5%"
    assert metric.exact(5) == reading["revenue_cagr_2y"]


@pytest.mark.parametrize(
    ("since", "years"),
    [
        ("2019-01-01", 3),
        ("2019-01-02", 2),
        ("2020-01-01", 2),
        ("2021-12-31", 0),
        ("2022-05-01", 0),
    ],
)
def test_segment_years_are_full_years_at_the_end_of_last_year(since: str, years: int) -> None:
    assert _read(segment_since=since)["segment_years"] == years


@pytest.mark.parametrize(
    ("on", "months"), [("2022-08-30", 1), ("2022-08-31", 1), ("2021-09-30", 12), ("2022-10-01", 0)]
)
def test_months_since_registration(on: str, months: int) -> None:
    assert _read(registered_on=on)["registered_months"] == months


@pytest.mark.parametrize(
    ("awards", "value"),
    [
        ([], ABSENT),
        ([{"rank": 4}, {"rank": 2}], 2),
        ([{"rank": 2, "awarded_on": "2019-09-29"}], ABSENT),
        ([{"rank": 2, "level": "provincial"}], ABSENT),
        ([{"rank": 3}, {}], Unknown),
        ([{"rank": 1}, {}], 1),
    ],
)
def test_best_rank_of_a_national_award(awards: list[dict[str, Any]], value: Any) -> None:
    rows = [
        {
            "kind": "science_technology",
            "level": "national",
            "awarded_on": "2021-01-01",
            **award,
        }
        for award in awards
    ]
    found = _read(awards=rows).found("st_award_national_rank_3y")
    if value is Unknown:
        assert isinstance(found, Unknown)
        assert (found.low, found.high) == (1, 3)
    else:
        assert found == value


def test_maker_china_counts_lists_published_since_2021() -> None:
    entry = {"kind": "maker_china", "level": "national", "list_top": 500}
    for awarded_on, value in (("2020-12-31", ABSENT), ("2021-01-01", 500)):
        reading = _read(awards=[{**entry, "awarded_on": awarded_on}])
        assert reading["maker_china_list_3y"] == value


@pytest.mark.parametrize(
    ("rights", "all_rights", "own"),
    [
        ([{"in_use_with_benefit": True, "holder_rank": 3}], 1, 1),
        ([{"in_use_with_benefit": True, "holder_rank": 4}], 1, 0),
        ([{"in_use_with_benefit": True, "self_developed": False, "holder_rank": 1}], 1, 0),
        ([{"in_use_with_benefit": True, "transferred_on": "2020-01-01", "holder_rank": 1}], 1, 0),
        ([{"in_use_with_benefit": False, "holder_rank": 1}], 0, 0),
        ([{"kind": "utility_model", "in_use_with_benefit": True, "holder_rank": 1}], 0, 0),
    ],
)
def test_class_1_rights_in_use(rights: list[dict[str, Any]], all_rights: int, own: int) -> None:
    reading = _read(ip_rights=[{**PATENT, **right} for right in rights])
    assert reading["class1_ip_in_use"] == all_rights
    assert reading["class1_ip_in_use_own"] == own


def test_rights_whose_use_is_not_known_bound_the_count() -> None:
    rights = [
        {**PATENT, "in_use_with_benefit": True},
        {**PATENT, "in_use_with_benefit": True},
        {**PATENT},
    ]
    found = _read(ip_rights=rights).found("class1_ip_in_use")
    assert isinstance(found, Unknown)
    assert (found.low, found.high) == (2, 3)
    assert found.facts == ("ip_rights.2.in_use_with_benefit",)


def test_null_list_is_not_known_and_an_empty_one_is_nothing() -> None:
    pairs: list[tuple[str, str, Value]] = [
        ("awards", "st_award_level_3y", "none"),
        ("honours", "honours", frozenset()),
        ("rd_bodies", "rd_institution_level", "none"),
        ("ip_rights", "ip_level", "none"),
        ("equity_rounds", "qualified_equity_paid_in_2y", 0),
        ("certificates", "certificates", frozenset()),
        ("standards", "standards_joined", 0),
    ]
    for fact, metric, nothing in pairs:
        empty: dict[str, Any] = {fact: []}
        assert _read().missing(metric) == (fact,)
        assert _read(**empty)[metric] == nothing


@pytest.mark.parametrize(
    ("industry", "employees", "revenue", "assets", "size"),
    [
        ("3484", 1200, 399_990_000, 0, "medium"),
        ("3484", 1000, 400_000_000, 0, "large"),
        ("3484", 999, 400_000_000, 0, "medium"),
        ("3484", 300, 20_000_000, 0, "medium"),
        ("3484", 300, 19_999_999, 0, "small"),
        ("3484", 19, 20_000_000, 0, "micro"),
        ("6510", 12, 450_000, 0, "micro"),
        ("4700", 0, 900_000_000, 4_000_000, "small"),
        ("0111", 0, 200_000_000, 0, "large"),
        ("7010", 0, 2_000_000_000, 100_000_000, "large"),
        ("7020", 1000, 49_990_000, 0, "medium"),
        ("7210", 300, 0, 1_200_000_000, "large"),
        ("7300", 299, 0, 0, "medium"),
        ("6610", 10, 0, 0, None),
        ("70", 10, 0, 0, None),
        ("5310", 10, 0, 0, None),
    ],
)
def test_size_class(
    industry: str, employees: int, revenue: int, assets: int, size: str | None
) -> None:
    reading = _read(
        industry=industry,
        headcounts=[{"year": 2021, "employees": employees}],
        accounts=[
            {
                "year": 2021,
                "revenue_cny": f"{revenue}.00",
                "total_assets_cny": f"{assets}.00",
            }
        ],
    )
    assert reading["size_class"] == size
    assert reading["is_sme"] == (None if size is None else size != "large")


def test_one_small_measure_is_enough_to_be_an_sme() -> None:
    reading = _read(headcounts=[{"year": 2021, "employees": 999}])
    assert reading["is_sme"] == 1
    assert reading["size_class"] is None
    assert _read(headcounts=[{"year": 2021, "employees": 1000}]).missing("is_sme") == (
        "accounts.2021.revenue_cny",
    )


def test_development_score_is_of_this_year_and_bounded_while_missing() -> None:
    scores = [{"year": 2021, "score_bp": 5250}]
    reading = _read(development_scores=scores)
    assert reading.missing("development_score") == ("development_scores.2022",)
    best = reading.found("development_score_best_2y")
    assert isinstance(best, Unknown)
    assert (best.low, best.high) == (Fraction(105, 2), 100)


def test_every_metric_says_its_term_unit_and_source() -> None:
    for name, metric in METRICS.items():
        assert name == metric.name
        assert metric.zh
        assert metric.en
        assert metric.source
        assert metric.description
