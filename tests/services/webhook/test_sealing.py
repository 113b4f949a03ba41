"""Secrets at rest, and the settings that production refuses."""

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from services.webhook.sealing import Sealer
from services.webhook.settings import WebhookSettings

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_was_sealed_opens_and_cannot_be_read(secret: str) -> None:
    sealer = Sealer(SecretStr(OLD))
    sealed = sealer.seal(secret)
    assert sealer.open(sealed) == secret
    assert len(secret) < 4 or secret.encode() not in sealed


def test_keys_are_rotated_by_putting_a_new_one_in_front() -> None:
    before, both, after = (Sealer(SecretStr(keys)) for keys in (OLD, f"{NEW}, {OLD}", NEW))
    sealed = before.seal("whsec_x")
    assert both.open(sealed) == "whsec_x"
    assert after.open(both.seal("whsec_y")) == "whsec_y"
    with pytest.raises(RuntimeError, match="TERRACE_SECRETS_KEY"):
        after.open(sealed)


def test_without_a_key_the_service_does_not_start() -> None:
    for keys in (None, SecretStr(""), SecretStr(" , ")):
        with pytest.raises(SystemExit, match="TERRACE_SECRETS_KEY"):
            Sealer(keys).require_key()
    with pytest.raises(SystemExit, match="32 bytes"):
        Sealer(SecretStr("short"))


@pytest.mark.parametrize(
    "setting", [{"webhook_local_receivers": True}, {"webhook_clock_file": "/tmp/clock.json"}]
)
def test_production_refuses_what_only_a_trial_may_have(setting: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="TERRACE_WEBHOOK"):
        WebhookSettings.model_validate({"environment": "production", **setting})
    assert WebhookSettings.model_validate({"environment": "test", **setting})
