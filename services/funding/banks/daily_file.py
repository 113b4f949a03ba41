"""The signed daily file of a bank (每日文件): every state it may know, as lines of JSON.

Made once a day of domain time. A file that something was written after is made again before it
is given out, so no download holds what a withdrawal has taken back; earlier files are not kept.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from hashlib import sha256

import structlog
from sqlalchemy import text
from sqlmodel import col, select

from contracts.events.bank import LOAN_APPLICATION
from contracts.events.funding import LOAN_ELIGIBILITY
from services.funding.applications.disclosing import withdrawn_before
from services.funding.banks.feed import cursor_at, has_changed, read_horizon, read_lines
from services.funding.banks.models import DailyFile
from services.funding.banks.signing import signer
from services.funding.products.models import LoanSnapshot, SnapshotStatus
from shared import clock
from shared.banks import banks
from shared.bus.replay import publish_current
from shared.db import Database, Session, is_outage, lock_keys

REPEATED_AT_ONCE = 200

_OPEN = text(
    "SELECT bank FROM unnest(CAST(:banks AS text[])) AS known(bank)"
    " WHERE (EXISTS (SELECT FROM loan_snapshot AS told WHERE told.bank = known.bank)"
    " OR EXISTS (SELECT FROM loan_application AS asked WHERE asked.bank = known.bank))"
    " AND NOT EXISTS (SELECT FROM bank_day"
    " WHERE bank_day.bank = known.bank AND closed_on >= :day)"
)
_CLOSE = text(
    "INSERT INTO bank_day (bank, closed_on) VALUES (:bank, :day)"
    " ON CONFLICT (bank) DO UPDATE SET closed_on = excluded.closed_on"
)

log = structlog.get_logger()


async def current_file(session: Session, bank: str) -> DailyFile:
    """The bank's file as it is right now; made anew when the day, a state or the key changed."""
    await lock_keys(session, [_lock(bank)])
    file = await session.get(DailyFile, bank, populate_existing=True)
    if (
        file is not None
        and file.day == clock.today()
        and file.key_id == signer().key_id
        and not await has_changed(session, bank, file.horizon)
    ):
        return file
    return await _make(session, bank, file, clock.now())


async def close_day(database: Database) -> None:
    """Once a day and bank: make the file, and repeat what was withdrawn and has no tombstone yet.

    The repetition gives each of their partitions a newer record, without which Kafka would not
    compact away what a quiet partition held before the withdrawal.
    """
    now = clock.now()
    for bank in await database.run(partial(_open_banks, now=now)):
        try:
            await _repeat_withdrawals(database, bank, now)
            await database.run(partial(_close, bank=bank, now=now))
        except Exception as error:  # the next bank must not wait for this one
            if is_outage(error):
                raise
            log.exception("daily file not made; tried again at the next time", bank=bank)


async def _make(session: Session, bank: str, before: DailyFile | None, now: datetime) -> DailyFile:
    horizon = await read_horizon(session)  # read first: what is written later counts as newer
    records, lines = await read_lines(session, bank)
    again = before if before is not None and before.day == now.date() else None
    file = DailyFile(
        bank=bank,
        day=now.date(),
        edition=again.edition + 1 if again else 1,
        made_at=now,
        horizon=horizon,
        key_id=signer().key_id,
        manifest="",
        content=lines.encode(),
    )
    file.manifest = await _manifest(session, file, records)
    return await session.merge(file)


async def _manifest(session: Session, file: DailyFile, records: int) -> str:
    """The signed description of the file."""
    return signer().sign(
        {
            "bank": file.bank,
            "day": file.day.isoformat(),
            "edition": file.edition,
            "made_at": file.made_at.isoformat(),
            "records": records,
            "bytes": len(file.content),
            "sha256": sha256(file.content).hexdigest(),
            "next": await cursor_at(session, file.horizon),
        }
    )


async def _open_banks(session: Session, now: datetime) -> Sequence[str]:
    """Banks that were told of somebody and whose day is not closed yet."""
    rows = await (await session.connection()).execute(
        _OPEN, {"banks": sorted(banks()), "day": now.date()}
    )
    return rows.scalars().all()


async def _close(session: Session, bank: str, now: datetime) -> None:
    await current_file(session, bank)
    await (await session.connection()).execute(_CLOSE, {"bank": bank, "day": now.date()})


async def _repeat_withdrawals(database: Database, bank: str, now: datetime) -> None:
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    for topic, find in _WITHDRAWN.items():
        keys = await database.run(partial(find, bank=bank, at=today))
        for start in range(0, len(keys), REPEATED_AT_ONCE):
            some = keys[start : start + REPEATED_AT_ONCE]
            await publish_current(database, topic.name.format(bank=bank), some)


async def _withdrawn_snapshots(session: Session, bank: str, at: datetime) -> Sequence[str]:
    statement = select(LoanSnapshot.uscc).where(
        LoanSnapshot.bank == bank,
        LoanSnapshot.status == SnapshotStatus.WITHDRAWN,
        col(LoanSnapshot.published_at) < at,
    )
    return (await session.exec(statement.order_by(col(LoanSnapshot.uscc)))).all()


_WITHDRAWN = {LOAN_ELIGIBILITY: _withdrawn_snapshots, LOAN_APPLICATION: withdrawn_before}


def _lock(bank: str) -> str:
    return f"daily-file {bank}"
