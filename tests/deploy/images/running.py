"""The containers of compose.yaml as processes from assembled images, on real servers.

A container gets its declared user, command and environment; of the host it sees what is mounted.
Names and ports of other containers are replaced by addresses on this machine.
"""

import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from deploy.local.child import Child
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.processes import wait_until
from tests.deploy.images.assembly import Assembly, Rootfs, run_as
from tests.deploy.images.composed import ROOT, Container, read_containers

_READY_S = 60


@dataclass(frozen=True)
class Running:
    """A started container: its process and where it answers."""

    child: Child
    url: str

    def wait_ready(self) -> None:
        """Wait for /readyz; fails with the problems it names, or the end of the log."""
        wait_until(lambda: self._ready() or not self.child.is_running(), _READY_S)
        assert self.child.is_running(), self.child.end_of_log(40)
        answer = httpx.get(f"{self.url}/readyz", trust_env=False)
        assert answer.status_code == 200, answer.text + self.child.end_of_log(40)

    def _ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False


class Platform:
    """Builds images, and runs containers of compose.yaml from them."""

    def __init__(self, assembly: Assembly, state_dir: Path, secrets: Path) -> None:
        self.containers = read_containers()
        self.addresses: dict[str, str] = {}
        self.assembly = assembly
        self.secrets = secrets
        self._state_dir = state_dir
        self._images: dict[str, Rootfs] = {}
        self._running: list[Child] = []

    def image_of(self, container: Container, checkout: Path = ROOT) -> Rootfs:
        """The image of a container of ours; containers of one image share it."""
        build = container.build
        key = f"{container.definition['image']} {checkout}"
        if key not in self._images:
            name = f"image-{len(self._images)}"
            stage = build.get("target", "service")
            arguments = build.get("args", {})
            self._images[key] = self.assembly.build(name, stage, arguments, checkout)
        return self._images[key]

    def run_job(self, container: Container) -> subprocess.CompletedProcess[str]:
        """Run a one-shot container to its end."""
        image = self.image_of(container)
        return subprocess.run(
            container.definition.get("command", image.image.command),
            cwd=image.workdir,
            env=self.environment(container, image),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            **run_as(container.definition["user"]),
        )

    def start(self, container: Container, rootfs: Rootfs | None = None) -> Running:
        """Start a service; from then on the others reach it under its name."""
        image = rootfs or self.image_of(container)
        port = free_port()
        own = {"UVICORN_HOST": LOOPBACK, "UVICORN_PORT": str(port)}
        child = Child(container.name, self._state_dir)
        self._running.append(child)
        child.launch(
            container.definition.get("command", image.image.command),
            cwd=image.workdir,
            environment=self.environment(container, image) | own,
            run_as=run_as(container.definition["user"]),
        )
        self.addresses[f"{container.name}:8000"] = f"{LOOPBACK}:{port}"
        return Running(child, f"http://{LOOPBACK}:{port}")

    def healthcheck(self, container: Container, running: Running) -> int:
        """Run the image's own health check; returns its exit code."""
        image = self.image_of(container)
        port = running.url.rpartition(":")[2]
        return subprocess.run(
            image.image.healthcheck,
            env=image.environment({"UVICORN_PORT": port}),
            cwd=image.workdir,
            capture_output=True,
            check=False,
            **run_as(container.definition["user"]),
        ).returncode

    def environment(self, container: Container, image: Rootfs) -> dict[str, str]:
        """What the container is given, with the addresses and mounts of this machine."""
        given = dict(container.environment)
        if container.mounts and not any("/run/secrets" in value for value in given.values()):
            given["SECRETS"] = "/run/secrets"  # the default of the set-up jobs, as it lies here
        places = dict(self.addresses) | self._mounted(container)
        for name, value in given.items():
            for theirs, ours in places.items():
                value = value.replace(theirs, ours)
            given[name] = value
        return image.environment(given)

    def stop(self) -> None:
        """End every service, as the engine does."""
        for child in reversed(self._running):
            child.stop(grace_s=20)

    def _mounted(self, container: Container) -> dict[str, str]:
        """The mounts as copies that the container's user can reach, by their place in it."""
        mounts = [mount for mount in container.mounts if mount.source.startswith("./secrets")]
        if not mounts:
            return {}
        root = self.assembly.directory / "mounts" / container.name
        shutil.rmtree(root, ignore_errors=True)
        for mount in mounts:
            source = self.secrets / mount.source.removeprefix("./secrets/")
            shutil.copytree(source, root / mount.target.lstrip("/"), dirs_exist_ok=True)
        return {"/run/secrets": str(root / "run/secrets")}


def without(container: Container, *variables: str) -> Container:
    """The container without some of its variables."""
    left = {name: value for name, value in container.environment.items() if name not in variables}
    return replace(container, definition={**container.definition, "environment": left})
