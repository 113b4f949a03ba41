"""The edge of a service: one request is one transaction, committed before the answer leaves.

Owns the transaction, `Idempotency-Key`, `If-Match`, paging. Domain rules stay in `service.py`.
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Coroutine, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from sqlalchemy import text
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Message

from shared.db import Database, Session
from shared.errors import Conflict, DomainError, Unprocessable
from shared.problems import on_unexpected

PAGE_SIZE_MAX = 200
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
KEPT_HEADERS = ("content-type", "etag", "location")

_ANSWERED = text(
    "SELECT request_hash, status, headers, body FROM idempotency"
    " WHERE subject = :owner AND key = :key"
)
_KEEP_ANSWER = text(
    "INSERT INTO idempotency (subject, key, request_hash, status, headers, body)"
    " VALUES (:owner, :key, :digest, :status, CAST(:headers AS jsonb), :body)"
)

# JSON without the escape of a NUL or of half a surrogate pair; an escaped backslash is text.
_STORABLE_ESCAPES = re.compile(
    rb"(?:[^\\]++"
    rb"|\\u(?!0000|[dD][89a-fA-F])"
    rb"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F]"
    rb"|\\(?!u).?)*+",
    re.DOTALL,
)

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
T = TypeVar("T")


class KeyReused(Unprocessable):
    """The Idempotency-Key was used for another request."""

    slug = "idempotency-key-reused"


class StillRunning(Conflict):
    """The first request with this Idempotency-Key has not ended."""

    slug = "still-running"


class PreconditionMissing(DomainError):
    """An update needs If-Match."""

    status = 428
    slug = "if-match-missing"
    title = "If-Match is missing"
    title_zh = "缺少 If-Match"


class PreconditionFailed(DomainError):
    """The caller read an older version."""

    status = 412
    slug = "stale-version"
    title = "The version is stale"
    title_zh = "版本已过期"


class UnusableText(Unprocessable):
    """The input holds a character PostgreSQL cannot store."""

    slug = "unusable-text"


class Edge(APIRoute):
    """Runs a route in a transaction and answers a repeated Idempotency-Key with the first answer.

    The idempotency row lives in the request's own transaction, under a try-lock, so a crash
    leaves nothing "running".
    """

    def get_route_handler(self) -> Handler:
        route = super().get_route_handler()
        expects_json = self.body_field is not None

        async def at_the_edge(request: Request) -> Response:
            state = request.app.state
            request = _with_body_limit(request, state.settings.body_bytes_max)
            await _check_input(request, expects_json)
            request.state.subject = await state.verifier.subject_of(request)
            database: Database | None = state.database
            if database is None:
                return await route(request)

            async def in_transaction(session: Session) -> Response:
                request.state.session = session
                key = request.headers.get("idempotency-key")
                if key is None or request.method not in WRITES:
                    return await route(request)
                return await _once(request, session, key, route)

            return await database.run(in_transaction)

        async def answered(request: Request) -> Response:
            try:
                return await at_the_edge(request)
            except (DomainError, RequestValidationError, HTTPException, ClientDisconnect):
                raise
            except Exception as error:  # answered here, where the request id is still known
                return await on_unexpected(request, error)

        return answered


def _with_body_limit(request: Request, bytes_max: int) -> Request:
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > bytes_max:
        raise HTTPException(413)
    received = 0

    async def receive() -> Message:
        nonlocal received
        message = await request.receive()
        received += len(message.get("body", b""))
        if received > bytes_max:
            raise HTTPException(413)
        return message

    return Request(request.scope, receive)


async def _check_input(request: Request, expects_json: bool) -> None:
    body = await request.body()
    binary = not expects_json and not request.headers.get("content-type", "").startswith("text/")
    if (
        (b"\x00" in body and not binary)
        or (expects_json and _STORABLE_ESCAPES.fullmatch(body) is None)
        or "\x00" in request.scope["path"]
        or "%00" in request.url.query
    ):
        raise UnusableText(
            "The input holds a NUL character (U+0000) or half a surrogate pair. Remove it.",
            "输入含有空字符 (U+0000) 或不成对的代理字符,请删除。",
        )
    if expects_json and body:
        media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media != "application/json" and not media.endswith("+json"):
            raise HTTPException(415)
        try:
            body.decode("utf-8")
        except UnicodeDecodeError:
            raise HTTPException(400) from None


async def _once(request: Request, session: Session, key: str, route: Handler) -> Response:
    if not 1 <= len(key) <= 200:
        raise KeyReused(
            "Idempotency-Key takes 1 to 200 characters.", "Idempotency-Key 长度为 1–200。"
        )
    caller = request.state.subject
    owner = f"{caller.role}:{caller.org or caller.uscc or caller.sub}" if caller else "anonymous"
    digest = hashlib.sha256(
        b"\n".join((request.method.encode(), _path_and_query(request), await request.body()))
    ).hexdigest()
    held = await session.scalar(
        text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 2))").bindparams(
            name=f"{owner}\n{key}"
        )
    )
    if not held:
        raise StillRunning(
            "The first request with this Idempotency-Key is still running. Ask again shortly.",
            "使用该 Idempotency-Key 的首个请求仍在处理,请稍后再试。",
            headers={"Retry-After": "1"},
        )
    connection = await session.connection()
    found = (await connection.execute(_ANSWERED, {"owner": owner, "key": key})).one_or_none()
    if found is not None:
        return _replayed(found, digest)
    response = await route(request)
    await connection.execute(
        _KEEP_ANSWER,
        {
            "owner": owner,
            "key": key,
            "digest": digest,
            "status": response.status_code,
            "headers": json.dumps({k: v for k, v in response.headers.items() if k in KEPT_HEADERS}),
            "body": bytes(response.body),
        },
    )
    return response


def _path_and_query(request: Request) -> bytes:
    """What was asked, whichever host and port it came through."""
    return f"{request.url.path}?{request.url.query}".encode()


def _replayed(found: Any, digest: str) -> Response:
    if found.request_hash != digest:
        raise KeyReused(
            "This Idempotency-Key was used for another request. Take a new key.",
            "该 Idempotency-Key 已用于其他请求,请更换。",
        )
    return Response(found.body, found.status, {**found.headers, "idempotency-replayed": "true"})


async def _session(request: Request) -> Session:
    session: Session = request.state.session
    return session


Db = Annotated[Session, Depends(_session)]
"""The request's transaction. Committed at the edge; a route never commits."""


async def _expected_version(
    if_match: Annotated[
        str | None, Header(description='The ETag that was read, for example "7".')
    ] = None,
) -> int:
    if if_match is None:
        raise PreconditionMissing(
            'Send If-Match with the ETag you read, for example If-Match: "7".',
            '请发送 If-Match,其值为读取时得到的 ETag,例如 If-Match: "7"。',
        )
    tag = if_match.strip().removeprefix("W/").strip('"')
    if not (tag.isascii() and tag.isdigit() and len(tag) < 10):
        raise PreconditionFailed(
            'If-Match must be one ETag as read, for example "7".',
            'If-Match 应为读取时得到的 ETag,例如 "7"。',
        )
    return int(tag)


ExpectedVersion = Annotated[int, Depends(_expected_version)]
"""The version the caller read. Raises PreconditionMissing (428) without If-Match."""


def etag(version: int) -> str:
    """The ETag of a version."""
    return f'"{version}"'


Limit = Annotated[int, Query(ge=1, le=PAGE_SIZE_MAX, title="每页条数")]


def encode_cursor(*key: str | int) -> str:
    """A keyset cursor: the sort key of the page's last row."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None, kinds: Sequence[type]) -> list[Any] | None:
    """The sort key in a cursor; None for the first page. Raises Unprocessable otherwise."""
    if cursor is None:
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError):
        found = None
    key: list[Any] = found if isinstance(found, list) else []
    if [type(part) for part in key] != list(kinds) or not all(map(_storable, key)):
        raise Unprocessable(
            "This cursor is not one of ours. Follow the Link header of the page before.",
            "游标无效,请使用上一页 Link 头中的地址。",
        )
    return key


def _storable(part: Any) -> bool:
    """Whether PostgreSQL takes it as text or as a bigint."""
    if isinstance(part, str):
        return "\x00" not in part and not any("\ud800" <= letter <= "\udfff" for letter in part)
    return isinstance(part, int) and abs(part) < 2**63


def link_next(request: Request, response: Response, cursor: str) -> None:
    """Point to the next page."""
    url = request.url.include_query_params(cursor=cursor)
    response.headers["link"] = f'<{url.path}?{url.query}>; rel="next"'
