"""Use cases of the financing needs: take them, match them for an enterprise and for a bank."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, or_, tuple_
from sqlmodel import col, delete, select

from contracts.events.enterprise import DossierStatus, NeedKind, NeedsChanged, NeedStatus
from services.funding.enterprises import Standing
from services.funding.models import Enterprise
from services.funding.needs.fitting import NeedFit, largest_limit, meet
from services.funding.needs.models import FinancingNeed, NeedsHeard
from services.funding.products.catalogue import Catalogue, FinanceProduct
from services.funding.products.matching import fit_of, match, read_standing, valid_consent
from services.funding.products.versions import current
from shared import clock
from shared.db import Session, lock_keys

LOOKED_AT_MAX = 500
"""Needs looked at for one page; the cursor goes on behind the last of them."""


@dataclass(frozen=True)
class MatchedNeed:
    """A need with how products meet it."""

    need: FinancingNeed
    fits: tuple[NeedFit, ...]


@dataclass(frozen=True)
class SeenNeed:
    """A need as one bank may see it; `judged` when its consent let the dossier be judged."""

    need: FinancingNeed
    name: str
    judged: bool
    fits: tuple[NeedFit, ...]


async def take_needs(session: Session, fact: NeedsChanged) -> None:
    """Keep the open financing needs. An older version than the one kept changes nothing."""
    await lock_keys(session, [fact.uscc])
    heard = await session.get(NeedsHeard, fact.uscc)
    if heard is not None and fact.version <= heard.version:
        return
    if heard is None:
        heard = NeedsHeard(uscc=fact.uscc)
        session.add(heard)
    heard.version = fact.version
    await session.flush()
    await session.exec(delete(FinancingNeed).where(col(FinancingNeed.uscc) == fact.uscc))
    for need in fact.needs:
        if need.kind is NeedKind.FINANCING and need.status is NeedStatus.OPEN and need.financing:
            session.add(
                FinancingNeed(
                    uscc=fact.uscc,
                    need_id=need.need_id,
                    amount_cny=need.financing.amount_cny,
                    tenor_months=need.financing.tenor_months,
                    purpose=need.financing.purpose,
                    open_to_all_banks=need.financing.open_to_all_banks,
                    banks=list(need.financing.banks),
                    text=need.text,
                    wanted_by_on=need.wanted_by_on,
                    opened_at=need.opened_at,
                )
            )


async def match_needs(session: Session, standing: Standing) -> list[MatchedNeed]:
    """The enterprise's open needs, each with every product it fits and how that meets the need."""
    statement = select(FinancingNeed).where(FinancingNeed.uscc == standing.uscc)
    needs = (await session.exec(statement.order_by(col(FinancingNeed.opened_at).desc()))).all()
    if not needs or not standing.registered:
        return []
    fits = match(standing, read_standing(standing), await current(session))
    eligible = [fit for fit in fits if fit.eligible]
    return [
        MatchedNeed(
            need,
            tuple(
                meet(fit.product, fit.limit, need.amount_cny, need.tenor_months) for fit in eligible
            ),
        )
        for need in needs
    ]


async def needs_for_bank(
    session: Session, bank: str, after: tuple[str, str] | None, limit: int
) -> tuple[list[SeenNeed], tuple[str, str] | None]:
    """Needs that the bank may see and a product of it may meet; and where the next page begins.

    With a consent that holds, the enterprise must fit the product. Of a need opened to all banks
    without one, only its own terms are compared: the dossier stays unread.
    """
    catalogue = await current(session)
    found: list[SeenNeed] = []
    looked_at = 0
    for need, enterprise in await _visible(session, bank, after):
        looked_at += 1
        after = (need.uscc, need.need_id)
        seen = _as_bank_sees(need, enterprise, bank, catalogue)
        if seen is not None:
            found.append(seen)
        if len(found) == limit:
            return found, after
    return found, after if looked_at == LOOKED_AT_MAX else None


async def _visible(
    session: Session, bank: str, after: tuple[str, str] | None
) -> Sequence[tuple[FinancingNeed, Enterprise]]:
    """Needs opened to all banks or to this one, of enterprises in the register, by their keys."""
    place = tuple_(col(FinancingNeed.uscc), col(FinancingNeed.need_id))
    audience = or_(col(FinancingNeed.open_to_all_banks), col(FinancingNeed.banks).contains([bank]))
    statement = (
        select(FinancingNeed, Enterprise)
        .join(Enterprise, col(Enterprise.uscc) == col(FinancingNeed.uscc))
        .where(and_(audience, col(Enterprise.status) == DossierStatus.REGISTERED))
    )
    if after is not None:
        statement = statement.where(place > tuple_(*after))
    ordered = statement.order_by(col(FinancingNeed.uscc), col(FinancingNeed.need_id))
    return (await session.exec(ordered.limit(LOOKED_AT_MAX))).all()


def _as_bank_sees(
    need: FinancingNeed, enterprise: Enterprise, bank: str, catalogue: Catalogue
) -> SeenNeed | None:
    """The need with the bank's products that may meet it; None where it may not see it, or none."""
    standing = Standing(enterprise, clock.now())
    judged = valid_consent(standing.consents, bank, standing.on) is not None
    if not judged and not need.open_to_all_banks:
        return None
    offered = catalogue.on_offer(bank, standing.on)
    fits = tuple(
        fit
        for fit in (
            _judged(offered, need, standing) if judged else _by_terms(offered, need, standing)
        )
        if fit.meets is not False
    )
    if not fits:
        return None
    return SeenNeed(need, standing.name, judged, fits)


def _judged(
    offered: Sequence[FinanceProduct], need: FinancingNeed, standing: Standing
) -> list[NeedFit]:
    reading = read_standing(standing)
    fits = [fit_of(product, standing, reading) for product in offered]
    return [
        meet(fit.product, fit.limit, need.amount_cny, need.tenor_months)
        for fit in fits
        if fit.eligible
    ]


def _by_terms(
    offered: Sequence[FinanceProduct], need: FinancingNeed, standing: Standing
) -> list[NeedFit]:
    return [
        meet(
            product,
            largest_limit([one for _, one in product.limits if one.in_force(standing.on)]),
            need.amount_cny,
            need.tenor_months,
        )
        for product in offered
    ]
