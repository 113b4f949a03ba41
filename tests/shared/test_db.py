"""Transactions: locks by key, retries of conflicts, and telling an outage from a mistake."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import exc, text

from shared.db import Database, Session, async_url, holds_key, is_conflict, is_outage, lock_keys


@pytest.fixture
async def database(fresh_database: str) -> AsyncIterator[Database]:
    database = Database(fresh_database)
    async with database.transaction() as session:
        await (await session.connection()).execute(
            text("CREATE TABLE account (name text PRIMARY KEY, n int)")
        )
        await (await session.connection()).execute(
            text("INSERT INTO account VALUES ('a', 0), ('b', 0)")
        )
    yield database
    await database.close()


async def test_a_key_is_held_until_the_transaction_ends(database: Database) -> None:
    order: list[str] = []
    entered, released = asyncio.Event(), asyncio.Event()

    async def first(session: Session) -> None:
        await lock_keys(session, ["x", "y"])
        assert holds_key(session, "x")
        entered.set()
        await released.wait()
        order.append("first")

    async def second(session: Session) -> None:
        await entered.wait()
        released.set()
        await lock_keys(session, ["y"])
        order.append("second")

    await asyncio.gather(database.run(first), database.run(second))
    assert order == ["first", "second"]


async def test_a_deadlock_is_run_again(database: Database) -> None:
    meet = asyncio.Barrier(2)
    attempts = 0

    async def touch(session: Session, names: tuple[str, str], first_time: list[bool]) -> None:
        nonlocal attempts
        attempts += 1
        update = text("UPDATE account SET n = n + 1 WHERE name = :name")
        await (await session.connection()).execute(update, {"name": names[0]})
        if first_time.pop() if first_time else False:
            await meet.wait()
        await (await session.connection()).execute(update, {"name": names[1]})

    await asyncio.gather(
        database.run(lambda s, t=[True]: touch(s, ("a", "b"), t)),
        database.run(lambda s, t=[True]: touch(s, ("b", "a"), t)),
    )
    async with database.transaction() as session:
        assert await session.scalar(text("SELECT sum(n) FROM account")) == 4
    assert attempts == 3


async def test_an_outage_is_told_from_a_mistake(database: Database) -> None:
    with pytest.raises(exc.DBAPIError) as mistake:
        async with database.transaction() as session:
            await (await session.connection()).execute(text("SELECT 1 / 0"))
    assert not is_outage(mistake.value)
    assert not is_conflict(mistake.value)

    async def kill_own_connection(session: Session) -> None:
        await (await session.connection()).execute(
            text("SELECT pg_terminate_backend(pg_backend_pid())")
        )

    with pytest.raises(exc.DBAPIError) as outage:
        await database.run(kill_own_connection)
    assert is_outage(outage.value)
    assert is_outage(ConnectionRefusedError())


def test_a_foreign_url_is_refused_with_advice() -> None:
    with pytest.raises(ValueError, match="write postgresql://"):
        async_url("mysql://localhost/x")
