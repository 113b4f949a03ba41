"""Use cases of the awards: entitlements appear and end with titles (免申即享).

Called for an enterprise whose key is locked. Publishes one EntitlementChanged per happening.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import uuid4

import sqlalchemy
from sqlalchemy import func, not_
from sqlmodel import col, select

from contracts.events.funding import AmountKind, EntitlementChanged, EntitlementStatus
from services.funding.awards import wording
from services.funding.awards.deciding import Ending, EndReason, Grant, Held, TitleRef, decide
from services.funding.awards.models import Entitlement
from services.funding.awards.schemes import Scheme, rules_digest, schemes
from services.funding.enterprises import Standing
from services.funding.errors import AwardSchemeNotFound
from services.funding.models import Enterprise
from shared.bus import outbox
from shared.db import Session
from shared.scope import covered_by


async def settle_entitlements(session: Session, standing: Standing) -> None:
    """Let entitlements appear and end as the titles of the day say. Settling twice is once.

    An enterprise that left the register gets no new entitlement and keeps those it has. Nothing
    is read when titles, region, status, day and rule files are those of the last time.
    """
    settled_for = _settled_for(standing)
    if not standing.enterprise.titles or standing.enterprise.awards_settled_for == settled_for:
        return
    standing.enterprise.awards_settled_for = settled_for
    found = {(row.scheme, row.period): row for row in await entitlements_of(session, standing.uscc)}
    grants, endings = decide(
        schemes().values() if standing.registered else (),
        standing.titles,
        standing.region,
        standing.on,
        {key: _held(row) for key, row in found.items()},
    )
    changed = [
        _appear(session, standing, grant, found.get((grant.scheme.id, grant.period)))
        for grant in grants
    ]
    changed += [_end(standing, ending, found[ending.scheme, ending.period]) for ending in endings]
    await outbox.add(session, *(_fact(row) for row in changed))


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
    """The entitlements of the enterprises an authority covers, by scheme."""
    ended = col(Entitlement.status) == EntitlementStatus.ENDED
    unset = col(Entitlement.payable_cny).is_(None)
    statement = (
        sqlalchemy.select(
            col(Entitlement.scheme),
            col(Entitlement.automatic),
            func.count().filter(not_(ended)),
            func.count().filter(not_(ended), unset),
            func.count().filter(ended),
            func.sum(Entitlement.payable_cny),
        )
        .join(Enterprise, col(Enterprise.uscc) == col(Entitlement.uscc))
        .where(covered_by(authority, col(Enterprise.region)))
        .group_by(col(Entitlement.scheme), col(Entitlement.automatic))
        .order_by(col(Entitlement.scheme))
    )
    rows = await (await session.connection()).execute(statement)
    return [
        SchemeSum(scheme, automatic, count, to_be_set, ended, payable or Decimal(0))
        for scheme, automatic, count, to_be_set, ended, payable in rows
    ]


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
    least, most = grant.amount.bounds
    fixed = grant.amount.kind is AmountKind.FIXED
    columns: dict[str, Any] = {
        "status": EntitlementStatus.APPEARED,
        "automatic": grant.scheme.automatic,
        "payer": grant.scheme.payer.code,
        "amount_kind": grant.amount.kind,
        "amount_min_cny": _money(least),
        "amount_max_cny": _money(most),
        "payable_cny": _money(most) if fixed and grant.scheme.automatic else None,
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
        scheme=grant.scheme.id,
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
        row.payable_cny = None
    return row


def _settled_for(standing: Standing) -> str:
    """Everything that entitlements follow from."""
    parts = (
        f"titles {standing.enterprise.titles_version}",
        standing.region,
        "registered" if standing.registered else "left",
        standing.on.isoformat(),
        rules_digest(),
    )
    return "|".join(parts)


def _held(row: Entitlement) -> Held:
    title = TitleRef(row.title_kind, row.title_authority, row.document_no)
    return Held(title, ended=row.ended, payable=row.payable_cny is not None)


def _money(yuan: int | None) -> Decimal | None:
    return None if yuan is None else Decimal(yuan)


def _fact(row: Entitlement) -> EntitlementChanged:
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
        title=row.title_kind,
        reason=wording.why(row).zh,
    )
