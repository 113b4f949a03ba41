"""The table of settings in docs/operations, written from the settings classes themselves.

`python -m deploy.configuration` writes the tables of both languages; `--check` writes nothing and
fails when one is not current. The classes are asked in a process of their own, since deploy
imports no service. Chinese texts are in configuration.zh.yaml beside this file.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from deploy.local.topology import SERVICES

ROOT = Path(__file__).parents[1]
SECRETS_DIR = "TERRACE_SECRETS_DIR"
DOCUMENTS = {"en": ROOT / "docs/operations.md", "zh": ROOT / "docs/operations.zh-CN.md"}
_ZH = Path(__file__).with_name("configuration.zh.yaml")
_TABLE = re.compile(r"(<!-- settings: .*?-->\n).*?(<!-- settings end -->)", re.DOTALL)
_HEADS = {"en": "| | default | |", "zh": "| | 默认值 | |"}
_QUESTION = """
import importlib, json, sys
from typing import Literal, get_args, get_origin
from pydantic import SecretStr
from pydantic_settings import BaseSettings
rows, seen = [], set()
for name in sys.argv[1:]:
    module = importlib.import_module(name)
    for found in vars(module).values():
        if not (isinstance(found, type) and issubclass(found, BaseSettings)):
            continue
        for field, about in found.model_fields.items():
            variable = (found.model_config["env_prefix"] + field).upper()
            if variable in seen:
                continue
            seen.add(variable)
            kind = about.annotation
            default = about.get_default(call_default_factory=True)
            plain = isinstance(default, bool | list | tuple | dict)
            shown = json.dumps(default) if plain else str(default)
            rows.append({
                "variable": variable,
                "default": None if default is None else shown,
                "choices": list(get_args(kind)) if get_origin(kind) is Literal else [],
                "description": about.description or "",
                "secret": SecretStr in (kind, *get_args(kind)),
            })
print(json.dumps(rows))
"""


class NoWords(LookupError):
    """A setting lacks its description in one language."""


@dataclass(frozen=True)
class Setting:
    """One setting as the tables show it."""

    variable: str
    default: str | None
    choices: tuple[str, ...]
    description: str
    secret: bool


@cache
def settings() -> tuple[Setting, ...]:
    """Every setting of the shared core and of the services of the topology, in their order."""
    own = (f"services.{entry.name}.settings" for entry in SERVICES)
    modules = [name for name in own if (ROOT / f"{name.replace('.', '/')}.py").is_file()]
    done = subprocess.run(
        [sys.executable, "-c", _QUESTION, "shared.settings", *modules],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != SECRETS_DIR},
        capture_output=True,
        text=True,
        check=True,
    )
    rows = json.loads(done.stdout)
    return tuple(Setting(**{**row, "choices": tuple(row["choices"])}) for row in rows)


def known_variables() -> set[str]:
    """The name of every variable that some process of ours reads."""
    return {setting.variable for setting in settings()} | {SECRETS_DIR}


def table(language: str) -> str:
    """The table. Raises NoWords."""
    chinese: dict[str, str] = yaml.safe_load(_ZH.read_text("utf-8"))
    rows = [_HEADS[language], "|---|---|---|"]
    for setting in settings():
        words = chinese.get(_key(setting), "") if language == "zh" else setting.description
        if not words:
            place = _ZH.name if language == "zh" else "its Field(description=…)"
            raise NoWords(f"{setting.variable} has no words: describe it in {place}.")
        secret = "机密。" if language == "zh" else "Secret. "
        words = words.rstrip("。.") + _choices(setting, language)
        default = f"`{setting.default}`" if setting.default else "–"
        rows.append(f"| `{setting.variable}` | {default} | {secret * setting.secret}{words} |")
    return "\n".join(rows) + "\n"


def _key(setting: Setting) -> str:
    return setting.variable.removeprefix("TERRACE_").lower()


def _choices(setting: Setting, language: str) -> str:
    words = ", " if language == "en" else "、"
    listed = words.join(f"`{choice}`" for choice in setting.choices)
    colon = ": " if language == "en" else ":"
    return f"{colon}{listed}" if listed else ""


def written(language: str) -> str:
    """The document with its table as it should be. Raises LookupError without the marks."""
    text = DOCUMENTS[language].read_text("utf-8")
    if not _TABLE.search(text):
        raise LookupError(f"{DOCUMENTS[language].name} has no marks around its table of settings.")
    return _TABLE.sub(lambda found: f"{found[1]}\n{table(language)}\n{found[2]}", text)


def stale() -> list[str]:
    """The documents whose table is not current."""
    return [
        path.name
        for language, path in DOCUMENTS.items()
        if path.read_text("utf-8") != written(language)
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.configuration", description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when a table is not current")
    if parser.parse_args().check:
        for name in (found := stale()):
            print(f"docs/{name} is not current. Run: python -m deploy.configuration")
        return 1 if found else 0
    for language, path in DOCUMENTS.items():
        path.write_text(written(language), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
