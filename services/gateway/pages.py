"""What the gateway answers itself: documents, docs pages, health, metrics.

The docs pages take every asset from here, since an intranet reaches no other host; the content
security policy makes the browser hold to that.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import fastapi_offline
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse

from services.gateway.upstream import Upstream
from shared.auth import open_to_all

_OWN = Path(__file__).parent / "static"
_SWAGGER_UI = Path(fastapi_offline.__file__).parent / "static"
ASSETS = {
    "docs.js": _OWN / "docs.js",
    "events.css": _OWN / "events.css",
    "swagger-ui.css": _SWAGGER_UI / "swagger-ui.css",
    "swagger-ui-bundle.js": _SWAGGER_UI / "swagger-ui-bundle.js",
}
_POLICY = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline';"
        " object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def create_pages(asyncapi: str, events_html: str) -> APIRouter:
    """`/docs` with its assets, `/docs/events`, `/asyncapi.yaml`."""
    router = APIRouter(include_in_schema=False, dependencies=[open_to_all])

    @router.get("/asyncapi.yaml")
    async def asyncapi_document() -> Response:
        return Response(asyncapi, media_type="application/yaml")

    @router.get("/docs")
    async def docs() -> Response:
        return FileResponse(_OWN / "docs.html", media_type="text/html", headers=_POLICY)

    @router.get("/docs/events")
    async def docs_of_events() -> Response:
        return HTMLResponse(events_html, headers=_POLICY)

    @router.get("/docs/{asset}")
    async def docs_asset(asset: str) -> Response:
        if asset not in ASSETS:
            raise HTTPException(404)
        return FileResponse(ASSETS[asset], headers=_POLICY)

    return router


def create_health(upstreams: Mapping[str, Upstream]) -> APIRouter:
    """`/healthz`, `/readyz` (every service can be reached), `/metrics`."""
    router = APIRouter(include_in_schema=False, dependencies=[open_to_all])

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/readyz")
    async def readyz(response: Response) -> dict[str, object]:
        states = await asyncio.gather(*(upstream.state() for upstream in upstreams.values()))
        services = dict(zip(upstreams, states, strict=True))
        away = [f"{name}: {state}" for name, state in services.items() if state == "unreachable"]
        response.status_code = 503 if away else 200
        return {"ready": not away, "problems": away, "services": services}

    @router.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router
