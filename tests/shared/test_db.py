"""Transactions: locks by key, retries of conflicts, and telling an outage from a mistake."""

import asyncio
import gc
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import MetaData, event, exc, text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.db import (
    Database,
    Session,
    async_url,
    before_commit,
    holds_key,
    is_conflict,
    is_outage,
    lock_keys,
    read_rows,
)


class Base(SQLModel, registry=registry(metadata=MetaData())):
    """The tables of these tests only."""


class Account(Base, table=True):
    """The rows that transactions quarrel about."""

    name: str = Field(primary_key=True)
    n: int


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


async def test_rows_read_at_once_are_not_read_again(database: Database) -> None:
    reads: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_more: object) -> None:
        reads.append(statement)

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    async with database.transaction() as session:
        await read_rows(session, Account, ["a", "b", "nobody"])
        gc.collect()
        a, b = await session.get(Account, "a"), await session.get(Account, "b")
        assert (a, b) == (Account(name="a", n=0), Account(name="b", n=0))
        assert len(reads) == 1
        assert await session.get(Account, "nobody") is None


async def test_work_before_the_commit_is_part_of_the_transaction(database: Database) -> None:
    async def fail(_session: Session) -> None:
        raise ValueError("too late")

    async def work(session: Session) -> None:
        before_commit(session, fail)
        await (await session.connection()).execute(text("UPDATE account SET n = 1"))

    with pytest.raises(ValueError, match="too late"):
        await database.run(work)
    async with database.transaction() as session:
        assert await session.scalar(text("SELECT sum(n) FROM account")) == 0


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
