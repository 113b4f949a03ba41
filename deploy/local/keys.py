"""The signing key of the local stack, made at first start, and the tokens it signs.

For one machine only: elsewhere an identity provider (OIDC) signs. The private key stays in the
state directory and is readable by its owner alone.
"""

import base64
import json
import os
import secrets
import time
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import KeyParameters, KeySet, RSAKey

ISSUER = "terrace-local"
AUDIENCE = "terrace"
_ALGORITHM = "RS256"


def jwks_path(state_dir: Path) -> Path:
    """Where services read the public keys."""
    return state_dir / "keys" / "jwks.json"


def ensure_keys(state_dir: Path) -> None:
    """Make the key pair unless it is there."""
    private = _private_path(state_dir)
    private.parent.mkdir(parents=True, exist_ok=True)
    private.parent.chmod(0o700)
    if not private.exists():
        about: KeyParameters = {"kid": secrets.token_hex(8), "use": "sig", "alg": _ALGORITHM}
        key = RSAKey.generate_key(2048, about, private=True)
        _write(private, json.dumps(key.as_dict(private=True)))
    public = KeySet([_key(state_dir)]).as_dict(private=False)
    _write(jwks_path(state_dir), json.dumps(public, indent=1))


def secrets_key(state_dir: Path) -> str:
    """The key that seals secrets a service stores (Fernet); the first call makes it."""
    path = state_dir / "keys" / "secrets.key"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    if not path.exists():
        _write(path, base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
    return path.read_text()


def mint_token(
    state_dir: Path,
    role: str,
    *,
    sub: str | None = None,
    org: str | None = None,
    authority: str | None = None,
    uscc: str | None = None,
    ttl_s: int = 900,
) -> str:
    """A bearer token of the local issuer. Without `sub` it is named after role and claims."""
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": sub or f"{role}:{org or uscc or authority or 'local'}",
        "iat": now,
        "exp": now + ttl_s,
        "role": role,
        "org": org,
        "authority": authority,
        "uscc": uscc,
    }
    key = _key(state_dir)
    header = {"alg": _ALGORITHM, "kid": key.kid}
    given = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(header, given, key, algorithms=[_ALGORITHM])


def _write(path: Path, content: str) -> None:
    # Written aside and renamed, so an interrupted start never leaves half a key.
    partial = path.with_suffix(f".{os.getpid()}")
    partial.touch(0o600)
    partial.write_text(content)
    partial.rename(path)


def _private_path(state_dir: Path) -> Path:
    return state_dir / "keys" / "private.jwk.json"


def _key(state_dir: Path) -> RSAKey:
    path = _private_path(state_dir)
    if not path.exists():
        raise FileNotFoundError(f"No signing key in {state_dir}; start the stack once: terrace up")
    return RSAKey.import_key(json.loads(path.read_text()))
