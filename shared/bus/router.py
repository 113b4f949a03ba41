"""Operations of the bus over HTTP (运维): dead letters, consumers, replays. Role operator."""

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, Field

from shared.auth import Role, Subject, allow
from shared.bus import dead_letters, pauses
from shared.bus.dead_letters import DeadLetter, Retried
from shared.bus.replay import replay
from shared.http import Db, Edge, Limit, decode_cursor, encode_cursor, link_next

if TYPE_CHECKING:
    from shared.bus.bus import Bus

Operator = Annotated[Subject, allow(Role.OPERATOR)]
LetterId = Annotated[int, Path(ge=1, le=2**63 - 1)]
PartitionNumber = Annotated[int, Path(ge=0, le=2**31 - 1)]


class DeadLetterRead(BaseModel):
    """Dead letter (死信): an event that could not be handled, or that waits behind one."""

    id: int
    status: dead_letters.Status
    topic: str
    partition: int
    offset: int
    key: str | None
    type: str | None
    event_id: str | None
    version: int | None
    reason: str = Field(title="失败原因")
    attempts: int = Field(title="尝试次数")
    stored_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None
    resolution: str | None
    headers: dict[str, str]
    payload_bytes: int | None


class DeadLetterContent(DeadLetterRead):
    """Dead letter with its bytes, base64."""

    raw_key: str | None
    payload: str | None


class DeadLetterDiscard(BaseModel):
    """Why the event is given up (放弃原因)."""

    reason: str = Field(min_length=1, max_length=500)


class RetryRead(BaseModel):
    """What a retry came to. `failed_id` and `reason` name the letter it stopped at."""

    handled: int
    failed_id: int | None
    reason: str | None


class PartitionRead(BaseModel):
    """A partition this instance consumes, or a paused one."""

    topic: str
    partition: int
    lag: int | None = Field(description="Events behind the end; empty when unknown here.")
    problem: str | None
    paused_at: datetime | None


class ReplayCreate(BaseModel):
    """What to publish again: everything recorded since then, of one topic or of all."""

    since: AwareDatetime
    topic: str | None = Field(None, max_length=249)


class ReplayRead(BaseModel):
    """How many records will be published again."""

    records: int


def operations(bus: "Bus") -> APIRouter:
    """The routes over one service's bus."""
    router = APIRouter(prefix="/v1/operations", tags=["operations"], route_class=Edge)
    _add_dead_letters(router, bus)
    _add_consumers(router, bus)

    @router.post("/replays", status_code=202)
    async def replay_events(wanted: ReplayCreate, _by: Operator) -> ReplayRead:
        """Publish again from the outbox archive, under the same event ids (事件重放)."""
        return ReplayRead(
            records=await replay(bus.database, bus.settings, wanted.since, wanted.topic)
        )

    return router


def _add_dead_letters(router: APIRouter, bus: "Bus") -> None:
    @router.get("/dead-letters")
    async def list_dead_letters(
        request: Request,
        response: Response,
        session: Db,
        _by: Operator,
        status: Annotated[Sequence[dead_letters.Status], Query()] = dead_letters.OPEN,
        cursor: Annotated[str | None, Query(max_length=200)] = None,
        limit: Limit = 50,
    ) -> list[DeadLetterRead]:
        """Dead letters, oldest first; the open ones unless asked otherwise (死信列表)."""
        after = (decode_cursor(cursor, [int]) or [0])[0]
        found = await dead_letters.list_letters(session, bus.name, status, after, limit)
        if len(found) == limit:
            link_next(request, response, encode_cursor(found[-1].id))
        return [_letter(letter) for letter in found]

    @router.get("/dead-letters/{letter_id}")
    async def read_dead_letter(
        letter_id: LetterId, session: Db, _by: Operator
    ) -> DeadLetterContent:
        """One dead letter with its bytes (死信内容)."""
        letter = await dead_letters.read_letter(session, bus.name, letter_id)
        return DeadLetterContent(
            **_letter(letter).model_dump(),
            raw_key=_base64(letter.received.raw_key),
            payload=_base64(letter.received.payload),
        )

    @router.post("/dead-letters/{letter_id}/retry")
    async def retry_dead_letter(letter_id: LetterId, by: Operator) -> RetryRead:
        """Handle it again; of a held key the whole queue, in order (重试死信)."""
        return _retried(await dead_letters.retry(bus.desk, letter_id, by.sub))

    @router.post("/dead-letters/{letter_id}/discard")
    async def discard_dead_letter(
        letter_id: LetterId, why: DeadLetterDiscard, by: Operator
    ) -> RetryRead:
        """Give it up with a reason; events that waited behind it are handled now (放弃死信)."""
        return _retried(await dead_letters.discard(bus.desk, letter_id, why.reason, by.sub))


def _add_consumers(router: APIRouter, bus: "Bus") -> None:
    @router.get("/consumers")
    async def list_consumers(session: Db, _by: Operator) -> list[PartitionRead]:
        """Partitions this instance consumes, and every paused one (消费进度)."""
        paused = {
            (pause.topic, pause.partition): pause.paused_at
            for pause in await pauses.list_pauses(session, bus.name)
        }
        here = {(state.topic, state.partition): state for state in bus.partitions()}
        return [
            PartitionRead(
                topic=topic,
                partition=number,
                lag=here[topic, number].lag if (topic, number) in here else None,
                problem=here[topic, number].problem if (topic, number) in here else "paused",
                paused_at=paused.get((topic, number)),
            )
            for topic, number in sorted(here.keys() | paused.keys())
        ]

    @router.post("/consumers/{topic}/{partition}/resume", status_code=204)
    async def resume_consumer(
        topic: str, partition: PartitionNumber, session: Db, _by: Operator
    ) -> None:
        """Let a partition go on that too many dead letters in a row have paused (恢复消费)."""
        await pauses.resume(session, bus.name, topic, partition)


def _letter(letter: DeadLetter) -> DeadLetterRead:
    received = letter.received
    return DeadLetterRead(
        id=letter.id,
        status=letter.status,
        topic=received.topic,
        partition=received.partition,
        offset=received.offset,
        key=received.key,
        type=letter.type,
        event_id=letter.event_id,
        version=letter.version,
        reason=letter.reason,
        attempts=letter.attempts,
        stored_at=letter.stored_at,
        resolved_at=letter.resolved_at,
        resolved_by=letter.resolved_by,
        resolution=letter.resolution,
        headers={name: value.decode("utf-8", "replace") for name, value in received.headers},
        payload_bytes=None if received.payload is None else len(received.payload),
    )


def _retried(retried: Retried) -> RetryRead:
    return RetryRead(handled=retried.handled, failed_id=retried.failed_id, reason=retried.reason)


def _base64(raw: bytes | None) -> str | None:
    return None if raw is None else base64.b64encode(raw).decode()
