"""Use cases of positions and of the demand directory (人才需求目录)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, and_, func, not_, or_
from sqlmodel import col, select

from contracts.events.talent import (
    POSITION,
    PositionChanged,
    PositionStatus,
    TalentKind,
    WorkMode,
)
from services.talent.enterprises import find_enterprise, out_of_scope, oversees
from services.talent.errors import BatchExists, BatchNotFound, PositionNotFound, WrongState
from services.talent.models import Enterprise, Position, PositionBatch
from services.talent.positions.offers import offer_of
from services.talent.positions.schemas import (
    BatchCreate,
    Decision,
    PositionCreate,
    PositionReview,
    PositionWrite,
)
from services.talent.records import keep_record
from shared import clock
from shared.auth import Role, Subject
from shared.authorities import scope_of
from shared.bus import outbox
from shared.db import Session, lock_keys
from shared.errors import Unprocessable
from shared.http import PreconditionFailed

PUBLIC = (PositionStatus.PUBLISHED, PositionStatus.FILLED)
CHANGEABLE = (PositionStatus.DRAFT, PositionStatus.RETURNED, PositionStatus.PUBLISHED)


async def draft_position(session: Session, wanted: PositionCreate, by: Subject) -> Position:
    """Write down a position (岗位需求). Raises OutOfScope, EnterpriseUnknown."""
    position_id = uuid4()
    await lock_keys(session, [str(position_id)])
    enterprise = await find_enterprise(session, wanted.uscc, by)
    now = clock.now()
    position = Position(
        position_id=position_id,
        uscc=wanted.uscc,
        status=PositionStatus.DRAFT,
        segment=enterprise.segment,
        created_at=now,
        version=0,
        **_columns(wanted),
    )
    session.add(position)
    return await _keep(session, position)


async def change_position(
    session: Session, position_id: UUID, expected: int, wanted: PositionWrite, by: Subject
) -> Position:
    """Replace what a position asks. A published one stays published, in its new form.

    Raises PositionNotFound, OutOfScope, WrongState, PreconditionFailed, Unprocessable.
    """
    position = await _own(session, position_id, by)
    if position.status not in CHANGEABLE:
        raise _wrong_state(position, "changed")
    if position.version != expected:
        raise PreconditionFailed(
            f"You read version {expected}; the position is at {position.version}. Read it again.",
            f"您读取的是版本 {expected},当前版本为 {position.version},请重新读取。",
        )
    if wanted.headcount <= position.filled and position.status == PositionStatus.PUBLISHED:
        raise Unprocessable(
            f"{position.filled} places are filled; headcount must stay above it, or close the"
            " position.",
            f"已到岗 {position.filled} 人,需求人数应大于该数;如已招满请关闭岗位。",
        )
    position.sqlmodel_update(_columns(wanted))
    return await _keep(session, position)


async def submit_position(session: Session, position_id: UUID, by: Subject) -> Position:
    """Hand a position in for review (提交审核). Twice is once.

    Raises PositionNotFound, OutOfScope, WrongState.
    """
    position = await _own(session, position_id, by)
    if position.status == PositionStatus.SUBMITTED:
        return position
    if position.status not in (PositionStatus.DRAFT, PositionStatus.RETURNED):
        raise _wrong_state(position, "submitted")
    position.status = PositionStatus.SUBMITTED
    return await _keep(session, position)


async def review_position(
    session: Session, position_id: UUID, review: PositionReview, by: Subject
) -> Position:
    """Approve a position for the next batch, or return it. Raises PositionNotFound, WrongState."""
    await lock_keys(session, [str(position_id)])
    position = await session.get(Position, position_id)
    if position is None or not oversees(by, position.region):
        raise not_found(position_id)
    if position.status != PositionStatus.SUBMITTED:
        raise _wrong_state(position, "reviewed")
    approved = review.decision is Decision.APPROVE
    position.status = PositionStatus.APPROVED if approved else PositionStatus.RETURNED
    position.review_note, position.reviewed_by = review.note or None, by.sub
    return await _keep(session, position)


async def close_position(session: Session, position_id: UUID, by: Subject) -> Position:
    """Take a position out of the directory (关闭岗位). Twice is once.

    Raises PositionNotFound, OutOfScope.
    """
    position = await _own(session, position_id, by)
    if position.status == PositionStatus.CLOSED:
        return position
    position.status = PositionStatus.CLOSED
    return await _keep(session, position)


async def open_batch(session: Session, wanted: BatchCreate, by: Subject) -> PositionBatch:
    """Open a batch of the caller's authority for a period. Raises BatchExists, OutOfScope."""
    if scope_of(by.authority) is None:
        raise out_of_scope(f"authority {by.authority}")
    await lock_keys(session, [f"batch:{by.authority}:{wanted.period}"])
    found = await session.exec(
        select(PositionBatch).where(
            PositionBatch.authority == by.authority, PositionBatch.period == wanted.period
        )
    )
    if found.first() is not None:
        raise BatchExists(
            f"{by.authority} has a batch for {wanted.period}. Publish that one.",
            f"{by.authority} 已有 {wanted.period} 期目录批次。",
        )
    batch = PositionBatch(
        batch_id=uuid4(),
        authority=by.authority or "",
        period=wanted.period,
        title=wanted.title,
        status="open",
        opened_at=clock.now(),
        published_at=None,
    )
    session.add(batch)
    return batch


async def publish_batch(session: Session, batch_id: UUID, by: Subject) -> PositionBatch:
    """Publish every approved position of the authority's regions with this batch. Twice is once.

    Raises BatchNotFound.
    """
    await lock_keys(session, [f"batch:{batch_id}"])
    batch = await session.get(PositionBatch, batch_id)
    if batch is None or batch.authority != by.authority:
        raise BatchNotFound("Your authority has no such batch.", "本机关没有该目录批次。")
    if batch.status == "published":
        return batch
    statement = select(Position.position_id).where(
        Position.status == PositionStatus.APPROVED, within(batch.authority)
    )
    ids = (await session.exec(statement)).all()
    await lock_keys(session, [str(position_id) for position_id in ids])
    for position_id in ids:
        position = await session.get(Position, position_id, populate_existing=True)
        if position is not None and position.status == PositionStatus.APPROVED:
            position.status, position.batch_id = PositionStatus.PUBLISHED, batch_id
            position.published_at = clock.now()
            await _keep(session, position)
    batch.status, batch.published_at = "published", clock.now()
    return batch


async def fill_place(session: Session, position: Position, by_one: int) -> None:
    """Count a hire, or take one back. The caller holds the position's key."""
    position.filled += by_one
    full = position.filled >= position.headcount
    if full and position.status == PositionStatus.PUBLISHED:
        position.status = PositionStatus.FILLED
    elif not full and position.status == PositionStatus.FILLED:
        position.status = PositionStatus.PUBLISHED
    await _keep(session, position)


async def find_position(session: Session, position_id: UUID, by: Subject) -> Position:
    """The position: a published one for everybody, another for its enterprise and authorities."""
    position = await session.get(Position, position_id)
    if position is None or not (
        position.status in PUBLIC
        or by.may_see(position.uscc, position.region)
        or oversees(by, position.region)
    ):
        raise not_found(position_id)
    return position


async def own_position(session: Session, position_id: UUID, by: Subject) -> Position:
    """The position, for its enterprise and its authorities. Raises PositionNotFound, OutOfScope."""
    position = await find_position(session, position_id, by)
    if not (by.may_see(position.uscc, position.region) or oversees(by, position.region)):
        raise out_of_scope(f"position {position_id}")
    return position


async def close_all(session: Session, uscc: str) -> None:
    """Close every position of an enterprise that left the register."""
    statement = select(Position.position_id).where(
        Position.uscc == uscc, Position.status != PositionStatus.CLOSED
    )
    ids = (await session.exec(statement)).all()
    await close_some(session, ids)


async def close_some(session: Session, ids: Sequence[UUID]) -> None:
    """Close these positions."""
    await lock_keys(session, [str(position_id) for position_id in ids])
    for position_id in ids:
        position = await session.get(Position, position_id, populate_existing=True)
        if position is not None and position.status != PositionStatus.CLOSED:
            position.status = PositionStatus.CLOSED
            await _keep(session, position)


async def refresh_record(session: Session, position_id: UUID) -> None:
    """Make the match record again, as after a new taxonomy."""
    await lock_keys(session, [str(position_id)])
    position = await session.get(Position, position_id)
    if position is not None and position.ordinal is not None:
        await keep_record(session, "position", position.ordinal, offer_of(position))


async def names_of(session: Session, usccs: Sequence[str]) -> dict[str, str | None]:
    """Names of enterprises by code."""
    rows = await session.exec(
        select(Enterprise.uscc, Enterprise.name).where(col(Enterprise.uscc).in_(usccs))
    )
    return dict(rows.all())


async def count_positions(session: Session, batch_id: UUID) -> int:
    """How many positions a batch published."""
    statement = select(func.count()).select_from(Position).where(Position.batch_id == batch_id)
    return (await session.exec(statement)).one()


def within(authority: str | None) -> ColumnElement[bool]:
    """Positions within the authority's scope; an unknown authority covers none."""
    scope = scope_of(authority)
    if scope is None:
        return or_(False)
    region = col(Position.region)
    covered = or_(False, *(region.startswith(prefix) for prefix in scope.covers))
    left_out = or_(False, *(region.startswith(prefix) for prefix in scope.excludes))
    return and_(covered, not_(left_out))


def not_found(position_id: UUID) -> PositionNotFound:
    """No such position, or not for this caller."""
    return PositionNotFound(
        f"There is no position {position_id} that you may see. GET /v1/positions lists them.",
        f"没有您可查看的岗位 {position_id},请通过 GET /v1/positions 查询。",
    )


async def _own(session: Session, position_id: UUID, by: Subject) -> Position:
    await lock_keys(session, [str(position_id)])
    position = await session.get(Position, position_id)
    if position is None:
        raise not_found(position_id)
    if not by.may_see(position.uscc, position.region):
        if by.role is not Role.ENTERPRISE or position.status not in PUBLIC:
            raise not_found(position_id)
        raise out_of_scope(f"position {position_id}")
    return position


def _columns(wanted: PositionWrite) -> dict[str, Any]:
    document = wanted.model_dump(mode="json", exclude={"uscc"}, exclude_none=True)
    return {
        "kind": wanted.kind,
        "mode": wanted.mode,
        "region": wanted.region,
        "level": wanted.level,
        "discipline": wanted.discipline,
        "headcount": wanted.headcount,
        "open_until": wanted.open_until,
        "wanted": document,
    }


async def _keep(session: Session, position: Position) -> Position:
    position.version += 1
    position.changed_at = clock.now()
    await session.flush()  # gives the ordinal; the match record refers to the row
    assert position.ordinal is not None
    await keep_record(session, "position", position.ordinal, offer_of(position))
    if position.published_at is not None:
        await outbox.add(session, await _fact(session, position))
    return position


async def _fact(session: Session, position: Position) -> PositionChanged:
    key = str(position.position_id)
    return PositionChanged(
        position_id=key,
        version=await outbox.next_version(session, POSITION, key),
        uscc=position.uscc,
        status=PositionStatus(position.status),
        kind=TalentKind(position.kind),
        mode=WorkMode(position.mode),
        region=position.region,
        discipline=position.discipline or None,
        level=position.level or None,
        title=position.wanted["title"],
        headcount=position.headcount,
        filled=position.filled,
        open_until=position.open_until,
        changed_at=position.changed_at,
    )


def _wrong_state(position: Position, step: str) -> WrongState:
    return WrongState(
        f"The position is {position.status} and cannot be {step} now.",
        f"岗位当前状态为 {position.status},不能执行此操作。",
    )
