"""What a claim comes to (补助金额): a share of the cost that is accepted, up to a cap. Pure, exact.

Fractions of a fen are cut off, never rounded up.
"""

from decimal import ROUND_DOWN, Decimal

from services.funding.awards.schemes import Offer

FEN = Decimal("0.01")


def aid_of(eligible_cny: Decimal, percent: Decimal, cap_cny: Decimal | None) -> Decimal:
    """The share of the accepted cost in whole fen, at most the cap."""
    share = (eligible_cny * percent / 100).quantize(FEN, rounding=ROUND_DOWN)
    return share if cap_cny is None else min(share, cap_cny)


def cap_of(offer: Offer) -> Decimal | None:
    """The most that one claim may bring; None where the source states no cap."""
    most = offer.bounds[1]
    return None if most is None else Decimal(most)
