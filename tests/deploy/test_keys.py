"""Tokens of the local stack: whoever has the public keys can check them, nobody can make them."""

import stat
import time
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import KeySet

from deploy.local.keys import AUDIENCE, ISSUER, ensure_keys, jwks_path, mint_token


def _public_keys(state_dir: Path) -> KeySet:
    import json

    return KeySet.import_key_set(json.loads(jwks_path(state_dir).read_text()))


def test_a_token_is_good_for_the_public_keys_and_carries_its_claims(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    token = mint_token(tmp_path, "bank", org="icbc", ttl_s=60)
    decoded = jwt.decode(token, _public_keys(tmp_path), algorithms=["RS256"])
    claims = decoded.claims
    assert (claims["iss"], claims["aud"]) == (ISSUER, AUDIENCE)
    assert (claims["role"], claims["org"], claims["sub"]) == ("bank", "icbc", "bank:icbc")
    assert claims["exp"] - claims["iat"] == 60
    assert claims["iat"] <= time.time()
    assert "uscc" not in claims


async def test_the_services_own_check_accepts_it(tmp_path: Path) -> None:
    from shared.auth import Role, TokenVerifier
    from shared.settings import Settings

    ensure_keys(tmp_path)
    verifier = TokenVerifier(
        Settings(jwks=str(jwks_path(tmp_path)), issuer=ISSUER, audience=AUDIENCE)
    )
    subject = await verifier.verify(mint_token(tmp_path, "regulator", authority="440100"))
    assert (subject.role, subject.authority) == (Role.REGULATOR, "440100")


def test_keys_stay_the_same_from_start_to_start(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    token = mint_token(tmp_path, "auditor")
    ensure_keys(tmp_path)
    assert jwt.decode(token, _public_keys(tmp_path), algorithms=["RS256"])


def test_another_stacks_key_is_refused(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ensure_keys(ours)
    ensure_keys(theirs)
    with pytest.raises((BadSignatureError, JoseError, ValueError)):
        jwt.decode(mint_token(theirs, "operator"), _public_keys(ours), algorithms=["RS256"])


def test_the_private_key_is_for_its_owner_and_not_in_the_public_set(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    private = tmp_path / "keys" / "private.jwk.json"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert stat.S_IMODE(private.parent.stat().st_mode) == 0o700
    assert '"d"' not in jwks_path(tmp_path).read_text()


def test_without_a_key_the_message_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="terrace up"):
        mint_token(tmp_path, "bank")
