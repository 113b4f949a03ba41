"""The rule files of the payment desk: notice, approval by total, deadlines, working days."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from services.funding.payments import desk
from services.funding.payments.desk import Level, desk_of, read_desks
from services.funding.payments.errors import CalendarUnknown
from services.funding.payments.working_days import working_days
from shared.auth import Role
from shared.rules.lined_yaml import RuleFileError
from tests.services.funding.payment_desk import person

DEFAULT = desk.RULES / "default.yaml"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Rule files of a test."""
    monkeypatch.setattr(desk, "RULES", tmp_path)
    (tmp_path / "default.yaml").write_text(DEFAULT.read_text("utf-8"), "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("total", "signatures"),
    [
        ("0.01", [1, 1]),
        ("1000000", [1, 1]),
        ("1000000.01", [2, 1]),
        ("50000000", [2, 1]),
        ("50000000.01", [2, 2]),
        ("999999999999", [2, 2]),
    ],
)
def test_total_decides_how_many_sign_and_a_threshold_belongs_to_the_lower_band(
    total: str, signatures: list[int]
) -> None:
    levels = desk_of("440100").approval.levels_for(Decimal(total))
    assert [level.signatures for level in levels] == signatures
    assert [level.role for level in levels] == [Role.REGULATOR, Role.FINANCE]


def test_every_figure_says_how_sure_it_is() -> None:
    rules = desk_of("440100")
    assert rules.notice.verification == "mem"
    assert rules.approval.verification == "unverified"
    assert rules.claw_back.source


def test_payer_may_have_a_file_of_its_own(folder: Path) -> None:
    own = DEFAULT.read_text("utf-8").replace("days: 5", "days: 7")
    (folder / "440300.yaml").write_text(own.replace("working_days", "calendar_days"), "utf-8")
    desk_of.cache_clear()
    try:
        assert desk_of("440300").notice.last_day(date(2022, 9, 30)) == date(2022, 10, 7)
        assert desk_of("440100").notice.last_day(date(2022, 9, 30)) == date(2022, 10, 12)
    finally:
        desk_of.cache_clear()


@pytest.mark.parametrize(
    ("right", "wrong", "reason"),
    [
        ("up_to_cny: 50000000", "up_to_cny: 900000", "bands rise"),
        ("up_to_cny: null", "up_to_cny: 60000000", "any total"),
        ("days: 5", "days: 0", "greater than or equal to 1"),
        ("unit: working_days", "unit: weeks", "working_days"),
        ("role: finance", "role: mayor", "regulator"),
        ("repay_days: 30", "repay_days: 30\n  forgive_days: 1", "forgive_days"),
    ],
)
def test_wrong_file_is_refused_with_its_name_and_reason(
    folder: Path, right: str, wrong: str, reason: str
) -> None:
    text = DEFAULT.read_text("utf-8").replace(right, wrong, 1)
    (folder / "440300.yaml").write_text(text, "utf-8")
    with pytest.raises(RuleFileError, match=reason) as refused:
        read_desks()
    assert refused.value.file == "440300.yaml"


def test_level_of_the_parent_is_signed_by_the_authority_above() -> None:
    level = Level(
        id="above", zh="上级", en="above", role=Role.REGULATOR, authority="parent", signatures=1
    )
    assert level.admits(person("p", authority="440000"), "440100")
    assert not level.admits(person("c", authority="440100"), "440100")
    assert not level.admits(person("f", Role.FINANCE, "440000"), "440100")
    assert not level.admits(person("n", authority="440000"), "000000")


@pytest.mark.parametrize(
    ("day", "count", "last"),
    [
        (date(2022, 9, 30), 5, date(2022, 10, 12)),  # 国庆节 off, Saturday 8 and Sunday 9 worked
        (date(2022, 1, 28), 3, date(2022, 2, 7)),  # 春节, both days before it worked
        (date(2023, 12, 28), 2, date(2024, 1, 2)),  # over the turn of the year
        (date(2026, 3, 2), 5, date(2026, 3, 9)),
    ],
)
def test_working_days_follow_the_announced_days_off(day: date, count: int, last: date) -> None:
    assert working_days().after(day, count) == last


def test_year_that_was_not_announced_is_not_guessed() -> None:
    with pytest.raises(CalendarUnknown, match="2027"):
        working_days().after(date(2026, 12, 30), 3)
