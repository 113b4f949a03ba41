"""What is left of an award beside other payers' awards for the same title (叠加规则). Pure.

Each scheme's own clause decides: `add` pays in full; `fill_up` (就高补差) pays what is missing to
its own amount; `exclude` (不重复享受) pays nothing beside another. Of several that give way, the
largest stands first, so that the payee has the highest. `unknown` is never guessed: it is paid as
its scheme says, and said to be unknown.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from services.funding.awards.schemes import Stacking

GIVES_WAY: frozenset[Stacking] = frozenset({"fill_up", "exclude"})


@dataclass(frozen=True)
class Award:
    """One payer's award for a title: `granted` by its scheme, `payable` where already settled.

    Both None: the payer has not set its amount yet.
    """

    scheme: str
    payer: str
    clause: Stacking
    granted: Decimal | None
    payable: Decimal | None = None


def combine(awards: Iterable[Award]) -> dict[str, Decimal | None]:
    """What each scheme pays, by scheme. What is settled stays.

    One that gives way waits (None) until every amount for the title is known.
    """
    known = list(awards)
    paid = {
        award.scheme: award.payable
        if award.payable is not None or award.clause in GIVES_WAY
        else award.granted
        for award in known
    }
    if any(award.granted is None and award.payable is None for award in known):
        return paid
    waiting = [award for award in known if paid[award.scheme] is None]
    for award in sorted(waiting, key=_highest_first):
        others = (paid[other.scheme] for other in known if other.payer != award.payer)
        elsewhere = sum((amount or Decimal(0) for amount in others), Decimal(0))
        own = award.granted or Decimal(0)
        if award.clause == "fill_up":
            paid[award.scheme] = max(own - elsewhere, Decimal(0))
        else:
            paid[award.scheme] = Decimal(0) if elsewhere else own
    return paid


def _highest_first(award: Award) -> tuple[Decimal, str]:
    return -(award.granted or Decimal(0)), award.scheme
