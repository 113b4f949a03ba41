"""Kafka and PostgreSQL as compose.yaml sets them up, with the same scripts, on this machine."""

import os
import re
import subprocess
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from deploy.local.child import Child
from deploy.local.java import find_java
from deploy.local.kafka_jars import kafka_jars
from deploy.local.ports import LOOPBACK, accepts_connections, free_port
from deploy.local.postgres import ADMIN, PostgresServer
from deploy.local.postgres_home import find_home
from deploy.local.processes import wait_until
from tests.conftest import CACHE
from tests.deploy.images.composed import ROOT

DEPLOY = ROOT / "deploy"
_START_S = 90
_SHIM = '#!/bin/sh\nexec "{java}" -Xmx512m -XX:TieredStopAtLevel=1 -cp "{jars}/*" {main} "$@"\n'
_PROGRAMS = {
    "kafka-storage.sh": "kafka.tools.StorageTool",
    "kafka-server-start.sh": "kafka.Kafka",
}
# The few threads and partitions of a laptop.
_SMALL = "offsets.topic.num.partitions=4\ngroup.initial.rebalance.delay.ms=0\n"
_TLS = """
listener.name.tls.ssl.keystore.type=PEM
listener.name.tls.ssl.keystore.location={key}
listener.name.tls.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
"""


def make_secrets(directory: Path) -> Path:
    """The password files, made by the script an operator runs; returns their directory."""
    secrets = directory / "secrets"
    subprocess.run(["sh", DEPLOY / "secrets.sh", secrets], check=True, capture_output=True)
    return secrets


def make_certificate(path: Path) -> Path:
    """A certificate for this machine that signs itself, and beside it one file with its key."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, LOOPBACK)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address(LOOPBACK))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    public = certificate.public_bytes(Encoding.PEM)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(public)
    path.with_suffix(".key").write_bytes(private + public)
    return path


class AuthenticatedBroker:
    """Apache Kafka started by deploy/kafka/start.sh: passwords and rules on.

    Beside the listeners of compose.yaml it has one with TLS.
    """

    def __init__(self, state_dir: Path, secrets: Path) -> None:
        self._directory = state_dir / "broker"
        self._secrets = secrets
        self._child = Child("broker", state_dir)
        self.port, self._outside, self._controller = free_port(), free_port(), free_port()
        self._tls = free_port()
        self.authority = state_dir / "authority.pem"

    @property
    def bootstrap(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    @property
    def outside(self) -> str:
        """Where banks connect."""
        return f"{LOOPBACK}:{self._outside}"

    @property
    def tls(self) -> str:
        """Where a client connects that wants TLS."""
        return f"{LOOPBACK}:{self._tls}"

    def start(self) -> None:
        make_certificate(self.authority)
        programs = self._directory / "bin"
        programs.mkdir(parents=True, exist_ok=True)
        jars = kafka_jars(CACHE)
        for name, main in _PROGRAMS.items():
            (programs / name).write_text(_SHIM.format(java=find_java(), jars=jars, main=main))
            (programs / name).chmod(0o755)
        (self._directory / "server.properties").write_text(self._properties())
        self._child.launch(
            ["sh", DEPLOY / "kafka" / "start.sh"],
            cwd=self._directory,
            environment={
                "PATH": f"{programs}:{os.environ['PATH']}",
                "SECRETS": str(self._secrets / "kafka"),
                "PROPERTIES": str(self._directory / "server.properties"),
                "RUNTIME": str(self._directory / "bin"),
                "OUTSIDE_ADDRESS": self.outside,
            },
        )
        wait_until(lambda: accepts_connections(self.port) or not self._child.is_running(), _START_S)
        assert self._child.is_running(), self._child.end_of_log()

    def stop(self) -> None:
        """End it at once: its data goes with it."""
        self._child.kill()

    def _properties(self) -> str:
        """The file as it is, with addresses and the data directory of this machine."""
        text = (DEPLOY / "kafka" / "server.properties").read_text()
        for found, ours in {
            r"CLIENT://:9092": f"CLIENT://{self.bootstrap}",
            r"CLIENT://kafka:9092": f"CLIENT://{self.bootstrap}",
            r"OUTSIDE://:9094": f"OUTSIDE://{self.outside}",
            r"127\.0\.0\.1:9093": f"{LOOPBACK}:{self._controller}",
            r"/var/lib/kafka/data": str(self._directory / "data"),
            r"(?m)^((?:advertised\.)?listeners=.*)$": rf"\1,TLS://{self.tls}",
            r"OUTSIDE:SASL_PLAINTEXT": "OUTSIDE:SASL_PLAINTEXT,TLS:SASL_SSL",
        }.items():
            text, count = re.subn(found, ours, text)
            assert count, f"server.properties no longer says {found}"
        return text + _SMALL + _TLS.format(key=self.authority.with_suffix(".key"))


class PasswordedPostgres:
    """A real PostgreSQL on which deploy/postgres/setup.sh makes roles and databases."""

    def __init__(self, state_dir: Path) -> None:
        self._server = PostgresServer(state_dir)
        self._programs = find_home(state_dir).programs

    @property
    def address(self) -> str:
        return f"{LOOPBACK}:{self._server.port}"

    def start(self) -> None:
        self._server.start()

    def remove(self) -> None:
        self._server.remove()

    def set_up(self, secrets: Path) -> str:
        """Run the job; returns what it says. Raises CalledProcessError."""
        admin_password = self._server.admin_url.split(":")[2].rpartition("@")[0]
        (secrets / "postgres" / "password").write_text(admin_password)
        done = subprocess.run(
            ["sh", DEPLOY / "postgres" / "setup.sh"],
            env={
                "PATH": f"{self._programs}:{os.environ['PATH']}",
                "SECRETS": str(secrets),
                "PGHOST": LOOPBACK,
                "PGPORT": str(self._server.port),
                "PGUSER": ADMIN,
            },
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def url(self, database: str, password: str) -> str:
        return f"postgresql://{database}:{password}@{self.address}/{database}"
