"""Errors of the claims.

NotFound      └── ClaimNotFound       no such claim, or not for this caller
Conflict      ├── ClaimExists         one per payee, scheme and period
              ├── IllegalClaimMove    the state does not allow it; names the moves it allows
              ├── DocumentUsed        a document stands in another claim
              ├── ShareNotSet         the source leaves the share open and the payer set none
              ├── ShareExists         another share is set from the same day
              └── TitleFellAway       the title the claim rests on was annulled or revoked
Unprocessable ├── NotClaimable        the scheme is not one to claim, or not for this payee
              ├── NotEligible         a condition of the scheme is not met
              ├── ClaimIncomplete     the claim needs more, or less, than was sent
              └── ReviewIncomplete    the review needs more, or less, than was sent
"""

from shared.errors import Conflict, NotFound, Unprocessable


class ClaimNotFound(NotFound):
    """No such claim, or not for this caller."""

    slug = "claim-not-found"


class ClaimExists(Conflict):
    """One claim per payee, scheme and period."""

    slug = "claim-exists"


class IllegalClaimMove(Conflict):
    """The state of the claim does not allow this."""

    slug = "illegal-claim-move"


class DocumentUsed(Conflict):
    """A document stands in another claim."""

    slug = "claim-document-used"


class ShareNotSet(Conflict):
    """The source leaves the share open and the payer set none."""

    slug = "aid-share-not-set"


class ShareExists(Conflict):
    """Another share is set from the same day."""

    slug = "aid-share-exists"


class TitleFellAway(Conflict):
    """The title the claim rests on was annulled or revoked."""

    slug = "claim-title-fell-away"


class NotClaimable(Unprocessable):
    """The scheme is not one to claim, or not for this payee."""

    slug = "not-claimable"


class NotEligible(Unprocessable):
    """A condition of the scheme is not met."""

    slug = "claim-not-eligible"


class ClaimIncomplete(Unprocessable):
    """The claim needs more, or less, than was sent."""

    slug = "claim-incomplete"


class ReviewIncomplete(Unprocessable):
    """The review needs more, or less, than was sent."""

    slug = "claim-review-incomplete"
