"""What an operator does with dead letters: list, read, retry, discard with a reason.

Retrying a letter of a held key retries the whole queue in order, one transaction per letter, and
stops at the first that fails again. The hold is released only when its queue is empty, under the
lock of the hold's row, so no new event can slip past a waiting one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Literal

from sqlalchemy import text

from shared.bus import inbox
from shared.bus.delivery import handle
from shared.bus.failures import is_infrastructure
from shared.bus.incoming import Event, Received, decode, describe
from shared.bus.letters import headers_from_json
from shared.bus.subscriptions import Subscriptions
from shared.db import Database, Session, lock_keys
from shared.errors import Conflict, NotFound

Status = Literal["failed", "waiting", "handled", "discarded", "superseded"]
OPEN: tuple[Status, ...] = ("failed", "waiting")

_LETTERS = text(
    "SELECT * FROM dead_letters WHERE consumer = :consumer AND status = ANY(CAST(:statuses AS"
    " text[])) AND id > :after ORDER BY id LIMIT :limit"
)
_LETTER = text("SELECT * FROM dead_letters WHERE consumer = :consumer AND id = :id")
_LOCK_HOLD = text(
    "SELECT true FROM holds WHERE consumer = :consumer AND topic = :topic AND key = :key FOR UPDATE"
)
_RELEASE = text("DELETE FROM holds WHERE consumer = :consumer AND topic = :topic AND key = :key")
_QUEUE = text(
    "SELECT * FROM dead_letters WHERE consumer = :consumer AND topic = :topic AND key = :key"
    " AND status IN ('failed', 'waiting') ORDER BY id LIMIT 2 FOR UPDATE"
)
_CLOSE = text(
    "UPDATE dead_letters SET status = :status, resolved_at = now(), resolved_by = :by,"
    " resolution = :resolution WHERE id = :id"
)
_FAILED_AGAIN = text(
    "UPDATE dead_letters SET status = 'failed', attempts = attempts + 1, reason = :reason"
    " WHERE id = :id AND status IN ('failed', 'waiting')"
)


class LetterNotFound(NotFound):
    """No dead letter of this consumer has the id."""

    slug = "dead-letter-not-found"


class LetterClosed(Conflict):
    """The letter was handled, discarded or superseded already."""

    slug = "dead-letter-closed"


@dataclass(frozen=True)
class DeadLetter:
    """A dead letter (死信) as stored."""

    id: int
    received: Received
    event_id: str | None
    type: str | None
    version: int | None
    status: Status
    reason: str
    attempts: int
    stored_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None
    resolution: str | None


@dataclass(frozen=True)
class Retried:
    """What a retry came to: letters handled now, and why the next one failed, if it did."""

    handled: int = 0
    failed_id: int | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Desk:
    """What the operator's functions need to know of a consumer."""

    database: Database
    consumer: str
    subscriptions: Subscriptions


@dataclass(frozen=True)
class _Head:
    letter: DeadLetter
    is_last: bool


async def list_letters(
    session: Session,
    consumer: str,
    statuses: Sequence[Status] = OPEN,
    after: int = 0,
    limit: int = 100,
) -> list[DeadLetter]:
    """Letters in the order they were stored; `after` is the id of the page before."""
    connection = await session.connection()
    rows = await connection.execute(
        _LETTERS,
        {"consumer": consumer, "statuses": list(statuses), "after": after, "limit": limit},
    )
    return [_letter(row) for row in rows]


async def read_letter(session: Session, consumer: str, letter_id: int) -> DeadLetter:
    """One letter with its bytes. Raises LetterNotFound."""
    connection = await session.connection()
    row = (await connection.execute(_LETTER, {"consumer": consumer, "id": letter_id})).one_or_none()
    if row is None:
        raise LetterNotFound(
            f"There is no dead letter {letter_id} here. List them for the ids.",
            f"此处没有编号为 {letter_id} 的死信,请先列出死信。",
        )
    return _letter(row)


async def retry(desk: Desk, letter_id: int, by: str) -> Retried:
    """Handle the letter again; of a held key the whole queue, from its head.

    Raises LetterNotFound, LetterClosed, and what PostgreSQL raises when it is away.
    """

    async def read(session: Session) -> DeadLetter:
        return _open(await read_letter(session, desk.consumer, letter_id))

    return await _drain(desk, await desk.database.run(read), by)


async def discard(desk: Desk, letter_id: int, reason: str, by: str) -> Retried:
    """Give the letter up, with a reason; if others wait behind it they are handled now.

    Raises LetterNotFound and LetterClosed.
    """

    async def give_up(session: Session) -> tuple[DeadLetter, bool]:
        letter = await read_letter(session, desk.consumer, letter_id)
        head = await _head(session, desk, letter)
        letter = _open(await read_letter(session, desk.consumer, letter_id))
        await _resolve(session, letter, "discarded", by, reason)
        return letter, head is not None and head.letter.id == letter.id

    letter, was_head = await desk.database.run(give_up)
    return await _drain(desk, letter, by) if was_head else Retried()


async def _drain(desk: Desk, letter: DeadLetter, by: str) -> Retried:
    handled = 0
    while True:
        head: _Head | None = None

        async def next_one(session: Session) -> None:
            nonlocal head
            head = await _head(session, desk, letter)
            if head is not None:
                await _handle_again(session, desk, head.letter, by)
                if head.is_last:
                    await _release(session, desk, head.letter)

        try:
            await desk.database.run(next_one)
        except Exception as error:
            if head is None or is_infrastructure(error):
                raise
            reason = describe(error)
            await desk.database.run(partial(_note_failure, letter_id=head.letter.id, reason=reason))
            return Retried(handled, head.letter.id, reason)
        if head is None:
            return Retried(handled)
        handled += 1


async def _head(session: Session, desk: Desk, letter: DeadLetter) -> _Head | None:
    """What is to be handled next: the head of the letter's queue, or the letter itself.

    Locks the key and the hold until the transaction ends. An empty queue frees the key.
    """
    connection = await session.connection()
    if letter.received.key is not None:
        await lock_keys(session, [letter.received.key])
        held = _held(desk, letter)
        if await connection.scalar(_LOCK_HOLD, held):
            queue = [_letter(row) for row in await connection.execute(_QUEUE, held)]
            if queue:
                return _Head(queue[0], is_last=len(queue) == 1)
            await _release(session, desk, letter)
            return None
    fresh = await read_letter(session, desk.consumer, letter.id)
    return _Head(fresh, is_last=False) if fresh.status in OPEN else None


async def _handle_again(session: Session, desk: Desk, letter: DeadLetter, by: str) -> None:
    event = decode(letter.received, desk.subscriptions)
    handled: Sequence[Event] = ()
    # A letter that could be decoded when it was stored has taken its inbox row already.
    if isinstance(event, Event) and (
        letter.event_id is not None or await inbox.take(session, desk.consumer, [event])
    ):
        handled = await handle(session, desk.consumer, [event])
    await _resolve(session, letter, "handled" if handled else "superseded", by)


async def _release(session: Session, desk: Desk, letter: DeadLetter) -> None:
    await (await session.connection()).execute(_RELEASE, _held(desk, letter))


async def _note_failure(session: Session, letter_id: int, reason: str) -> None:
    connection = await session.connection()
    await connection.execute(_FAILED_AGAIN, {"id": letter_id, "reason": reason})


def _held(desk: Desk, letter: DeadLetter) -> dict[str, str | None]:
    return {
        "consumer": desk.consumer,
        "topic": letter.received.topic,
        "key": letter.received.key,
    }


def _open(letter: DeadLetter) -> DeadLetter:
    if letter.status in OPEN:
        return letter
    raise LetterClosed(
        f"The dead letter {letter.id} is {letter.status} already.",
        f"死信 {letter.id} 已处理完毕({letter.status})。",
    )


async def _resolve(
    session: Session, letter: DeadLetter, status: Status, by: str, resolution: str | None = None
) -> None:
    connection = await session.connection()
    await connection.execute(
        _CLOSE, {"id": letter.id, "status": status, "by": by, "resolution": resolution}
    )


def _letter(row: Any) -> DeadLetter:
    received = Received(
        topic=row.topic,
        partition=row.partition,
        offset=row.record_offset,
        recorded_at=row.recorded_at,
        raw_key=row.raw_key,
        payload=row.payload,
        headers=headers_from_json(row.headers),
    )
    return DeadLetter(
        id=row.id,
        received=received,
        event_id=row.event_id,
        type=row.type,
        version=row.version,
        status=row.status,
        reason=row.reason,
        attempts=row.attempts,
        stored_at=row.stored_at,
        resolved_at=row.resolved_at,
        resolved_by=row.resolved_by,
        resolution=row.resolution,
    )
