"""`make bench`: measure against the targets, one JSON object per line on standard output.

Every module beside this one with a `NAME` and `async def run() -> dict` is a benchmark. Each runs
in a process of its own, one after the other, so that none disturbs another. `--only NAME` or the
environment's ONLY runs one.
"""

import argparse
import asyncio
import importlib
import json
import os
import pkgutil
import subprocess
import sys
from pathlib import Path
from typing import Any

FIELDS = ("bench", "ours", "unit", "peers", "ratio", "target", "met")
ROOT = Path(__file__).parents[2]


def benches() -> dict[str, str]:
    """The modules that measure something, by the name of what they measure."""
    found = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if module.name.startswith("_"):
            continue
        loaded = importlib.import_module(f"tests.bench.{module.name}")
        if hasattr(loaded, "NAME") and hasattr(loaded, "run"):
            found[str(loaded.NAME)] = module.name
    return found


def measure(module: str) -> dict[str, Any]:
    """Run one benchmark in this process. Raises ValueError when its line is not complete."""
    line: dict[str, Any] = asyncio.run(importlib.import_module(f"tests.bench.{module}").run())
    if tuple(sorted(line)) != tuple(sorted(FIELDS)):
        raise ValueError(f"{module} measured {sorted(line)}; a line has {sorted(FIELDS)}.")
    return {field: line[field] for field in FIELDS}


def main() -> int:
    """Print a line per benchmark; 0 when every one ran, whether or not it met its target."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", default=os.environ.get("ONLY"), help="the name of one benchmark")
    parser.add_argument("--module", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.module:
        print(json.dumps(measure(given.module), ensure_ascii=False), flush=True)
        return 0
    known = benches()
    if given.only and given.only not in known:
        print(f"There is no benchmark {given.only}; choose of {', '.join(known)}.", file=sys.stderr)
        return 2
    failed = 0
    for name, module in known.items():
        if given.only in (None, "", name):
            command = [sys.executable, "-m", "tests.bench", "--module", module]
            failed += subprocess.run(command, cwd=ROOT, check=False).returncode != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
