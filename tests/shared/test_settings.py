"""Settings from the environment and from files; what does not fit together stops the start."""

import ssl
from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.bus.security import client_security
from shared.settings import SECRETS_DIR, Settings

URL = "postgresql://terrace_funding@postgres:5432/terrace_funding"


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of password files that the settings read."""
    monkeypatch.setenv(SECRETS_DIR, str(tmp_path))
    return tmp_path


def test_a_password_file_completes_the_url(secrets: Path) -> None:
    (secrets / "terrace_database_password").write_text("it's a/b@c:d\n")
    given = str(Settings(database_url=URL).database_url)
    assert given == (
        "postgresql://terrace_funding:it%27s%20a%2Fb%40c%3Ad@postgres:5432/terrace_funding"
    )


def test_the_environment_comes_before_a_file(
    secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (secrets / "terrace_kafka_user").write_text("of the file")
    assert Settings().kafka_user == "of the file"
    monkeypatch.setenv("TERRACE_KAFKA_USER", "of the environment")
    assert Settings().kafka_user == "of the environment"


def test_a_directory_of_secrets_that_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(SECRETS_DIR, "/nowhere")
    with pytest.raises(ValueError, match="TERRACE_SECRETS_DIR names /nowhere"):
        Settings()


@pytest.mark.parametrize(
    "url", ["postgresql://postgres:5432/terrace", "postgresql://user:known@postgres:5432/terrace"]
)
def test_a_password_without_its_user_or_beside_another_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="names a user and no password"):
        Settings(database_url=url, database_password="of-the-file")


def test_a_refusal_shows_no_password(secrets: Path) -> None:
    (secrets / "terrace_database_password").write_text("of-the-file")
    with pytest.raises(ValidationError) as refused:
        Settings(database_url="postgresql://user:of-the-url@postgres:5432/terrace")
    assert "of-the" not in str(refused.value)
    assert "of-the-file" not in repr(Settings(database_url=URL).database_password)


@pytest.mark.parametrize("given", [{}, {"kafka_user": "funding"}, {"kafka_password": "secret"}])
def test_a_broker_that_asks_needs_user_and_password(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="TERRACE_KAFKA_USER and TERRACE_KAFKA_PASSWORD"):
        Settings(kafka_security="sasl_ssl", **given)


def test_a_broker_that_asks_for_nothing_is_told_nothing() -> None:
    assert client_security(Settings(kafka_user="funding", kafka_password="secret")) == {}


def test_tls_trusts_the_named_authority_and_checks_the_name() -> None:
    settings = Settings(
        kafka_security="sasl_ssl",
        kafka_user="funding",
        kafka_password="secret",
        kafka_ca=ssl.get_default_verify_paths().cafile or "/nowhere",
    )
    given = client_security(settings)
    assert given["security_protocol"] == "SASL_SSL"
    assert given["ssl_context"].verify_mode is ssl.CERT_REQUIRED
    assert given["ssl_context"].check_hostname


def test_a_missing_authority_file_stops_the_start() -> None:
    settings = Settings(
        kafka_security="sasl_ssl", kafka_user="u", kafka_password="p", kafka_ca="/nowhere"
    )
    with pytest.raises(FileNotFoundError):
        client_security(settings)
