"""Reads compose.yaml: anchors, merges and `${NAME:-default}` as the compose command reads them."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
COMPOSE = ROOT / "deploy" / "compose.yaml"
DOCKERFILE = ROOT / "deploy" / "Dockerfile"

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}|\$\$")


@dataclass(frozen=True)
class Mount:
    """A file or directory of the host, seen in the container."""

    source: str
    target: str
    read_only: bool


@dataclass(frozen=True)
class Container:
    """One entry under `services`."""

    name: str
    definition: dict[str, Any]

    @property
    def environment(self) -> dict[str, str]:
        return {name: str(value) for name, value in self.definition.get("environment", {}).items()}

    @property
    def mounts(self) -> list[Mount]:
        """What is mounted of the host; named volumes are left out."""
        found = (text.split(":") for text in self.definition.get("volumes", ()))
        return [
            Mount(source, target, mode == ["ro"])
            for source, target, *mode in found
            if source.startswith(".")
        ]

    @property
    def build(self) -> dict[str, Any]:
        built: dict[str, Any] = self.definition.get("build", {})
        return built

    @property
    def waits_for(self) -> dict[str, str]:
        """The containers this one waits for, and for what of them."""
        waited = self.definition.get("depends_on", {})
        return {name: how["condition"] for name, how in waited.items()}


def read_document(text: str) -> Any:
    """The document with the defaults of its variables."""
    return yaml.safe_load(_VARIABLE.sub(_default, text))


def read_containers(path: Path = COMPOSE) -> dict[str, Container]:
    """Every container by name."""
    services = read_document(path.read_text("utf-8"))["services"]
    return {name: Container(name, definition) for name, definition in services.items()}


def _default(found: re.Match[str]) -> str:
    if found[0] == "$$":
        return "$"
    return found[2] or ""
