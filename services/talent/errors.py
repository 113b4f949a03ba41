"""Errors of the talent service.

NotFound      ├── PositionNotFound, BatchNotFound, CandidateNotFound, RequestNotFound
              └── SecondmentNotFound, InternshipNotFound, FairNotFound, RegistrationNotFound
Conflict      ├── WrongState              the present state does not allow this step
              ├── BatchExists             the authority has a batch for this period
              ├── PositionFull            every place of the position is filled
              ├── SharesExceeded          the person's shares would pass 100 %
              ├── PlacesTaken             every practice place is taken
              ├── AlreadyRequested, AlreadyRegistered, AlreadyPlaced
              └── ConsentMissing          the person has not agreed, or no longer does
Forbidden     └── OutOfScope              (shared.scope)
Unprocessable └── EnterpriseUnknown       no dossier of this code has arrived
Unavailable   ├── IndexLoading            503, the index is not complete yet
              └── KeysMissing             503, no key ring, or one without the key of a record
"""

from shared.errors import Conflict, DomainError, NotFound, Unprocessable


class PositionNotFound(NotFound):
    """No such position, or not for this caller."""

    slug = "position-not-found"


class BatchNotFound(NotFound):
    """No such batch."""

    slug = "position-batch-not-found"


class CandidateNotFound(NotFound):
    """No such candidate, or not for this caller."""

    slug = "candidate-not-found"


class RequestNotFound(NotFound):
    """No such contact request, or not for this caller."""

    slug = "contact-request-not-found"


class SecondmentNotFound(NotFound):
    """No such secondment, or not for this caller."""

    slug = "secondment-not-found"


class InternshipNotFound(NotFound):
    """No such internship, or not for this caller."""

    slug = "internship-not-found"


class FairNotFound(NotFound):
    """No such fair or venue."""

    slug = "fair-not-found"


class RegistrationNotFound(NotFound):
    """No such registration, or not for this caller."""

    slug = "registration-not-found"


class WrongState(Conflict):
    """The present state does not allow this step."""

    slug = "wrong-state"


class BatchExists(Conflict):
    """The authority has a batch for this period."""

    slug = "position-batch-exists"


class PositionFull(Conflict):
    """Every place of the position is filled."""

    slug = "position-full"


class SharesExceeded(Conflict):
    """The person's shares of time would pass 100 %."""

    slug = "shares-exceeded"


class PlacesTaken(Conflict):
    """Every practice place is taken."""

    slug = "places-taken"


class AlreadyRequested(Conflict):
    """An open request for this position and candidate exists."""

    slug = "already-requested"


class AlreadyRegistered(Conflict):
    """The party has a seat or a place on the waiting list."""

    slug = "already-registered-for-fair"


class AlreadyPlaced(Conflict):
    """The candidate has a place of this internship."""

    slug = "already-placed"


class ConsentMissing(Conflict):
    """The person has not agreed, or no longer does."""

    slug = "candidate-consent-missing"


class EnterpriseUnknown(Unprocessable):
    """No dossier of this code has arrived here."""

    slug = "enterprise-unknown"


class IndexLoading(DomainError):
    """The index is not complete yet."""

    status = 503
    slug = "index-loading"
    title = "The index is loading"
    title_zh = "索引加载中"


class KeysMissing(DomainError):
    """Personal fields cannot be read or written without their key."""

    status = 503
    slug = "keys-missing"
    title = "The key for personal fields is missing"
    title_zh = "缺少个人信息密钥"
