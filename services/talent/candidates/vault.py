"""Personal fields at rest: AES-256-GCM under a ring of keys, the newest for writing.

The ring is a JSON file that is read again when it changes, so a key is rotated by adding one and
naming it current; rows follow in the background, and the old key may go when no row needs it.
The candidate's id is bound in, so one person's fields never open as another's.
"""

import base64
import binascii
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.talent.candidates.schemas import Personal
from services.talent.errors import KeysMissing
from services.talent.settings import TalentSettings

CHECK_S = 0.2
NONCE_BYTES = 12
KEY_BYTES = 32


@dataclass(frozen=True)
class Sealed:
    """Encrypted fields and the key they need."""

    key_id: str
    content: bytes


class KeyRing:
    """The keys of this process; follows the file."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._stamp = 0
        self._checked_at = 0.0
        self._current = ""
        self._keys: dict[str, AESGCM] = {}

    def follow(self, path: str | None) -> None:
        """Take the keys from this file from now on."""
        self._path, self._stamp, self._checked_at = Path(path) if path else None, 0, 0.0

    def current(self) -> str:
        """The id of the key for writing. Raises KeysMissing."""
        self._refresh(CHECK_S)
        if self._current not in self._keys:
            raise _missing("current")
        return self._current

    def seal(self, candidate_id: UUID, personal: Personal) -> Sealed:
        """Encrypt under the current key. Raises KeysMissing."""
        key_id, nonce = self.current(), os.urandom(NONCE_BYTES)
        plain = personal.model_dump_json(exclude_none=True).encode()
        sealed = self._keys[key_id].encrypt(nonce, plain, _bound(candidate_id, key_id))
        return Sealed(key_id, nonce + sealed)

    def open(self, candidate_id: UUID, key_id: str, content: bytes) -> Personal:
        """Decrypt. Raises KeysMissing for an unknown key, or one that does not fit."""
        self._refresh(0.0 if key_id not in self._keys else CHECK_S)
        key = self._keys.get(key_id)
        if key is None:
            raise _missing(key_id)
        nonce, sealed = content[:NONCE_BYTES], content[NONCE_BYTES:]
        try:
            plain = key.decrypt(nonce, sealed, _bound(candidate_id, key_id))
        except InvalidTag:
            raise _missing(key_id) from None
        return Personal.model_validate_json(plain, extra="ignore")

    def _refresh(self, after_s: float) -> None:
        now = time.monotonic()
        if self._path is None or now - self._checked_at < after_s:
            return
        self._checked_at = now
        try:
            stamp = self._path.stat().st_mtime_ns
            if stamp != self._stamp:
                self._current, self._keys = _read(self._path)
                self._stamp = stamp
        except (OSError, ValueError, KeyError, TypeError):
            if not self._keys:
                raise _missing("any") from None


def _read(path: Path) -> tuple[str, dict[str, AESGCM]]:
    ring = json.loads(path.read_text("utf-8"))
    keys = {}
    for key_id, encoded in ring["keys"].items():
        try:
            key = base64.urlsafe_b64decode(encoded)
        except binascii.Error as error:
            raise ValueError(str(error)) from None
        if len(key) != KEY_BYTES:
            raise ValueError(f"key {key_id} has {len(key)} bytes")
        keys[key_id] = AESGCM(key)
    return str(ring["current"]), keys


def _bound(candidate_id: UUID, key_id: str) -> bytes:
    return candidate_id.bytes + key_id.encode()


def _missing(key_id: str) -> KeysMissing:
    return KeysMissing(
        f"The key ring does not open this (key: {key_id}). The operator checks the file named by"
        " TERRACE_TALENT_KEY_RING.",
        f"密钥环中缺少可用密钥 ({key_id}),请运营方检查 TERRACE_TALENT_KEY_RING 指定的文件。",
    )


ring = KeyRing()


class KeyRingWatch:
    """Reads the ring when the service starts, and says so when there is none (shared.app)."""

    def start(self, database: object) -> None:
        """Take the file that the settings name."""
        ring.follow(TalentSettings().key_ring)

    async def stop(self) -> None:
        """Nothing runs."""

    def problems(self) -> list[str]:
        """Whether personal fields can be written."""
        try:
            ring.current()
        except KeysMissing:
            return ["key ring: no current key; check the file named by TERRACE_TALENT_KEY_RING"]
        return []
