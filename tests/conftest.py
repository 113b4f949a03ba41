"""Real servers for the tests: one PostgreSQL and one Kafka per session, a database per test.

Servers of the environment (TERRACE_DATABASE_URL, TERRACE_KAFKA) are used when they are set and
never stopped. What an earlier session left behind, because it was killed, is cleared first.
"""

import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from deploy.local import databases
from deploy.local.child import Child
from deploy.local.kafka import KafkaBroker
from deploy.local.postgres import PostgresServer
from deploy.local.processes import ProcessIdentity

ROOT = Path(__file__).parents[1] / ".terrace"
CACHE = ROOT / "cache"


class DatabaseServer(Protocol):
    """Where tests make their databases: our own server or the one of the environment."""

    @property
    def admin_url(self) -> str: ...
    def ensure_database(self, name: str) -> str: ...
    def drop_database(self, name: str) -> None: ...


class Broker(Protocol):
    """Where tests publish: our own broker or the one of the environment."""

    @property
    def bootstrap(self) -> str: ...


class GivenServer:
    """A PostgreSQL that is already there. Its databases are made with passwords of the session."""

    def __init__(self, admin_url: str) -> None:
        self.admin_url = admin_url
        self._passwords: dict[str, str] = {}

    def ensure_database(self, name: str) -> str:
        password = self._passwords.setdefault(name, secrets.token_urlsafe(16))
        return databases.ensure_database(self.admin_url, name, password)

    def drop_database(self, name: str) -> None:
        databases.drop_database(self.admin_url, name)


class GivenBroker:
    """A broker that is already there."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap


@pytest.fixture(scope="session")
def session_dir() -> Iterator[Path]:
    """The state directory of this test session, removed at its end."""
    for earlier in ROOT.glob("test-*"):
        if ProcessIdentity.of(int(earlier.name.removeprefix("test-"))) is None:
            Child("kafka", earlier).end_leftover()
            PostgresServer(earlier).remove()
            shutil.rmtree(earlier, ignore_errors=True)
    path = ROOT / f"test-{os.getpid()}"
    path.mkdir(parents=True)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server(session_dir: Path) -> Iterator[DatabaseServer]:
    """The session's PostgreSQL."""
    if given := os.environ.get("TERRACE_DATABASE_URL"):
        yield GivenServer(given)
        return
    server = PostgresServer(session_dir)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def kafka_broker(session_dir: Path) -> Iterator[Broker]:
    """The session's Apache Kafka. Tests name their own topics; nothing is made in advance."""
    if given := os.environ.get("TERRACE_KAFKA"):
        yield GivenBroker(given)
        return
    broker = KafkaBroker(session_dir, CACHE)
    try:
        broker.start()
        yield broker
    finally:
        broker.remove()


@pytest.fixture
def fresh_database(postgres_server: DatabaseServer) -> Iterator[str]:
    """The URL of a new, empty database that belongs to a new role."""
    name = f"test_{secrets.token_hex(6)}"
    yield postgres_server.ensure_database(name)
    postgres_server.drop_database(name)
