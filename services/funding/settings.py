"""Settings of the funding service, beside those every service reads."""

from pydantic import Field, SecretStr, model_validator

from shared.settings import Settings


class FundingSettings(Settings):
    """`TERRACE_BANK_FILE_KEY`."""

    bank_file_key: SecretStr | None = Field(
        None,
        description="Random texts of 32 characters or more, comma-separated, from which the keys of"
        " the banks' daily files are made; the first signs, all are published. Needed in"
        " production; elsewhere each start has a key of its own.",
    )

    @model_validator(mode="after")
    def _production_keeps_its_key(self) -> "FundingSettings":
        if self.environment == "production" and self.bank_file_key is None:
            raise ValueError(
                "TERRACE_BANK_FILE_KEY is missing: banks could not verify their files after a"
                " restart. deploy/secrets.sh makes one."
            )
        return self
