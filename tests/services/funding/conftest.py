"""Funding on a real database: facts are taken as the bus hands them over, one transaction each."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from shared import clock, migrate
from shared.db import Database
from tests.conftest import DatabaseServer
from tests.services.funding.makers import LAW_DAY

MoveTo = Callable[[date], None]


@pytest.fixture(scope="session")
async def database(postgres_server: DatabaseServer) -> AsyncIterator[Database]:
    """A migrated database of the session; tests keep apart by their own enterprises."""
    url = postgres_server.ensure_database("test_funding")
    await migrate.upgrade(url, "funding")
    database = Database(url)
    yield database
    await database.close()
    postgres_server.drop_database("test_funding")


@pytest.fixture
async def own_database(fresh_database: str) -> AsyncIterator[Database]:
    """A migrated database of one test, for work on every enterprise there is."""
    await migrate.upgrade(fresh_database, "funding")
    database = Database(fresh_database)
    yield database
    await database.close()


@pytest.fixture(autouse=True)
def domain_day(tmp_path: Path) -> Iterator[MoveTo]:
    """Domain time at noon of the sample's day; call it to move."""

    def move(day: date) -> None:
        path = tmp_path / "clock.json"
        path.write_text(
            json.dumps(
                {
                    "domain_at": f"{day}T12:00:00+08:00",
                    "machine_at": datetime.now(UTC).isoformat(),
                }
            )
        )
        clock.follow(str(path))

    move(LAW_DAY)
    yield move
    clock.follow(None)


@dataclass
class Funding:
    """A client of the running service and its database."""

    app: FastAPI
    http: httpx.AsyncClient
    token: Callable[..., str]

    @property
    def database(self) -> Database:
        database: Database = self.app.state.database
        return database

    async def get(self, path: str, role: str | None = "regulator", **claims: object) -> Any:
        """The answer to a GET; regulators are those of Guangzhou unless claims say otherwise."""
        if role == "regulator" and not claims:
            claims = {"authority": "440100"}
        headers = {"authorization": f"Bearer {self.token(role, **claims)}"} if role else {}
        return await self.http.get(path, headers=headers)


@pytest.fixture(scope="session")
async def funding(
    start_service: Callable[[str], Any], token: Callable[..., str]
) -> AsyncIterator[Funding]:
    """The running service with its consumer and its relay."""
    async with start_service("funding") as (app, client):
        yield Funding(app, client, token)
