"""How an indicator earns points: steps, sums with a cap, the better of two, points given outside.

The scales are those of 专精特新中小企业 (工信部企业〔2022〕63号 附件2, indicators 3, 6, 9, 11).
"""

from datetime import date
from fractions import Fraction

import pytest

from contracts.facts import EnterpriseFacts
from shared.rules.evaluate import Criterion, evaluate
from shared.rules.lined_yaml import RuleFileError, parse_tree
from shared.rules.load import rule_set_of
from shared.rules.metric import Unknown, Value
from shared.rules.metrics import read

RULES = """
id: test
zh: 测试
en: test
document_no: none
issued_on: 2022-06-01
effective_from: 2022-08-01
effective_to: null
dates_verification: {issued_on: v1, effective_from: mem}
source: 附件2
verification: v2
boundaries: {min: inclusive, max: inclusive, band_edge: higher_points}
lifecycle: {}
tiers:
- tier: specialized_sme
  zh: 专精特新中小企业
  en: specialized SME
  level: 2
  requires_tier: innovative_sme
  decided_by: province
  act: certify
  source: 附件2
  conditions:
  - id: revenue_or_equity
    any:
    - {metric: revenue_last_year, unit: cny, min: 10_000_000, verification: v2}
    - {metric: qualified_equity_paid_in_2y, unit: cny, min: 20_000_000, verification: v2}
  score:
    total_min: 20
    verification: v2
    categories:
    - id: all
      zh: 全部
      en: all
      max: 35
      indicators:
      - {id: years, zh: 年限, en: years, max: 5, verification: v2, metric: segment_years, cap: 5,
         per_step: {step: 2, points: 1}}
      - id: quality
        zh: 质量管理水平
        en: quality
        max: 5
        verification: v2
        cap: 5
        sum_each:
        - {id: award, zh: 质量奖, en: award, points: 3,
           when: {metric: quality_award_level, any_of: [national, provincial]}}
        - {id: certificate, zh: 认证, en: certificate, points: 3,
           when: {metric: certificates, any_of: [quality_system]}}
        - {id: brand, zh: 自主品牌, en: brand, points: 3, when: {metric: own_brand, is: true}}
      - {id: local, zh: 地方特色, en: local, max: 15, verification: v2, metric: provincial_points,
         given: true}
      - id: rd_input
        zh: 研发费用投入
        en: R&D
        max: 10
        verification: v2
        best_of:
        - metric: rd_expense_last_year
          unit: cny
          bands: [{min: 5_000_000, points: 10}, {min: 1_000_000, max: 5_000_000, points: 2},
                  {max: 1_000_000, points: 0}]
        - metric: rd_to_revenue
          unit: percent
          bands: [{min: 10, points: 10}, {min: 3, max: 10, points: 4}, {max: 3, points: 0}]
"""
FACTS = EnterpriseFacts(uscc="91350100M000100Y43", region="440106", industry="3484")
BASE: dict[str, Value | Unknown] = {
    "revenue_last_year": 10_000_000_00,
    "qualified_equity_paid_in_2y": 0,
    "segment_years": 10,
    "quality_award_level": "none",
    "certificates": frozenset({"quality_system"}),
    "own_brand": 1,
    "provincial_points": 0,
    "rd_expense_last_year": 1_000_000_00,
    "rd_to_revenue": Fraction(3, 100),
}


def _judge(**values: Value | Unknown) -> tuple[bool | None, dict[str, Criterion]]:
    rules = rule_set_of(parse_tree(RULES), "test.yaml", "")
    reading = read(FACTS, date(2022, 9, 30)).with_values({**BASE, **values})
    (tier,) = evaluate(rules, reading).tiers
    return tier.met, {criterion.id: criterion for criterion in tier.criteria}


def _bounds(criterion: Criterion) -> tuple[int | None, int | None]:
    return criterion.points_min, criterion.points_max


@pytest.mark.parametrize(
    ("values", "indicator", "low", "high"),
    [
        ({"segment_years": 0}, "years", 0, 0),
        ({"segment_years": 1}, "years", 0, 0),
        ({"segment_years": 2}, "years", 1, 1),
        ({"segment_years": 9}, "years", 4, 4),
        ({"segment_years": 10}, "years", 5, 5),
        ({"segment_years": 40}, "years", 5, 5),
        ({"segment_years": Unknown(("f",), "e", "z")}, "years", 0, 5),
        ({"segment_years": Unknown(("f",), "e", "z", 4, 7)}, "years", 2, 3),
        ({}, "quality", 5, 5),
        ({"own_brand": 0}, "quality", 3, 3),
        ({"own_brand": 0, "certificates": frozenset()}, "quality", 0, 0),
        ({"own_brand": Unknown(("f",), "e", "z")}, "quality", 3, 5),
        ({"quality_award_level": "provincial"}, "quality", 5, 5),
        ({"quality_award_level": Unknown(("f",), "e", "z")}, "quality", 5, 5),
        ({"provincial_points": 15}, "local", 15, 15),
        ({"provincial_points": Unknown(("provincial_points",), "e", "z")}, "local", 0, 15),
        ({}, "rd_input", 4, 4),
        ({"rd_to_revenue": Fraction(1, 100)}, "rd_input", 2, 2),
        ({"rd_expense_last_year": 5_000_000_00}, "rd_input", 10, 10),
        ({"rd_expense_last_year": 4_999_999_99}, "rd_input", 4, 4),
        ({"rd_to_revenue": Unknown(("f",), "e", "z")}, "rd_input", 2, 10),
        (
            {
                "rd_to_revenue": Unknown(("f",), "e", "z"),
                "rd_expense_last_year": 9_000_000_00,
            },
            "rd_input",
            10,
            10,
        ),
    ],
)
def test_points(values: dict[str, Value | Unknown], indicator: str, low: int, high: int) -> None:
    _, criteria = _judge(**values)
    assert _bounds(criteria[indicator]) == (low, high)
    assert (criteria[indicator].points is None) == (low != high)
    assert bool(criteria[indicator].missing) == (low != high)


def test_conditions_are_needed_beside_the_score() -> None:
    met, criteria = _judge(provincial_points=15)
    assert (met, criteria["score"].points) == (True, 29)
    met, criteria = _judge(provincial_points=15, revenue_last_year=999_999_999)
    assert (met, criteria["revenue_or_equity"].met) == (False, False)
    met, _ = _judge(
        provincial_points=15,
        revenue_last_year=999_999_999,
        qualified_equity_paid_in_2y=20_000_000_00,
    )
    assert met is True


def test_provincial_points_are_asked_for_and_never_a_default() -> None:
    lacking = Unknown(("provincial_points",), "Ask the province.", "请向省级主管部门查询。")
    met, criteria = _judge(provincial_points=lacking)
    assert met is None
    assert criteria["local"].missing == ("provincial_points",)
    assert criteria["local"].reason_zh == "请向省级主管部门查询。"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("step: 2", "step: 0", "a number above 0"),
        ("max: 15", "max: 16", "add up to 36"),
        ("given: true", "bands: []", "at least one item"),
        ("metric: provincial_points", "metric: own_brand", "is not a number"),
        ("        cap: 5\n        sum_each", "        sum_each", "over its maximum 5"),
        ("  - id: revenue_or_equity\n    any", "  - any", "an `id`: a verdict names it"),
        ("lifecycle: {}", "lifecycle: {validity: 3}", "a mapping"),
        ("dates_verification: {issued_on: v1", "dates_verification: {issued_on: x", "issued_on"),
    ],
)
def test_wrong_scale_is_refused(old: str, new: str, says: str) -> None:
    assert old in RULES
    with pytest.raises(RuleFileError) as caught:
        rule_set_of(parse_tree(RULES.replace(old, new)), "test.yaml", "")
    assert says in caught.value.reason
