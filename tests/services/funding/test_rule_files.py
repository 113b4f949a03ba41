"""Rule files that are wrong are refused with file, line and reason; the shipped ones are sound."""

from collections.abc import Callable
from pathlib import Path

import pytest

from services.funding.awards.schemes import RULES as AWARD_RULES
from services.funding.awards.schemes import read_schemes
from services.funding.products.catalogue import RULES as PRODUCT_RULES
from services.funding.products.catalogue import leaves_of, read_products, seeds
from services.funding.products.institutions import institutions
from shared.rules import model
from shared.rules.lined_yaml import RuleFileError

GUANGZHOU = AWARD_RULES / "440100-guangzhou.yaml"
XINGKE = PRODUCT_RULES / "icbc-xingke-loan.yaml"
REVENUE = "{metric: revenue_last_year, min: 1, unit: cny, source: 示例, verification: seed}"
REPORT_ROWS = {
    "boc-sci-tech-loan",
    "icbc-sci-tech-loan",
    "icbc-xingke-loan",
    "icbc-little-giant-loan",
    "abc-kejie-loan",
    "abc-little-giant-loan",
    "ccb-shanke-loan",
    "psbc-shaanxi-specialized-loan",
    "jsb-changzhou-specialized-loan",
    "bosc-sci-tech-loan",
    "qdccb-sci-tech-easy-loan",
}


def _refused(read: Callable[[Path], object], folder: Path) -> str:
    with pytest.raises(RuleFileError) as caught:
        read(folder)
    return str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("value: 200000", "value: 200000.5", "440100-guangzhou.yaml:"),
        ("value: 200000", "value: null", "is no value of the kind fixed"),
        ("value: 200000", "value: {max: 200000}", "is no value of the kind fixed"),
        ("value: 200000", "value: -1", "440100-guangzhou.yaml:"),
        ('payer: "440100"', 'payer: "449900"', "is no authority"),
        ("unit: cny", "unit: usd", "'cny'"),
        ("verification: seed", "verification: sure", "verification"),
        ("to: 2025-08-22", "to: 2025-08-23", "two amounts are in force on one day"),
        ("automatic: true", "automatic: yes please", "automatic"),
        ("stacking: unknown", "stackin: unknown", "stackin"),
        ("id: guangzhou-little-giant-one-off", "id: guangzhou-specialized-sme-one-off", "twice"),
        ("titles: [specialized_sme]", "titles: [specialised_sme]", "reference/titles.yaml"),
        ("titles: [specialized_sme]", "titles: []", "only an enterprise has a title"),
        ("payee: enterprise", "payee: citizen", "payee"),
        ("benefit: money", "benefit: traffic_permit", "without money has quantities"),
        ("benefit: traffic_permit", "benefit: money", "without money has quantities"),
        ("origin: title", "origin: claim", "a claim is not automatic"),
        ("origin: claim", "origin: title", "only an enterprise has a title"),
        ("period: once", "period: project", "only an enterprise has a title"),
        ("stacking: unknown", "stacking: add_up", "stacking"),
        ("shortage: unknown", "shortage: by_id", "shortage"),
        ("claw_back: [fraud, annulled]", "claw_back: [expired]", "claw_back"),
        ("occasions: [new]", "occasions: [old]", "occasions"),
        ("{percent: 50, cap: 3000000}", "{percent: 50.5, cap: 3000000}", "percent"),
        ("{percent: 50, cap: 3000000}", "{percent: 101, cap: 3000000}", "percent"),
        ("{percent: 50, cap: 3000000}", "{share: 50, cap: 3000000}", "440100-guangzhou.yaml:"),
        ("unit: vehicle", "unit: cny", "is no value of the kind quantity"),
        ("value: {max: 1500000}", "value: {min: 1500000, max: 1500000}", "of the kind cap"),
        ("  benefit: money", "  conditions: {metric: revenu, min: 1}\n  benefit: money", "revenu"),
        (
            "  benefit: money",
            f"  conditions: {{any: [{REVENUE}, {REVENUE}]}}\n  benefit: money",
            "give each its own `id`",
        ),
    ],
)
def test_award_file_that_is_wrong_is_refused(tmp_path: Path, old: str, new: str, told: str) -> None:
    text = GUANGZHOU.read_text("utf-8")
    assert old in text
    (tmp_path / GUANGZHOU.name).write_text(text.replace(old, new, 1), "utf-8")
    assert told in _refused(read_schemes, tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("any_of: [specialized_sme, little_giant]", "any_of: [specialised_sme]", "is never"),
        ("metric: honours", "metric: honors", "There is no metric `honors`"),
        ("owner: icbc", "owner: xyz", "There is no institution xyz"),
        ("value: 5000000", "value: 5000000.00", "value"),
        ("limits:", "limit:", "icbc-xingke-loan.yaml:"),
        ("verification: v1", "verification: v9", "verification"),
    ],
)
def test_product_file_that_is_wrong_is_refused(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    text = XINGKE.read_text("utf-8")
    assert old in text
    (tmp_path / XINGKE.name).write_text(text.replace(old, new, 1), "utf-8")
    assert told in _refused(read_products, tmp_path)


def test_line_of_the_mistake_is_named(tmp_path: Path) -> None:
    lines = GUANGZHOU.read_text("utf-8").splitlines()
    line = next(n for n, found in enumerate(lines, 1) if "value: 200000" in found)
    lines[line - 1] = lines[line - 1].replace("200000", "free")
    (tmp_path / GUANGZHOU.name).write_text("\n".join(lines), "utf-8")
    assert _refused(read_schemes, tmp_path).startswith(f"440100-guangzhou.yaml:{line}:")


def test_eleven_products_of_the_collection_are_there() -> None:
    assert set(seeds().products) >= REPORT_ROWS
    assert {one.terms.owner for one in seeds().products.values()} <= set(institutions())


@pytest.mark.parametrize("product_id", sorted(seeds().products))
def test_groups_of_conditions_are_named_so_that_a_trace_can_say_what_stands_in_the_way(
    product_id: str,
) -> None:
    def unnamed(condition: model.Condition) -> bool:
        if isinstance(condition, model.Test):
            return False
        parts = (condition.part,) if isinstance(condition, model.Not) else condition.parts
        return any(
            (isinstance(part, model.All | model.AnyOf | model.Not) and not part.named)
            or unnamed(part)
            for part in parts
        )

    product = seeds().products[product_id]
    assert not unnamed(product.conditions)
    ids = [test.id for test in leaves_of(product.conditions)]
    assert len(ids) == len(set(ids))
    assert product.limits[-1][1].source
