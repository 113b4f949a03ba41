"""Routes that do at the edge what a service may do there: write, fail, wait, page."""

import asyncio
from typing import Annotated

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict
from sqlalchemy import text

from shared.app import create_router
from shared.auth import Role, Subject, allow, open_to_all
from shared.errors import Conflict
from shared.http import (
    Db,
    ExpectedVersion,
    PreconditionFailed,
    decode_cursor,
    encode_cursor,
    etag,
    link_next,
)
from shared.telemetry import correlation_id, traceparent

SCHEMA = (
    "CREATE TABLE note (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, words text NOT NULL)",
    "CREATE TABLE account (name text PRIMARY KEY, n int NOT NULL)",
    "INSERT INTO account VALUES ('a', 0), ('b', 0)",
    "CREATE TABLE trap (words text PRIMARY KEY)",
    """
    CREATE FUNCTION spring_trap() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM trap WHERE words = NEW.words) THEN
            PERFORM pg_terminate_backend(pg_backend_pid());
        END IF;
        RETURN NULL;
    END $$
    """,
    # Deferred: it springs in the COMMIT, after the route and after the idempotency row.
    "CREATE CONSTRAINT TRIGGER spring_trap AFTER INSERT ON note DEFERRABLE INITIALLY DEFERRED"
    " FOR EACH ROW EXECUTE FUNCTION spring_trap()",
)

router = create_router("edge")


class Full(Conflict):
    """There is no room for another note."""

    slug = "full"


class Note(BaseModel):
    """A note; `then` says what happens after it was written."""

    model_config = ConfigDict(extra="forbid")

    words: str
    then: str = ""


class Gate:
    """Where a request waits until the test opens it."""

    def __init__(self) -> None:
        self.entered, self.opened = asyncio.Event(), asyncio.Event()


@router.post("/notes", status_code=201, dependencies=[open_to_all])
async def write_note(note: Note, session: Db, request: Request, response: Response) -> dict:
    connection = await session.connection()
    number = await connection.scalar(
        text("INSERT INTO note (words) VALUES (:words) RETURNING id"), {"words": note.words}
    )
    if note.then == "refuse":
        raise Full("Remove a note first.", "请先删除一条。")
    if note.then == "crash":
        raise LookupError("a mistake of ours")
    if note.then == "lose the database":
        await connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    if note.then == "wait":
        gate: Gate = request.app.state.gate
        gate.entered.set()
        await gate.opened.wait()
    response.headers["location"] = f"/notes/{number}"
    return {"id": number, "trace": traceparent.get(), "correlation": correlation_id.get()}


@router.post("/mine", status_code=201)
async def write_mine(
    note: Note, session: Db, by: Annotated[Subject, allow(Role.ENTERPRISE, Role.OPERATOR)]
) -> dict:
    connection = await session.connection()
    number = await connection.scalar(
        text("INSERT INTO note (words) VALUES (:words) RETURNING id"), {"words": note.words}
    )
    return {"id": number, "sub": by.sub, "uscc": by.uscc, "org": by.org, "role": by.role}


@router.post("/transfers/{giver}/{taker}", dependencies=[open_to_all])
async def transfer(giver: str, taker: str, session: Db, request: Request) -> dict:
    """Both first attempts hold their first row before either wants its second: a deadlock."""
    state = request.app.state
    state.attempts += 1
    update = text("UPDATE account SET n = n + 1 WHERE name = :name")
    connection = await session.connection()
    await connection.execute(update, {"name": giver})
    if state.attempts <= 2:
        await state.meet.wait()
    await connection.execute(update, {"name": taker})
    return {}


@router.get("/notes", dependencies=[open_to_all])
async def list_notes(
    session: Db, request: Request, response: Response, cursor: str | None = None
) -> list:
    after = decode_cursor(cursor, (str, int)) or ["", 0]
    statement = text(
        "SELECT words, id FROM note WHERE (words, id) > (:words, :id) ORDER BY words, id LIMIT 3"
    )
    connection = await session.connection()
    rows = (await connection.execute(statement, {"words": after[0], "id": after[1]})).all()
    if len(rows) == 3:
        link_next(request, response, encode_cursor(*rows[-1]))
    return [row.words for row in rows]


@router.get("/notes/{words}", dependencies=[open_to_all])
async def find_notes(words: str, session: Db, also: str = "") -> int:
    connection = await session.connection()
    statement = text("SELECT count(*) FROM note WHERE words IN (:words, :also)")
    return int(await connection.scalar(statement, {"words": words, "also": also}) or 0)


@router.put("/versioned", dependencies=[open_to_all])
async def put_versioned(expected: ExpectedVersion, response: Response) -> dict:
    """The version kept is 7."""
    if expected != 7:
        raise PreconditionFailed("Read it again; it is 7.", "请重新读取,当前版本为 7。")
    response.headers["etag"] = etag(8)
    return {}


@router.post("/text", dependencies=[open_to_all])
async def take_text(request: Request) -> int:
    return len(await request.body())
