"""Reads a Dockerfile as far as the images of Terrace need it: what goes in, and how it starts."""

import json
import re
import shlex
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

_VARIABLE = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True)
class Copy:
    """One COPY line: sources, target, and the stage they come from (None: the checkout)."""

    sources: tuple[str, ...]
    target: str
    stage: str | None


@dataclass
class Image:
    """What one stage of the Dockerfile makes."""

    base: str
    copies: list[Copy] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    user: str = "root"
    workdir: str = "/"
    command: list[str] = field(default_factory=list)
    healthcheck: list[str] = field(default_factory=list)


def read_images(dockerfile: Path, arguments: dict[str, str]) -> dict[str, Image]:
    """Every stage by name, with the build arguments put in. The last stage is the default one."""
    images: dict[str, Image] = {}
    known: dict[str, str] = {}
    image = Image("")
    for keyword, rest in _instructions(dockerfile.read_text("utf-8")):
        if keyword == "ARG":
            name, _, default = rest.partition("=")
            known[name] = arguments.get(name, default)
        elif keyword == "FROM":
            base, _, name = rest.partition(" AS ")
            image = images[name] = Image(_expanded(base, known))
        else:
            _apply(image, keyword, _expanded(rest, known) if keyword != "RUN" else rest)
    return images


def visible(checkout: Path, dockerignore: Path) -> list[Path]:
    """The files of the checkout that a build may see; the last pattern that matches decides."""
    patterns = [
        line
        for line in dockerignore.read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    files = (path.relative_to(checkout) for path in _files(checkout, patterns))
    return [path for path in files if not _ignored(path, patterns)]


def _files(checkout: Path, patterns: list[str]) -> list[Path]:
    tops = {pattern[1:].split("/")[0] for pattern in patterns if pattern.startswith("!")}
    return [path for top in sorted(tops) for path in (checkout / top).rglob("*") if path.is_file()]


def _ignored(path: Path, patterns: list[str]) -> bool:
    ignored = False
    lines = [str(path), *(str(parent) for parent in path.parents)]
    for pattern in patterns:
        kept = pattern.startswith("!")
        plain = pattern.removeprefix("!")
        if any(_matches(line, plain) for line in lines):
            ignored = not kept
    return ignored


def _matches(line: str, pattern: str) -> bool:
    if pattern.startswith("**/"):
        return fnmatch(line.rpartition("/")[2], pattern[3:])
    return line.count("/") == pattern.count("/") and line != "." and fnmatch(line, pattern)


def _instructions(text: str) -> list[tuple[str, str]]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    found = (line.split(" ", 1) for line in joined.splitlines())
    return [(keyword, rest.strip()) for keyword, rest in found]


def _expanded(text: str, known: dict[str, str]) -> str:
    return _VARIABLE.sub(lambda found: known.get(found[1], found[0]), text)


def _apply(image: Image, keyword: str, rest: str) -> None:
    if keyword == "COPY":
        words = rest.split()
        stage = words.pop(0).partition("=")[2] if words[0].startswith("--from=") else None
        image.copies.append(Copy(tuple(words[:-1]), words[-1], stage))
    elif keyword == "ENV":
        image.environment |= dict(word.split("=", 1) for word in shlex.split(rest))
    elif keyword == "USER":
        image.user = rest
    elif keyword == "WORKDIR":
        image.workdir = rest
    elif keyword == "RUN":
        image.runs.append(rest)
    elif keyword == "CMD":
        image.command = json.loads(rest)
    elif keyword == "HEALTHCHECK":
        image.healthcheck = json.loads(rest.partition(" CMD ")[2])
    elif keyword != "EXPOSE":
        raise ValueError(f"The tests do not know the instruction {keyword}; teach them.")
