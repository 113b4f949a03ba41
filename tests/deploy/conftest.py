"""State directories for servers of a test's own, beside the session's."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.run import remove_state
from tests.deploy.programs import Programs


@pytest.fixture
def state_dir(session_dir: Path) -> Iterator[Path]:
    """A new state directory; whatever still runs in it at the end is ended."""
    path = session_dir / secrets.token_hex(4)
    path.mkdir()
    yield path
    remove_state(path)


@pytest.fixture
def programs(state_dir: Path) -> Iterator[Programs]:
    """Stacks started as programs of their own; those still alive at the end are ended."""
    programs = Programs()
    yield programs
    programs.end()
