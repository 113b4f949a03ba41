"""Standard Webhooks signatures (`standardwebhooks`): secrets, what we sign, what we accept.

A message is signed with every secret that is valid now, so a receiver may change secrets in its
own time. Both directions use real machine time; the tolerance is the library's five minutes.
"""

import base64
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime

from standardwebhooks import Webhook, WebhookVerificationError

SECRET_BYTES = 32
_ID = re.compile(r"^[\x21-\x2d\x2f-\x7e]{1,200}$")


class NotVerified(Exception):
    """The message is not signed by this sender, or is too old, too new or changed."""


def new_secret() -> str:
    """A secret as both sides write it: `whsec_` and base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signature_headers(
    webhooks: Sequence[Webhook], message_id: str, at: datetime, body: str
) -> dict[str, str]:
    """The three headers of a message. `at` is in UTC."""
    signatures = [webhook.sign(message_id, at, body) for webhook in webhooks]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def verify(secrets_: Sequence[str], headers: Mapping[str, str], body: bytes) -> str:
    """The message id of a signed message. Raises NotVerified, with the reason."""
    given = {
        name: headers.get(name, "")
        for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
    }
    if not _ID.match(given["webhook-id"]):
        raise NotVerified("webhook-id is missing or holds a dot, a space or too much.")
    if not re.fullmatch(r"[0-9]{1,12}", given["webhook-timestamp"]):
        raise NotVerified("webhook-timestamp is not whole seconds since 1970.")
    reason = "No valid secret."
    for secret in secrets_:
        try:
            Webhook(secret).verify(body, given, json_parse=False)
        except WebhookVerificationError as error:
            reason = f"{error}."
        except ValueError:
            reason = "webhook-signature or the body cannot be read."
        else:
            return given["webhook-id"]
    raise NotVerified(reason)
