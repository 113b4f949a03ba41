"""A stack of two tiny services as a program of its own, so that tests can interrupt and kill it.

python -m tests.deploy.tiny_stack STATE_DIR    serves until it is interrupted
"""

import sys
from dataclasses import replace
from pathlib import Path

from deploy.local import run
from deploy.local.settings import StackSettings, from_environment
from deploy.local.topology import GATEWAY, ServiceEntry

TINY = "tests.deploy.tiny_app:app"
SERVICES = (
    ServiceEntry("enterprise", app=TINY),
    ServiceEntry(GATEWAY, has_database=False, on_bus=False, app=TINY),
)


def tiny_settings(state_dir: Path) -> StackSettings:
    """The environment's settings with tiny services instead of the real ones."""
    return replace(from_environment(state_dir), services=SERVICES, migrate=False)


if __name__ == "__main__":
    sys.exit(run.serve(tiny_settings(Path(sys.argv[1])), sample=False))
