"""Errors of the awards.

NotFound      ├── AwardSchemeNotFound  no rule file has this scheme
              └── EntitlementNotFound  no such entitlement, or not for this caller
Conflict      └── AmountNotOpen        the amount is not the payer's to set, or it is under way
Unprocessable └── AmountOutOfBounds    the amount is none that the scheme allows
"""

from shared.errors import Conflict, NotFound, Unprocessable


class AwardSchemeNotFound(NotFound):
    """No rule file has this scheme."""

    slug = "award-scheme-not-found"


class EntitlementNotFound(NotFound):
    """No such entitlement, or not for this caller."""

    slug = "entitlement-not-found"


class AmountNotOpen(Conflict):
    """The amount is not the payer's to set, or its payment is under way."""

    slug = "amount-not-open"


class AmountOutOfBounds(Unprocessable):
    """The amount is none that the scheme allows."""

    slug = "amount-out-of-bounds"
