"""Use cases of the finance products: tell each bank what changed, and let it forget.

Called for enterprises whose keys are locked. Publishes one snapshot per bank and enterprise, and
only when something the bank sees changed. A bank that holds no consent and never held one with
something to hear is never told anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Text, and_, any_, bindparam
from sqlmodel import col, select

from contracts.events.funding import LOAN_ELIGIBILITY, EligibilityStatus, LoanEligibilityChanged
from services.funding.enterprises import Standing
from services.funding.products.catalogue import Catalogue, FinanceProduct
from services.funding.products.errors import LoanProductNotFound
from services.funding.products.matching import Hearing, hearing, read_standing
from services.funding.products.models import CatalogueRevision, LoanSnapshot, SnapshotStatus
from services.funding.products.versions import catalogue_at, current
from shared.auth import Role, Subject
from shared.bus import outbox
from shared.db import Session, lock_keys

TOMBSTONE_AFTER = timedelta(days=7)

_AHEAD = "told ahead"

# Built once: it is read for every batch.
_REVISION_AND_TOLD = select(CatalogueRevision.revision, LoanSnapshot).join(
    LoanSnapshot,
    col(LoanSnapshot.uscc) == any_(bindparam("usccs", type_=ARRAY(Text))),
    isouter=True,
)


@dataclass(frozen=True)
class Told:
    """The products as they stand, and what each bank was last told, by enterprise and bank."""

    catalogue: Catalogue
    snapshots: dict[str, dict[str, LoanSnapshot]]


async def read_told_ahead(session: Session, usccs: Sequence[str]) -> None:
    """Read at once what `publish_eligibility` reads of each of these enterprises.

    Their keys are locked until the transaction ends, so what is read stays true.
    """
    session.info[_AHEAD] = await _read_told(session, usccs)


async def publish_eligibility(session: Session, standing: Standing) -> None:
    """Tell the banks what changed for this enterprise. Publishing twice is once."""
    if standing.enterprise.consents_version == 0:
        return
    ahead: Told | None = session.info.get(_AHEAD)
    if ahead is None or standing.uscc not in ahead.snapshots:
        ahead = await _read_told(session, [standing.uscc])
    told = ahead.snapshots[standing.uscc]
    banks = {consent.bank for consent in standing.consents} | set(told)
    news = await _news(session, standing, sorted(banks), told, ahead.catalogue)
    await outbox.add(session, *news)


async def tell_bank(
    session: Session, standings: Sequence[Standing], bank: str, catalogue: Catalogue
) -> int:
    """Tell one bank what changed for these enterprises; how many changes that were."""
    usccs = [standing.uscc for standing in standings]
    rows = await session.exec(
        select(LoanSnapshot).where(LoanSnapshot.bank == bank, col(LoanSnapshot.uscc).in_(usccs))
    )
    told = {row.uscc: row for row in rows}
    news: list[LoanEligibilityChanged] = []
    for standing in standings:
        known = {bank: told[standing.uscc]} if standing.uscc in told else {}
        news += await _news(session, standing, [bank], known, catalogue)
    await outbox.add(session, *news)
    return len(news)


async def snapshots_of(session: Session, uscc: str) -> Sequence[LoanSnapshot]:
    """What each bank was last told about the enterprise."""
    return (await session.exec(select(LoanSnapshot).where(LoanSnapshot.uscc == uscc))).all()


async def find_product(session: Session, product_id: str, by: Subject) -> FinanceProduct:
    """A product this caller may list. Raises LoanProductNotFound."""
    product = (await current(session)).products.get(product_id)
    if product is None or not may_list(product, by):
        raise LoanProductNotFound(
            f"There is no loan product {product_id[:64]} for you; see GET /v1/loan-products.",
            f"没有编号为 {product_id[:64]} 的贷款产品,请查看 GET /v1/loan-products。",
        )
    return product


def may_list(product: FinanceProduct, by: Subject) -> bool:
    """A bank lists its own products only; everybody else lists all."""
    return by.role is not Role.BANK or by.org == product.terms.owner


async def find_withdrawn(session: Session, now: datetime, after: str, limit: int) -> Sequence[str]:
    """Enterprises, after this code, with a snapshot that was withdrawn seven days ago."""
    statement = select(LoanSnapshot.uscc).distinct().where(_is_old(now), LoanSnapshot.uscc > after)
    return (await session.exec(statement.order_by(LoanSnapshot.uscc).limit(limit))).all()


async def delete_withdrawn(session: Session, usccs: Sequence[str], now: datetime) -> None:
    """Write the tombstones of these enterprises' snapshots that were withdrawn seven days ago."""
    await lock_keys(session, usccs)
    rows = await session.exec(
        select(LoanSnapshot).where(col(LoanSnapshot.uscc).in_(usccs), _is_old(now))
    )
    for row in rows:
        await outbox.add_tombstone(
            session,
            topic=LOAN_ELIGIBILITY,
            address=LOAN_ELIGIBILITY.name.format(bank=row.bank),
            key=row.uscc,
        )
        row.status = SnapshotStatus.DELETED
        row.content = {}


async def _read_told(session: Session, usccs: Sequence[str]) -> Told:
    rows = (await session.exec(_REVISION_AND_TOLD, params={"usccs": list(usccs)})).all()
    snapshots: dict[str, dict[str, LoanSnapshot]] = {uscc: {} for uscc in usccs}
    for _, row in rows:
        if row is not None:
            snapshots[row.uscc][row.bank] = row
    return Told(await catalogue_at(session, rows[0][0]), snapshots)


async def _news(
    session: Session,
    standing: Standing,
    banks: Sequence[str],
    told: dict[str, LoanSnapshot],
    catalogue: Catalogue,
) -> list[LoanEligibilityChanged]:
    """What changed for the enterprise, of these banks; remembered as told."""
    reading = read_standing(standing)
    news = []
    for bank in banks:
        heard = hearing(standing, reading, bank, catalogue)
        if _is_news(heard, told.get(bank)):
            news.append(await _tell(session, standing, bank, heard, told))
    return news


def _is_old(now: datetime) -> ColumnElement[bool]:
    return and_(
        col(LoanSnapshot.status) == SnapshotStatus.WITHDRAWN,
        col(LoanSnapshot.published_at) <= now - TOMBSTONE_AFTER,
    )


def _is_news(heard: Hearing, told: LoanSnapshot | None) -> bool:
    if heard.status is EligibilityStatus.WITHDRAWN and (
        told is None or told.status == SnapshotStatus.DELETED
    ):
        return False
    return told is None or told.content != heard.content()


async def _tell(
    session: Session, standing: Standing, bank: str, heard: Hearing, told: dict[str, LoanSnapshot]
) -> LoanEligibilityChanged:
    """Remember what the bank is told; returns the fact to publish."""
    before = told.get(bank)
    version = await outbox.next_version(
        session,
        LOAN_ELIGIBILITY,
        standing.uscc,
        bank=bank,
        after=None if before is None else before.version,
    )
    columns: dict[str, Any] = {
        "version": version,
        "status": heard.status,
        "content": heard.content(),
        "published_at": standing.at,
    }
    if before is None:
        told[bank] = LoanSnapshot(uscc=standing.uscc, bank=bank, **columns)
        session.add(told[bank])
    else:
        before.sqlmodel_update(columns)
    return LoanEligibilityChanged(
        bank=bank,
        uscc=standing.uscc,
        version=version,
        status=heard.status,
        reason=heard.reason,
        consent_id=None if heard.consent is None else heard.consent.consent_id,
        purpose=None if heard.consent is None else heard.consent.purpose,
        valid_until=heard.valid_until,
        judged_at=standing.at,
        products=heard.products,
        profile=heard.profile,
    )
