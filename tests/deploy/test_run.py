"""What the `terrace` command refuses before it starts anything."""

from pathlib import Path

import pytest

from deploy.local import run
from deploy.local.domain_clock import ensure_clock


def test_the_sample_region_is_refused_where_domain_time_is_later(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ensure_clock(tmp_path)
    assert run.up(tmp_path, sample=True) == 1
    assert "terrace down --remove-data" in capsys.readouterr().err
    assert not (tmp_path / "stack.json").exists()
