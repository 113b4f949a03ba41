"""Who gets how much when the budget is short (预算不足时的安排). Pure, exact to the fen.

`scale_down` gives everyone the same share, rounded by largest remainders; the sum is exact.
`carry_over` and `first_titles_first` pay whole awards in the order of the titles' first days and
let no later title overtake; they differ in what becomes of the rest (`runs.py`). Where the money
ends among titles of one day, the payer says what holds. Nothing is ever decided by a record's id.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import groupby
from typing import Literal, TypeAlias
from uuid import UUID

FEN = Decimal("0.01")
Ties: TypeAlias = Literal["share", "wait"]


class Clause(StrEnum):
    """What a scheme says of a short budget: 按比例压减, 结转下年, 先认定先兑付."""

    SCALE_DOWN = "scale_down"
    CARRY_OVER = "carry_over"
    FIRST_TITLES_FIRST = "first_titles_first"


@dataclass(frozen=True)
class Due:
    """What is payable to one payee."""

    entitlement_id: UUID
    uscc: str
    amount_cny: Decimal
    effective_on: date
    carried_over: bool = False
    """Left over by an earlier year's run: it comes before all others."""


class Tied(Exception):
    """The money ends among titles of one day."""

    def __init__(self, day: date, count: int, left_cny: Decimal) -> None:
        super().__init__(f"{left_cny} yuan are left for {count} titles of {day}")
        self.day, self.count, self.left_cny = day, count, left_cny


Shares: TypeAlias = dict[UUID, Decimal]
"""What each entitlement gets; one that gets nothing now is missing."""


def share(
    clause: Clause, due: Sequence[Due], available_cny: Decimal, ties: Ties | None = None
) -> Shares:
    """What each gets of what is available. Raises Tied when `ties` does not say."""
    if clause is Clause.SCALE_DOWN:
        return scale_down(due, available_cny)
    shares: Shares = {}
    left = available_cny
    ordered = sorted(due, key=_turn)
    for (_, day), same_turn in groupby(ordered, key=_turn):
        group = list(same_turn)
        needed = sum((one.amount_cny for one in group), Decimal(0))
        if needed <= left:
            shares |= {one.entitlement_id: one.amount_cny for one in group}
            left -= needed
            continue
        if len(group) > 1 and left >= min(one.amount_cny for one in group):
            if ties is None:
                raise Tied(day, len(group), left)
            if ties == "share":
                shares |= scale_down(group, left)
        break
    return shares


def scale_down(due: Sequence[Due], available_cny: Decimal) -> Shares:
    """The same share for everyone, in whole fen; the sum is what is available or what is due.

    Fen that are left go to the largest remainders; where these are equal to the larger amount,
    the earlier title, then the payee's code.
    """
    total = _fen(sum((one.amount_cny for one in due), Decimal(0)))
    available = min(_fen(available_cny), total)
    floors = {one.entitlement_id: divmod(_fen(one.amount_cny) * available, total) for one in due}
    left = available - sum(whole for whole, _ in floors.values())
    by_remainder = sorted(
        due,
        key=lambda one: (
            -floors[one.entitlement_id][1],
            -one.amount_cny,
            one.effective_on,
            one.uscc,
        ),
    )
    extra = {one.entitlement_id for one in by_remainder[:left]}
    fen = {key: whole + (key in extra) for key, (whole, _) in floors.items()}
    return {key: amount * FEN for key, amount in fen.items() if amount}


def _turn(one: Due) -> tuple[bool, date]:
    return not one.carried_over, one.effective_on


def _fen(amount_cny: Decimal) -> int:
    return int(amount_cny * 100)
