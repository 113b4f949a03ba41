"""What an authority covers is data, not a prefix."""

import pytest

from shared.authorities import authorities, covers


@pytest.mark.parametrize(
    ("authority", "region", "covered"),
    [
        ("000000", "440106", True),
        ("440000", "440106", True),
        ("440000", "440305", False),
        ("440300", "440305", True),
        ("440300", "440106", False),
        ("440100", "440106", True),
        ("440106", "440106", True),
        ("440106", "440112", False),
        ("210000", "210203", False),
        ("660000", "659001", False),
        ("999999", "440106", False),
        (None, "440106", False),
    ],
)
def test_scope(authority: str | None, region: str, covered: bool) -> None:
    assert covers(authority, region) is covered


def test_every_parent_exists_and_every_exclusion_has_its_own_authority() -> None:
    table = authorities()
    for authority in table.values():
        assert authority.parent is None or authority.parent in table
        assert all(f"{prefix}00" in table for prefix in authority.excludes)
