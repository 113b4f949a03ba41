"""The sample region: its counts, codes, proportions, and that its labels fit its dossiers."""

from collections import Counter
from decimal import Decimal
from fractions import Fraction

import pytest
from stdnum.cn import uscc as uscc_numbers

from deploy.local.sample.archetypes import ARCHETYPES
from deploy.local.sample.codes import check_character, make_uscc, organisation_check
from deploy.local.sample.dossiers import LAST_YEAR
from deploy.local.sample.names import DISTRICTS
from deploy.local.sample.region import BATCHES, SEED, SampleEnterprise, build_region

REGION = build_region()


def test_the_region_has_the_counts_of_the_report() -> None:
    standings = Counter(enterprise.standing for enterprise in REGION)
    batches = Counter(enterprise.batch for enterprise in REGION if enterprise.batch)
    assert len(REGION) == 1000
    assert sum(enterprise.holds_specialized for enterprise in REGION) == 366
    assert sum(enterprise.holds_little_giant for enterprise in REGION) == 69
    assert batches == {1: 5, 2: 16, 3: 48, 4: 55}
    assert standings == {
        "little_giant": 69,
        "notice": 55,
        "specialized": 242,
        "innovative": 280,
        "potential": 204,
        "ordinary": 150,
    }


def test_the_same_seed_gives_the_same_region_and_another_seed_another() -> None:
    build_region.cache_clear()
    again = build_region(SEED)
    other = build_region(SEED + 1)
    assert [e.dossier.model_dump_json() for e in again] == [
        e.dossier.model_dump_json() for e in REGION
    ]
    assert {e.uscc for e in other} != {e.uscc for e in REGION}


def test_every_code_is_valid_unique_and_of_a_series_nobody_issues() -> None:
    codes = [enterprise.uscc for enterprise in REGION]
    assert len(set(codes)) == 1000
    for code in codes:
        assert uscc_numbers.is_valid(code)
        assert code[2:8] in DISTRICTS
        assert code[8:10] == "YY"
        assert organisation_check(code[8:16]) == code[16]


@pytest.mark.parametrize(
    "code",
    [
        "91350100M000100Y43",
        "91110108MA8Q0H3L2G",
        "91420100MA4Y9W6D67",
        "91510107MA6DU3R03B",
        "91330206MA7X2K0PXQ",
    ],
)
def test_check_characters_agree_with_the_worked_examples(code: str) -> None:
    assert check_character(code[:17]) == code[17]


def test_a_number_outside_the_series_is_refused() -> None:
    with pytest.raises(ValueError, match="six digits"):
        make_uscc("440106", 1_000_000)


def test_every_name_is_unique_and_says_that_it_is_a_sample() -> None:
    names = [enterprise.dossier.name for enterprise in REGION]
    assert len(set(names)) == 1000
    assert all("示例" in name for name in names)


@pytest.mark.parametrize(
    ("batch", "shares"),
    [
        (2, {"C": 63.6, "M": 20.5, "F": 10.1, "I": 2.9}),
        (3, {"C": 63.1, "M": 21.5, "F": 8.9, "I": 4.0}),
        (4, {"C": 59.0, "M": 25.0, "F": 8.6, "I": 4.5}),
    ],
)
def test_sectors_of_a_batch_follow_the_report(batch: int, shares: dict[str, float]) -> None:
    members = [enterprise for enterprise in REGION if enterprise.batch == batch]
    sectors = Counter(enterprise.sector for enterprise in members)
    for sector, share in shares.items():
        assert abs(sectors[sector] - len(members) * share / 100) < 1


def test_sectors_of_the_others_follow_the_total() -> None:
    others = [enterprise for enterprise in REGION if enterprise.batch is None]
    sectors = Counter(enterprise.sector for enterprise in others)
    shares = {"C": 61.4, "M": 22.9, "F": 9.0, "I": 4.0}
    for sector, share in shares.items():
        # Four cohorts are rounded each for itself.
        assert abs(sectors[sector] - len(others) * share / 100) < 4
    assert {"L", "E", "N", "O"} <= sectors.keys()


def test_batches_add_up_to_the_little_giants() -> None:
    assert sum(BATCHES.values()) == 69


def test_archetypes_have_distinct_names() -> None:
    assert len({archetype.key for archetype in ARCHETYPES}) == len(ARCHETYPES)


def _figures(enterprise: SampleEnterprise) -> dict[str, Fraction]:
    rows = {row.year: row for row in enterprise.dossier.accounts}
    last, before = rows[LAST_YEAR], rows[LAST_YEAR - 1]
    main, main_before = last.main_revenue_cny, before.main_revenue_cny
    assert main is not None
    assert main_before is not None

    def share(part: Decimal | None, whole: Decimal | None) -> Fraction:
        assert part is not None
        assert whole is not None
        return Fraction(part) / Fraction(whole)

    return {
        "rd": share(last.rd_expense_cny, last.revenue_cny),
        "growth": share(main, main_before) - 1,
        "debt": share(last.total_liabilities_cny, last.total_assets_cny),
        "main_share": share(main, last.revenue_cny),
    }


def test_ratios_come_out_in_the_span_of_the_shape() -> None:
    cent = Fraction(1, 10_000_000)  # what rounding to a cent moves a ratio at most
    for enterprise in REGION:
        shape = enterprise.archetype.shape
        if shape.accounts != "complete":
            continue
        found = _figures(enterprise)
        for name, (low, high) in {
            "rd": shape.rd,
            "growth": shape.growth,
            "debt": shape.debt,
            "main_share": shape.main_share,
        }.items():
            assert Fraction(low, 10_000) - cent <= found[name] <= Fraction(high, 10_000) + cent


def test_figures_on_a_boundary_are_exact() -> None:
    on_line = [e for e in REGION if e.archetype.key in ("in-on-line", "po-under-line")]
    assert len(on_line) == 10
    for enterprise in on_line:
        rd = 300 if enterprise.archetype.key == "in-on-line" else 299
        assert _figures(enterprise) == {
            "rd": Fraction(rd, 10_000),
            "growth": Fraction(5, 100),
            "debt": Fraction(75, 100),
            "main_share": Fraction(60, 100),
        }
    for enterprise in REGION:
        if enterprise.archetype.key == "or-large-on-line":
            last = enterprise.dossier.accounts[-1]
            assert last.revenue_cny == Decimal(400_000_000)
            assert enterprise.dossier.headcounts[-1].employees == 1000


def test_every_dossier_holds_what_its_label_rests_on() -> None:
    for enterprise in REGION:
        facts, shape = enterprise.dossier, enterprise.archetype.shape
        years = [row.year for row in facts.accounts]
        if enterprise.attainment == "cannot_be_judged":
            assert LAST_YEAR not in years or facts.compliance.violations is None
        if shape.honours and not shape.honours_ended:
            assert facts.honours
        if shape.compliance == "abnormal":
            assert facts.compliance.on_abnormal_list
        if shape.equity_cny is not None:
            assert facts.equity_rounds
            assert facts.equity_rounds[0].paid_in_cny == Decimal(shape.equity_cny)
