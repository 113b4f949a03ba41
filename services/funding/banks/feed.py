"""The pull twin of `bank.<code>.loan-eligibility`: snapshots in the order of their transactions.

Each snapshot names the transaction that wrote it last. A page ends before the oldest transaction
that is still open, so a row that commits late is never behind a cursor; rows may come twice,
never not at all. A cursor also names the database as it runs: after a restore the numbers of
transactions mean something else, and the bank must begin again.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from services.funding.banks.errors import CursorGone
from services.funding.banks.schemas import EligibilityFeed, EligibilityRead
from services.funding.products.models import SnapshotStatus
from shared.banks import banks
from shared.db import Database, Session
from shared.http import decode_cursor, encode_cursor

_PAGE = text(
    "SELECT uscc, version, status, content, published_at, written_in::text AS place"
    " FROM loan_snapshot WHERE bank = :bank"
    " AND (written_in, uscc) > (CAST(CAST(:written_in AS text) AS xid8), :uscc)"
    " AND written_in < pg_snapshot_xmin(pg_current_snapshot())"
    " ORDER BY loan_snapshot.written_in, uscc LIMIT :limit"
)
# The same records as `record_of` makes, as lines of text: a whole bank in one statement.
_LINES = text("""
    SELECT count(*) AS records, coalesce(string_agg(line || E'\\n', '' ORDER BY uscc), '') AS lines
    FROM (
        SELECT uscc, jsonb_strip_nulls(
            CASE WHEN status = 'deleted' THEN '{}' ELSE content || jsonb_build_object(
                'judged_at',
                to_char(published_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD"T"HH24:MI:SS.US')
                    || '+08:00'
            ) END
            || jsonb_build_object(
                'bank', bank, 'uscc', uscc, 'version', version, 'status', status
            )
        )::text AS line
        FROM loan_snapshot WHERE bank = :bank
    ) AS told
""")
_CHANGED = text(
    "SELECT EXISTS (SELECT FROM loan_snapshot WHERE bank = :bank"
    " AND written_in >= CAST(CAST(:horizon AS text) AS xid8))"
)
_HORIZON = text("SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)")
_TIMELINE = text(
    "SELECT system_identifier || '-' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)"
    " FROM pg_control_system()"
)
# The trigger gives each of these rows the number of this transaction.
_NUMBER_AGAIN = text(
    "UPDATE loan_snapshot SET bank = bank WHERE bank = ANY(CAST(:banks AS text[]))"
    " AND written_in >= pg_snapshot_xmax(pg_current_snapshot())"
)


@dataclass(frozen=True)
class Position:
    """A place in the feed: after this enterprise among the rows of this transaction."""

    timeline: str
    written_in: int = 0
    uscc: str = ""

    def cursor(self) -> str:
        """The place as the bank holds it."""
        return encode_cursor(self.timeline, self.written_in, self.uscc)


async def read_feed(session: Session, bank: str, since: str | None, limit: int) -> EligibilityFeed:
    """What changed for the bank after the cursor; without one, everything from the beginning.

    Raises Unprocessable for a cursor that is not ours and CursorGone for one of another database.
    """
    position = await _position(session, since)
    rows = (
        await (await session.connection()).execute(
            _PAGE,
            {
                "bank": bank,
                "written_in": str(position.written_in),
                "uscc": position.uscc,
                "limit": limit + 1,
            },
        )
    ).all()
    page = rows[:limit]
    if page:
        position = Position(position.timeline, int(page[-1].place), page[-1].uscc)
    return EligibilityFeed(
        bank=bank,
        eligibilities=[record_of(bank, row) for row in page],
        next=position.cursor(),
        more=len(rows) > limit,
    )


async def read_lines(session: Session, bank: str) -> tuple[int, str]:
    """How many enterprises the bank was ever told of, and a line of JSON for each, as it is now."""
    row = (await (await session.connection()).execute(_LINES, {"bank": bank})).one()
    return row.records, row.lines


async def read_horizon(session: Session) -> int:
    """The oldest transaction still open: whatever is written from now on is at or above it."""
    return int(await (await session.connection()).scalar(_HORIZON))


async def has_changed(session: Session, bank: str, horizon: int) -> bool:
    """Whether a snapshot of the bank was written at or above the horizon."""
    values = {"bank": bank, "horizon": str(horizon)}
    return bool(await (await session.connection()).scalar(_CHANGED, values))


async def cursor_at(session: Session, horizon: int) -> str:
    """The cursor before everything at or above the horizon."""
    return Position(await _timeline(session), horizon).cursor()


async def number_restored(database: Database) -> None:
    """Give snapshots that a restore brought from another server numbers of this one.

    Their numbers lie ahead of this server's transactions, and no page would reach them.
    """

    async def work(session: Session) -> None:
        await (await session.connection()).execute(_NUMBER_AGAIN, {"banks": sorted(banks())})

    await database.run(work)


def record_of(bank: str, row: Any) -> EligibilityRead:
    """The snapshot as the topic carries it; of a deleted one nothing but the version."""
    told = {"bank": bank, "uscc": row.uscc, "version": row.version, "status": row.status}
    if row.status == SnapshotStatus.DELETED:
        return EligibilityRead.model_validate(told)
    return EligibilityRead.model_validate({**row.content, **told, "judged_at": row.published_at})


async def _position(session: Session, since: str | None) -> Position:
    timeline = await _timeline(session)
    found = decode_cursor(since, [str, int, str])
    if found is None:
        return Position(timeline)
    if found[0] != timeline or found[1] < 0:
        raise CursorGone(
            "The platform's database was restored after this cursor was given. Ask again without"
            " `since`, and delete what does not occur in the answers, except its version.",
            "该游标生成之后平台数据库曾恢复,请不带 since 从头读取,"
            "读取完成后删除未再出现的企业数据(版本号除外)。",
        )
    return Position(*found)


async def _timeline(session: Session) -> str:
    return str(await (await session.connection()).scalar(_TIMELINE))
