"""Overlays, selection and the whole rulebook: what is chosen, and what is refused."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from contracts.values import Tier
from shared.rules.lined_yaml import RuleFileError, parse_tree
from shared.rules.model import Programme, Target
from shared.rules.overlay import Overlay, overlay_of, with_overlay
from shared.rules.rulebook import load_rulebook
from shared.rules.select import Application, ChosenBy, Filing, choose, selection_of

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "services" / "certification" / "rules"
BOOK = load_rulebook(FOLDER)
SICHUAN = (FOLDER / "overlays" / "sichuan.yaml").read_text("utf-8")
SELECTION = (FOLDER / "selection.yaml").read_text("utf-8")
LITTLE_GIANT, SPECIALIZED = Tier.LITTLE_GIANT, Tier.SPECIALIZED_SME


def _overlay(text: str) -> Overlay:
    return overlay_of(parse_tree(text, "made.yaml"), "made.yaml", "d", BOOK.rule_sets)


@pytest.mark.parametrize(
    ("region", "day", "overlay"),
    [
        ("510104", date(2022, 9, 30), "sichuan"),
        ("370102", date(2022, 9, 30), "shandong"),
        ("370202", date(2022, 9, 30), None),
        ("440106", date(2023, 12, 31), None),
        ("440106", date(2024, 1, 1), "guangdong-2024"),
        ("440106", date(2024, 12, 31), "guangdong-2024"),
        ("440106", date(2025, 1, 1), "guangdong-2025"),
        ("440106", date(2026, 4, 1), None),
        ("440306", date(2025, 10, 10), None),
        ("440306", date(2025, 10, 11), "shenzhen"),
        ("330106", date(2025, 1, 1), None),
    ],
)
def test_province_judges_by_its_own_overlay(region: str, day: date, overlay: str | None) -> None:
    assert BOOK.of("miit-2022-63", region, day).overlay == overlay
    assert BOOK.of("miit-2026", region, day).overlay is None


def test_overlay_changes_one_tier_and_leaves_85_points_alone() -> None:
    plain = BOOK.rule_sets["miit-2022-63"]
    changed = BOOK.of("miit-2022-63", "510104", date(2022, 9, 30))
    assert changed.tiers[0] == plain.tiers[0]
    assert changed.tiers[2] == plain.tiers[2]
    assert changed.digest != plain.digest
    old, new = plain.tiers[1].score, changed.tiers[1].score
    assert old is not None
    assert new is not None
    differing = [a.id for a, b in zip(old.categories, new.categories, strict=True) if a != b]
    assert differing == ["characteristic"]
    assert plain.tiers[1].direct_routes == changed.tiers[1].direct_routes


def test_editions_in_force_are_those_of_the_tiers() -> None:
    assert [r.id for r in BOOK.in_force("440106", date(2026, 3, 31))] == ["miit-2022-63"]
    assert [r.id for r in BOOK.in_force("440106", date(2026, 4, 1))] == ["miit-2026"]
    assert BOOK.in_force("440106", date(2022, 7, 31)) == ()


@pytest.mark.parametrize(
    ("old", "new", "at", "says"),
    [
        ("max: 15", "max: 14", "  max: 14", "add up to 15, not 14"),
        ("id: characteristic", "id: charm", "category:", "has no category `charm`"),
        ('authority: "510000"', 'authority: "999999"', "authority:", "authorities.yaml"),
        ("applies_to: miit-2022-63", "applies_to: miit-1999", "applies_to:", "names an edition"),
        ("tier: specialized_sme", "tier: little_giant", None, "has no score"),
        ("tier: specialized_sme", "tier: unicorn", "tier:", "is one of"),
        ("points: 60, ", "points: 101, ", "pass_mark:", "over the table's 100"),
        (", verification: mem}", "}", "pass_mark:", "needs `verification`"),
        ("  - id: regional_uniqueness", "  - id: ip_level", None, "ip_level stand twice"),
        (
            "effective_to: 2026-03-31",
            "effective_to: 2020-03-31",
            "effective_from:",
            "begins before",
        ),
        ("zh: 四川省", "zhong: 四川省", "zhong:", "has no `zhong`"),
        ("source: 四川省“专精特新”中小企业认定评分办法\n", "", None, "needs `source`"),
        ("any_of: [regional_uniqueness]", "any_of: 5", None, "put `5` in quotes"),
        ("metric: provincial_features", "metric: local_charm", None, "no metric `local_charm`"),
    ],
)
def test_bad_overlay_is_refused_with_its_line(
    old: str, new: str, at: str | None, says: str
) -> None:
    assert old in SICHUAN
    text = SICHUAN.replace(old, new, 1)
    with pytest.raises(RuleFileError) as caught:
        _overlay(text)
    assert says in caught.value.reason, caught.value.reason
    assert caught.value.file == "made.yaml"
    if at is not None:
        starts = [n for n, line in enumerate(text.splitlines(), 1) if line.startswith(at)]
        assert caught.value.line in starts


def test_overlay_without_a_category_keeps_asking_for_the_points() -> None:
    changed = BOOK.combined["guangdong-2025"].tiers[1]
    assert changed.score is not None
    local = next(one for one in changed.score.categories if one.id == "characteristic")
    assert [one.id for one in local.indicators] == ["provincial_features"]
    assert changed.score.total_min == 70
    assert changed.conditions[-1].id == "growth_or_review"


def test_two_overlays_of_one_authority_on_one_day_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    shutil.copytree(FOLDER, folder)
    text = SICHUAN.replace("id: sichuan", "id: other", 1)
    (folder / "overlays" / "zz.yaml").write_text(text, "utf-8")
    with pytest.raises(RuleFileError, match=r"zz.yaml:1: sichuan holds on some of the same days"):
        load_rulebook(folder)
    (folder / "overlays" / "zz.yaml").write_text(SICHUAN, "utf-8")
    with pytest.raises(RuleFileError, match=r"zz.yaml:1: The id sichuan is taken"):
        load_rulebook(folder)


def test_bad_file_leaves_the_running_rulebook_untouched(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    shutil.copytree(FOLDER, folder)
    running = load_rulebook(folder)
    before = {name: rules.digest for name, rules in running.rule_sets.items()}
    path = folder / "editions" / "miit-2026.yaml"
    path.write_text(path.read_text("utf-8").replace("min: 15_000_000", "min: many"), "utf-8")
    with pytest.raises(RuleFileError, match=r"miit-2026.yaml:[0-9]+: `min` of revenue_last_year"):
        load_rulebook(folder)
    assert {name: rules.digest for name, rules in running.rule_sets.items()} == before
    assert running == BOOK


def _filed(
    tier: Target,
    filing: Filing,
    day: date,
    region: str,
    notice: str | None = None,
    batch: str | None = None,
) -> Application:
    return Application(tier, filing, day, region, notice, batch)


@pytest.mark.parametrize(
    ("filing", "rule_set", "by"),
    [
        (
            _filed(
                LITTLE_GIANT, Filing.NEW, date(2026, 5, 1), "440106", "工信厅企业函〔2026〕117号"
            ),
            "miit-2026",
            ChosenBy.NOTICE,
        ),
        (
            _filed(
                LITTLE_GIANT, Filing.REVIEW, date(2026, 5, 1), "440106", "工信厅企业函〔2026〕117号"
            ),
            "miit-2022-63",
            ChosenBy.NOTICE,
        ),
        (
            _filed(LITTLE_GIANT, Filing.REVIEW, date(2026, 4, 25), "440106"),
            "miit-2022-63",
            ChosenBy.WINDOW,
        ),
        (
            _filed(LITTLE_GIANT, Filing.REVIEW, date(2026, 5, 26), "440106"),
            "miit-2026",
            ChosenBy.FILING_DATE,
        ),
        (
            _filed(LITTLE_GIANT, Filing.REVIEW, date(2027, 5, 1), "440106"),
            "miit-2026",
            ChosenBy.FILING_DATE,
        ),
        (
            _filed(SPECIALIZED, Filing.NEW, date(2026, 4, 20), "420106", "湖北省2026年2月10日通知"),
            "miit-2022-63",
            ChosenBy.NOTICE,
        ),
        (
            _filed(SPECIALIZED, Filing.REVIEW, date(2026, 4, 20), "420106", batch="第五批"),
            "miit-2022-63",
            ChosenBy.BATCH,
        ),
        (
            _filed(SPECIALIZED, Filing.NEW, date(2026, 4, 20), "420106"),
            "miit-2026",
            ChosenBy.FILING_DATE,
        ),
        (
            _filed(SPECIALIZED, Filing.NEW, date(2026, 4, 20), "440106", "湖北省2026年2月10日通知"),
            "miit-2026",
            ChosenBy.FILING_DATE,
        ),
        (
            _filed(SPECIALIZED, Filing.REVIEW, date(2026, 4, 10), "140106"),
            "miit-2022-63",
            ChosenBy.WINDOW,
        ),
        (
            _filed(SPECIALIZED, Filing.NEW, date(2026, 4, 10), "140106"),
            "miit-2026",
            ChosenBy.FILING_DATE,
        ),
        (
            _filed(Tier.INNOVATIVE_SME, Filing.NEW, date(2026, 7, 15), "440106"),
            "miit-2026",
            ChosenBy.WINDOW,
        ),
        (
            _filed(SPECIALIZED, Filing.NEW, date(2026, 3, 31), "330106"),
            "miit-2022-63",
            ChosenBy.FILING_DATE,
        ),
        (
            _filed(SPECIALIZED, Filing.NEW, date(2026, 4, 1), "330106"),
            "miit-2026",
            ChosenBy.FILING_DATE,
        ),
        (
            _filed(SPECIALIZED, Filing.NEW, date(2026, 4, 1), "330106", "某号通知"),
            "miit-2026",
            ChosenBy.FILING_DATE,
        ),
    ],
)
def test_edition_follows_the_notice_and_not_the_day_alone(
    filing: Application, rule_set: str, by: ChosenBy
) -> None:
    found = BOOK.choose(filing)
    assert found is not None
    choice, rules = found
    assert (choice.rule_set, choice.by, rules.id) == (rule_set, by, rule_set)
    assert (choice.row is None) == (by is ChosenBy.FILING_DATE)


def test_filing_before_any_edition_has_none() -> None:
    assert BOOK.choose(_filed(SPECIALIZED, Filing.NEW, date(2022, 7, 31), "440106")) is None


def test_late_filing_under_the_old_edition_keeps_its_overlay() -> None:
    rows = selection_of(
        parse_tree(SELECTION.replace('authority: "420000"', 'authority: "440000"'), "s.yaml"),
        "s.yaml",
        BOOK.rule_sets,
    )
    filing = _filed(SPECIALIZED, Filing.NEW, date(2026, 4, 20), "440106", batch="第八批")
    choice = choose(rows, BOOK.editions, filing)
    assert choice is not None
    assert choice.rule_set == "miit-2022-63"
    book = type(BOOK)(BOOK.rule_sets, BOOK.overlays, rows, BOOK.combined)
    found = book.choose(filing)
    assert found is not None
    assert found[1].overlay == "guangdong-2025"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("rule_set: miit-2026", "rule_set: miit-2025", "is one of"),
        ("filing: new", "filing: first", "is one of new, review"),
        ("tiers: [little_giant]", "tiers: [unicorn]", "`tiers` is of"),
        ("tiers: [little_giant]", "tiers: [high_tech_enterprise]", "has no tier high_tech"),
        ("filed_to: 2026-05-25", "filed_to: 2026-03-25", "before `filed_from`"),
        ("id: little-giant-2026-review", "id: little-giant-2026-new", "stands twice"),
        ('authority: "000000"', 'authority: "123"', "is not known"),
        ("  source: 工信厅企业函〔2026〕117号\n", "", "needs `source`"),
        ("batch: 第八批", "lot: 第八批", "has no `lot`"),
    ],
)
def test_bad_selection_is_refused(old: str, new: str, says: str) -> None:
    assert old in SELECTION
    with pytest.raises(RuleFileError) as caught:
        selection_of(parse_tree(SELECTION.replace(old, new, 1), "s.yaml"), "s.yaml", BOOK.rule_sets)
    assert says in caught.value.reason, caught.value.reason
    assert caught.value.line > 1


def test_overlay_is_the_same_whatever_it_is_applied_to_twice() -> None:
    overlay = next(one for one in BOOK.overlays if one.id == "sichuan")
    rules = BOOK.rule_sets["miit-2022-63"]
    assert with_overlay(rules, overlay) == BOOK.combined["sichuan"]


def test_programmes_are_judged_beside_the_tiers() -> None:
    judged = {tier.tier for rules in BOOK.rule_sets.values() for tier in rules.tiers}
    assert judged == {*Tier, *Programme}
