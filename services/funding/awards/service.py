"""Use cases of the awards: entitlements appear and end with titles (免申即享).

Called for an enterprise whose key is locked. Publishes one EntitlementChanged per happening.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import uuid4

import sqlalchemy
from sqlalchemy import and_, func, not_, or_
from sqlmodel import col, select

from contracts.events.funding import AmountKind, EntitlementChanged, EntitlementStatus
from services.funding.awards import wording
from services.funding.awards.deciding import (
    Ending,
    EndReason,
    Grant,
    Held,
    Holder,
    TitleRef,
    decide,
)
from services.funding.awards.errors import AwardSchemeNotFound
from services.funding.awards.models import Entitlement
from services.funding.awards.schemes import (
    Offer,
    OfferKind,
    Scheme,
    Stacking,
    rules_digest,
    schemes,
    schemes_for,
)
from services.funding.awards.stacking import Award, combine
from services.funding.enterprises import Standing
from services.funding.models import Enterprise
from services.funding.products.matching import read_standing
from shared.bus import outbox
from shared.db import Session
from shared.rules.evaluate import holds
from shared.scope import covered_by


async def settle_entitlements(session: Session, standing: Standing) -> list[Entitlement]:
    """Let entitlements appear and end as the titles of the day say; returns those that did.

    Settling twice is once. Nothing is read when titles, region, status, day and rule files are
    those of the last time.
    """
    settled_for, before = _settled_for(standing), standing.enterprise.awards_settled_for
    never_titled = before is None and not standing.enterprise.titles
    if never_titled or before == settled_for:
        return []
    standing.enterprise.awards_settled_for = settled_for
    rows = await entitlements_of(session, standing.uscc)
    found = {(row.scheme, row.period): row for row in rows}
    grants, endings = decide(
        schemes(), holder_of(standing), {key: _held(row) for key, row in found.items()}
    )
    changed = [
        _appear(session, standing, grant, found.get((grant.scheme.id, grant.period)))
        for grant in grants
    ]
    changed += [_end(standing, ending, found[ending.scheme, ending.period]) for ending in endings]
    told = {row.entitlement_id: row for row in changed}
    everything = {row.entitlement_id: row for row in rows} | told
    told |= {row.entitlement_id: row for row in share_out(everything.values())}
    await outbox.add(session, *(fact_of(row) for row in told.values()))
    return changed


def holder_of(standing: Standing) -> Holder:
    """The enterprise as the schemes look at it."""
    return Holder(
        titles=standing.titles,
        region=standing.region,
        on=standing.on,
        registered=standing.registered,
        meets=lambda condition: holds(condition, read_standing(standing)) is True,
    )


def share_out(rows: Iterable[Entitlement]) -> list[Entitlement]:
    """Settle what is payable beside other payers' awards for the same title; returns the changed.

    What is payable already stays as it is.
    """
    changed = []
    groups: dict[tuple[str | None, str], list[Entitlement]] = {}
    for row in rows:
        if row.origin == "title" and row.is_money and not row.ended:
            groups.setdefault((row.title_kind, row.period), []).append(row)
    for group in groups.values():
        paid = combine(
            Award(row.scheme, row.payer, _clause(row), row.granted_cny, row.payable_cny)
            for row in group
        )
        for row in group:
            if row.payable_cny != paid[row.scheme]:
                row.payable_cny = paid[row.scheme]
                changed.append(row)
    return changed


async def entitlements_of(session: Session, uscc: str) -> Sequence[Entitlement]:
    """Every entitlement of the enterprise, the ended ones among them."""
    return (await session.exec(select(Entitlement).where(Entitlement.uscc == uscc))).all()


@dataclass(frozen=True)
class SchemeSum:
    """The entitlements of one scheme in a region."""

    scheme: str
    automatic: bool
    count: int
    to_be_set: int
    ended: int
    payable_cny: Decimal


async def sum_entitlements(session: Session, authority: str | None) -> list[SchemeSum]:
    """The entitlements of the payees an authority covers, by scheme.

    A payee that is no enterprise counts where its payer sits.
    """
    ended = col(Entitlement.status) == EntitlementStatus.ENDED
    unset = and_(col(Entitlement.payable_cny).is_(None), col(Entitlement.unit).is_(None))
    region = col(Enterprise.region)
    elsewhere = and_(region.is_(None), covered_by(authority, col(Entitlement.payer)))
    statement = (
        sqlalchemy.select(
            col(Entitlement.scheme),
            col(Entitlement.automatic),
            func.count().filter(not_(ended)),
            func.count().filter(not_(ended), unset),
            func.count().filter(ended),
            func.sum(Entitlement.payable_cny),
        )
        .outerjoin(Enterprise, col(Enterprise.uscc) == col(Entitlement.uscc))
        .where(or_(covered_by(authority, region), elsewhere))
        .group_by(col(Entitlement.scheme), col(Entitlement.automatic))
        .order_by(col(Entitlement.scheme))
    )
    rows = await (await session.connection()).execute(statement)
    return [
        SchemeSum(scheme, automatic, count, to_be_set, ended, payable or Decimal(0))
        for scheme, automatic, count, to_be_set, ended, payable in rows
    ]


def offer_for(row: Entitlement) -> Offer:
    """The offer of its scheme that the entitlement rests on."""
    scheme = schemes()[row.scheme]
    return scheme.amount_on(row.effective_on) or scheme.amounts[-1]


def find_scheme(scheme_id: str) -> Scheme:
    """A scheme of the rule files. Raises AwardSchemeNotFound."""
    scheme = schemes().get(scheme_id)
    if scheme is None:
        raise AwardSchemeNotFound(
            f"There is no award scheme {scheme_id[:64]}. GET /v1/award-schemes lists them.",
            f"没有编号为 {scheme_id[:64]} 的奖补项目,请查看 GET /v1/award-schemes。",
        )
    return scheme


def _appear(
    session: Session, standing: Standing, grant: Grant, earlier: Entitlement | None
) -> Entitlement:
    scheme, offer = grant.scheme, grant.offer
    least, most = offer.bounds
    fixed = offer.kind is OfferKind.FIXED
    columns: dict[str, Any] = {
        "payee_kind": scheme.payee,
        "origin": scheme.origin,
        "status": EntitlementStatus.APPEARED,
        "automatic": scheme.automatic,
        "payer": scheme.payer.code,
        "budget_year": grant.effective_on.year,
        "amount_kind": AmountKind(offer.kind) if scheme.is_money else AmountKind.NONE,
        "amount_min_cny": _money(least),
        "amount_max_cny": _money(most),
        "granted_cny": _money(most) if fixed and scheme.automatic else None,
        "payable_cny": None,
        "quantity": _money(offer.quantity),
        "unit": None if scheme.is_money else offer.unit,
        "subtype": None,
        "title_kind": grant.title.kind,
        "title_authority": grant.title.authority,
        "document_no": grant.title.document_no,
        "effective_on": grant.effective_on,
        "appeared_at": standing.at,
        "ended_at": None,
        "end_reason": None,
    }
    if earlier is not None:
        earlier.sqlmodel_update(columns)
        return earlier
    row = Entitlement(
        entitlement_id=uuid4(),
        uscc=standing.uscc,
        scheme=scheme.id,
        period=grant.period,
        **columns,
    )
    session.add(row)
    return row


def _end(standing: Standing, ending: Ending, row: Entitlement) -> Entitlement:
    row.status = EntitlementStatus.ENDED
    row.ended_at = standing.at
    row.end_reason = ending.reason
    if ending.reason is EndReason.TITLE_ANNULLED:
        row.granted_cny = row.payable_cny = None
    return row


def _settled_for(standing: Standing) -> str:
    """Everything that entitlements follow from."""
    parts: tuple[str, ...] = (
        f"titles {standing.enterprise.titles_version}",
        standing.region,
        "registered" if standing.registered else "left",
        standing.on.isoformat(),
        rules_digest(),
    )
    if any(scheme.conditions for scheme in schemes_for(standing.region)):
        parts = (*parts, f"dossier {standing.enterprise.dossier_version}")
    return "|".join(parts)


def _held(row: Entitlement) -> Held:
    title = None
    if row.title_kind and row.title_authority and row.document_no:
        title = TitleRef(row.title_kind, row.title_authority, row.document_no)
    return Held(title, ended=row.ended, payable=row.payable_cny is not None)


def _clause(row: Entitlement) -> Stacking:
    return schemes()[row.scheme].stacking


def _money(yuan: int | None) -> Decimal | None:
    return None if yuan is None else Decimal(yuan)


def fact_of(row: Entitlement) -> EntitlementChanged:
    """What happened to an entitlement, as others hear it."""
    return EntitlementChanged(
        uscc=row.uscc,
        entitlement_id=str(row.entitlement_id),
        scheme=row.scheme,
        period=row.period,
        status=EntitlementStatus(row.status),
        automatic=row.automatic,
        payer=row.payer,
        amount_kind=AmountKind(row.amount_kind),
        amount_min_cny=row.amount_min_cny,
        amount_max_cny=row.amount_max_cny,
        payable_cny=row.payable_cny,
        title=row.title_kind or "",
        reason=wording.why(row).zh,
        payee_kind=row.payee_kind,
        origin=row.origin,
        budget_year=row.budget_year,
        quantity=None if row.quantity is None else int(row.quantity),
        unit=row.unit,
    )
