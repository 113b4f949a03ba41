"""Random passwords of the local databases, made once and kept in a file only its owner reads."""

import fcntl
import json
import os
import secrets
from pathlib import Path


class PasswordFile:
    """A JSON object of name to password, mode 0600. Safe for several processes at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def password_of(self, name: str) -> str:
        """The password kept for the name; the first call makes it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            kept: dict[str, str] = json.loads(file.read() or "{}")
            if name not in kept:
                kept[name] = secrets.token_urlsafe(24)
                file.seek(0)
                file.truncate()
                json.dump(kept, file, indent=1)
            return kept[name]
