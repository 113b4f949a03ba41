"""Order per key: why the key is locked before reading."""

import asyncio
import json

import pytest
from sqlalchemy import text

from shared.bus import outbox
from shared.db import Session, lock_keys
from tests.shared.bus.support import Limit, Place, eventually

KEY = "91440101MA5CY2T72W"


async def pretend_to_lock(session: Session, keys: list[str]) -> None:
    """What happens without the lock: `outbox.add` is satisfied and nobody waits."""
    session.info.setdefault("locked_keys", set()).update(keys)


@pytest.mark.parametrize(
    ("lock", "last"), [(lock_keys, "withdrawn"), (pretend_to_lock, "eligible")]
)
async def test_consent_withdrawn_while_eligibility_is_judged(
    place: Place, lock: object, last: str
) -> None:
    """Two transactions on different rows of one key. Only the lock keeps their order."""
    await place.execute("CREATE TABLE consents (key text PRIMARY KEY, given boolean)")
    await place.execute("INSERT INTO consents VALUES (:key, true)", key=KEY)
    consent_was_read, withdrawal_was_tried = asyncio.Event(), asyncio.Event()

    async def judge(session: Session) -> None:
        await lock(session, [KEY])  # type: ignore[operator]
        connection = await session.connection()
        given = await connection.scalar(
            text("SELECT given FROM consents WHERE key = :k"), {"k": KEY}
        )
        consent_was_read.set()
        await withdrawal_was_tried.wait()
        version = await outbox.next_version(session, Limit.contract.topic, KEY)
        status = "eligible" if given else "withdrawn"
        await outbox.add(session, Limit(uscc=KEY, version=version, note=status))

    async def withdraw(session: Session) -> None:
        await lock(session, [KEY])  # type: ignore[operator]
        connection = await session.connection()
        await connection.execute(
            text("UPDATE consents SET given = false WHERE key = :k"), {"k": KEY}
        )
        version = await outbox.next_version(session, Limit.contract.topic, KEY)
        await outbox.add(session, Limit(uscc=KEY, version=version, note="withdrawn"))

    judging = asyncio.create_task(place.database.run(judge))
    await consent_was_read.wait()
    withdrawing = asyncio.create_task(place.database.run(withdraw))
    if last == "withdrawn":
        await place.waits_for_lock()
    else:
        await withdrawing
    withdrawal_was_tried.set()
    await asyncio.gather(judging, withdrawing)
    async with place.running():
        await place.all_published()

    values = [json.loads(record.value) for record in await place.read(Limit.contract.topic.name)]
    assert [value["version"] for value in values] == [1, 2]
    assert values[-1]["note"] == last


async def test_deadlock_between_a_handler_and_a_request_is_retried(place: Place) -> None:
    await place.execute("CREATE TABLE pair (name text PRIMARY KEY)")
    await place.execute("INSERT INTO pair VALUES ('a'), ('b')")
    attempts = []

    async def lock_row(session: Session, name: str) -> None:
        connection = await session.connection()
        await connection.execute(text("SELECT FROM pair WHERE name = :n FOR UPDATE"), {"n": name})

    async def a_then_b(fact: Limit, session: Session) -> None:
        attempts.append(fact.version)
        await lock_row(session, "a")
        await lock_row(session, "b")
        connection = await session.connection()
        await connection.execute(text("INSERT INTO effects (key, note) VALUES ('k', 'done')"))

    async def b_then_a(session: Session) -> None:
        await lock_row(session, "b")
        await place.publish(Limit(uscc="k", version=len(attempts) + 1, note="x"))
        await place.waits_for_lock()
        await lock_row(session, "a")

    async with place.running([a_then_b]):
        await place.database.run(b_then_a)
        await eventually(lambda: place.effects("k"))
        await place.all_published()
    assert await place.letters("failed", "waiting") == []
    assert set(await place.effects("k")) == {"done"}
