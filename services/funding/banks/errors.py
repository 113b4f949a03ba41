"""Errors of the banks' own routes.

NotFound  └── BankNotFound    the platform knows no bank of this code
Forbidden └── NotYourBank     a bank reads and writes what is its own
Gone      └── CursorGone      the cursor is of a database that was restored since
"""

from shared.auth import Forbidden
from shared.errors import DomainError, NotFound


class BankNotFound(NotFound):
    """The platform knows no bank of this code."""

    slug = "bank-not-found"


class NotYourBank(Forbidden):
    """A bank reads and writes what is its own."""

    slug = "not-your-bank"


class CursorGone(DomainError):
    """The cursor is of a database that was restored since; what came after it is not known."""

    status = 410
    slug = "cursor-gone"
    title = "The cursor is gone"
    title_zh = "游标已失效"
