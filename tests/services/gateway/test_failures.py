"""A service that is down, slow, broken or confused: the caller gets one problem that says so."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from starlette.types import Receive, Send

from .conftest import BODY_BYTES_MAX, Platform, answering, check_problem, serve

PROBLEM = b'{"type": "urn:terrace:problem:unsupported-media-type", "status": 415}'
GOOD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listen(conversation: Conversation, port: int = 0) -> AsyncIterator[str]:
    """A server that speaks as the test says, HTTP or not; yields its base URL."""

    async def on_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await conversation(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(on_connection, "127.0.0.1", port)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """Head and body of one request; empty when the connection ended."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    length = int(lengths[0].partition(b":")[2]) if lengths else 0
    return head + await reader.readexactly(length)


async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One good answer, then the connection ends."""
    await read_request(reader)
    writer.write(GOOD)


@asynccontextmanager
async def in_front_of(
    start_gateway: Callable[[dict[str, str]], Any], token: Callable[..., str], place: str
) -> AsyncIterator[httpx.AsyncClient]:
    """A gateway before this one service, and a client with a token."""
    headers = {"authorization": f"Bearer {token('operator')}"}
    async with (
        start_gateway({"orchard": place}) as url,
        httpx.AsyncClient(base_url=url, headers=headers) as client,
    ):
        yield client


async def test_a_service_that_is_down_is_503_and_says_when_to_return(
    start_gateway: Callable[..., Any], token: Callable[..., str]
) -> None:
    async with in_front_of(start_gateway, token, "http://127.0.0.1:1") as client:
        answer = await client.get("/v1/trees")
        problem = check_problem(answer, 503, "unavailable")
        assert answer.headers["retry-after"] == "1"
        assert "orchard" in problem["detail"]
        answer = await client.get("/v1/trees", headers={"accept-language": "zh"})
        assert "orchard 服务暂时无应答" in answer.json()["detail"]


async def test_a_service_that_is_too_slow_is_504(platform: Platform) -> None:
    async def never(_receive: Receive, _send: Send) -> None:
        await asyncio.Event().wait()

    platform.orchard.answer = never
    problem = check_problem(await platform.client.get("/v1/trees"), 504, "gateway-timeout")
    assert "0.5 s" in problem["detail"]


async def test_a_service_that_hangs_leaves_the_others_alone(platform: Platform) -> None:
    async def never(_receive: Receive, _send: Send) -> None:
        await asyncio.Event().wait()

    platform.orchard.answer = never
    hanging = [asyncio.create_task(platform.client.get("/v1/trees")) for _ in range(20)]
    assert (await platform.client.get("/v1/trees/7/flour")).status_code == 200
    assert {answer.status_code for answer in await asyncio.gather(*hanging)} == {504}


@pytest.mark.parametrize("spoken", [b"no http at all\r\n\r\n", b"HTTP/1.1 xx\r\n\r\n"])
async def test_an_answer_that_is_not_http_is_502(
    start_gateway: Callable[..., Any], token: Callable[..., str], spoken: bytes
) -> None:
    async def confused(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(spoken)

    async with (
        listen(confused) as place,
        in_front_of(start_gateway, token, place) as client,
    ):
        check_problem(await client.post("/v1/trees"), 502, "bad-gateway")


async def test_an_answer_that_breaks_off_is_503(
    start_gateway: Callable[..., Any], token: Callable[..., str]
) -> None:
    async def breaks_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")

    async with (
        listen(breaks_off) as place,
        in_front_of(start_gateway, token, place) as client,
    ):
        check_problem(await client.get("/v1/trees"), 503, "unavailable")


async def test_a_long_answer_that_breaks_off_is_cut_visibly(
    start_gateway: Callable[..., Any], token: Callable[..., str]
) -> None:
    async def breaks_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 9000000\r\n\r\n" + b"x" * 10_000)

    async with (
        listen(breaks_off) as place,
        in_front_of(start_gateway, token, place) as client,
    ):
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/v1/trees")


class Stale:
    """Answers the first request of each connection, and drops the next one unanswered."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.requests.append(await read_request(reader))
        writer.write(GOOD)
        if request := await read_request(reader):
            self.requests.append(request)


@pytest.mark.parametrize(
    ("method", "headers", "status", "reached"),
    [
        ("GET", {}, 200, 3),
        ("POST", {"idempotency-key": "k-1"}, 200, 3),
        ("POST", {}, 503, 2),
    ],
)
async def test_a_dropped_connection_is_tried_again_only_when_that_is_safe(
    start_gateway: Callable[..., Any],
    token: Callable[..., str],
    method: str,
    headers: dict[str, str],
    status: int,
    reached: int,
) -> None:
    stale = Stale()
    async with listen(stale) as place, in_front_of(start_gateway, token, place) as client:
        assert (await client.get("/v1/trees")).status_code == 200
        answer = await client.request(method, "/v1/trees", headers=headers, content=b"{}")
        assert answer.status_code == status
        assert len(stale.requests) == reached
        if reached == 3:
            assert stale.requests[1] == stale.requests[2]


async def test_a_service_that_always_drops_is_tried_twice_at_most(
    start_gateway: Callable[..., Any], token: Callable[..., str]
) -> None:
    requests: list[bytes] = []

    async def drops(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        requests.append(await read_request(reader))

    async with listen(drops) as place, in_front_of(start_gateway, token, place) as client:
        for method in ("GET", "POST"):
            requests.clear()
            answer = await client.request(
                method, "/v1/trees", headers={"idempotency-key": "k"}, content=b"{}"
            )
            check_problem(answer, 503, "unavailable")
            assert len(requests) == 2


async def test_a_restarted_service_is_reached_again(
    start_gateway: Callable[..., Any], token: Callable[..., str]
) -> None:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    async with in_front_of(start_gateway, token, f"http://127.0.0.1:{port}") as client:
        check_problem(await client.get("/v1/trees"), 503, "unavailable")
        for _start in range(2):
            async with listen(once, port):
                assert (await client.get("/v1/trees")).status_code == 200
            check_problem(await client.get("/v1/trees"), 503, "unavailable")


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_over_the_limit_is_413_and_reaches_nobody(
    platform: Platform, declared: bool
) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b"x" * (BODY_BYTES_MAX // 10)

    content = b"x" * (BODY_BYTES_MAX + 1) if declared else parts()
    answer = await platform.client.post("/v1/trees", content=content)
    check_problem(answer, 413, "content-too-large")
    assert platform.orchard.seen == []


async def test_a_body_at_the_limit_passes_also_in_parts(platform: Platform) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b"x" * (BODY_BYTES_MAX // 10)

    assert (await platform.client.post("/v1/trees", content=parts())).status_code == 200
    assert platform.orchard.seen[-1].body == b"x" * BODY_BYTES_MAX


@pytest.mark.parametrize("status", [400, 403, 404, 409, 412, 415, 422, 428, 503])
async def test_a_problem_of_a_service_passes_unchanged(platform: Platform, status: int) -> None:
    platform.orchard.answer = answering(status, "application/problem+json", PROBLEM)
    answer = await platform.client.post("/v1/trees", content=b"<a/>")
    assert answer.status_code == status
    assert answer.content == PROBLEM
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("status", "slug"), [(500, "internal-error"), (503, "unavailable"), (404, "not-found")]
)
async def test_an_error_that_is_no_problem_becomes_one(
    platform: Platform, status: int, slug: str
) -> None:
    platform.orchard.answer = answering(
        status, "text/plain; charset=utf-8", b"Traceback: secret", retry_after="7"
    )
    answer = await platform.client.get("/v1/trees")
    check_problem(answer, status, slug)
    assert answer.headers["retry-after"] == "7"
    assert b"secret" not in answer.content


async def test_an_application_that_crashes_gives_a_problem(platform: Platform) -> None:
    async def crash(_receive: Receive, _send: Send) -> None:
        raise RuntimeError("secret")

    platform.orchard.answer = crash
    answer = await platform.client.get("/v1/trees")
    check_problem(answer, 500, "internal-error")
    assert b"secret" not in answer.content


@pytest.mark.parametrize("size", [0, 10, 262_144, 262_145, 3_000_000])
@pytest.mark.parametrize("declared", [True, False])
async def test_an_answer_of_any_size_passes_whole(
    platform: Platform, size: int, declared: bool
) -> None:
    content = bytes(range(256)) * (size // 256 + 1)

    async def answer(_receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/octet-stream")]
        if declared:
            headers.append((b"content-length", str(size).encode()))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for start in range(0, size, 65_536):
            part = content[start : min(start + 65_536, size)]
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    platform.orchard.answer = answer
    received = await platform.client.get("/v1/trees")
    assert received.content == content[:size]


async def test_an_answer_without_content_passes(platform: Platform) -> None:
    async def answer(_receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    platform.orchard.answer = answer
    received = await platform.client.patch("/v1/trees/7")
    assert (received.status_code, received.content) == (204, b"")


async def test_a_caller_that_leaves_mid_body_reaches_nobody(platform: Platform) -> None:
    place = httpx.URL(platform.url)
    authorization = platform.client.headers["authorization"]
    reader, writer = await asyncio.open_connection(place.host, place.port)
    writer.write(
        f"POST /v1/trees HTTP/1.1\r\nhost: x\r\nauthorization: {authorization}\r\n"
        "content-length: 1000\r\n\r\nhalf".encode()
    )
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert await reader.read() == b""
    assert (await platform.client.get("/v1/trees")).status_code == 200
    assert [seen.method for seen in platform.orchard.seen] == ["GET"]


async def test_readiness_follows_the_services(
    start_gateway: Callable[..., Any], platform: Platform
) -> None:
    answer = await platform.client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["services"] == {"orchard": "ready", "mill": "ready"}
    platform.mill.answer = answering(503, "application/json", b"{}")
    answer = await platform.client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["services"] == {"orchard": "ready", "mill": "not ready"}
    async with (
        serve(platform.orchard) as place,
        start_gateway({"orchard": place, "mill": "http://127.0.0.1:1"}) as url,
        httpx.AsyncClient(base_url=url) as client,
    ):
        answer = await client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["problems"] == ["mill: unreachable"]
        assert (await client.get("/healthz")).json() == {"status": "alive"}


async def test_metrics_count_the_hops(platform: Platform) -> None:
    await platform.client.get("/v1/trees")
    text = (await platform.client.get("/metrics")).text
    assert 'terrace_gateway_hops_total{outcome="answered",service="orchard"}' in text
    assert "terrace_http_request_seconds_bucket" in text
