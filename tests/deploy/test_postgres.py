"""The local PostgreSQL: data outlives SIGKILL, services cannot read each other."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from deploy.local.postgres import PostgresServer
from deploy.local.processes import ProcessIdentity, working_in


@pytest.fixture
def server(state_dir: Path) -> Iterator[PostgresServer]:
    server = PostgresServer(state_dir)
    server.start()
    yield server
    server.remove()


async def _ask(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_committed_rows_survive_sigkill_of_server_and_children(
    server: PostgresServer,
) -> None:
    url = server.ensure_database("terrace_one")
    await _ask(url, "CREATE TABLE kept AS SELECT 7 AS value")
    server.kill()
    assert not working_in(server.data_dir)
    server.start()
    assert await _ask(url, "SELECT value FROM kept") == 7


async def test_a_lock_file_that_names_a_stranger_does_not_stop_the_start(
    server: PostgresServer,
) -> None:
    url = server.ensure_database("terrace_one")
    lock = server.data_dir / "postmaster.pid"
    lines = lock.read_text().split("\n")
    server.kill()
    lock.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    server.start()
    assert await _ask(url, "SELECT 1") == 1


def test_a_second_start_takes_over_from_a_server_whose_owner_was_killed(state_dir: Path) -> None:
    program = (
        "import sys, pathlib, time; from deploy.local.postgres import PostgresServer; "
        "server = PostgresServer(pathlib.Path(sys.argv[1])); server.start(); "
        "server.ensure_database('terrace_one'); print(server.pid, flush=True); time.sleep(600)"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", program, str(state_dir)], stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout
    left = ProcessIdentity.of(int(owner.stdout.readline()))
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    assert left is not None
    assert left.is_alive()
    server = PostgresServer(state_dir)
    try:
        server.start()
        assert not left.is_alive()
        assert server.is_running()
    finally:
        server.remove()


async def test_a_service_cannot_connect_to_another_services_database(
    server: PostgresServer,
) -> None:
    one, two = (server.ensure_database(f"terrace_{name}") for name in ("one", "two"))
    intruder = one.removesuffix("terrace_one") + "terrace_two"
    assert await _ask(two, "SELECT 1") == 1
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await _ask(intruder, "SELECT 1")


async def test_a_database_is_made_once_and_keeps_its_url(server: PostgresServer) -> None:
    first = server.ensure_database("terrace_one")
    await _ask(first, "CREATE TABLE kept (id int)")
    assert server.ensure_database("terrace_one") == first
    assert await _ask(first, "SELECT count(*) FROM kept") == 0


async def test_nobody_connects_without_the_password(server: PostgresServer) -> None:
    url = server.ensure_database("terrace_one")
    password = url.split(":")[2].split("@")[0]
    with pytest.raises(asyncpg.InvalidPasswordError):
        await _ask(url.replace(password, "guess"), "SELECT 1")


def test_passwords_and_data_are_private_to_their_owner(
    server: PostgresServer, state_dir: Path
) -> None:
    server.ensure_database("terrace_one")
    assert stat.S_IMODE((state_dir / "passwords.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(server.data_dir.stat().st_mode) == 0o700
    assert not (server.data_dir / "password").exists()


@pytest.mark.parametrize("name", ["", "Terrace", "a;b", "a b", "x" * 64])
def test_a_database_name_that_sql_would_misread_is_refused(
    server: PostgresServer, name: str
) -> None:
    with pytest.raises(ValueError, match="no database name"):
        server.ensure_database(name)


@pytest.mark.parametrize("private", [True, False])
async def test_it_runs_whether_or_not_others_may_enter_the_checkout(
    state_dir: Path, private: bool
) -> None:
    home = state_dir / "home"
    home.mkdir(mode=0o700 if private else 0o755)
    server = PostgresServer(home / "state")
    try:
        server.start()
        assert await _ask(server.ensure_database("terrace_one"), "SELECT 1") == 1
        assert stat.S_IMODE(home.stat().st_mode) == (0o700 if private else 0o755)
    finally:
        server.remove()
    assert not server.data_dir.exists()
