"""One service as a process of its own under uvicorn."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.local.child import Child
from deploy.local.ports import LOOPBACK
from deploy.local.topology import ServiceEntry

ROOT = Path(__file__).parents[2]
_DRAIN_S = 10


class ServiceProcess:
    """Starts and ends one service. Started means launched: whether it serves, /readyz tells."""

    def __init__(
        self, entry: ServiceEntry, state_dir: Path, port: int, settings: Mapping[str, str]
    ) -> None:
        self.entry = entry
        self.name = entry.name
        self.port = port
        self._child = Child(entry.name, state_dir)
        self._environment = service_environment(settings)

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def pid(self) -> int | None:
        return self._child.pid

    def is_running(self) -> bool:
        return self._child.is_running()

    def start(self) -> None:
        if self.is_running():
            return
        self._child.end_leftover()
        self._child.launch(
            [
                *(sys.executable, "-m", "uvicorn", self.entry.asgi_app),
                *("--host", LOOPBACK, "--port", str(self.port), "--no-access-log"),
                *("--timeout-graceful-shutdown", str(_DRAIN_S)),
            ],
            cwd=ROOT,
            environment=self._environment,
        )

    def stop(self) -> None:
        """SIGTERM drains; what is not drained when the grace time is over is killed."""
        self._child.stop(grace_s=_DRAIN_S + 5)

    def kill(self) -> None:
        self._child.kill()

    def end_of_log(self) -> str:
        return self._child.end_of_log()


def service_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Our environment with these settings. Servers named for the stack are not passed on."""
    ours = {
        name: value
        for name, value in os.environ.items()
        if name not in ("TERRACE_DATABASE_URL", "TERRACE_KAFKA")
    }
    return {**ours, **settings, "PYTHONUNBUFFERED": "1"}
