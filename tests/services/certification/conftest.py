"""The certification service, running on a real database with its domain clock in the tests' hand.

The app is the real one without its timed jobs, which tests call themselves; the broker is away,
so the outbox keeps every fact that would be published.
"""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from contracts.events.enterprise import DossierChanged, DossierStatus
from contracts.facts import EnterpriseFacts
from shared import clock, migrate
from shared.app import create_service
from shared.db import Database
from shared.settings import Settings
from tests.conftest import DatabaseServer
from tests.factories import make_dossier
from tests.services.conftest import ISSUER

NO_BROKER = "127.0.0.1:9"
AUGUST_2022 = "2022-08-31T10:00:00+08:00"
SEPTEMBER_2022 = "2022-09-30T10:00:00+08:00"
NOT_FACTS = ("name",)


def facts_of(**changes: Any) -> EnterpriseFacts:
    """Facts of a plausible enterprise."""
    document = make_dossier(**changes)
    return EnterpriseFacts.model_validate(
        {name: value for name, value in document.items() if name not in NOT_FACTS}
    )


def dossier_changed(
    uscc: str, version: int = 1, *, status: str = "registered", name: str = "示例公司", **facts: Any
) -> DossierChanged:
    """The fact that the enterprise service would publish."""
    return DossierChanged(
        uscc=uscc,
        version=version,
        status=DossierStatus(status),
        name=name,
        changed_at=clock.now(),
        facts=facts_of(code=uscc, **facts),
    )


class DomainClock:
    """Domain time of the process, set by the test."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def move_to(self, at: str) -> None:
        self._path.write_text(
            json.dumps({"domain_at": at, "machine_at": datetime.now(UTC).isoformat()})
        )
        clock.follow(str(self._path))


@pytest.fixture
def domain_clock(tmp_path: Path) -> Iterator[DomainClock]:
    """Domain time, at 2022-09-30 until moved; machine time again after the test."""
    found = DomainClock(tmp_path / "clock.json")
    found.move_to(SEPTEMBER_2022)
    yield found
    clock.follow(None)


@asynccontextmanager
async def running_app(url: str, broker: str, jwks: Path) -> AsyncIterator[FastAPI]:
    """The service on this database and broker, without its timed jobs."""
    from services.certification import handlers
    from services.certification.routers import ROUTERS

    await migrate.upgrade(url, "certification")
    app = create_service(
        "certification",
        title="certification",
        description="under test",
        routers=ROUTERS,
        handlers=[handlers.on_dossier_changed],
        settings=Settings(
            environment="test",
            database_url=url,
            kafka=broker,
            jwks=str(jwks),
            issuer=ISSUER,
        ),
    )
    async with app.router.lifespan_context(app):
        yield app


@dataclass
class Certification:
    """A client of the running service, with what tests ask again and again."""

    app: FastAPI
    http: httpx.AsyncClient
    token: Callable[..., str]
    operator: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.operator = self.bearer("operator", authority="440000")

    @property
    def database(self) -> Database:
        found: Database = self.app.state.database
        return found

    def bearer(self, role: str, **claims: object) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token(role, **claims)}"}

    async def hear(self, fact: DossierChanged) -> None:
        """What the consumer does with a fact."""
        from services.certification.handlers import on_dossier_changed

        await self.database.run(lambda session: on_dossier_changed(fact, session))

    async def facts(self, uscc: str, type_: str) -> list[dict[str, Any]]:
        """What the outbox holds of one kind for this enterprise, in order."""
        async with self.database.transaction() as session:
            rows = await (await session.connection()).execute(
                text("SELECT payload FROM outbox WHERE key = :key AND type = :type ORDER BY id"),
                {"key": uscc, "type": f"certification.{type_}.v1"},
            )
            return [json.loads(row.payload) for row in rows]

    async def count(self, table: str) -> int:
        async with self.database.transaction() as session:
            return int(await session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)

    async def outlook(self, uscc: str, language: str = "en") -> dict[str, Any]:
        headers = self.bearer("enterprise", uscc=uscc)
        answer = await self.http.get(
            f"/v1/enterprises/{uscc}/outlook", headers={**headers, "accept-language": language}
        )
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def titles(self, uscc: str) -> list[dict[str, Any]]:
        answer = await self.http.get(f"/v1/enterprises/{uscc}/titles", headers=self.operator)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["titles"])

    async def send_list(
        self,
        body: bytes | str,
        *,
        headers: dict[str, str] | None = None,
        media: str = "text/csv",
        **changes: Any,
    ) -> httpx.Response:
        params = {
            "kind": "specialized_sme",
            "status": "effective",
            "document_no": "粤工信企业〔2022〕1号",
            "document_on": "2022-09-01",
            "authority": "440000",
            **changes,
        }
        return await self.http.post(
            "/v1/official-lists",
            params={name: value for name, value in params.items() if value is not None},
            content=body.encode() if isinstance(body, str) else body,
            headers={**(headers or self.operator), "content-type": media},
        )


def csv_list(*rows: str, heading: str = "统一社会信用代码,企业名称,批次") -> str:
    """A list as an authority would publish it."""
    return "\n".join([heading, *rows]) + "\n"


@pytest.fixture(scope="session")
async def certification_app(
    postgres_server: DatabaseServer, jwks: Path, token: Callable[..., str]
) -> AsyncIterator[Certification]:
    url = postgres_server.ensure_database("test_certification")
    async with running_app(url, NO_BROKER, jwks) as app:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield Certification(app, client, token)
    postgres_server.drop_database("test_certification")


@pytest.fixture
async def certification(
    certification_app: Certification, domain_clock: DomainClock
) -> Certification:
    """The service with an empty database, on 2022-09-30."""
    tables = (
        "title_waiting, title, official_list_row, official_list, enterprise, outbox,"
        " evaluation, dossier, simulation_change, simulation, rulebook, rule_file"
    )
    async with certification_app.database.transaction() as session:
        await (await session.connection()).execute(
            text(f"TRUNCATE {tables}, key_versions, idempotency")
        )
    return certification_app
