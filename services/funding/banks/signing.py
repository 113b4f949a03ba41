"""The keys of the daily files: ES256, made from the texts of TERRACE_BANK_FILE_KEY.

The first text signs; the keys of all are published, so that a file that was signed before a
change can still be verified.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jws
from joserfc.jwk import ECKey

from services.funding.settings import FundingSettings

ALGORITHM = "ES256"
_TEXT_LENGTH_MIN = 32
# The order of P-256 (FIPS 186-5); a private key is a number from 1 to below it.
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class Signer:
    """Signs with the first key and publishes all."""

    def __init__(self, texts: Sequence[str]) -> None:
        if any(len(text) < _TEXT_LENGTH_MIN for text in texts):
            raise SystemExit(
                "TERRACE_BANK_FILE_KEY takes random texts of at least"
                f" {_TEXT_LENGTH_MIN} characters each."
            )
        self._keys = [_key_of(text) for text in texts]

    @property
    def key_id(self) -> str:
        """The key that signs now."""
        return str(self._keys[0].kid)

    def sign(self, claims: Mapping[str, Any]) -> str:
        """The claims as a compact JWS."""
        header = {"alg": ALGORITHM, "kid": self.key_id}
        payload = json.dumps(claims, ensure_ascii=False, separators=(",", ":"))
        return jws.serialize_compact(header, payload, self._keys[0], algorithms=[ALGORITHM])

    def public_keys(self) -> list[dict[str, Any]]:
        """The keys as banks need them."""
        return [dict(key.as_dict(private=False)) for key in self._keys]


@cache
def signer() -> Signer:
    """The signer of this process, as its settings say."""
    given = FundingSettings().bank_file_key
    written = secrets.token_urlsafe(_TEXT_LENGTH_MIN) if given is None else given.get_secret_value()
    return Signer([text.strip() for text in written.split(",")])


def _key_of(text: str) -> ECKey:
    number = int.from_bytes(sha256(b"terrace daily file 1\n" + text.encode()).digest())
    private = derive_private_key(number % (_ORDER - 1) + 1, SECP256R1())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key = ECKey.import_key(pem, {"use": "sig", "alg": ALGORITHM})
    return ECKey.import_key({**key.as_dict(private=True), "kid": key.thumbprint()})
