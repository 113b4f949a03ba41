"""Puts the gateway together from the services' committed documents and the settings.

Adding a service is one entry in TERRACE_UPSTREAMS; its paths come from its committed document.
"""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import yaml
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

import contracts
from services.gateway import events_page
from services.gateway.document import Document, merge
from services.gateway.forward import Forwarder
from services.gateway.pages import create_health, create_pages
from services.gateway.table import RouteConflict, RouteTable
from services.gateway.upstream import Upstream
from shared.app import create_app
from shared.auth import TokenVerifier
from shared.settings import Settings
from shared.telemetry import RequestTelemetry, configure_logging

GENERATED = Path(contracts.__file__).parent / "generated"
API = "/v1/"


class Gateway:
    """The platform's ASGI application: `/v1/…` is forwarded, the rest are the gateway's pages.

    The forwarded path goes round the framework's router and middleware on purpose: they would
    cost as much as the hop itself.
    """

    def __init__(self, pages: FastAPI, forwarder: ASGIApp) -> None:
        self.pages = pages
        self._forwarder = RequestTelemetry(forwarder)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(API):
            await self._forwarder(scope, receive, send)
        else:
            await self.pages(scope, receive, send)


def create_gateway(settings: Settings | None = None, generated: Path = GENERATED) -> Gateway:
    """The gateway in front of the services of TERRACE_UPSTREAMS.

    Raises RouteConflict when a service has no committed document or two claim one path.
    """
    settings = settings or Settings()
    documents = {name: _document(generated, name) for name in settings.upstreams}
    upstreams = {
        name: Upstream(name, str(url), settings.upstream_timeout_s)
        for name, url in settings.upstreams.items()
    }

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        configure_logging("gateway", settings.log_level)
        async with AsyncExitStack() as open_connections:
            for upstream in upstreams.values():
                await open_connections.enter_async_context(upstream)
            yield

    pages = create_app(
        title="网关 Gateway",
        description="Routes, identity, limits, the merged OpenAPI.",
        settings=settings,
        lifespan=lifespan,
    )
    merged = merge(documents)
    pages.openapi = lambda: merged  # type: ignore[method-assign]  # served at /openapi.json
    asyncapi = (generated / "asyncapi.yaml").read_text("utf-8")
    events = events_page.render(yaml.safe_load(asyncapi))
    pages.include_router(create_pages(asyncapi, events))
    pages.include_router(create_health(upstreams))
    table = RouteTable(documents)
    forwarder = Forwarder(table, upstreams, TokenVerifier(settings), settings.body_bytes_max)
    return Gateway(pages, forwarder)


def _document(generated: Path, service: str) -> Document:
    path = generated / "openapi" / f"{service}.json"
    if not path.is_file():
        raise RouteConflict(
            f"TERRACE_UPSTREAMS names {service}, and {path.name} is not among the generated"
            " OpenAPI documents. Correct the name or run `make contracts`."
        )
    document: Document = json.loads(path.read_text("utf-8"))
    return document
