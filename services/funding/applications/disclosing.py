"""What a bank is told of applications, and when it is told no more (披露与撤回).

A bank hears of an application on its topic and over HTTP as long as the consent that the
application names is valid. After that it gets nothing but what it said itself.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_
from sqlmodel import col, select

from contracts.events.bank import (
    LOAN_APPLICATION,
    ApplicationWithdrawal,
    Disclosure,
    LoanApplicationChanged,
)
from services.funding.applications.models import (
    UNDECIDED,
    ApplicationState,
    Disclosed,
    LoanApplication,
)
from services.funding.enterprises import Standing
from shared.bus import outbox
from shared.db import Session, lock_keys

TOMBSTONE_AFTER = timedelta(days=7)
TOLD = {
    "uscc",
    "name",
    "product",
    "amount_cny",
    "tenor_months",
    "purpose",
    "note",
    "consent_id",
    "filed_at",
}
"""What a bank is told of an application that is open to it."""


async def close_to_bank(
    session: Session, application: LoanApplication, reason: ApplicationWithdrawal, at: datetime
) -> None:
    """From now on the bank is given nothing of the application but what it said itself."""
    application.changed_at = at
    if application.disclosed == Disclosed.OPEN:
        application.disclosed = Disclosed.WITHDRAWN
        application.withdrawn_at, application.withdrawal = at, reason
        await session.flush()
        await tell_bank(session, application)


async def tell_bank(session: Session, application: LoanApplication) -> None:
    """Publish the application as it is disclosed now."""
    key = str(application.application_id)
    version = await outbox.next_version(session, LOAN_APPLICATION, key, bank=application.bank)
    known = {"bank": application.bank, "application_id": key, "version": version}
    if application.disclosed != Disclosed.OPEN:
        fact = LoanApplicationChanged.model_validate(
            {**known, "status": Disclosure.WITHDRAWN, "reason": application.withdrawal}
        )
    else:
        fact = LoanApplicationChanged.model_validate(
            {**known, "status": Disclosure.OPEN, **application.model_dump(include=TOLD)}
        )
    await outbox.add(session, fact)


async def end_withdrawn(session: Session, standing: Standing) -> None:
    """Close to the banks the applications whose consent was withdrawn.

    An undecided one is withdrawn with it; of a decided one the bank keeps what it said itself.
    """
    valid = {
        consent.consent_id
        for consent in standing.consents
        if consent.withdrawn_at is None and standing.on <= consent.expires_on
    }
    rows = await session.exec(
        select(LoanApplication.application_id)
        .where(
            LoanApplication.uscc == standing.uscc,
            LoanApplication.disclosed == Disclosed.OPEN,
            col(LoanApplication.consent_id).not_in(valid),
        )
        .order_by(col(LoanApplication.application_id))
    )
    await _end(session, rows.all(), ApplicationWithdrawal.CONSENT_WITHDRAWN, standing.at)


async def find_expired(session: Session, now: datetime, after: str, limit: int) -> Sequence[str]:
    """Applications, after this id, whose consent has run out."""
    return await _due(session, _has_expired(now.date()), after, limit)


async def end_expired(session: Session, ids: Sequence[str], now: datetime) -> None:
    """Close to the banks those of the applications whose consent has run out."""
    await _end(session, [UUID(id_) for id_ in ids], ApplicationWithdrawal.CONSENT_EXPIRED, now)


async def find_old(session: Session, now: datetime, after: str, limit: int) -> Sequence[str]:
    """Applications, after this id, that were closed to their bank seven days ago."""
    return await _due(session, _is_old(now), after, limit)


async def delete_old(session: Session, ids: Sequence[str], now: datetime) -> None:
    """Write the tombstones of those that were closed to their bank seven days ago."""
    await lock_keys(session, ids)
    wanted = col(LoanApplication.application_id).in_([UUID(id_) for id_ in ids])
    for application in await session.exec(select(LoanApplication).where(wanted, _is_old(now))):
        await outbox.add_tombstone(
            session,
            topic=LOAN_APPLICATION,
            address=LOAN_APPLICATION.name.format(bank=application.bank),
            key=str(application.application_id),
        )
        application.disclosed = Disclosed.DELETED


async def withdrawn_before(session: Session, bank: str, at: datetime) -> Sequence[str]:
    """Applications that were closed to the bank before the instant and have no tombstone yet."""
    statement = select(LoanApplication.application_id).where(
        LoanApplication.bank == bank,
        LoanApplication.disclosed == Disclosed.WITHDRAWN,
        col(LoanApplication.withdrawn_at) < at,
    )
    ordered = statement.order_by(col(LoanApplication.application_id))
    return [str(id_) for id_ in await session.exec(ordered)]


async def _end(
    session: Session, ids: Sequence[UUID], reason: ApplicationWithdrawal, at: datetime
) -> None:
    await lock_keys(session, [str(id_) for id_ in ids])
    for id_ in ids:
        application = await session.get(LoanApplication, id_, populate_existing=True)
        if application is None or application.disclosed != Disclosed.OPEN:
            continue
        if application.state in UNDECIDED:
            application.state = ApplicationState.WITHDRAWN
        await close_to_bank(session, application, reason, at)


async def _due(session: Session, due: ColumnElement[bool], after: str, limit: int) -> Sequence[str]:
    statement = select(LoanApplication.application_id).where(
        due, col(LoanApplication.application_id) > (UUID(after) if after else UUID(int=0))
    )
    ordered = statement.order_by(col(LoanApplication.application_id)).limit(limit)
    return [str(id_) for id_ in await session.exec(ordered)]


def _has_expired(today: date) -> ColumnElement[bool]:
    return and_(
        col(LoanApplication.disclosed) == Disclosed.OPEN,
        col(LoanApplication.consent_until) < today,
    )


def _is_old(now: datetime) -> ColumnElement[bool]:
    return and_(
        col(LoanApplication.disclosed) == Disclosed.WITHDRAWN,
        col(LoanApplication.withdrawn_at) <= now - TOMBSTONE_AFTER,
    )
