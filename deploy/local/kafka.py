"""A real Apache Kafka: one node that is broker and controller (KRaft), on the loopback address.

Owns its log directory, which survives any end of the process. Holds no topic definitions: topics
are made by the relays, as the contracts say.
"""

import shutil
import subprocess
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path

from deploy.local.child import Child
from deploy.local.java import find_java
from deploy.local.kafka_jars import KAFKA_VERSION, kafka_jars
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.processes import wait_until

_START_S = 90
_STARTED = "Kafka Server started"

# One compiler tier and the serial collector: the broker is up in half the time and leaves the
# two cores of a laptop to the services.
_JVM = ("-Xms128m", "-Xmx768m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")

_SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "auto.create.topics.enable": "false",
    # A killed broker is let back in only when its session has run out (9 s by default).
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "num.partitions": "1",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "message.max.bytes": "2097152",
    "replica.fetch.max.bytes": "2097152",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "log.cleaner.dedupe.buffer.size": "33554432",
    "log.retention.check.interval.ms": "60000",
}

_LOGGING = """
status = error
rootLogger.level = warn
rootLogger.appenderRef.out.ref = OUT
logger.started.name = kafka.server.KafkaRaftServer
logger.started.level = info
appender.out.type = Console
appender.out.name = OUT
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601} %p %c{1} %m%n
"""


class KafkaBroker:
    """One broker. The port stays the same while the object lives, so clients can reconnect."""

    name = "kafka"
    keeps_data = True
    version = f"Apache Kafka {KAFKA_VERSION}"

    def __init__(self, state_dir: Path, cache_dir: Path, port: int | None = None) -> None:
        self._directory = state_dir.resolve() / "kafka"
        self._cache_dir = cache_dir
        self._child = Child(self.name, state_dir.resolve())
        self._controller_port = free_port()
        self.port = port or free_port()

    @property
    def bootstrap(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    @property
    def log_path(self) -> Path:
        return self._child.log_path

    @property
    def pid(self) -> int | None:
        return self._child.pid

    def is_running(self) -> bool:
        return self._child.is_running()

    def start(self) -> None:
        """Start the broker and wait until it serves; the first start makes its log directory.

        Raises JarsUnavailable when the jars cannot be had, and RuntimeError with the end of the
        log when the broker does not come up.
        """
        if self.is_running():
            return
        jars = kafka_jars(self._cache_dir)
        self._child.end_leftover()
        self._directory.mkdir(parents=True, exist_ok=True)
        self._write_settings()
        if not (self._directory / "data" / "meta.properties").exists():
            self._format(jars)
        self._child.launch(self._java(jars, "kafka.Kafka", *_JVM), cwd=self._directory)
        wait_until(lambda: self._is_ready() or not self.is_running(), _START_S)
        if not (self.is_running() and self._is_ready()):
            self.kill()
            raise RuntimeError(f"Kafka did not start:\n{self._child.end_of_log()}")

    def stop(self) -> None:
        """Stop in order, so that the next start has nothing to recover."""
        self._child.stop(grace_s=30)

    def kill(self) -> None:
        """End the broker with SIGKILL, as a power cut would."""
        self._child.kill()

    def remove(self) -> None:
        """Stop the broker and delete its data."""
        self.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _is_ready(self) -> bool:
        return _STARTED in self._child.log_of_this_run()

    def _java(self, jars: Path, main: str, *flags: str) -> list[str]:
        logging = f"-Dlog4j2.configurationFile={self._directory / 'log4j2.properties'}"
        return [str(find_java()), *flags, logging, "-cp", f"{jars}/*", main, "server.properties"]

    def _write_settings(self) -> None:
        settings = {
            **_SETTINGS,
            "listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://{LOOPBACK}:{self._controller_port}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap}",
            "controller.quorum.voters": f"1@{LOOPBACK}:{self._controller_port}",
            "log.dirs": str(self._directory / "data"),
        }
        lines = "".join(f"{name}={value}\n" for name, value in settings.items())
        (self._directory / "server.properties").write_text(lines)
        (self._directory / "log4j2.properties").write_text(_LOGGING)

    def _format(self, jars: Path) -> None:
        shutil.rmtree(self._directory / "data", ignore_errors=True)
        cluster_id = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        command = self._java(jars, "kafka.tools.StorageTool", *_JVM)
        command[-1:] = ["format", f"--cluster-id={cluster_id}", "--config", "server.properties"]
        done = subprocess.run(
            command, cwd=self._directory, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"Kafka could not make its log directory:\n{done.stderr}")
