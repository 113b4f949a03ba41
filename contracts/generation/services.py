"""Asks each service what it serves over HTTP and which facts it takes.

Each is asked in a process of its own: contracts may not import services. The environment holds
harmless settings; nothing is connected to, since the application is built and never started.
"""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
WITHOUT_DOCUMENT = frozenset({"gateway"})
ANSWER_TIMEOUT_S = 120

_QUESTION = """
import importlib, json, sys
app = importlib.import_module(f"services.{sys.argv[1]}.main").app
from contracts.fact import FACTS
subscriptions = app.state.bus.subscriptions
takes = sorted(name for name in FACTS if subscriptions.of_type(name) is not None)
print("\\x1e" + json.dumps({"openapi": app.openapi(), "takes": takes}))
"""
_ENVIRONMENT = {
    "TERRACE_ENVIRONMENT": "test",
    "TERRACE_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
    "TERRACE_KAFKA": "127.0.0.1:1",
    "TERRACE_JWKS": "",
    "PYTHONHASHSEED": "0",
}


class ServiceDidNotAnswer(Exception):
    """The service's application could not be built."""


@dataclass(frozen=True)
class ServiceDescription:
    """What a service says of itself: its OpenAPI document and the facts it takes."""

    name: str
    openapi: dict[str, Any]
    takes: tuple[str, ...]


def service_names(root: Path = ROOT) -> list[str]:
    """Every service that has an HTTP description of its own."""
    found = (path.parent.name for path in (root / "services").glob("*/main.py"))
    return sorted(set(found) - WITHOUT_DOCUMENT)


def describe_services(root: Path = ROOT) -> list[ServiceDescription]:
    """Every service's description. Raises ServiceDidNotAnswer, with the service's own words."""
    names = service_names(root)
    with ThreadPoolExecutor(max_workers=2) as asking:
        return list(asking.map(lambda name: describe(name, root), names))


def describe(name: str, root: Path = ROOT) -> ServiceDescription:
    """One service's description. Raises ServiceDidNotAnswer."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("TERRACE_")}
    done = subprocess.run(
        [sys.executable, "-c", _QUESTION, name],
        cwd=root,
        env=inherited | _ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=ANSWER_TIMEOUT_S,
        check=False,
    )
    if done.returncode != 0:
        raise ServiceDidNotAnswer(f"services.{name}.main cannot be built:\n{done.stderr[-3000:]}")
    answer = json.loads(done.stdout.rpartition("\x1e")[2])
    return ServiceDescription(name, answer["openapi"], tuple(answer["takes"]))
