"""The share of the cost that a payer sets where the source leaves it open (补助比例).

A share counts for claims filed from its day on, and stands before the source's own, which may be
only a reading. What was set is never changed; another share begins on another day.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlmodel import col, select

from services.funding.awards.schemes import Scheme
from services.funding.awards.service import find_scheme
from services.funding.claims.errors import NotClaimable, ShareExists, ShareNotSet
from services.funding.claims.models import AidShare
from services.funding.claims.schemas import ShareWrite
from services.funding.ledger.service import require_payer
from shared import clock
from shared.auth import Subject
from shared.db import Session, lock_keys


async def set_share(
    session: Session, scheme_id: str, wanted: ShareWrite, by: Subject
) -> Sequence[AidShare]:
    """Set the share from a day on; the same again changes nothing.

    Raises AwardSchemeNotFound, NotThePayer, NotClaimable, ShareExists.
    """
    scheme = find_scheme(scheme_id)
    require_payer(by, scheme.payer.code)
    if all(offer.share is None for offer in scheme.amounts):
        raise NotClaimable(
            f"{scheme_id} is no share of a cost.", f"{scheme.zh}不是按比例补助项目。"
        )
    await lock_keys(session, [f"aid-share/{scheme_id}"])
    earlier = await session.get(AidShare, (scheme_id, wanted.since))
    if earlier is None:
        session.add(
            AidShare(
                scheme=scheme_id,
                **wanted.model_dump(),
                decided_by=by.sub,
                decided_at=clock.now(),
            )
        )
        await session.flush()
    elif earlier.percent != wanted.percent:
        raise ShareExists(
            f"From {wanted.since} on the share is {earlier.percent} %. Take another day.",
            f"自 {wanted.since} 起的补助比例已设为 {earlier.percent}%,请另定施行日期。",
        )
    return await shares_of(session, scheme_id)


async def shares_of(session: Session, scheme_id: str) -> Sequence[AidShare]:
    """Every share that was set, the latest first."""
    statement = select(AidShare).where(AidShare.scheme == scheme_id)
    return (await session.exec(statement.order_by(col(AidShare.since).desc()))).all()


async def shares_in_force(session: Session, day: date) -> dict[str, Decimal]:
    """The share that the payer set, by scheme, for claims filed on the day."""
    statement = select(AidShare).where(AidShare.since <= day).order_by(col(AidShare.since))
    return {row.scheme: row.percent for row in await session.exec(statement)}


async def share_on(session: Session, scheme: Scheme, day: date) -> Decimal:
    """The share for a claim filed on the day, in percent. Raises ShareNotSet."""
    if (percent := (await shares_in_force(session, day)).get(scheme.id)) is not None:
        return percent
    offer = scheme.amount_on(day)
    stated = None if offer is None or offer.share is None else offer.share.percent
    if stated is None:
        raise ShareNotSet(
            f"The source leaves the share of {scheme.id} open. {scheme.payer.code} sets it with"
            f" POST /v1/award-schemes/{scheme.id}/shares.",
            f"来源未明确{scheme.zh}的补助比例,请由 {scheme.payer.code} 通过"
            f" POST /v1/award-schemes/{scheme.id}/shares 设定。",
        )
    return Decimal(stated)
