"""Settings of the webhook service, beside those every service reads."""

from typing import Annotated

from pydantic import Field, SecretStr, model_validator

from shared.settings import Settings

Port = Annotated[int, Field(ge=1, le=65535)]


class WebhookSettings(Settings):
    """`TERRACE_SECRETS_KEY` and `TERRACE_WEBHOOK_…`."""

    secrets_key: SecretStr | None = Field(
        None,
        description="Fernet keys, comma-separated; the first seals, all open. Needed to start.",
    )
    webhook_ports: tuple[Port, ...] = Field((443, 8443), description="Ports an endpoint may have.")
    webhook_local_receivers: bool = Field(
        False, description="Also plain http and loopback addresses, on any port; never elsewhere."
    )
    webhook_clock_file: str | None = Field(
        None, description="Moves the machine time of schedules, as TERRACE_CLOCK_FILE does the law."
    )
    webhook_timeout_s: float = Field(15, gt=0, le=60, description="How long one delivery may take.")
    webhook_slots: int = Field(20, ge=1, le=200, description="Requests at a time per endpoint.")
    webhook_kept_days: int = Field(30, ge=1, description="How long deliveries are kept.")
    webhook_endpoints_max: int = Field(20, ge=1, description="Endpoints per owner.")

    @model_validator(mode="after")
    def _production_is_strict(self) -> "WebhookSettings":
        if self.environment == "production" and self.webhook_local_receivers:
            raise ValueError(
                "TERRACE_WEBHOOK_LOCAL_RECEIVERS opens loopback to partners; remove it."
            )
        if self.environment == "production" and self.webhook_clock_file:
            raise ValueError("TERRACE_WEBHOOK_CLOCK_FILE moves schedules; remove it.")
        return self
