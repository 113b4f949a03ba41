"""Signs the claims that a real Keycloak issued for our realm, with keys laid out as its own."""

import json
import time
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

RECORDED = json.loads(Path(__file__).with_name("keycloak-tokens.json").read_text("utf-8"))


class Issuer:
    """One key that signs and one that encrypts, as a Keycloak realm publishes them."""

    def __init__(self) -> None:
        about = {"kid": "signs", "use": "sig", "alg": "RS256"}
        self._signs = RSAKey.generate_key(2048, about)  # type: ignore[arg-type]
        about = {"kid": "encrypts", "use": "enc", "alg": "RSA-OAEP"}
        self._encrypts = RSAKey.generate_key(2048, about)  # type: ignore[arg-type]
        self.issuer = "http://localhost:8080/realms/terrace"
        self.address = ""

    def key_set(self) -> dict[str, Any]:
        """What the realm's `certs` address answers."""
        return {"keys": [key.as_dict(private=False) for key in (self._encrypts, self._signs)]}

    def token(self, user: str, kind: str = "access", **changes: Any) -> str:
        """The recorded claims of this user, valid now, of this issuer."""
        now = int(time.time())
        claims = RECORDED[kind][user] | {"iss": self.issuer, "iat": now, "exp": now + 900}
        header = {"alg": "RS256", "typ": "JWT", "kid": "signs"}
        return jwt.encode(header, claims | changes, self._signs)
