"""Errors of the loan applications.

NotFound      └── ApplicationNotFound    no such application, or not for this caller
Conflict      ├── ApplicationOpen        one open application per product (or wish) and bank
              ├── ApplicationWithdrawn   it is withdrawn; nothing is decided any more
              ├── NotWithdrawable        the bank refused, closed or paid out
              └── DecisionConflict       this version said something else before
Unprocessable ├── ApplicationUnfit       the enterprise does not fit the product
              ├── NoBankForIt            the product is no bank's, or the bank is not known
              ├── ConsentMissing         no valid consent of its own for this bank and purpose
              └── DecisionInconsistent   the parts of a decision do not fit together
"""

from shared.errors import Conflict, NotFound, Unprocessable


class ApplicationNotFound(NotFound):
    """No such application, or not for this caller."""

    slug = "loan-application-not-found"


class ApplicationOpen(Conflict):
    """One open application per product (or wish) and bank."""

    slug = "loan-application-open"


class ApplicationWithdrawn(Conflict):
    """The application is withdrawn; nothing is decided any more."""

    slug = "loan-application-withdrawn"


class NotWithdrawable(Conflict):
    """The bank has refused, closed or paid out."""

    slug = "loan-application-not-withdrawable"


class DecisionConflict(Conflict):
    """This version of the decision said something else before."""

    slug = "loan-decision-conflict"


class ApplicationUnfit(Unprocessable):
    """The enterprise does not fit the product now."""

    slug = "loan-product-does-not-fit"


class NoBankForIt(Unprocessable):
    """The product is no bank's, or the platform does not know the bank."""

    slug = "no-bank-for-application"


class ConsentMissing(Unprocessable):
    """The application needs a valid consent of its own for this bank and purpose."""

    slug = "application-consent-missing"


class DecisionInconsistent(Unprocessable):
    """The parts of the decision do not fit together."""

    slug = "loan-decision-inconsistent"
