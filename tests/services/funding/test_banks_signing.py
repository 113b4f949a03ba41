"""The keys of the daily files: one that signs, all published, and none left to chance."""

import json

import pytest
from joserfc import jws
from joserfc.errors import BadSignatureError, InvalidKeyIdError
from joserfc.jwk import KeySet
from pydantic import ValidationError

from services.funding.banks import daily_file
from services.funding.banks.signing import Signer
from services.funding.settings import FundingSettings
from shared.db import Database
from tests.factories import make_uscc
from tests.services.funding.makers import (
    consent,
    consents_changed,
    dossier_changed,
    take,
    title,
    titles_changed,
)

OLD, NEW = "old-" + "a" * 40, "new-" + "b" * 40


def _verify(manifest: str, signer: Signer) -> dict[str, object]:
    keys = KeySet.import_key_set({"keys": signer.public_keys()})
    return dict(json.loads(jws.deserialize_compact(manifest, keys, algorithms=["ES256"]).payload))


def test_one_text_makes_one_key_wherever_it_is_read() -> None:
    assert Signer([OLD]).public_keys() == Signer([OLD]).public_keys()
    assert Signer([OLD]).key_id != Signer([NEW]).key_id
    assert "d" not in Signer([OLD]).public_keys()[0]


def test_what_the_old_key_signed_is_verified_while_its_text_stands_behind_the_new_one() -> None:
    signed = Signer([OLD]).sign({"day": "2022-09-30"})
    assert _verify(signed, Signer([NEW, OLD])) == {"day": "2022-09-30"}
    with pytest.raises(InvalidKeyIdError):
        _verify(signed, Signer([NEW]))


def test_a_changed_manifest_is_not_verified() -> None:
    head, body, signature = Signer([OLD]).sign({"sha256": "0"}).split(".")
    other = Signer([OLD]).sign({"sha256": "1"}).split(".")[1]
    assert other != body
    with pytest.raises(BadSignatureError):
        _verify(f"{head}.{other}.{signature}", Signer([OLD]))


def test_a_guessable_text_is_refused() -> None:
    with pytest.raises(SystemExit, match="at least 32"):
        Signer(["secret"])


def test_production_does_not_start_without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match="TERRACE_BANK_FILE_KEY is missing"):
        FundingSettings(environment="production")
    monkeypatch.setenv("TERRACE_BANK_FILE_KEY", NEW)
    assert FundingSettings(environment="production").bank_file_key is not None


async def test_a_file_of_an_earlier_key_is_signed_anew(
    own_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    uscc = make_uscc()
    await take(
        own_database,
        dossier_changed(uscc),
        titles_changed(uscc, title()),
        consents_changed(uscc, consent()),
    )
    editions = []
    for signer in (Signer([OLD]), Signer([NEW, OLD]), Signer([NEW, OLD])):
        monkeypatch.setattr(daily_file, "signer", lambda signer=signer: signer)
        async with own_database.transaction() as session:
            file = await daily_file.current_file(session, "icbc")
            editions.append(file.edition)
            assert _verify(file.manifest, signer)["edition"] == file.edition
    assert editions == [1, 2, 2]
