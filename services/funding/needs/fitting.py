"""Whether a product meets a need (需求与产品匹配), decided without I/O.

The amount and the term are compared where the product states them; what it does not state stays
open and is said so. The purpose is a text of the enterprise's own: it is shown beside what the
product may be used for, and compared by people.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from services.funding.products.catalogue import FinanceProduct
from services.funding.products.documents import Limit, Tenor
from services.funding.rule_files import Texts


@dataclass(frozen=True)
class Aspect:
    """One thing compared. `met` None: the product does not state it."""

    id: str
    met: bool | None
    text: Texts


@dataclass(frozen=True)
class NeedFit:
    """How a product meets a need."""

    product: FinanceProduct
    limit: Limit | None
    aspects: tuple[Aspect, ...]

    @property
    def meets(self) -> bool | None:
        """Whether it meets the need; None where nothing speaks against it and not all is known."""
        found = [aspect.met for aspect in self.aspects]
        if False in found:
            return False
        return None if None in found else True


def meet(
    product: FinanceProduct, limit: Limit | None, amount_cny: Decimal, tenor_months: int
) -> NeedFit:
    """How a product, with the limit of the group the enterprise is in, meets a need."""
    return NeedFit(
        product,
        limit,
        (_amount(limit, amount_cny), _tenor(product.terms.tenor, tenor_months)),
    )


def largest_limit(limits: Sequence[Limit]) -> Limit | None:
    """The limit of the group that is given the most; one without an amount counts as the most."""
    unstated = next((limit for limit in limits if limit.most is None), None)
    return unstated or max(limits, key=lambda limit: limit.most or 0, default=None)


def _amount(limit: Limit | None, wanted: Decimal) -> Aspect:
    most = None if limit is None else limit.most
    if most is None:
        return Aspect("amount", None, _AMOUNT_UNSTATED)
    zh, en = ("不超过", "within") if wanted <= most else ("超过", "above")
    return Aspect(
        "amount",
        wanted <= most,
        Texts(
            zh=f"需求 {wanted:.2f} 元,{zh}最高额度 {most}.00 元",
            en=f"{wanted:.2f} yuan wanted, {en} the highest limit of {most}.00 yuan",
        ),
    )


def _tenor(tenor: Tenor | None, wanted: int) -> Aspect:
    low = None if tenor is None else tenor.months_min
    high = None if tenor is None else tenor.months_max
    if low is None and high is None:
        return Aspect("tenor", None, _TENOR_UNSTATED)
    met = (low is None or wanted >= low) and (high is None or wanted <= high)
    zh, en = ("在产品期限内", "within") if met else ("不在产品期限内", "outside")
    span = f"{low or 1}–{high if high is not None else '…'}"
    return Aspect(
        "tenor",
        met,
        Texts(
            zh=f"需求 {wanted} 个月,{zh}({span} 个月)",
            en=f"{wanted} months wanted, {en} the product's {span} months",
        ),
    )


_AMOUNT_UNSTATED = Texts(
    zh="产品未载明额度,请向机构咨询", en="The product states no limit; ask its owner."
)
_TENOR_UNSTATED = Texts(
    zh="产品未载明期限,请向机构咨询", en="The product states no term; ask its owner."
)
