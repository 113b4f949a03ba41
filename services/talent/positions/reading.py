"""A position as it is answered."""

from collections.abc import Sequence

from contracts.events.talent import PositionStatus
from services.talent.matching.recognise import unrecognised
from services.talent.models import Position
from services.talent.positions.schemas import PositionRead, PositionWrite
from services.talent.positions.service import names_of
from shared.db import Session


async def read_positions(session: Session, rows: Sequence[Position]) -> list[PositionRead]:
    """These positions with the names of their enterprises."""
    names = await names_of(session, [row.uscc for row in rows])
    return [_read(row, names.get(row.uscc)) for row in rows]


def _read(row: Position, enterprise: str | None) -> PositionRead:
    wanted = PositionWrite.model_validate(row.wanted)
    return PositionRead(
        position_id=row.position_id,
        uscc=row.uscc,
        enterprise=enterprise,
        status=PositionStatus(row.status),
        batch_id=row.batch_id,
        filled=row.filled,
        review_note=row.review_note,
        unrecognised_skills=list(unrecognised(wanted.wish_skills)),
        published_at=row.published_at,
        changed_at=row.changed_at,
        version=row.version,
        wanted=wanted,
    )
