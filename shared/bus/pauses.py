"""Paused partitions: too many dead letters in a row, until an operator's word.

The pause is a row, so it outlives the process and is lifted through any instance of the service.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from shared.db import Session
from shared.errors import NotFound

_PAUSE = text(
    "INSERT INTO paused_partitions (consumer, topic, partition, dead_letters)"
    " VALUES (:consumer, :topic, :partition, :dead_letters) ON CONFLICT DO NOTHING"
)
_IS_PAUSED = text(
    "SELECT dead_letters FROM paused_partitions"
    " WHERE consumer = :consumer AND topic = :topic AND partition = :partition"
)
_ALL = text(
    "SELECT topic, partition, dead_letters, paused_at FROM paused_partitions"
    " WHERE consumer = :consumer ORDER BY topic, partition"
)
_RESUME = text(
    "DELETE FROM paused_partitions"
    " WHERE consumer = :consumer AND topic = :topic AND partition = :partition"
)


class NotPaused(NotFound):
    """The partition is not paused."""

    slug = "partition-not-paused"


@dataclass(frozen=True)
class Pause:
    """A paused partition."""

    topic: str
    partition: int
    dead_letters: int
    paused_at: datetime


async def pause(
    session: Session, consumer: str, topic: str, partition: int, dead_letters: int
) -> None:
    """Pause the partition until an operator resumes it."""
    row = _row(consumer, topic, partition)
    await (await session.connection()).execute(_PAUSE, {**row, "dead_letters": dead_letters})


async def dead_letters_at_pause(
    session: Session, consumer: str, topic: str, partition: int
) -> int | None:
    """How many dead letters in a row paused the partition; None when it is not paused."""
    connection = await session.connection()
    found: int | None = await connection.scalar(_IS_PAUSED, _row(consumer, topic, partition))
    return found


async def list_pauses(session: Session, consumer: str) -> list[Pause]:
    """Every paused partition of this consumer."""
    rows = await (await session.connection()).execute(_ALL, {"consumer": consumer})
    return [Pause(row.topic, row.partition, row.dead_letters, row.paused_at) for row in rows]


async def resume(session: Session, consumer: str, topic: str, partition: int) -> None:
    """Let the partition go on. Raises NotPaused."""
    connection = await session.connection()
    if (await connection.execute(_RESUME, _row(consumer, topic, partition))).rowcount == 0:
        raise NotPaused(
            f"The partition {topic}/{partition} is not paused.",
            f"分区 {topic}/{partition} 未处于暂停状态。",
        )


def _row(consumer: str, topic: str, partition: int) -> dict[str, str | int]:
    return {"consumer": consumer, "topic": topic, "partition": partition}
