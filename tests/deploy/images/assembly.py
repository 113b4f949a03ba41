"""Puts an image's file set into a bare directory and runs commands from it, without an engine.

What a base image brings (Python) and what pip installs is copied from this machine: of the
packages only those the lock of the image names. The rest follows the COPY lines. Commands run as
the declared user, with the declared environment and nothing else of ours.
"""

import importlib.metadata
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

from deploy.local.postgres_home import RunAs
from tests.deploy.images.composed import ROOT
from tests.deploy.images.dockerfile import Image, read_images, visible

_PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
_OF_THE_BUILD = {"site-packages", "dist-packages", "test", "idlelib", "tkinter", "ensurepip"}


@dataclass(frozen=True)
class Rootfs:
    """An assembled image: `files` stands for its root, `python` for its environment of packages."""

    image: Image
    files: Path
    python: Path

    @property
    def workdir(self) -> Path:
        return self.files / self.image.workdir.lstrip("/")

    def environment(self, given: dict[str, str]) -> dict[str, str]:
        """The image's environment with the container's over it; PATH as it lies here."""
        both = {**self.image.environment, **given}
        paths = [str(self.python / "bin"), "/usr/local/bin", "/usr/bin", "/bin"]
        return {**both, "PATH": ":".join(paths), "LD_LIBRARY_PATH": str(self.python / "lib")}


class Assembly:
    """Bare directories of one test module, readable by everybody as an image is."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="terrace-images-"))
        self.directory.chmod(0o755)
        self._pythons: dict[str, Path] = {}

    def remove(self) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)

    def new_directory(self, name: str) -> Path:
        """A directory that everybody may enter."""
        path = self.directory / name
        path.mkdir(parents=True)
        return path

    def build(
        self, name: str, stage: str, arguments: dict[str, str], checkout: Path = ROOT
    ) -> Rootfs:
        """Assemble one stage of the checkout's Dockerfile."""
        dockerfile = checkout / "deploy" / "Dockerfile"
        images = read_images(dockerfile, arguments)
        image = images[stage]
        files = self.new_directory(name)
        seen = visible(checkout, dockerfile.with_name("Dockerfile.dockerignore"))
        lock = ""
        for copy in image.copies:
            for source in copy.sources:
                if copy.stage is not None:
                    lock = _lock_of(images[copy.stage])
                elif source.endswith(".lock"):
                    lock = source
                else:
                    target = files / image.workdir.lstrip("/") / copy.target
                    _copy(checkout, source, target, copy.target.endswith("/"), seen)
        return Rootfs(image, files, self._python(checkout / lock))

    def _python(self, lock: Path) -> Path:
        """A Python with the packages of this lock; images of one lock share it, as layers do."""
        key = lock.read_text("utf-8")
        if key not in self._pythons:
            home = self.new_directory(f"python-{len(self._pythons)}")
            _copy_interpreter(home)
            _copy_packages(locked(key), home / "lib" / _PYTHON / "site-packages")
            self._pythons[key] = home
        return self._pythons[key]


def locked(lock: str) -> list[Requirement]:
    """The packages of a lock that this machine would install."""
    lines = (line.removesuffix("\\").strip() for line in lock.splitlines())
    found = [Requirement(line) for line in lines if re.match(r"[A-Za-z0-9]", line)]
    return [entry for entry in found if entry.marker is None or entry.marker.evaluate()]


def run_as(user: str) -> RunAs:
    """The declared user, when we may become it; else we are unprivileged already."""
    if os.geteuid() != 0:
        return RunAs()
    uid, _, gid = user.partition(":")
    return RunAs(user=int(uid), group=int(gid), extra_groups=[])


def _lock_of(image: Image) -> str:
    return next(source for copy in image.copies for source in copy.sources)


def _copy(checkout: Path, source: str, target: Path, into: bool, seen: list[Path]) -> None:
    """A file goes to the target or into it; of a directory, the content goes into it."""
    wanted = Path(source)
    found = [path for path in seen if path == wanted or wanted in path.parents]
    if not found:
        raise FileNotFoundError(f"The build sees nothing at {source}: the COPY line would fail.")
    for path in found:
        inside = path.relative_to(wanted) if path != wanted else Path(path.name if into else "")
        place = target / inside
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(checkout / path, place)


def _copy_interpreter(home: Path) -> None:
    executable = Path(sys._base_executable).resolve()  # type: ignore[attr-defined]
    prefix = Path(sys.base_prefix)
    (home / "bin").mkdir()
    shutil.copy(executable, home / "bin" / _PYTHON)
    (home / "bin" / "python").symlink_to(_PYTHON)
    shutil.copytree(
        prefix / "lib" / _PYTHON,
        home / "lib" / _PYTHON,
        ignore=lambda _, names: {
            name for name in names if name in _OF_THE_BUILD or name.startswith("config-")
        },
        symlinks=True,
    )
    for library in (prefix / "lib").glob("libpython3*.so*"):
        shutil.copy(library, home / "lib" / library.name)


def _copy_packages(wanted: Iterable[Requirement], target: Path) -> None:
    for entry in wanted:
        distribution = importlib.metadata.distribution(entry.name)
        for file in distribution.files or ():
            if file.parts[0] == "..":
                continue
            place = target / file
            place.parent.mkdir(parents=True, exist_ok=True)
            source = Path(str(distribution.locate_file(file)))
            if source.exists():
                shutil.copyfile(source, place)
