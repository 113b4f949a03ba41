"""The hot path: match, check the token, forward, pass the answer on.

Plain ASGI, since every request of the platform goes through here: no model is built and no
answer is parsed. Every error, of the gateway or of a service, leaves as a problem (RFC 9457).
"""

from collections.abc import Mapping, Sequence

from aiohttp import ClientError, ClientResponse
from multidict import CIMultiDict
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.gateway.headers import Raw, answer_headers, request_headers
from services.gateway.table import Route, RouteTable
from services.gateway.upstream import Upstream
from shared import problems
from shared.auth import TokenVerifier, Unauthorized
from shared.errors import DomainError
from shared.telemetry import correlation_id, traceparent

BUFFERED_BYTES_MAX = 262_144
"""A longer answer, or one of unknown length, is passed on as it comes."""
_KEPT_OF_ERRORS = ("allow", "retry-after", "www-authenticate")


class Forwarder:
    """Sends each request to the service that answers its path."""

    def __init__(
        self,
        table: RouteTable,
        upstreams: Mapping[str, Upstream],
        verifier: TokenVerifier,
        body_bytes_max: int,
    ) -> None:
        self._table = table
        self._upstreams = upstreams
        self._verifier = verifier
        self._body_bytes_max = body_bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer, body = await self._ask(scope, receive)
        except ClientDisconnect:
            return
        except Exception as error:  # whatever is wrong, the caller gets a problem
            response = await _problem_of(Request(scope), error)
            await response(scope, receive, send)
            return
        await _pass_on(answer, body, send)

    async def _ask(self, scope: Scope, receive: Receive) -> tuple[ClientResponse, bytes | None]:
        """The service's answer, with its body unless it is to be passed on as it comes."""
        route = self._route(scope["method"], scope["path"])
        if route.needs_token:
            await self._check_token(Request(scope))
        upstream = self._upstreams[route.service]
        body = await self._body(scope["headers"], receive)
        answer = await upstream.send(scope["method"], _target(scope), _headers(scope), body)
        if answer.status >= 400 and answer.content_type != problems.MEDIA_TYPE:
            answer.close()
            kept = {
                name: answer.headers[name] for name in _KEPT_OF_ERRORS if name in answer.headers
            }
            raise HTTPException(answer.status, headers=kept)
        if answer.content_length is None or answer.content_length > BUFFERED_BYTES_MAX:
            return answer, None
        try:
            return answer, await answer.read()
        except (ClientError, TimeoutError) as error:
            raise upstream.explain(error) from error

    def _route(self, method: str, path: str) -> Route:
        route = self._table.find(method, path)
        if route is not None:
            return route
        methods = self._table.methods(path)
        if not methods:
            raise HTTPException(404)
        raise HTTPException(405, headers={"Allow": ", ".join(methods)})

    async def _check_token(self, request: Request) -> None:
        if await self._verifier.subject_of(request) is None:
            raise Unauthorized(
                "This needs a bearer token.",
                "此接口需要访问令牌。",
                headers={"WWW-Authenticate": "Bearer"},
            )

    async def _body(self, headers: Sequence[Raw], receive: Receive) -> bytes | None:
        """The request's body; None when the request declares none."""
        declared = _declared_length(headers)
        if declared == 0:
            return None
        if declared is not None and declared > self._body_bytes_max:
            raise HTTPException(413)
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self._body_bytes_max:
                raise HTTPException(413)
            if not message.get("more_body", False):
                return b"".join(parts)


def _declared_length(headers: Sequence[Raw]) -> int | None:
    """Bytes of the body: 0 without one, None when it comes in chunks."""
    length = 0
    for name, value in headers:
        if name == b"transfer-encoding":
            return None
        if name == b"content-length":
            length = int(value)
    return length


def _target(scope: Scope) -> str:
    """Path and query exactly as they came."""
    path: str = scope["raw_path"].decode("latin-1")
    query: bytes = scope["query_string"]
    return f"{path}?{query.decode('latin-1')}" if query else path


def _headers(scope: Scope) -> CIMultiDict[str]:
    client = scope["client"]
    return request_headers(
        scope["headers"],
        client=client[0] if client else "unknown",
        scheme=scope["scheme"],
        request_id=correlation_id.get() or "",
        traceparent=traceparent.get() or "",
    )


async def _problem_of(request: Request, error: Exception) -> Response:
    if isinstance(error, DomainError):
        return await problems.on_domain_error(request, error)
    if isinstance(error, HTTPException):
        return await problems.on_http_error(request, error)
    return await problems.on_unexpected(request, error)


async def _pass_on(answer: ClientResponse, body: bytes | None, send: Send) -> None:
    headers = answer_headers(answer.raw_headers)
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if body is not None:
        await send({"type": "http.response.body", "body": body})
        return
    try:
        async for part in answer.content.iter_any():
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        answer.close()
