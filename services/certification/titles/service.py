"""Use cases of titles: publish an enterprise's snapshot when it changed, end terms.

Titles are written set by set and published enterprise by enterprise: what changed waits in
`title_waiting` until it is published under the enterprise's key.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlmodel import col, func, select

from contracts.events.certification import TITLE, Title, TitlesChanged, TitleStatus
from services.certification.models import Enterprise
from services.certification.outlooks.service import judge_enterprise
from services.certification.titles.kinds import KINDS
from services.certification.titles.models import HeldTitle
from shared import clock
from shared.auth import Subject
from shared.bus import outbox
from shared.db import Session, lock_keys
from shared.scope import covered_by

PUBLISHED_AT_ONCE = 500

_TAKE_WAITING = text("""
    DELETE FROM title_waiting WHERE uscc IN (
        SELECT uscc FROM title_waiting ORDER BY uscc LIMIT :limit FOR UPDATE SKIP LOCKED
    ) RETURNING uscc
""")
# A title that waits already is written again on purpose: the row lock makes a publisher that
# would miss this change wait for it.
_WAIT = text("""
    INSERT INTO title_waiting (uscc) SELECT DISTINCT unnest(CAST(:usccs AS text[])) AS uscc
    ORDER BY uscc ON CONFLICT (uscc) DO UPDATE SET uscc = EXCLUDED.uscc
""")
_EXPIRE = text("""
    UPDATE title SET status = 'expired' WHERE status = 'effective' AND valid_to < :today
    RETURNING uscc
""")


async def publish_titles(session: Session, usccs: Iterable[str]) -> list[Enterprise]:
    """Publish each enterprise's titles when they differ from what was published last.

    An enterprise without a dossier is left: it is published when its dossier arrives. Returns
    those whose titles were published; their outlook is to be judged again.
    """
    keys = list(usccs)
    await lock_keys(session, keys)
    enterprises = (
        await session.exec(
            select(Enterprise).where(col(Enterprise.uscc).in_(keys)).order_by(col(Enterprise.uscc))
        )
    ).all()
    held = await titles_of(session, [enterprise.uscc for enterprise in enterprises])
    facts, changed = [], []
    for enterprise in enterprises:
        titles = tuple(title_of(row) for row in held.get(enterprise.uscc, ()))
        snapshot = [title.model_dump(mode="json") for title in titles]
        if snapshot == enterprise.titles:
            continue
        enterprise.titles = snapshot
        version = await outbox.next_version(session, TITLE, enterprise.uscc)
        facts.append(TitlesChanged(uscc=enterprise.uscc, version=version, titles=titles))
        changed.append(enterprise)
    await outbox.add(session, *facts)
    return changed


async def wait_for_publication(session: Session, usccs: Sequence[str]) -> None:
    """Remember that the titles of these enterprises changed."""
    if usccs:
        await (await session.connection()).execute(_WAIT, {"usccs": list(usccs)})


async def publish_waiting(session: Session, limit: int = PUBLISHED_AT_ONCE) -> int:
    """Publish titles that wait and judge their holders; returns how many were taken."""
    rows = await (await session.connection()).execute(_TAKE_WAITING, {"limit": limit})
    taken = [row.uscc for row in rows]
    for enterprise in await publish_titles(session, taken):
        await judge_enterprise(session, enterprise, clock.today())
    return len(taken)


async def expire_titles(session: Session, today: date) -> None:
    """Titles whose term ended before today are expired (到期)."""
    rows = await (await session.connection()).execute(_EXPIRE, {"today": today})
    await wait_for_publication(session, [row.uscc for row in rows])


async def titles_of(session: Session, usccs: Sequence[str]) -> dict[str, list[HeldTitle]]:
    """Every title these enterprises hold or held, oldest document first."""
    rows = await session.exec(
        select(HeldTitle)
        .where(col(HeldTitle.uscc).in_(usccs))
        .order_by(col(HeldTitle.document_on), col(HeldTitle.title_id))
        .execution_options(populate_existing=True)
    )
    found: dict[str, list[HeldTitle]] = {}
    for row in rows:
        found.setdefault(row.uscc, []).append(row)
    return found


def title_of(row: HeldTitle) -> Title:
    """The title as it is published."""
    kind = KINDS.get(row.kind)
    return Title(
        kind=row.kind,
        tier=kind.tier if kind else None,
        status=TitleStatus(row.status),
        authority=row.authority,
        document_no=row.document_no,
        document_on=row.document_on,
        batch=row.batch,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
    )


async def sum_titles(session: Session, by: Subject) -> Sequence[Any]:
    """(kind, status, enterprises) of the enterprises within the caller's authority."""
    rows = await session.exec(
        select(HeldTitle.kind, HeldTitle.status, func.count(col(HeldTitle.uscc).distinct()))
        .join(Enterprise, col(Enterprise.uscc) == col(HeldTitle.uscc))
        .where(covered_by(by.authority, col(Enterprise.region)))
        .group_by(col(HeldTitle.kind), col(HeldTitle.status))
        .order_by(col(HeldTitle.kind), col(HeldTitle.status))
    )
    return rows.all()
