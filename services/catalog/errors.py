"""Errors of the catalog service.

NotFound      ├── EnterpriseNotFound (shared.scope)
              └── ProviderNotFound, OfferingNotFound, CaseNotFound, BatchNotFound,
                  BudgetNotFound, VoucherNotFound, ReviewNotFound, NeedNotFound
Conflict      ├── IllegalMove            the state does not allow it; names the moves it allows
              ├── ProviderExists, BudgetExists, AlreadyRated, AlreadyReviewed
              ├── NotListed              the provider is not in the database now
              ├── NotOffered             the offering is withdrawn, or does not serve this region
              ├── BudgetExhausted        what is left does not cover it
              ├── VoucherExists          one per enterprise, kind and period
              ├── VoucherNotRedeemable   another state, expired, or the case is not accepted
              └── CaseNotAccepted        only an accepted case can be rated
Forbidden     ├── OutOfScope (shared.scope)
              ├── MoveNotYours           the move belongs to another side
              └── SelfRating             who gave the service does not rate it
Unprocessable ├── NotQualified           a criterion of the selection is not met
              ├── CarrierUnknown         no such carrier is linked
              ├── PeriodNotOver          its results are not complete
              └── MoveIncomplete         the move needs more than was sent
"""

from shared.auth import Forbidden
from shared.errors import Conflict, NotFound, Unprocessable


class ProviderNotFound(NotFound):
    """No such provider."""

    slug = "provider-not-found"


class OfferingNotFound(NotFound):
    """No such offering."""

    slug = "offering-not-found"


class CaseNotFound(NotFound):
    """No such case, or not for this caller."""

    slug = "service-case-not-found"


class BatchNotFound(NotFound):
    """No such batch."""

    slug = "service-batch-not-found"


class ReviewNotFound(NotFound):
    """The authority has not reviewed this period."""

    slug = "performance-review-not-found"


class NeedNotFound(NotFound):
    """The enterprise has no such open need."""

    slug = "need-not-found"


class BudgetNotFound(NotFound):
    """No such budget."""

    slug = "voucher-budget-not-found"


class VoucherNotFound(NotFound):
    """No such voucher, or not for this caller."""

    slug = "voucher-not-found"


class IllegalMove(Conflict):
    """The state does not allow this move; the detail names those it allows."""

    slug = "illegal-move"
    title = "The state does not allow this move"
    title_zh = "当前状态不允许该操作"


class ProviderExists(Conflict):
    """The provider's code is taken."""

    slug = "provider-exists"


class BudgetExists(Conflict):
    """The authority has a budget of this kind and period."""

    slug = "voucher-budget-exists"


class AlreadyRated(Conflict):
    """The case has its rating."""

    slug = "already-rated"


class AlreadyReviewed(Conflict):
    """The period has its performance review."""

    slug = "already-reviewed"


class NotListed(Conflict):
    """The provider is not in the database now."""

    slug = "provider-not-listed"


class NotOffered(Conflict):
    """The offering is withdrawn, another provider's, or does not serve this enterprise."""

    slug = "not-offered"


class BudgetExhausted(Conflict):
    """What is left of the budget does not cover it."""

    slug = "budget-exhausted"


class VoucherExists(Conflict):
    """One voucher per enterprise, kind and period."""

    slug = "voucher-exists"


class VoucherNotRedeemable(Conflict):
    """The voucher, its provider or its case is not in the state that it takes."""

    slug = "voucher-not-redeemable"


class CaseNotAccepted(Conflict):
    """Only an accepted case can be rated."""

    slug = "case-not-accepted"


class OutsideDatabase(Forbidden):
    """Another provider's entry, or another authority's provider database."""

    slug = "out-of-scope"


class MoveNotYours(Forbidden):
    """The move belongs to another side."""

    slug = "move-not-yours"


class SelfRating(Forbidden):
    """Who gave a service does not rate it."""

    slug = "self-rating"


class NotQualified(Unprocessable):
    """A criterion of the selection is not met."""

    slug = "not-qualified"


class MoveIncomplete(Unprocessable):
    """The move needs more than was sent."""

    slug = "move-incomplete"


class CarrierUnknown(Unprocessable):
    """No such carrier is linked."""

    slug = "carrier-unknown"


class PeriodNotOver(Unprocessable):
    """A period is reviewed when it is over."""

    slug = "period-not-over"
