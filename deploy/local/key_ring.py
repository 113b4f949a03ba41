"""The key ring that the talent service encrypts personal fields with, made at first start.

For one machine only: elsewhere a vault writes this file. It holds several keys by id and names
the current one; `rotate` adds a key, and the service moves its rows in the background.
"""

import base64
import json
import os
import secrets
from pathlib import Path

_KEY_BYTES = 32


def key_ring_path(state_dir: Path) -> Path:
    """Where the talent service reads its keys."""
    return state_dir / "keys" / "talent-key-ring.json"


def ensure_key_ring(state_dir: Path) -> None:
    """Make a ring of one key unless it is there."""
    if not key_ring_path(state_dir).exists():
        _write(key_ring_path(state_dir), {})


def rotate(path: Path) -> str:
    """Add a key and name it current; returns its id. Older keys stay for what needs them."""
    return _write(path, json.loads(path.read_text("utf-8"))["keys"])


def drop_others(path: Path) -> None:
    """Forget every key but the current one; nothing may need them any more."""
    ring = json.loads(path.read_text("utf-8"))
    current = ring["current"]
    _put(path, {"current": current, "keys": {current: ring["keys"][current]}})


def _write(path: Path, keys: dict[str, str]) -> str:
    key_id = f"k{len(keys) + 1}-{secrets.token_hex(4)}"
    key = base64.urlsafe_b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
    _put(path, {"current": key_id, "keys": {**keys, key_id: key}})
    return key_id


def _put(path: Path, ring: dict[str, object]) -> None:
    # Written aside and renamed: a reader finds the old ring or the new one, never half of one.
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}")
    partial.touch(0o600)
    partial.write_text(json.dumps(ring, indent=1), "utf-8")
    partial.rename(path)
