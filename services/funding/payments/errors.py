"""Errors of the payment desk.

NotFound      └── RunNotFound, LineNotFound, ObjectionNotFound, ClawBackNotFound, AccountNotFound
Conflict      ├── NothingToPay           no payable entitlement is without a line
              ├── TooManyLines           one list takes so many
              ├── ListNoTaken            the list number stands for another list
              ├── ShortageUndecided      the budget is short, and nobody said what follows
              ├── TitlesTied             the money ends among titles of one day
              ├── StepNotPossible        the run, line or claw-back is in another state
              ├── NoticeRunning          the public notice has not ended
              ├── ObjectionsOpen         an objection waits for its decision
              ├── CalendarUnknown        nobody entered the year's days off
              ├── TooLate                the deadline has passed
              └── ClauseMissing          the scheme does not provide for this claw-back
Forbidden     ├── NotThePayer            (ledger)
              ├── FourEyes               who made it, or ordered it, does not decide on it
              ├── NotYourLevel           another role or authority signs next
              └── NotThePayee            another payee's account or claw-back
Unprocessable └── ReturnUnusable         rows of the return file are wrong; nothing was stored
MediaUnsupported                         neither CSV nor XLSX
"""

from shared.auth import Forbidden
from shared.errors import Conflict, DomainError, NotFound, Unprocessable


class RunNotFound(NotFound):
    """No such payment run."""

    slug = "payment-run-not-found"


class LineNotFound(NotFound):
    """No such payment line."""

    slug = "payment-line-not-found"


class ObjectionNotFound(NotFound):
    """No such objection."""

    slug = "payment-objection-not-found"


class ClawBackNotFound(NotFound):
    """No such claw-back, or not for this caller."""

    slug = "claw-back-not-found"


class AccountNotFound(NotFound):
    """The payee has given no account."""

    slug = "payee-account-not-found"


class NothingToPay(Conflict):
    """No payable entitlement is without a line."""

    slug = "nothing-to-pay"


class TooManyLines(Conflict):
    """One list takes so many lines."""

    slug = "too-many-lines"


class ListNoTaken(Conflict):
    """The list number stands for another list."""

    slug = "list-no-taken"


class ShortageUndecided(Conflict):
    """The budget is short, and the scheme does not say what follows."""

    slug = "shortage-undecided"


class TitlesTied(Conflict):
    """The money ends among titles of one day."""

    slug = "titles-tied"


class StepNotPossible(Conflict):
    """The present state does not allow this step."""

    slug = "step-not-possible"


class NoticeRunning(Conflict):
    """The public notice has not ended."""

    slug = "notice-running"


class ObjectionsOpen(Conflict):
    """An objection waits for its decision."""

    slug = "objections-open"


class CalendarUnknown(Conflict):
    """Nobody entered the year's days off."""

    slug = "calendar-unknown"


class TooLate(Conflict):
    """The deadline has passed."""

    slug = "deadline-passed"


class ClauseMissing(Conflict):
    """The scheme does not provide for this claw-back."""

    slug = "claw-back-clause-missing"


class FourEyes(Forbidden):
    """Who made it, or ordered it, does not decide on it."""

    slug = "four-eyes"


class NotYourLevel(Forbidden):
    """Another role or authority signs next."""

    slug = "not-your-level"


class NotThePayee(Forbidden):
    """Another payee's account, payments or claw-back."""

    slug = "not-the-payee"


class ReturnUnusable(Unprocessable):
    """Rows of the return file are wrong; nothing was stored."""

    slug = "return-file-unusable"


class MediaUnsupported(DomainError):
    """The return file is neither CSV nor XLSX."""

    status = 415
    slug = "unsupported-media-type"
    title = "The media type is not supported"
    title_zh = "媒体类型不支持"
