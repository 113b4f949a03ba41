"""Which bank is calling: a bank's token names it in `org`, and it reaches nothing else."""

from typing import Annotated

from fastapi import Path

from contracts.values import BankCode
from services.funding.banks.errors import BankNotFound, NotYourBank
from shared.auth import Role, Subject, allow
from shared.banks import Bank, banks

BankStaff = Annotated[Subject, allow(Role.BANK)]
"""People or programs of a bank."""

BankInPath = Annotated[BankCode, Path(title="银行代码")]


def own_bank(by: Subject, code: str) -> Bank:
    """The bank of this code, when it is the caller's. Raises NotYourBank, BankNotFound."""
    if by.org != code:
        raise NotYourBank(
            f"Your token is of the bank {by.org!r}. A bank reads and writes what is its own.",
            f"您的令牌属于银行 {by.org!r}:银行只能读写本行的数据。",
        )
    bank = banks().get(code)
    if bank is None:
        raise BankNotFound(
            f"The platform knows no bank {code}; see GET /v1/banks.",
            f"没有代码为 {code} 的银行,请查看 GET /v1/banks。",
        )
    return bank
