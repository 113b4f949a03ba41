"""Secrets at rest: sealed with Fernet (AES-128-CBC and HMAC-SHA-256) before they are stored.

The first of the keys seals; every key opens, so keys are rotated by putting a new one in front.
"""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr


class Sealer:
    """Seals and opens secrets with the keys of `TERRACE_SECRETS_KEY`."""

    def __init__(self, keys: SecretStr | None) -> None:
        written = keys.get_secret_value() if keys else ""
        self._fernets = [_fernet(key.strip()) for key in written.split(",") if key.strip()]

    def require_key(self) -> None:
        """Raises SystemExit when there is no key; a service without one must not start."""
        if not self._fernets:
            raise SystemExit(
                "Set TERRACE_SECRETS_KEY. Make one with: python -c 'from cryptography.fernet"
                " import Fernet; print(Fernet.generate_key().decode())'"
            )

    def seal(self, secret: str) -> bytes:
        """The secret as it is stored."""
        return MultiFernet(self._fernets).encrypt(secret.encode())

    def open(self, sealed: bytes) -> str:
        """The secret. Raises RuntimeError when no key opens it."""
        try:
            return MultiFernet(self._fernets).decrypt(sealed).decode()
        except InvalidToken:
            raise RuntimeError(
                "No key in TERRACE_SECRETS_KEY opens a stored secret; put the old key behind."
            ) from None


def _fernet(key: str) -> Fernet:
    try:
        return Fernet(key)
    except ValueError:
        raise SystemExit("TERRACE_SECRETS_KEY takes 32 bytes in URL-safe base64.") from None
