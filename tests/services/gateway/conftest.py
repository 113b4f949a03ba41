"""The gateway in front of real servers: small applications that the test can look into."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
import yaml
from starlette.types import ASGIApp, Receive, Scope, Send

from contracts.fact import FACTS
from contracts.generation.asyncapi import asyncapi
from services.gateway.composition import create_gateway
from shared.settings import Settings
from tests.services.conftest import AUDIENCE, ISSUER

BODY_BYTES_MAX = 10_000
TIMEOUT_S = 0.5
NEEDS_TOKEN = [{"bearer": ["operator", "bank"]}]


@asynccontextmanager
async def serve(app: ASGIApp) -> AsyncIterator[str]:
    """The application under uvicorn on a free port; yields its base URL."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="critical",
            access_log=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
    )
    running = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        while not server.started:
            assert not running.done(), "the server did not start"
            await asyncio.sleep(0.005)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running
        listening.close()


@dataclass
class Seen:
    """A request as it reached the service."""

    method: str
    target: str
    headers: dict[str, list[str]]
    body: bytes


@dataclass
class Service:
    """A service that records what reaches it and answers what the test says."""

    seen: list[Seen] = field(default_factory=list)
    answer: Callable[[Receive, Send], Any] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode(), []).append(value.decode("latin-1"))
        query = scope["query_string"].decode()
        target = scope["raw_path"].decode() + (f"?{query}" if query else "")
        if target != "/readyz":
            self.seen.append(Seen(scope["method"], target, headers, body))
        if self.answer is not None:
            await self.answer(receive, send)
        else:
            await respond(send, 200, {"content-type": "application/json"}, b'{"said": "yes"}')


async def respond(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    if "transfer-encoding" not in headers:
        raw.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def answering(status: int, content_type: str, body: bytes, **headers: str) -> Callable[..., Any]:
    """An answer for `Service.answer`."""

    async def answer(_receive: Receive, send: Send) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        await respond(send, status, {"content-type": content_type, **named}, body)

    return answer


def operation(summary: str, security: list[Any] | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {
        "summary": summary,
        "operationId": summary.replace(" ", "_"),
        "responses": {"200": {"description": "Fine."}},
    }
    return made | ({"security": security} if security else {})


ORCHARD = {
    "openapi": "3.1.0",
    "info": {"title": "果园 Orchard", "version": "1", "description": "Trees."},
    "paths": {
        "/v1/trees": {
            "get": operation("list trees", NEEDS_TOKEN),
            "post": operation("plant a tree", NEEDS_TOKEN),
        },
        "/v1/trees/{tree}": {
            "get": operation("read a tree", NEEDS_TOKEN),
            "patch": operation("prune a tree", NEEDS_TOKEN),
        },
        "/v1/trees/summary": {"get": operation("count trees", NEEDS_TOKEN)},
        "/v1/dictionaries/kinds": {"get": operation("list kinds")},
        "/v1/operations/dead-letters": {"get": operation("list dead letters", NEEDS_TOKEN)},
    },
}
MILL = {
    "openapi": "3.1.0",
    "info": {"title": "磨坊 Mill", "version": "1", "description": "Flour."},
    "paths": {
        "/v1/trees/{tree}/flour": {"get": operation("read flour", NEEDS_TOKEN)},
        "/v1/dictionaries/flours": {"get": operation("list flours")},
        "/v1/operations/dead-letters": {"get": operation("list dead letters", NEEDS_TOKEN)},
    },
}


@dataclass
class Platform:
    """A running gateway, the services behind it, and a client with a good token."""

    client: httpx.AsyncClient
    orchard: Service
    mill: Service
    url: str


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generated documents of the two test services."""
    directory = tmp_path_factory.mktemp("generated")
    (directory / "openapi").mkdir()
    for name, document in (("orchard", ORCHARD), ("mill", MILL)):
        (directory / "openapi" / f"{name}.json").write_text(json.dumps(document), "utf-8")
    page = yaml.safe_dump(asyncapi(dict(FACTS)), allow_unicode=True)
    (directory / "asyncapi.yaml").write_text(page, "utf-8")
    return directory


@pytest.fixture(scope="session")
def settings_for(jwks: Path) -> Callable[[dict[str, str]], Settings]:
    """Settings of a gateway in front of these services."""

    def make(upstreams: dict[str, str]) -> Settings:
        return Settings.model_validate(
            {
                "environment": "test",
                "jwks": str(jwks),
                "issuer": ISSUER,
                "audience": AUDIENCE,
                "upstreams": upstreams,
                "upstream_timeout_s": TIMEOUT_S,
                "body_bytes_max": BODY_BYTES_MAX,
                "log_level": "error",
            }
        )

    return make


@pytest.fixture(scope="session")
def start_gateway(
    settings_for: Callable[[dict[str, str]], Settings], generated: Path
) -> Callable[[dict[str, str]], Any]:
    """Starts a gateway in front of these services; yields its base URL."""

    def start(upstreams: dict[str, str]) -> Any:
        return serve(create_gateway(settings_for(upstreams), generated))

    return start


@pytest.fixture(scope="session")
async def running_platform(
    start_gateway: Callable[[dict[str, str]], Any], token: Callable[..., str]
) -> AsyncIterator[Platform]:
    """One gateway for the session, in front of an orchard and a mill."""
    orchard, mill = Service(), Service()
    async with AsyncExitStack() as running:
        places = {
            "orchard": await running.enter_async_context(serve(orchard)),
            "mill": await running.enter_async_context(serve(mill)),
        }
        url = await running.enter_async_context(start_gateway(places))
        client = await running.enter_async_context(
            httpx.AsyncClient(
                base_url=url, headers={"authorization": f"Bearer {token('operator')}"}
            )
        )
        yield Platform(client, orchard, mill, url)


@pytest.fixture
def platform(running_platform: Platform) -> Platform:
    """The running platform, its services as at the start."""
    for service in (running_platform.orchard, running_platform.mill):
        service.seen.clear()
        service.answer = None
    return running_platform


def check_problem(answer: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    """The answer is a complete problem of this kind; returns it."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["type"] == f"urn:terrace:problem:{slug}"
    assert body["title"]
    assert body["detail"]
    assert body["instance"] == answer.request.url.path
    assert body["request_id"] == answer.headers["x-request-id"]
    return body
