"""Settings of the talent service beside those of every service."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class TalentSettings(BaseSettings):
    """Read when the service starts, not when it is built."""

    model_config = SettingsConfigDict(env_prefix="TERRACE_TALENT_", extra="ignore")

    key_ring: str | None = Field(
        None, description="Path of the key ring that personal fields are encrypted with."
    )
