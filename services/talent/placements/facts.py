"""What others hear of a placement, of whatever kind. Ids only."""

from uuid import UUID

from contracts.events.talent import (
    PLACEMENT,
    PlacementChanged,
    PlacementKind,
    PlacementStatus,
    Term,
)
from shared import clock
from shared.bus import outbox
from shared.db import Session


async def publish_placement(
    session: Session,
    placement_id: UUID,
    kind: PlacementKind,
    status: PlacementStatus,
    *,
    uscc: str,
    candidate_id: UUID | None,
    position_id: UUID | None = None,
    term: Term | None = None,
) -> None:
    """Publish where a placement stands. The caller holds its key. No candidate id: erased."""
    key = str(placement_id)
    fact = PlacementChanged(
        placement_id=key,
        version=await outbox.next_version(session, PLACEMENT, key),
        kind=kind,
        status=status,
        uscc=uscc,
        position_id=str(position_id) if position_id else None,
        candidate_id=str(candidate_id) if candidate_id else None,
        term=term,
        changed_at=clock.now(),
    )
    await outbox.add(session, fact)
