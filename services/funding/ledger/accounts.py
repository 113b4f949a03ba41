"""The accounts of a book, and how money goes from one to the next. Pure.

Every entry takes from some accounts what it gives to others, so all balances of a book sum to
zero. `appropriated` alone is negative: it is where the money came from.
"""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum


class Account(StrEnum):
    """Accounts of a book, in the order in which money passes them."""

    APPROPRIATED = "appropriated"
    """预算安排: what finance gave, as a negative balance."""
    AVAILABLE = "available"
    """可用额度: not on any list."""
    COMMITTED = "committed"
    """已安排: on a list of intended payees (拟拨付名单)."""
    NOTIFIED = "notified"
    """已公示: in public notice or after it, not yet answered by the bank."""
    PAID = "paid"
    """已拨付."""
    RETURNED = "returned"
    """已退回: the bank refused it, and the line is not corrected yet."""
    CLAWED_BACK = "clawed_back"
    """已追回: paid and repaid; it does not return to the scheme."""


def moved(source: Account, targets: Mapping[Account, Decimal]) -> dict[Account, Decimal]:
    """The postings that move these amounts from one account; accounts with nothing are left out."""
    given = {account: amount for account, amount in targets.items() if amount}
    taken = -sum(given.values(), Decimal(0))
    return {source: taken, **given} if given else {}
