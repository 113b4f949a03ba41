"""Payees' bank accounts (收款账户): given by the payee, kept out of events and public notices.

The whole number goes into the file for the finance bureau and nowhere else.
"""

from uuid import uuid4

from sqlmodel import col, select

from services.funding.payments.appeals import require_payee
from services.funding.payments.errors import AccountNotFound
from services.funding.payments.models import PayeeAccount
from services.funding.payments.run_schemas import AccountWrite
from shared import clock
from shared.auth import Role, Subject
from shared.db import Session, lock_keys

SHOWN_DIGITS = 4


async def give_account(
    session: Session, uscc: str, wanted: AccountWrite, by: Subject
) -> PayeeAccount:
    """Take the payee's account; lists exported from now on name it. The same again is once.

    Raises NotThePayee.
    """
    require_payee(by, uscc)
    await lock_keys(session, [uscc])
    earlier = await _latest(session, uscc)
    given = wanted.model_dump()
    if earlier is not None and earlier.model_dump(include=set(given)) == given:
        return earlier
    account = PayeeAccount(
        account_id=uuid4(), uscc=uscc, given_by=by.sub, given_at=clock.now(), **given
    )
    session.add(account)
    return account


async def read_account(session: Session, uscc: str, by: Subject) -> PayeeAccount:
    """The account on file, for the payee and for finance. Raises NotThePayee, AccountNotFound."""
    if by.role is not Role.FINANCE:
        require_payee(by, uscc)
    account = await _latest(session, uscc)
    if account is None:
        raise AccountNotFound(
            f"{uscc} has given no account. The payee does so with PUT /v1/payees/{uscc}/account.",
            f"{uscc} 尚未登记收款账户,请收款单位通过 PUT /v1/payees/{uscc}/account 登记。",
        )
    return account


def masked(number: str) -> str:
    """The number with only its last digits readable."""
    return "*" * (len(number) - SHOWN_DIGITS) + number[-SHOWN_DIGITS:]


async def _latest(session: Session, uscc: str) -> PayeeAccount | None:
    statement = select(PayeeAccount).where(PayeeAccount.uscc == uscc)
    newest = statement.order_by(col(PayeeAccount.given_at).desc()).limit(1)
    return (await session.exec(newest)).first()
