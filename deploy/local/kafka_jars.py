"""The jars of Apache Kafka, fetched once by Maven coordinates and checked against known digests.

`kafka-jars.json` lists every jar with its SHA-256, so nothing is resolved at run time and a
changed jar is refused. Fetched by jgo from Python; where that fails, by `mvn` if there is one,
which knows the mirrors of the place.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, track

KAFKA_VERSION = "4.3.1"
_LIST = Path(__file__).with_name("kafka-jars.json")
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
_console = Console(stderr=True)


class JarsUnavailable(RuntimeError):
    """Kafka's jars are neither in the cache nor to be had from a Maven repository."""


@dataclass(frozen=True)
class Jar:
    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        return f"{self.artifact}-{self.version}.jar"

    def is_intact(self, path: Path) -> bool:
        return hashlib.sha256(path.read_bytes()).hexdigest() == self.sha256


def kafka_jars(cache_dir: Path) -> Path:
    """The directory with Kafka's jars; downloads them on the first call, showing progress.

    Several processes may call at once: one downloads, the others wait. Raises JarsUnavailable.
    """
    ready = cache_dir.resolve() / f"kafka-{KAFKA_VERSION}"
    if ready.exists():
        return ready
    cache_dir.mkdir(parents=True, exist_ok=True)
    with _alone(cache_dir / "kafka.lock"):
        if not ready.exists():
            _download(ready)
    return ready


def listed_jars() -> list[Jar]:
    """Every jar of the list."""
    digests: dict[str, str] = json.loads(_LIST.read_text())
    found = []
    for coordinates, sha256 in digests.items():
        group, artifact, version = coordinates.split(":")
        found.append(Jar(group, artifact, version, sha256))
    return found


def _download(ready: Path) -> None:
    for abandoned in ready.parent.glob("partial-*"):
        shutil.rmtree(abandoned, ignore_errors=True)
    jars = listed_jars()
    problems = []
    for fetch in (_fetch_with_jgo, _fetch_with_mvn):
        partial = Path(tempfile.mkdtemp(prefix="partial-", dir=ready.parent))
        try:
            fetch(jars, partial)
            _check(jars, partial)
            partial.chmod(0o755)
            partial.rename(ready)
            return
        except Exception as problem:  # every client fails in its own way; the next one may work
            problems.append(f"{fetch.__name__.removeprefix('_fetch_with_')}: {problem}")
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    raise JarsUnavailable("Kafka's jars could not be fetched. " + " · ".join(problems))


def _check(jars: list[Jar], directory: Path) -> None:
    for jar in jars:
        path = directory / jar.file_name
        if not path.exists() or not jar.is_intact(path):
            raise RuntimeError(f"{jar.file_name} is not the jar that kafka-jars.json names.")


def _fetch_with_jgo(jars: list[Jar], directory: Path) -> None:
    from jgo.maven import MavenContext

    context = MavenContext(repo_cache=directory / "repository", timeout=60)

    def fetch(jar: Jar) -> None:
        component = context.project(jar.group, jar.artifact).at_version(jar.version)
        shutil.move(component.artifact().resolve(), directory / jar.file_name)

    title = f"Apache Kafka {KAFKA_VERSION} (44 MB, once)"
    pool = ThreadPoolExecutor(6)
    try:
        for _ in track(pool.map(fetch, jars), title, len(jars), console=_console):
            pass
    finally:
        pool.shutdown(cancel_futures=True)
    shutil.rmtree(directory / "repository")


def _fetch_with_mvn(jars: list[Jar], directory: Path) -> None:
    if not shutil.which("mvn"):
        raise RuntimeError("not installed")
    dependencies = "".join(
        f"<dependency><groupId>{jar.group}</groupId><artifactId>{jar.artifact}</artifactId>"
        f"<version>{jar.version}</version><exclusions><exclusion><groupId>*</groupId>"
        "<artifactId>*</artifactId></exclusion></exclusions></dependency>"
        for jar in jars
    )
    project = directory / "pom.xml"
    project.write_text(
        "<project><modelVersion>4.0.0</modelVersion><groupId>terrace</groupId>"
        "<artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>"
        f"<dependencies>{dependencies}</dependencies></project>"
    )
    command = ["mvn", "-q", "-B", "-f", str(project), _COPY, f"-DoutputDirectory={directory}"]
    with Progress(console=_console) as progress:
        progress.add_task(f"Apache Kafka {KAFKA_VERSION} through mvn", total=None)
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "MAVEN_OPTS": "-Xmx256m"},
        )
    if done.returncode != 0:
        raise RuntimeError(done.stdout.strip().splitlines()[0] if done.stdout else done.stderr)
    project.unlink()


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
