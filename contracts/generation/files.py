"""The generated files: what each should hold, whether it does, and writing it.

Refuses to overwrite a schema with one that would break its readers.
"""

import difflib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from contracts import events as _declared  # noqa: F401  (declares every fact)
from contracts.fact import FACTS, Fact
from contracts.generation.asyncapi import asyncapi
from contracts.generation.compatibility import breaking_changes, breaking_topic_changes
from contracts.generation.examples import example_of
from contracts.generation.schemas import wire_schema
from contracts.generation.services import ServiceDescription
from contracts.generation.topics import consumer_list, topic_list

GENERATED = Path(__file__).parents[1] / "generated"
DIFF_LINES_MAX = 30


class BreakingChange(Exception):
    """A published contract would change in a way that breaks its readers."""


def fact_files(facts: Mapping[str, type[Fact]] = FACTS) -> dict[str, str]:
    """What the declared facts alone say, by path below `generated`."""
    facts = dict(sorted(facts.items()))
    files = {"asyncapi.yaml": _yaml(asyncapi(facts)), "topics.yaml": _yaml(topic_list(facts))}
    for name, fact in facts.items():
        files[f"schemas/{name}.json"] = _json(wire_schema(fact))
        files[f"examples/{name}.json"] = _json(example_of(fact))
    return files


def service_files(services: Iterable[ServiceDescription]) -> dict[str, str]:
    """What the services alone say, by path below `generated`: HTTP, and who reads which topic."""
    services = list(services)
    files = {f"openapi/{service.name}.json": _json(service.openapi) for service in services}
    return {**files, "consumers.yaml": _yaml(consumer_list(services))}


def differences(files: Mapping[str, str], directory: Path = GENERATED) -> list[str]:
    """Every file that is missing, out of date or no longer generated; the first lines of each."""
    found: list[str] = []
    for path, wanted in files.items():
        place = directory / path
        present = place.read_text("utf-8") if place.is_file() else ""
        if present != wanted:
            found.append("\n".join(_diff(path, present, wanted)))
    return found + [f"{path}: no longer generated; remove it" for path in _left(files, directory)]


def write(files: Mapping[str, str], directory: Path = GENERATED) -> list[str]:
    """Bring the directory up to date; returns the paths that changed. Raises BreakingChange."""
    if broken := list(breaks(files, directory)):
        raise BreakingChange("\n".join(broken))
    changed: list[str] = []
    for path, wanted in files.items():
        place = directory / path
        if not place.is_file() or place.read_text("utf-8") != wanted:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(wanted, "utf-8")
            changed.append(path)
    for path in _left(files, directory):
        (directory / path).unlink()
        changed.append(path)
    return changed


def breaks(files: Mapping[str, str], directory: Path = GENERATED) -> Iterable[str]:
    """What in the new files would break a reader of those in the directory."""
    for place in sorted((directory / "schemas").glob("*.json")):
        path = f"schemas/{place.name}"
        if path not in files:
            yield f"{place.stem} is gone. A published fact stays; publish another beside it."
            continue
        old, new = json.loads(place.read_text("utf-8")), json.loads(files[path])
        yield from (f"{place.stem}: {change}" for change in breaking_changes(old, new))
    topics = directory / "topics.yaml"
    if topics.is_file():
        old_topics = yaml.safe_load(topics.read_text("utf-8"))
        yield from breaking_topic_changes(old_topics, yaml.safe_load(files["topics.yaml"]))


def _left(files: Mapping[str, str], directory: Path) -> list[str]:
    """Files in the directory that nothing generates any more."""
    present = (path for path in directory.rglob("*") if path.is_file())
    names = (path.relative_to(directory).as_posix() for path in present)
    return sorted(name for name in names if name not in files)


def _diff(path: str, present: str, wanted: str) -> list[str]:
    lines = list(
        difflib.unified_diff(
            present.splitlines(),
            wanted.splitlines(),
            f"{path} (in the directory)",
            f"{path} (as declared)",
            lineterm="",
            n=1,
        )
    )
    more = len(lines) - DIFF_LINES_MAX
    return lines[:DIFF_LINES_MAX] + ([f"… and {more} more lines"] if more > 0 else [])


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


class _Plain(yaml.SafeDumper):
    """Writes every value out, and long texts as blocks."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar(
        "tag:yaml.org,2002:str", value, style="|" if "\n" in value else None
    )


_Plain.add_representer(str, _text)


def _yaml(value: Any) -> str:
    return yaml.dump(value, Dumper=_Plain, allow_unicode=True, sort_keys=False, width=100)
