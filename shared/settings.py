"""Settings every service reads from the environment (`TERRACE_…`) and from files of secrets.

A directory named by TERRACE_SECRETS_DIR may hold any setting as a file: `terrace_kafka_password`
is TERRACE_KAFKA_PASSWORD. The environment comes first.
"""

import os
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from pydantic import Field, HttpUrl, PostgresDsn, SecretStr, TypeAdapter, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

SECRETS_DIR = "TERRACE_SECRETS_DIR"


class Settings(BaseSettings):
    """Settings of one process. A missing or wrong one stops the start with its name."""

    model_config = SettingsConfigDict(
        env_prefix="TERRACE_", extra="ignore", hide_input_in_errors=True
    )

    environment: Literal["local", "test", "production"] = Field(
        "local", description="Production refuses what only a trial may have."
    )
    database_url: PostgresDsn | None = Field(
        None, description="The service's own database; the gateway has none."
    )
    database_password: SecretStr | None = Field(
        None, description="The password, where TERRACE_DATABASE_URL names a user without one."
    )
    database_pool_size: int = Field(10, ge=1, le=200, description="Connections per process.")
    kafka: str = Field("127.0.0.1:9092", description="Bootstrap servers, host:port.")
    kafka_security: Literal["plaintext", "sasl_plaintext", "sasl_ssl"] = Field(
        "plaintext", description="Whether the broker asks who we are, and over TLS."
    )
    kafka_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = Field(
        "SCRAM-SHA-512", description="How the password is shown to the broker (SASL)."
    )
    kafka_user: str = Field("", description="Who we are to a broker that asks.")
    kafka_password: SecretStr | None = Field(None, description="The password of that user.")
    kafka_ca: str | None = Field(
        None, description="Path of the certificates that may sign the broker's, for sasl_ssl."
    )
    broker_forgets: bool = Field(
        False, description="The stand-in broker: the relay publishes the archive again at start."
    )
    jwks: str = Field("", description="Path or URL of the issuer's JSON Web Key Set.")
    issuer: str = Field("terrace-local", description="The `iss` a token must name.")
    audience: str = Field("terrace", description="An `aud` a token must name.")
    token_algorithm: Literal["RS256", "ES256", "PS256"] = Field(
        "RS256", description="The one algorithm tokens are signed with."
    )
    clock_file: str | None = Field(
        None, description="Moves domain time forward; refused in production."
    )
    upstreams: dict[str, HttpUrl] = Field(
        default_factory=dict, description="Gateway only: service name to base URL."
    )
    upstream_timeout_s: float = Field(
        30, gt=0, description="Gateway only: how long it waits for a service."
    )
    body_bytes_max: int = Field(8_000_000, gt=0, description="A longer request body is 413.")
    idempotency_retention_days: int = Field(
        7, ge=1, description="How long an `Idempotency-Key` is remembered."
    )
    outbox_retention_days: int = Field(
        30, ge=1, description="How long published events can be replayed."
    )
    inbox_retention_days: int = Field(
        30,
        ge=1,
        description="How long a handled event is recognised; longer where a consumed topic is"
        " kept longer.",
    )
    dead_letters_in_row_max: int = Field(
        20, ge=1, description="So many dead letters in a row pause the partition."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="What is logged, as JSON lines on standard error."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What a caller names, then the environment, then the files of TERRACE_SECRETS_DIR."""
        directory = os.environ.get(SECRETS_DIR)
        if not directory:
            return init_settings, env_settings
        if not Path(directory).is_dir():
            raise ValueError(f"{SECRETS_DIR} names {directory}, which is not a directory.")
        return init_settings, env_settings, SecretsSettingsSource(settings_cls, directory)

    @model_validator(mode="after")
    def _password_goes_into_the_url(self) -> "Settings":
        if self.database_url is None or self.database_password is None:
            return self
        user, at, place = str(self.database_url).partition("@")
        if not at or ":" in user.partition("://")[2]:
            raise ValueError(
                "TERRACE_DATABASE_PASSWORD goes with a TERRACE_DATABASE_URL that names a user and"
                " no password: postgresql://user@host:5432/database."
            )
        password = quote(self.database_password.get_secret_value(), safe="")
        self.database_url = _DSN.validate_python(f"{user}:{password}@{place}")
        return self

    @model_validator(mode="after")
    def _broker_credentials_are_whole(self) -> "Settings":
        asked = self.kafka_security != "plaintext"
        if asked and not (self.kafka_user and self.kafka_password):
            raise ValueError(
                f"TERRACE_KAFKA_SECURITY={self.kafka_security} needs TERRACE_KAFKA_USER and"
                " TERRACE_KAFKA_PASSWORD."
            )
        return self

    @model_validator(mode="after")
    def _production_keeps_real_time(self) -> "Settings":
        if self.environment == "production" and self.clock_file:
            raise ValueError("TERRACE_CLOCK_FILE moves the law's time; remove it in production.")
        if self.environment == "production" and self.broker_forgets:
            raise ValueError("TERRACE_BROKER_FORGETS is for the stand-in broker; remove it.")
        return self


_DSN: TypeAdapter[PostgresDsn] = TypeAdapter(PostgresDsn)
