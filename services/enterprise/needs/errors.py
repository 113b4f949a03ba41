"""Errors of the needs.

NotFound      └── NeedNotFound   no such need of this enterprise
Conflict      ├── NeedClosed     it was met or withdrawn; file a new one
              └── TooManyNeeds   so many may be open at once
Unprocessable ├── BankUnknown    a named bank is not on the platform
              └── DayPassed      it is wanted by a day that is over
"""

from shared.errors import Conflict, NotFound, Unprocessable


class NeedNotFound(NotFound):
    """No such need of this enterprise."""

    slug = "need-not-found"


class NeedClosed(Conflict):
    """The need was met or withdrawn."""

    slug = "need-closed"


class TooManyNeeds(Conflict):
    """The enterprise has as many open needs as it may have."""

    slug = "too-many-needs"


class BankUnknown(Unprocessable):
    """A named bank is not on the platform."""

    slug = "bank-unknown"


class DayPassed(Unprocessable):
    """The need is wanted by a day that is over."""

    slug = "day-passed"
