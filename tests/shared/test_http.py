"""The edge: commit before the answer, idempotency, If-Match, the body limit, input, cursors."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from starlette.types import Message, Receive, Scope, Send

from shared.db import Database
from shared.errors import Unprocessable
from shared.http import decode_cursor, encode_cursor
from tests.shared.conftest import TokenMaker
from tests.shared.edge_routes import Gate

JSON = {"content-type": "application/json"}
many = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


async def count(database: Database, words: str) -> int:
    async with database.transaction() as session:
        statement = text("SELECT count(*) FROM note WHERE words = :words")
        return int(await session.scalar(statement.bindparams(words=words)) or 0)


async def kept_answers(database: Database, key: str) -> int:
    async with database.transaction() as session:
        statement = text("SELECT count(*) FROM idempotency WHERE key = :key")
        return int(await session.scalar(statement.bindparams(key=key)) or 0)


async def write(
    client: httpx.AsyncClient, words: str, then: str = "", key: str | None = None
) -> httpx.Response:
    headers = {"idempotency-key": key} if key else {}
    return await client.post("/notes", json={"words": words, "then": then}, headers=headers)


async def test_a_write_is_committed_before_the_answer_leaves(
    app: FastAPI, database: Database
) -> None:
    seen: list[int] = []

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_later(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.append(await count(database, "before"))
            await send(message)

        await app(scope, receive, send_later)

    transport = httpx.ASGITransport(watched)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await write(client, "before")
    assert answer.status_code == 201
    assert seen == [1]


@pytest.mark.parametrize(
    ("then", "status"), [("refuse", 409), ("crash", 500), ("lose the database", 503)]
)
async def test_whatever_goes_wrong_nothing_is_stored(
    client: httpx.AsyncClient, database: Database, then: str, status: int
) -> None:
    answer = await write(client, then, then, key=f"key of {then}")
    assert answer.status_code == status
    assert await count(database, then) == 0
    assert await kept_answers(database, f"key of {then}") == 0


async def test_a_repeated_key_gets_the_first_answer(
    client: httpx.AsyncClient, database: Database
) -> None:
    first = await write(client, "once", key="k-1")
    again = await write(client, "once", key="k-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["content-type"] == first.headers["content-type"]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert await count(database, "once") == 1


async def test_a_key_used_for_another_request_is_refused(
    client: httpx.AsyncClient, database: Database
) -> None:
    await write(client, "this", key="k-2")
    other = await write(client, "that", key="k-2")
    assert other.status_code == 422
    assert other.json()["type"] == "urn:terrace:problem:idempotency-key-reused"
    elsewhere = await client.post(
        "/notes?q=1", json={"words": "this", "then": ""}, headers={"idempotency-key": "k-2"}
    )
    assert elsewhere.status_code == 422
    assert (await write(client, "long", key="k" * 201)).status_code == 422
    assert await count(database, "that") == 0


async def test_callers_do_not_share_keys_and_colleagues_do(
    client: httpx.AsyncClient, token: TokenMaker
) -> None:
    async def write_as(bearer: str) -> httpx.Response:
        headers = {"authorization": f"Bearer {bearer}", "idempotency-key": "k-3"}
        return await client.post("/mine", json={"words": "mine"}, headers=headers)

    one = await write_as(token("enterprise", sub="1", uscc="A"))
    colleague = await write_as(token("enterprise", sub="2", uscc="A"))
    rival = await write_as(token("enterprise", sub="3", uscc="B"))
    assert colleague.content == one.content
    assert rival.json()["uscc"] == "B"


async def test_a_key_whose_first_request_still_runs_is_a_conflict(
    app: FastAPI, client: httpx.AsyncClient, database: Database
) -> None:
    gate = app.state.gate = Gate()
    first = asyncio.create_task(write(client, "slow", "wait", key="k-4"))
    await gate.entered.wait()
    second = await write(client, "slow", "wait", key="k-4")
    assert second.status_code == 409
    assert second.json()["type"] == "urn:terrace:problem:still-running"
    assert second.headers["retry-after"] == "1"
    gate.opened.set()
    answered = await first
    third = await write(client, "slow", "wait", key="k-4")
    assert third.content == answered.content
    assert await count(database, "slow") == 1


async def test_a_burst_with_one_key_writes_once(
    client: httpx.AsyncClient, database: Database
) -> None:
    burst = await asyncio.gather(*(write(client, "burst", key="k-5") for _ in range(8)))
    assert {answer.status_code for answer in burst} <= {201, 409}
    assert len({answer.content for answer in burst if answer.status_code == 201}) == 1
    assert await count(database, "burst") == 1


async def test_a_crash_between_the_handler_and_the_commit_leaves_nothing_running(
    client: httpx.AsyncClient, database: Database
) -> None:
    async with database.transaction() as session:
        await (await session.connection()).execute(text("INSERT INTO trap VALUES ('trapped')"))
    crashed = await write(client, "trapped", key="k-6")
    assert crashed.status_code == 503
    assert await count(database, "trapped") == 0
    assert await kept_answers(database, "k-6") == 0
    async with database.transaction() as session:
        await (await session.connection()).execute(text("DELETE FROM trap"))
    again = await write(client, "trapped", key="k-6")
    assert again.status_code == 201
    assert "idempotency-replayed" not in again.headers


async def test_a_deadlock_is_run_again_and_nobody_hears_of_it(
    app: FastAPI, client: httpx.AsyncClient, database: Database
) -> None:
    app.state.attempts, app.state.meet = 0, asyncio.Barrier(2)
    answers = await asyncio.gather(client.post("/transfers/a/b"), client.post("/transfers/b/a"))
    assert [answer.status_code for answer in answers] == [200, 200]
    assert app.state.attempts == 3
    async with database.transaction() as session:
        assert await session.scalar(text("SELECT array_agg(n) FROM account")) == [2, 2]


@pytest.mark.parametrize(
    ("given_tag", "status", "slug"),
    [
        (None, 428, "if-match-missing"),
        ('"6"', 412, "stale-version"),
        ("*", 412, "stale-version"),
        ('"6", "7"', 412, "stale-version"),
        ('"9999999999999999999999"', 412, "stale-version"),
        ("²", 412, "stale-version"),
        ("", 412, "stale-version"),
    ],
)
async def test_an_update_says_which_version_it_read(
    client: httpx.AsyncClient, given_tag: str | None, status: int, slug: str
) -> None:
    headers = {} if given_tag is None else {"if-match": given_tag.encode("latin-1")}
    answer = await client.put("/versioned", headers=headers)
    assert answer.status_code == status
    assert answer.json()["type"] == f"urn:terrace:problem:{slug}"


@pytest.mark.parametrize("tag", ['"7"', 'W/"7"', "7"])
async def test_an_update_of_the_present_version_is_taken(
    client: httpx.AsyncClient, tag: str
) -> None:
    answer = await client.put("/versioned", headers={"if-match": tag})
    assert answer.status_code == 200
    assert answer.headers["etag"] == '"8"'


async def test_a_body_may_be_as_long_as_the_limit_and_no_longer(client: httpx.AsyncClient) -> None:
    assert (await client.post("/text", content=b"x" * 2000)).json() == 2000
    assert (await client.post("/text", content=b"x" * 2001)).status_code == 413


async def test_a_chunked_body_over_the_limit_is_not_read_to_its_end(
    client: httpx.AsyncClient,
) -> None:
    sent = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 1
            yield b"x" * 100

    answer = await client.post("/text", content=chunks())
    assert answer.status_code == 413
    assert answer.json()["type"] == "urn:terrace:problem:content-too-large"
    assert sent < 30


@pytest.mark.parametrize(
    ("body", "media", "status"),
    [
        (b'{"words": "a\\u0000b"}', "application/json", 422),
        (b'{"words": "a\x00b"}', "application/json", 422),
        (b'{"words": "\xff"}', "application/json", 400),
        (b'{"words": ', "application/json", 422),
        (b'{"words": "\\ud800"}', "application/json", 422),
        (b'{"\\ud800": 1, "words": "x"}', "application/json", 422),
        (b"[" * 1500, "application/json", 400),
        (b'{"words": "x"}', "text/plain", 415),
        (b'{"words": "x"}', "application/json-not", 415),
        (b"words=x", "application/x-www-form-urlencoded", 415),
    ],
)
async def test_input_that_cannot_be_stored_or_read_is_refused(
    client: httpx.AsyncClient, body: bytes, media: str, status: int
) -> None:
    answer = await client.post("/notes", content=body, headers={"content-type": media})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("media", ["application/json; charset=utf-8", "application/ld+json"])
async def test_json_has_several_names(client: httpx.AsyncClient, media: str) -> None:
    body = json.dumps({"words": "名字"}, ensure_ascii=False).encode()
    answer = await client.post("/notes", content=body, headers={"content-type": media})
    assert answer.status_code == 201


@pytest.mark.parametrize("words", ["\\u0000", "\\\\ud800", "😀", "\\😀"])
async def test_what_only_looks_like_an_unusable_escape_is_text(
    client: httpx.AsyncClient, words: str
) -> None:
    answer = await client.post("/notes", content=json.dumps({"words": words}), headers=JSON)
    assert answer.status_code == 201
    assert (await client.get("/notes/" + quote(words, safe=""))).json() == 1


def storable(words: str) -> bool:
    """Whether the halves of surrogate pairs join, and there is no NUL."""
    try:
        joined = words.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        return False
    return "\x00" not in joined


ANY_TEXT = st.text(max_size=100) | st.text(
    st.characters(categories=["Cs", "Cc", "So", "Po"]), max_size=100
)


@many
@given(ANY_TEXT)
@example("\ud83d\ude00")
@example("\ude00\ud83d")
@example("\\\x00")
async def test_escaped_text_is_stored_if_it_can_be_and_else_refused(
    client: httpx.AsyncClient, words: str
) -> None:
    answer = await client.post("/notes", content=json.dumps({"words": words}), headers=JSON)
    assert answer.status_code == (201 if storable(words) else 422), answer.text


@many
@given(ANY_TEXT)
async def test_plain_text_is_stored_if_it_is_utf_8_and_else_refused(
    client: httpx.AsyncClient, words: str
) -> None:
    content = json.dumps({"words": words}, ensure_ascii=False).encode("utf-8", "surrogatepass")
    answer = await client.post("/notes", content=content, headers=JSON)
    halves = any("\ud800" <= letter <= "\udfff" for letter in words)
    assert answer.status_code == (422 if "\x00" in words else 400 if halves else 201), answer.text


@pytest.mark.parametrize("path", ["/notes/a%00b", "/notes/a?also=a%00b", "/notes/%00"])
async def test_a_nul_in_the_address_is_refused(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:terrace:problem:unusable-text"


@pytest.mark.parametrize("query", ["also=%ff", "also=%ED%A0%80", "%ff", "also=%EF%BF%BF"])
async def test_bytes_that_are_no_text_in_the_address_are_no_error_of_ours(
    client: httpx.AsyncClient, query: str
) -> None:
    assert (await client.get(f"/notes/a?{query}")).status_code == 200
    assert (await client.get(f"/notes/{query}")).status_code == 200


KEY = st.tuples(
    st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])),
    st.integers(-(2**63) + 1, 2**63 - 1),
)


@given(KEY)
def test_a_cursor_comes_back_as_it_was(key: tuple[str, int]) -> None:
    assert decode_cursor(encode_cursor(*key), (str, int)) == list(key)


def _cursor_of(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@many
@given(
    st.text()
    | st.binary().map(lambda raw: raw.decode("latin-1"))
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=4),
        max_leaves=8,
    ).map(_cursor_of)
)
@example(encode_cursor("\x00", 1))
@example(encode_cursor("\ud800", 1))
@example(encode_cursor("a", 2**63))
@example(encode_cursor("a", -(2**63)))
@example("W" * 4001)
async def test_any_cursor_is_taken_or_refused_in_words(
    client: httpx.AsyncClient, cursor: str
) -> None:
    raw = cursor.encode("utf-8", "surrogatepass")
    answer = await client.get("/notes?cursor=" + quote(raw, safe=""))
    assert answer.status_code in (200, 422), answer.text


@given(st.text())
def test_decoding_any_text_gives_a_key_or_the_domain_error(cursor: str) -> None:
    try:
        key = decode_cursor(cursor, (str, int))
    except Unprocessable:
        return
    assert key is not None
    assert [type(part) for part in key] == [str, int]


async def test_following_the_links_reads_every_row_once(client: httpx.AsyncClient) -> None:
    for words in ("page 2", "page 1", "page 1", "page 3", "页 4", "page 0", 'page "5" + & ='):
        await write(client, words)
    path, seen = "/notes", []
    while path:
        page = await client.get(path)
        seen += page.json()
        link = page.headers.get("link", "")
        path = link.partition(">")[0].removeprefix("<")
    paged = [words for words in seen if words.startswith(("page", "页"))]
    assert sorted(paged) == sorted(
        ["page 0", "page 1", "page 1", "page 2", "page 3", 'page "5" + & =', "页 4"]
    )
