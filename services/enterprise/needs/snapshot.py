"""All needs of one enterprise as they are published. Its key is held by whoever calls.

A snapshot holds every open need and those closed last, so it stays far below what the bus takes.
"""

from collections.abc import Sequence

from sqlmodel import col, select

from contracts.events.enterprise import NEED, Need, NeedsChanged, NeedStatus
from services.enterprise.needs.models import NeedFiled
from shared import clock
from shared.auth import Subject
from shared.bus import outbox
from shared.db import Session

CLOSED_MAX = 100
_SHARED = set(Need.model_fields) - {"need_id"}


async def open_needs(session: Session, uscc: str) -> Sequence[NeedFiled]:
    """The open needs of the enterprise, oldest first."""
    statement = select(NeedFiled).where(NeedFiled.uscc == uscc, NeedFiled.status == NeedStatus.OPEN)
    return (await session.exec(statement.order_by(col(NeedFiled.number)))).all()


async def publish_needs(session: Session, uscc: str) -> None:
    """Publish what the enterprise needs now."""
    await session.flush()
    closed = select(NeedFiled).where(NeedFiled.uscc == uscc, NeedFiled.status != NeedStatus.OPEN)
    last = closed.order_by(col(NeedFiled.closed_at).desc(), col(NeedFiled.number).desc())
    rows = [
        *await open_needs(session, uscc),
        *(await session.exec(last.limit(CLOSED_MAX))).all(),
    ]
    fact = NeedsChanged(
        uscc=uscc,
        version=await outbox.next_version(session, NEED, uscc),
        needs=tuple(_need(row) for row in rows),
    )
    await outbox.add(session, fact)


async def withdraw_needs(session: Session, uscc: str, by: Subject, note: str) -> None:
    """Withdraw every open need of the enterprise; publishes only when there was one."""
    needs = await open_needs(session, uscc)
    for need in needs:
        close(need, NeedStatus.WITHDRAWN, note, by)
    if needs:
        await publish_needs(session, uscc)


def close(need: NeedFiled, outcome: NeedStatus, note: str | None, by: Subject) -> None:
    """Say how the need ended."""
    need.status, need.closing_note = outcome, note
    need.closed_at, need.closed_by = clock.now(), by.sub


def _need(row: NeedFiled) -> Need:
    return Need.model_validate({"need_id": str(row.need_id), **row.model_dump(include=_SHARED)})
