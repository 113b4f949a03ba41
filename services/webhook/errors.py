"""Errors of the webhook service.

NotFound      ├── EndpointNotFound      no such endpoint of this owner
              ├── DeliveryNotFound      no such delivery of this endpoint
              └── SourceNotFound        no such inbound source (of this owner)
Conflict      ├── TooManyEndpoints      the owner has as many as the platform keeps
              ├── SourceExists          another source has this name
              └── MessageDiffers        this message id came with another body
Unprocessable ├── UrlNotAllowed         the platform may not connect there
              ├── TypeNotReadable       no such type, or this role never reads it
              ├── ReplayTooOld          events of that time are no longer kept
              ├── MessageUnusable       the body is no JSON object
              └── SecretNotReplayed     an answer with a secret is not kept for an Idempotency-Key
Forbidden     └── NoOwner               the token names no organisation, enterprise or authority
DomainError   └── MessageRefused        401: not signed by this source, late, replayed or changed
"""

from shared.auth import Forbidden
from shared.errors import Conflict, DomainError, NotFound, Unprocessable


class EndpointNotFound(NotFound):
    """No such endpoint of this owner."""

    slug = "webhook-endpoint-not-found"


class DeliveryNotFound(NotFound):
    """No such delivery of this endpoint."""

    slug = "webhook-delivery-not-found"


class SourceNotFound(NotFound):
    """No such inbound source."""

    slug = "inbound-source-not-found"


class TooManyEndpoints(Conflict):
    """The owner has as many endpoints as the platform keeps."""

    slug = "too-many-webhook-endpoints"


class SourceExists(Conflict):
    """Another source has this name."""

    slug = "inbound-source-exists"


class MessageDiffers(Conflict):
    """This message id came before with another body."""

    slug = "inbound-message-differs"


class UrlNotAllowed(Unprocessable):
    """The platform may not connect to this URL."""

    slug = "webhook-url-not-allowed"


class TypeNotReadable(Unprocessable):
    """There is no such event type, or this role may never read it."""

    slug = "event-type-not-readable"


class ReplayTooOld(Unprocessable):
    """Events of that time are no longer kept."""

    slug = "webhook-replay-too-old"


class MessageUnusable(Unprocessable):
    """The body is signed and is no JSON object."""

    slug = "inbound-message-unusable"


class SecretNotReplayed(Unprocessable):
    """An answer that shows a secret cannot be kept and given again."""

    slug = "secret-not-replayed"


class NoOwner(Forbidden):
    """The token does not say for whom the caller acts."""

    slug = "no-owner"


class MessageRefused(DomainError):
    """The message cannot be trusted."""

    status = 401
    slug = "inbound-message-refused"
    title = "The message is not trusted"
    title_zh = "消息不可信"
