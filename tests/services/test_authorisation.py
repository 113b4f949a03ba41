"""Every route of every service says beside itself who may call it."""

import importlib
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import Depends, FastAPI
from fastapi.routing import RouteContext, iter_route_contexts

from contracts.generation.services import service_names
from services.gateway.composition import create_gateway
from shared.auth import Role, Subject, allow, declares_authorisation, open_to_all
from shared.settings import Settings

FRAMEWORK = {"/openapi.json"}
"""Served by the framework and open by intent: it describes, and holds no fact."""


def app_of(service: str, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    """The service's application, built and never started."""
    monkeypatch.setenv("TERRACE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    app: FastAPI = importlib.import_module(f"services.{service}.main").app
    return app


def calls(dependant: Any) -> Iterator[Any]:
    yield dependant.call
    for needed in dependant.dependencies:
        yield from calls(needed)


def declares(route: RouteContext) -> bool:
    dependant = getattr(route, "dependant", None)
    return dependant is not None and any(map(declares_authorisation, calls(dependant)))


def undeclared(app: FastAPI) -> list[str]:
    return [
        str(route.path)
        for route in iter_route_contexts(app.routes)
        if route.path not in FRAMEWORK and not declares(route)
    ]


@pytest.mark.parametrize("service", service_names())
def test_every_route_of_a_service_declares_who_may_call_it(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = app_of(service, monkeypatch)
    assert sum(1 for _ in iter_route_contexts(app.routes)) > len(FRAMEWORK)
    assert undeclared(app) == []


def test_every_page_of_the_gateway_declares_it_too() -> None:
    assert undeclared(create_gateway(Settings()).pages) == []


@pytest.mark.parametrize("service", service_names())
def test_a_route_is_open_or_asks_for_a_token_in_the_document_too(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway reads the need for a token from the document, so the two must agree."""
    app = app_of(service, monkeypatch)
    paths = app.openapi()["paths"]
    for route in iter_route_contexts(app.routes):
        for method in route.methods or ():
            operation = paths.get(route.path, {}).get(method.lower())
            if operation is not None:
                opened = open_to_all.dependency in set(calls(getattr(route, "dependant", None)))
                assert bool(operation.get("security")) is not opened, f"{method} {route.path}"


def test_the_walk_finds_a_route_without_declaration() -> None:
    app = FastAPI()

    @app.get("/declared")
    async def declared(caller: Subject = allow(Role.OPERATOR)) -> str:
        return caller.sub

    @app.get("/forgotten")
    async def forgotten(other: None = Depends(lambda: None)) -> None:
        return other

    found = undeclared(app)
    assert "/forgotten" in found
    assert "/declared" not in found
