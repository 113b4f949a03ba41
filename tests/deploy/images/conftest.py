"""One platform per module: servers with authentication on, and images in bare directories."""

import json
import secrets
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from deploy.local.ports import LOOPBACK
from tests.deploy.images.assembly import Assembly
from tests.deploy.images.running import Platform
from tests.deploy.images.servers import AuthenticatedBroker, PasswordedPostgres, make_secrets
from tests.deploy.images.tokens import Issuer


@pytest.fixture(scope="package")
def place(session_dir: Path) -> Path:
    """The state directory of these tests' servers."""
    path = session_dir / f"images-{secrets.token_hex(4)}"
    path.mkdir()
    return path


@pytest.fixture(scope="package")
def password_files(place: Path) -> Path:
    """The passwords, with two banks let in."""
    files = make_secrets(place)
    for bank in ("icbc", "ccb"):
        (files / "banks" / bank).write_text(secrets.token_urlsafe(24))
    return files


@pytest.fixture(scope="package")
def postgres(place: Path, password_files: Path) -> Iterator[PasswordedPostgres]:
    """PostgreSQL after its set-up job."""
    server = PasswordedPostgres(place)
    try:
        server.start()
        server.set_up(password_files)
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="package")
def broker(place: Path, password_files: Path) -> Iterator[AuthenticatedBroker]:
    """Kafka with authentication on."""
    broker = AuthenticatedBroker(place, password_files)
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


@pytest.fixture(scope="package")
def assembly() -> Iterator[Assembly]:
    """Where images are put together."""
    assembly = Assembly()
    yield assembly
    assembly.remove()


@pytest.fixture(scope="package")
def issuer() -> Iterator[Issuer]:
    """An identity provider that signs as Keycloak does and serves its keys over HTTP."""
    issuer = Issuer()

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/realms/terrace/protocol/openid-connect/certs"
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(json.dumps(issuer.key_set()).encode() if found else b"")

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Keys)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    issuer.address = f"{LOOPBACK}:{server.server_port}"
    yield issuer
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="package")
def platform(
    place: Path,
    password_files: Path,
    assembly: Assembly,
    postgres: PasswordedPostgres,
    broker: AuthenticatedBroker,
    issuer: Issuer,
) -> Iterator[Platform]:
    """The servers set up, the databases migrated; no service runs yet."""
    platform = Platform(assembly, place, password_files)
    platform.addresses = {
        "postgres:5432": postgres.address,
        "kafka:9092": broker.bootstrap,
        "keycloak:8080": issuer.address,
    }
    try:
        done = platform.run_job(platform.containers["kafka-setup"])
        assert done.returncode == 0, done.stdout + done.stderr
        yield platform
    finally:
        platform.stop()
