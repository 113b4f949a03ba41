"""What a population match reads and writes beside the measures: its lease, each step done."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.funding.products.population.models import MatchStatus, ProductMatch
from shared import clock
from shared.db import Database, Session

LEASE_S = 30
ATTEMPTS_MAX = 5

_CLAIM = text("""
    UPDATE product_match SET
        status = 'running', lease = :lease, leased_until = :until, attempts = attempts + 1
    WHERE match_id = (
        SELECT match_id FROM product_match
        WHERE status IN ('queued', 'running') AND (leased_until IS NULL OR leased_until < :now)
        ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED
    ) RETURNING match_id
""")
_STEP = text("""
    UPDATE product_match SET
        judged = judged + :judged, eligible = eligible + :eligible,
        not_eligible = not_eligible + :not_eligible, not_judged = not_judged + :not_judged,
        after_uscc = :after, leased_until = :until, attempts = 1, problem = NULL
    WHERE match_id = :match_id AND lease = :lease RETURNING match_id
""")
_TOLD = text("""
    UPDATE product_match SET changes = changes + :changes, leased_until = :until
    WHERE match_id = :match_id AND lease = :lease RETURNING match_id
""")
_FINISH = text("""
    UPDATE product_match SET status = :status, finished_at = :at, lease = NULL, leased_until = NULL
    WHERE match_id = :match_id AND lease = :lease
""")
_RELEASE = text("""
    UPDATE product_match SET
        lease = NULL, leased_until = NULL, problem = :problem,
        status = CASE WHEN attempts >= :attempts THEN 'failed' ELSE 'queued' END,
        finished_at = CASE WHEN attempts >= :attempts THEN CAST(:at AS timestamptz) END
    WHERE match_id = :match_id AND lease = :lease AND status = 'running'
""")
_ELIGIBLE_WITH_CONSENT = text("""
    SELECT uscc FROM enterprise
    WHERE uscc = ANY(CAST(:usccs AS text[])) AND consents @> CAST(:consent AS jsonb)
""")
_TOLD_OF_IT = text("""
    SELECT uscc FROM loan_snapshot
    WHERE bank = :bank AND uscc > :after AND uscc <= :end AND status = 'eligible'
      AND content -> 'products' @> CAST(:product AS jsonb)
""")


class LeaseLost(RuntimeError):
    """Another process took the match up; what this one found is not written."""


async def claim(database: Database, lease: UUID) -> ProductMatch | None:
    """Take up the oldest match that nobody works on; None when there is none."""

    async def take(session: Session) -> ProductMatch | None:
        now = datetime.now(UTC)
        found = await (await session.connection()).execute(
            _CLAIM, {"lease": lease, "now": now, "until": now + timedelta(seconds=LEASE_S)}
        )
        taken = found.one_or_none()
        return None if taken is None else await session.get_one(ProductMatch, taken.match_id)

    return await database.run(take)


async def concerned(
    session: Session, match: ProductMatch, after: str, end: str, eligible: list[str]
) -> list[str]:
    """Whom the bank may hear of anew: who fits and consented, or of whom it was told before."""
    connection = await session.connection()
    consented = await connection.scalars(
        _ELIGIBLE_WITH_CONSENT,
        {"usccs": eligible, "consent": json.dumps([{"bank": match.owner}])},
    )
    told = await connection.scalars(
        _TOLD_OF_IT,
        {
            "bank": match.owner,
            "after": after,
            "end": end,
            "product": json.dumps([{"product": match.product_id}]),
        },
    )
    return sorted({*consented, *told})


async def add_changes(session: Session, match: ProductMatch, lease: UUID, changes: int) -> None:
    """Count what was published, in the transaction that publishes it. Raises LeaseLost."""
    await _under_lease(session, _TOLD, match, lease, {"changes": changes})


async def write_step(
    session: Session, match: ProductMatch, lease: UUID, after: str, counts: dict[str, int]
) -> None:
    """Write how far the match is. Raises LeaseLost."""
    await _under_lease(session, _STEP, match, lease, {"after": after, **counts})


async def finish(session: Session, match: ProductMatch, lease: UUID, status: MatchStatus) -> None:
    """The match has ended."""
    await (await session.connection()).execute(
        _FINISH,
        {"match_id": match.match_id, "lease": lease, "status": status, "at": clock.now()},
    )


async def release(database: Database, match: ProductMatch, lease: UUID, problem: str) -> None:
    """Give the match back; after several attempts without progress it has failed."""

    async def give_back(session: Session) -> None:
        await (await session.connection()).execute(
            _RELEASE,
            {
                "match_id": match.match_id,
                "lease": lease,
                "problem": problem[:500],
                "attempts": ATTEMPTS_MAX,
                "at": clock.now(),
            },
        )

    await database.run(give_back)


async def _under_lease(
    session: Session, statement: Any, match: ProductMatch, lease: UUID, values: dict[str, Any]
) -> None:
    until = datetime.now(UTC) + timedelta(seconds=LEASE_S)
    held = await (await session.connection()).execute(
        statement, {"match_id": match.match_id, "lease": lease, "until": until, **values}
    )
    if held.one_or_none() is None:
        raise LeaseLost(str(match.match_id))
