"""Settings every service reads from the environment (`TERRACE_…`)."""

from typing import Literal

from pydantic import Field, HttpUrl, PostgresDsn, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings of one process. A missing or wrong one stops the start with its name."""

    model_config = SettingsConfigDict(env_prefix="TERRACE_", extra="ignore")

    environment: Literal["local", "test", "production"] = "local"
    database_url: PostgresDsn | None = Field(
        None, description="The service's own database; the gateway has none."
    )
    database_pool_size: int = Field(10, ge=1, le=200)
    kafka: str = Field("127.0.0.1:9092", description="Bootstrap servers, host:port.")
    broker_forgets: bool = Field(
        False, description="The stand-in broker: the relay publishes the archive again at start."
    )
    jwks: str = Field("", description="Path or URL of the issuer's JSON Web Key Set.")
    issuer: str = "terrace-local"
    audience: str = "terrace"
    token_algorithm: Literal["RS256", "ES256", "PS256"] = "RS256"
    clock_file: str | None = Field(
        None, description="Moves domain time forward; refused in production."
    )
    upstreams: dict[str, HttpUrl] = Field(
        default_factory=dict, description="Gateway only: service name to base URL."
    )
    upstream_timeout_s: float = Field(30, gt=0)
    body_bytes_max: int = Field(8_000_000, gt=0)
    idempotency_retention_days: int = Field(7, ge=1)
    outbox_retention_days: int = Field(30, ge=1)
    inbox_retention_days: int = Field(30, ge=1)
    dead_letters_in_row_max: int = Field(20, ge=1)
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @model_validator(mode="after")
    def _production_keeps_real_time(self) -> "Settings":
        if self.environment == "production" and self.clock_file:
            raise ValueError("TERRACE_CLOCK_FILE moves the law's time; remove it in production.")
        if self.environment == "production" and self.broker_forgets:
            raise ValueError("TERRACE_BROKER_FORGETS is for the stand-in broker; remove it.")
        return self
