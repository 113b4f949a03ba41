"""A bad rule file is refused with its file, its line and a sentence that says what to change."""

from collections.abc import Callable
from pathlib import Path

import pytest

from shared.rules.lined_yaml import RuleFileError, parse_tree
from shared.rules.load import load_rule_set, load_rule_sets, parse_condition

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "services" / "certification" / "rules" / "editions"
GOOD = (FOLDER / "miit-2022-63.yaml").read_text("utf-8")


def _replaced(old: str, new: str, times: int = 1) -> Callable[[], str]:
    def edit() -> str:
        assert old in GOOD
        return GOOD.replace(old, new, times)

    return edit


def _refusal(text: str, tmp_path: Path) -> RuleFileError:
    path = tmp_path / "edited.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(RuleFileError) as caught:
        load_rule_set(path)
    return caught.value


def test_the_editions_load() -> None:
    editions = load_rule_sets(FOLDER, FOLDER.parent / "programmes")
    programmes = ["high-tech-enterprise", "tech-based-sme", "bse-listing"]
    assert list(editions) == [*programmes, "miit-2022-63", "miit-2026"]
    old, new = editions["miit-2022-63"], editions["miit-2026"]
    assert new.tiers[0].score == old.tiers[0].score
    assert new.preconditions != old.preconditions
    assert len(old.digest) == 64


@pytest.mark.parametrize(
    ("edit", "at", "says"),
    [
        (_replaced("{min: 3, max: 5, points: 15}", "{min: 2, max: 5, points: 15}"),
         "{min: 2, max: 3, points: 10}", "overlap"),
        (_replaced("{min: 3, max: 5, points: 15}", "{min: 4, max: 5, points: 15}"),
         "{min: 4, max: 5, points: 15}", "no band covers 3% to 4%"),
        (_replaced("{max: 1, points: 0}", "{min: 0, max: 1, points: 0}"),
         "{min: 0, max: 1, points: 0}", "nothing covers values under 0%"),
        (_replaced("{min: 5, points: 20}", "{min: 5, max: 9, points: 20}"),
         "{min: 5, max: 9, points: 20}", "nothing covers values over 9%"),
        (_replaced("{min: 5, points: 20}", "{min: 5, points: 25}"),
         "id: rd_to_revenue", "25 points, over its maximum 20"),
        (_replaced("{min: 5, points: 20}", "{min: 5, points: 18}"),
         None, "nothing gives over 18"),
        (_replaced("{min: 5, points: 20}", "{min: 5, points: -1}"),
         "{min: 5, points: -1}", "whole number of 0 or more"),
        (_replaced("{min: 5, points: 20}", "{min: 5.1e0, points: 20}"),
         "{min: 5.1e0, points: 20}", "is a number"),
        (_replaced("{min: 5, points: 20}", "{min: 0x5, points: 20}"),
         "{min: 0x5, points: 20}", "plain decimal number"),
        (_replaced("      max: 40\n      min: 20", "      max: 40\n      min: 41"),
         "      min: 41", "minimum 41 is over its maximum 40"),
        (_replaced("      max: 40\n      min: 20", "      max: 45\n      min: 20"),
         "      max: 45", "add up to 40, not 45"),
        (_replaced("total_min: 60", "total_min: 101"), "total_min: 101", "over the table's 100"),
        (_replaced("metric: debt_ratio", "metric: debt_ration"),
         "metric: debt_ration", "no metric `debt_ration`"),
        (_replaced("  source: 工信部企业〔2022〕63号 附件1\n", ""), None, "needs `source`"),
        (_replaced("        max: 10\n        verification: v2", "        max: 10"),
         "- id: debt_ratio", "needs `verification`"),
        (_replaced("verification: v2", "verification: sure"), "verification: sure", "is one of v2"),
        (_replaced("    min: 5_000_000\n    unit: cny", "    min: 5_000_000"),
         "- id: route_equity", "needs `unit: cny`"),
        (_replaced("    unit: cny", "    unit: percent"),
         "    unit: percent\n    verif", "takes `unit: cny`"),
        (_replaced("  is: true", "  is: yes please"), "is: yes please", "true or false"),
        (_replaced("equals: class1_high_value", "equals: class9"), "class9", "is never `class9`"),
        (_replaced("tax.ordinary", "tax.mild"), None, "is never `tax.mild`"),
        (_replaced("band_edge: higher_points", "band_edge: whatever"),
         "band_edge: whatever", "`band_edge` is one of"),
        (_replaced("  min: inclusive", "  min: perhaps"), "  min: perhaps", "inclusive"),
        (_replaced("- id: is_sme", "- id: legal_person_in_china"), None, "stand twice"),
        (_replaced("effective_to: 2026-03-31", "effective_to: 2021-03-31"),
         "effective_to: 2021-03-31", "before `effective_from`"),
        (_replaced("effective_from: 2022-08-01", "effective_from: August"),
         "effective_from: August", "YYYY-MM-DD"),
        (_replaced("tier: innovative_sme", "tier: unicorn"), None, "`tier` and"),
        (_replaced("preconditions:", "precondition:"), "precondition:", "has no `precondition`"),
        (_replaced("  zh: 符合《中小企业划型标准规定》\n", "  zh: a\n  zh: b\n"),
         "  zh: b", "given twice"),
        (_replaced("        - {id: none, zh: 无, en: none, points: 0}\n", ""),
         None, "except the last"),
        (_replaced("given: true", "given: 1"), "given: 1", "write `given: true`"),
        (_replaced("ladder_on_review: false", "ladder_on_review: maybe"),
         "ladder_on_review: maybe", "true or false"),
        (_replaced("  score:\n", "  any_of: [innovative_sme]\n  score:\n"),
         "any_of: [innovative_sme]", "takes all of `any_of`"),
        (_replaced("requires_tier: innovative_sme", "requires_tier: novice"), None, "are of"),
        (_replaced("cap: 5\n        verification: v2\n        sum_each",
                   "cap: 6\n        verification: v2\n        sum_each"),
         None, "6 points, over its maximum 5"),
        (_replaced("max: 15\n      indicators:\n      - id: provincial_features",
                   "max: 16\n      indicators:\n      - id: provincial_features"),
         None, "add up to 15, not 16"),
        (lambda: "- a\n- b\n", None, "one mapping"),
        (lambda: "id: [1, 2\n", None, "not YAML"),
        (lambda: "id: &x [1]\nzh: *x\n", None, "aliases are not used"),
        (lambda: "a: !!python/object/apply:os.getcwd []\n", None, ""),
    ],
)  # fmt: skip
def test_bad_file_is_refused_with_its_line(
    edit: Callable[[], str], at: str | None, says: str, tmp_path: Path
) -> None:
    text = edit()
    error = _refusal(text, tmp_path)
    assert error.file == "edited.yaml"
    assert says in error.reason, error.reason
    assert error.reason.rstrip()[-1] in ".;"
    assert str(error).startswith(f"edited.yaml:{error.line}: ")
    if at is not None:
        assert error.line == text[: text.index(at)].count("\n") + 1, error


def test_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "gb.yaml"
    path.write_bytes(b"id: a\nzh: " + "梯度".encode("gb18030"))
    with pytest.raises(RuleFileError, match=r"gb.yaml:2: .*UTF-8"):
        load_rule_set(path)


def test_two_files_with_one_id_are_refused(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(GOOD, "utf-8")
    with pytest.raises(RuleFileError, match=r"b.yaml:1: The id miit-2022-63 is taken"):
        load_rule_sets(tmp_path)


def test_tier_that_uses_an_edition_that_is_not_there_is_refused(tmp_path: Path) -> None:
    text = (FOLDER / "miit-2026.yaml").read_text("utf-8")
    (tmp_path / "a.yaml").write_text(text, "utf-8")
    with pytest.raises(RuleFileError, match="uses miit-2022-63, which has no table"):
        load_rule_sets(tmp_path)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("metric: employees\n", 1, "Say what employees must be"),
        ("metric: employees\nmin: 5\nabove: 4\n", 1, "two bounds on one side"),
        ("metric: employees\nmin: 5\nmax: 4\n", 1, "nothing could pass"),
        ("metric: employees\nis: true\n", 2, "yes-or-no"),
        ("metric: honours\nmin: 1\n", 2, "is not a number"),
        ("metric: region\nany_of: [4401]\n", 2, "put `4401` in quotes"),
        ("metric: employees\nany_of: [5]\n", 2, "no word or set"),
        ("all: []\n", 1, "at least one item"),
        ("all: [{metric: employees, min: 1}]\nany: [{metric: employees, min: 1}]\n", 1, "split"),
        ("any:\n- metric: employees\n  minimum: 5\n", 3, "has no `minimum`"),
        ("metric: revenue_last_year\nunit: cny\nmin: 1.005\n", 3, "two decimals"),
        ("minimum: 5\n", 1, "needs `metric`"),
    ],
)
def test_bad_condition_is_refused_with_its_line(text: str, line: int, says: str) -> None:
    with pytest.raises(RuleFileError) as caught:
        parse_condition(parse_tree(text, "c.yaml"), file="c.yaml", source="s", verification="v1")
    assert (caught.value.line, caught.value.file) == (line, "c.yaml")
    assert says in caught.value.reason


@pytest.mark.parametrize(
    ("any_of", "says"),
    [
        ("[little_giant]", "`any_of` names little_giant; it must stand before this tier."),
        ("[unicorn]", "`any_of` lists tiers"),
        ("[]", "at least one item"),
    ],
)
def test_tier_of_any_names_tiers_before_it(any_of: str, says: str, tmp_path: Path) -> None:
    text = (FOLDER / "miit-2026.yaml").read_text("utf-8")
    wrong = text.replace("any_of: [innovative_sme, tech_based_sme]", f"any_of: {any_of}")
    assert wrong != text
    assert says in _refusal(wrong, tmp_path).reason
