"""The composition of a service: settings, database, bus, jobs, routes, health, error format."""

import gc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from fastapi import APIRouter, FastAPI, Response
from fastapi.routing import APIRoute
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text

from shared import clock, problems
from shared.auth import TokenVerifier, open_to_all
from shared.bus import Bus, Handler
from shared.db import Database
from shared.errors import Problem
from shared.http import Edge
from shared.jobs import Job, Jobs
from shared.settings import Settings
from shared.telemetry import RequestTelemetry, configure_logging

# What a request or an event makes is in no cycle and goes with it: looking for cycles after every
# 700 objects, as Python does, takes a tenth of the time.
GARBAGE_AFTER = 50_000
DEFAULT_ANSWERS = {
    "default": {"model": Problem, "description": "A problem (RFC 9457), application/problem+json."}
}


class Companion(Protocol):
    """What lives beside the requests of one process, such as an index in memory."""

    def start(self, database: Database) -> None:
        """Begin in the background; a database that is away must not end it."""

    async def stop(self) -> None:
        """End."""

    def problems(self) -> list[str]:
        """Why the service is not ready because of it; empty when it is."""
        ...


def create_service(
    name: str,
    *,
    title: str,
    description: str,
    routers: Sequence[APIRouter],
    handlers: Sequence[Handler] = (),
    jobs: Sequence[Job] = (),
    companions: Sequence[Companion] = (),
    settings: Settings | None = None,
) -> FastAPI:
    """A service with its own database and its place on the bus.

    The handlers' annotations are its subscriptions; what it publishes is what the contracts say
    it owns. Starting never fails because PostgreSQL or Kafka is away: `/readyz` says so instead.
    """
    settings = settings or Settings()
    if settings.database_url is None:
        raise SystemExit(f"Set TERRACE_DATABASE_URL to the database of the {name} service.")
    database = Database(settings.database_url, settings.database_pool_size)
    bus = Bus(name, database, settings, handlers)
    timed = Jobs(database, [*bus.jobs, *jobs])

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        gc.set_threshold(GARBAGE_AFTER)
        clock.follow(settings.clock_file)
        configure_logging(name, settings.log_level)
        await bus.start()
        timed.start()
        for companion in companions:
            companion.start(database)
        yield
        for companion in reversed(companions):
            await companion.stop()
        await timed.stop()
        await bus.stop()
        await database.close()

    app = create_app(title=title, description=description, settings=settings, lifespan=lifespan)
    app.state.database = database
    app.state.bus = bus
    for router in routers:
        app.include_router(router)
    app.include_router(bus.router)
    app.include_router(health(database, bus, timed, companions))
    return app


def create_app(
    *,
    title: str,
    description: str,
    settings: Settings,
    lifespan: object = None,
) -> FastAPI:
    """A bare app of the house: one error format, request ids, body limit, token verifier."""
    app = FastAPI(
        title=title,
        description=description,
        version="1",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,  # type: ignore[arg-type]
        generate_unique_id_function=lambda route: route.name,
        responses=DEFAULT_ANSWERS,  # type: ignore[arg-type]
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.state.verifier = TokenVerifier(settings)
    app.state.database = None
    problems.install(app)
    app.add_middleware(RequestTelemetry)
    return app


def create_router(tag: str) -> APIRouter:
    """A router whose every route runs at the edge: one request, one transaction."""
    return APIRouter(tags=[tag], route_class=Edge)


def health(
    database: Database, bus: Bus, timed: Jobs, companions: Sequence[Companion] = ()
) -> APIRouter:
    """`/healthz`, `/readyz`, `/metrics`: open, and outside the transaction of the edge."""
    router = APIRouter(include_in_schema=False, dependencies=[open_to_all], route_class=APIRoute)

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/readyz")
    async def readyz(response: Response) -> dict[str, object]:
        found = [*bus.problems(), *timed.problems(), *(p for c in companions for p in c.problems())]
        try:
            async with database.engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except Exception as error:  # whatever is wrong, the answer is "not ready", with its name
            found.append(f"database: {type(error).__name__}")
        response.status_code = 503 if found else 200
        return {"ready": not found, "problems": found}

    @router.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router
