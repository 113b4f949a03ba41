"""HTTP calls to the gateway as a frontend would make them: tokens, retries, bounded concurrency.

A write carries an Idempotency-Key that names what is done and not when, so the same call after a
crash of either side is answered with its first answer. Only what may pass is tried again: a
broken connection, a 5xx answer, a first try that still runs.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Protocol, Self, TypeAlias, TypeVar

import httpx

CONCURRENT_MAX = 16
GIVE_UP_S = 60.0
_BACK_OFF_S = (0.05, 2.0)
_STILL_RUNNING = "still-running"

T = TypeVar("T")
Mint: TypeAlias = Callable[..., str]
"""Makes a bearer token for a role and claims."""


class Refused(RuntimeError):
    """The platform answered with a problem that does not pass by itself, or never answered."""

    def __init__(self, call: str, said: str, answer: httpx.Response | None = None) -> None:
        super().__init__(f"{call}: {said}")
        self.answer = answer


class Gate(Protocol):
    """Lets each change of the run pass; the chaos run holds it until its next kill is due."""

    async def pass_one(self) -> None: ...


class OpenGate:
    """Holds nobody."""

    async def pass_one(self) -> None:
        return None


class Caller:
    """Calls one gateway. Use as an async context manager."""

    def __init__(self, gateway_url: str, mint: Mint, gate: Gate | None = None) -> None:
        self._mint = mint
        self._gate = gate or OpenGate()
        self._tokens: dict[tuple[str, tuple[tuple[str, str], ...]], str] = {}
        self._client = httpx.AsyncClient(
            base_url=gateway_url,
            timeout=httpx.Timeout(30.0),
            limits=httpx.Limits(max_connections=4 * CONCURRENT_MAX),
            trust_env=False,
        )
        self.retried: Counter[str] = Counter()
        """How often a call was tried again, by what had been answered."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    def token(self, role: str, **claims: str) -> str:
        """A token for this role and these claims, made once."""
        name = role, tuple(sorted(claims.items()))
        if name not in self._tokens:
            self._tokens[name] = self._mint(role, **claims)
        return self._tokens[name]

    def regulator(self, authority: str = "440100") -> str:
        """A token of an authority's staff; Guangzhou unless another is named."""
        return self.token("regulator", authority=authority)

    def enterprise(self, uscc: str) -> str:
        """A token of the enterprise itself."""
        return self.token("enterprise", uscc=uscc)

    async def read(self, path: str, token: str, **query: str | int) -> Any:
        """GET, as JSON."""
        answer = await self._send("GET", path, token, params=query)
        return answer.json()

    async def read_bytes(self, path: str, token: str, **query: str | int) -> bytes:
        """GET, as it is."""
        return (await self._send("GET", path, token, params=query)).content

    async def read_pages(self, path: str, token: str, name: str, **query: str | int) -> list[Any]:
        """Every item of a paged list, following `Link: rel="next"`."""
        items: list[Any] = []
        answer = await self._send("GET", path, token, params=query)
        while True:
            items += answer.json()[name]
            following = answer.links.get("next")
            if following is None:
                return items
            answer = await self._send("GET", following["url"], token)

    async def read_version(self, path: str, token: str) -> tuple[Any, str]:
        """GET, as JSON with its ETag."""
        answer = await self._send("GET", path, token)
        return answer.json(), answer.headers["etag"]

    async def write(
        self,
        method: str,
        path: str,
        token: str,
        key: str,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        **request: Any,
    ) -> httpx.Response:
        """A change, under its Idempotency-Key. Raises Refused with the answer."""
        await self._gate.pass_one()
        all_headers = {"idempotency-key": key, **(headers or {})}
        if body is not None:
            request["json"] = body
        return await self._send(method, path, token, headers=all_headers, **request)

    async def patch(
        self, path: str, token: str, key: str, etag: str, body: Any, request_id: str | None = None
    ) -> str:
        """A merge patch of a version that was read; returns the new ETag."""
        headers = {"if-match": etag, "content-type": "application/merge-patch+json"}
        if request_id is not None:
            headers["x-request-id"] = request_id
        answer = await self.write("PATCH", path, token, key, body=body, headers=headers)
        return answer.headers["etag"]

    async def _send(
        self,
        method: str,
        path: str,
        token: str,
        *,
        headers: Mapping[str, str] | None = None,
        **request: Any,
    ) -> httpx.Response:
        all_headers = {"authorization": f"Bearer {token}", **(headers or {})}
        deadline = time.monotonic() + GIVE_UP_S
        pause, longest = _BACK_OFF_S
        while True:
            said, answer = await self._try(method, path, all_headers, request)
            if answer is not None and answer.is_success:
                return answer
            if answer is not None and not _may_pass(answer):
                raise Refused(f"{method} {path}", said, answer)
            if time.monotonic() > deadline:
                raise Refused(f"{method} {path}", f"no answer in {GIVE_UP_S:.0f} s: {said}", answer)
            self.retried[_why(answer)] += 1
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(pause * 2, longest)

    async def _try(
        self, method: str, path: str, headers: Mapping[str, str], request: Mapping[str, Any]
    ) -> tuple[str, httpx.Response | None]:
        try:
            answer = await self._client.request(method, path, headers=headers, **request)
        except httpx.TransportError as problem:
            return f"{type(problem).__name__}: {problem}", None
        return f"{answer.status_code} {answer.text[:600]}", answer


def _why(answer: httpx.Response | None) -> str:
    return "no answer" if answer is None else f"{answer.status_code} {slug_of(answer)}"


def _may_pass(answer: httpx.Response) -> bool:
    """Whether the same call can succeed later by itself."""
    if answer.status_code == 409:
        return slug_of(answer) == _STILL_RUNNING
    return answer.status_code >= 500 or answer.status_code == 429


def slug_of(answer: httpx.Response) -> str:
    """The stable name of a problem (RFC 9457)."""
    try:
        problem = answer.json()
    except ValueError:
        return ""
    return str(problem.get("type", "")).rpartition(":")[2]


@asynccontextmanager
async def together() -> AsyncIterator[asyncio.TaskGroup]:
    """A task group that raises its first failure as it is, so that its text reaches the user."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except BaseExceptionGroup as failures:
        first: BaseException = failures
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from None


async def for_each(
    items: Iterable[T],
    work: Callable[[T], Awaitable[object]],
    done: Callable[[], None] = lambda: None,
    concurrent_max: int = CONCURRENT_MAX,
) -> None:
    """Do the work for every item, so many at the same time. The first failure ends the rest."""
    waiting = iter(items)

    async def take() -> None:
        for item in waiting:
            await work(item)
            done()

    async with together() as group:
        for _ in range(concurrent_max):
            group.create_task(take())
