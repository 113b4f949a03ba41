"""A composed service starts whatever is away, and says at /readyz what keeps it from working."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI

from shared import migrate
from shared.app import create_app, create_router, create_service, health
from shared.auth import declares_authorisation, open_to_all
from shared.bus import Bus
from shared.db import Database
from shared.jobs import Job, Jobs
from shared.settings import Settings
from tests.deploy.waiting import until
from tests.shared.test_jobs import EVERY_SECOND, execute

NOWHERE = "127.0.0.1:1"


class Index:
    """A companion that notes when it starts and stops."""

    def __init__(self) -> None:
        self.log: list[str] = []

    def start(self, database: Database) -> None:
        self.log.append("started")

    async def stop(self) -> None:
        self.log.append("stopped")

    def problems(self) -> list[str]:
        return ["index: still reading"]


@asynccontextmanager
async def calling(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        yield client


async def test_a_service_starts_and_stops_while_everything_is_away() -> None:
    index, router = Index(), create_router("edge")

    @router.post("/ping", dependencies=[open_to_all])
    async def ping() -> None: ...

    settings = Settings(
        environment="test", database_url=f"postgresql://u:p@{NOWHERE}/db", kafka=NOWHERE
    )
    app = create_service(
        "enterprise",
        title="t",
        description="d",
        routers=[router],
        companions=[index],
        settings=settings,
    )
    async with calling(app) as client:
        assert (await client.get("/healthz")).json() == {"status": "alive"}
        ready = await client.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["ready"] is False
        assert "index: still reading" in ready.json()["problems"]
        assert any(found.startswith("database: ") for found in ready.json()["problems"])
        written = await client.post("/ping", headers={"idempotency-key": "1"})
        assert written.status_code == 503
        assert (await client.get("/metrics")).text.startswith("# HELP")
        assert index.log == ["started"]
    assert index.log == ["started", "stopped"]


def test_a_service_without_its_database_says_which_setting_is_missing() -> None:
    with pytest.raises(SystemExit, match="TERRACE_DATABASE_URL to the database of the funding"):
        create_service("funding", title="", description="", routers=[], settings=Settings())


async def found(client: httpx.AsyncClient, *about: str) -> list[str]:
    answer = await client.get("/readyz")
    problems: list[str] = answer.json()["problems"]
    assert answer.status_code == (503 if problems else 200)
    return [problem for problem in problems if problem.startswith(about)]


async def test_readiness_follows_the_jobs(fresh_database: str) -> None:
    await migrate.upgrade(fresh_database, None)
    database = Database(fresh_database)
    settings = Settings(environment="test", kafka=NOWHERE)

    async def work(_: Database) -> None: ...

    timed = Jobs(database, [Job("work", EVERY_SECOND, work)])
    app = create_app(title="t", description="d", settings=settings)
    app.include_router(health(database, Bus("test", database, settings), timed))
    async with calling(app) as client:
        assert not await found(client, "jobs")
        await execute(database, "ALTER TABLE pgqueuer_schedules RENAME TO hidden")
        timed.start()
        await until(lambda: timed.problems() != [])
        assert await found(client, "jobs") == ["jobs: RuntimeError"]
        await execute(database, "ALTER TABLE hidden RENAME TO pgqueuer_schedules")
        await until(lambda: timed.problems() == [])
        assert not await found(client, "jobs", "database")
        await timed.stop()
    await database.close()


def test_operations_are_named_after_their_function_and_answer_problems(app: FastAPI) -> None:
    document = app.openapi()
    named = {
        operation["operationId"]: operation
        for path in document["paths"].values()
        for operation in path.values()
    }
    assert {"write_note", "list_notes", "put_versioned"} <= set(named)
    assert all("default" in operation["responses"] for operation in named.values())
    assert named["write_mine"]["security"] == [{"bearer": ["enterprise", "operator"]}]
    assert "security" not in named["write_note"]


def test_health_declares_that_it_is_open() -> None:
    database = Database(f"postgresql://u:p@{NOWHERE}/db")
    settings = Settings(environment="test")
    router = health(database, Bus("test", database, settings), Jobs(database, []))
    assert {route.path for route in router.routes} == {"/healthz", "/readyz", "/metrics"}
    assert all(
        any(declares_authorisation(found.call) for found in route.dependant.dependencies)
        for route in router.routes
    )
