"""Errors of the ledger.

NotFound      └── BudgetNotFound     no such book
Conflict      ├── BudgetExhausted    what is available does not cover it
              └── DocumentBooked     the document stands in the book with another amount
Forbidden     └── NotThePayer        another payer's money
Unprocessable └── BudgetTooLarge     more than a book holds
"""

from shared.auth import Forbidden
from shared.errors import Conflict, NotFound, Unprocessable


class BudgetNotFound(NotFound):
    """No such book."""

    slug = "award-budget-not-found"


class BudgetExhausted(Conflict):
    """What is available does not cover it."""

    slug = "award-budget-exhausted"


class DocumentBooked(Conflict):
    """The document stands in the book with another amount."""

    slug = "budget-document-booked"


class NotThePayer(Forbidden):
    """Another payer's money."""

    slug = "not-the-payer"


class BudgetTooLarge(Unprocessable):
    """More than a book holds."""

    slug = "award-budget-too-large"
