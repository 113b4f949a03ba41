"""The catalog service on a real database, its domain clock in the tests' hand.

The app is the real one without its timed jobs, which tests call themselves; the broker is away,
so the outbox keeps every fact that would be published.
"""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from contracts.events.certification import OutlookChanged, TitlesChanged
from contracts.events.enterprise import DossierChanged, DossierStatus
from contracts.facts import EnterpriseFacts
from services.catalog import handlers
from shared import clock, migrate
from shared.app import create_service
from shared.db import Database
from shared.settings import Settings
from tests.conftest import DatabaseServer
from tests.factories import make_dossier, make_uscc
from tests.services.conftest import ISSUER

NO_BROKER = "127.0.0.1:9"
SEPTEMBER_2022 = "2022-09-30T10:00:00+08:00"
CITY = "440100"


class DomainClock:
    """Domain time of the process, set by the test."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def move_to(self, at: str) -> None:
        self._path.write_text(
            json.dumps({"domain_at": at, "machine_at": datetime.now(UTC).isoformat()})
        )
        clock.follow(str(self._path))


@pytest.fixture(autouse=True)
def domain_clock(tmp_path: Path) -> Iterator[DomainClock]:
    """Domain time, at 2022-09-30 until moved; machine time again after the test."""
    found = DomainClock(tmp_path / "clock.json")
    found.move_to(SEPTEMBER_2022)
    yield found
    clock.follow(None)


@dataclass
class Catalog:
    """A client of the running service, with what tests ask again and again."""

    app: FastAPI
    http: httpx.AsyncClient
    token: Callable[..., str]

    @property
    def database(self) -> Database:
        found: Database = self.app.state.database
        return found

    async def call(
        self, method: str, path: str, by: dict[str, str], body: Any = None, **more: Any
    ) -> httpx.Response:
        claims = {name: value for name, value in by.items() if name != "role"}
        headers = {"authorization": f"Bearer {self.token(by['role'], **claims)}"}
        headers |= more.pop("headers", {})
        return await self.http.request(method, path, json=body, headers=headers, **more)

    async def done(self, method: str, path: str, by: dict[str, str], body: Any = None) -> Any:
        answer = await self.call(method, path, by, body)
        assert answer.is_success, answer.text
        return answer.json()

    async def enterprise(
        self, *, segment: str | None = "servo-drive", industry: str = "3484", region: str = "440106"
    ) -> str:
        """An enterprise the catalog has heard of."""
        uscc = make_uscc()
        document = make_dossier(code=uscc, segment=segment, industry=industry, region=region)
        document.pop("name")
        if segment is None:
            document.pop("chain_position")
        fact = DossierChanged(
            uscc=uscc,
            version=1,
            status=DossierStatus.REGISTERED,
            name="示例公司",
            changed_at=clock.now(),
            facts=EnterpriseFacts.model_validate(document),
        )
        await self.database.run(lambda session: handlers.on_dossier_changed(fact, session))
        return uscc

    async def hears_titles(self, uscc: str, *kinds: str, version: int = 1) -> None:
        titles = [
            {
                "kind": kind,
                "status": "effective",
                "authority": "440000",
                "document_no": "示例〔2022〕1号",
                "document_on": "2022-01-01",
                "valid_from": "2022-01-01",
                "valid_to": "2024-12-31",
            }
            for kind in kinds
        ]
        fact = TitlesChanged.model_validate({"uscc": uscc, "version": version, "titles": titles})
        await self.database.run(lambda session: handlers.on_titles_changed(fact, session))

    async def hears_outlook(self, uscc: str, version: int = 1, **tiers: Any) -> None:
        """`hears_outlook(uscc, innovative_sme="reached", specialized_sme=["score"])`."""
        rows = [
            {
                "tier": tier,
                "rule_set": "miit-2022-63",
                "attainment": said if isinstance(said, str) else "not_reached",
                "unmet": [] if isinstance(said, str) else said,
            }
            for tier, said in tiers.items()
        ]
        fact = OutlookChanged.model_validate(
            {"uscc": uscc, "version": version, "judged_on": "2022-09-30", "tiers": rows}
        )
        await self.database.run(lambda session: handlers.on_outlook_changed(fact, session))

    async def candidate(self, code: str | None = None, **changes: Any) -> str:
        code = code or f"p{uuid4().hex[:12]}"
        body = {
            "provider": code,
            "authority": CITY,
            "name": "示例服务机构",
            "kind": "regional_institution",
            "introduction": "区域性科技服务机构",
            **changes,
        }
        await self.done("POST", "/v1/service-providers", OFFICE, body)
        return code

    async def review(self, code: str, move: str, by: dict[str, str] | None = None) -> Any:
        body = {"move": move, "reason": "测试原因", "findings": FINDINGS}
        return await self.call("POST", f"/v1/service-providers/{code}/reviews", by or OFFICE, body)

    async def provider(self, code: str | None = None) -> str:
        """A listed provider."""
        code = await self.candidate(code)
        answer = await self.review(code, "list")
        assert answer.status_code == 201, answer.text
        return code

    async def offering(self, provider: str, **changes: Any) -> Any:
        body = {
            "service": "technology",
            "name": "数字化水平诊断",
            "description": "按评测指标开展数字化水平诊断，出具报告。",
            **changes,
        }
        return await self.done(
            "POST", f"/v1/service-providers/{provider}/offerings", provider_of(provider), body
        )

    async def facts(self, key: str) -> list[dict[str, Any]]:
        """What the outbox holds under this key, in order."""
        async with self.database.transaction() as session:
            rows = await (await session.connection()).execute(
                text("SELECT type, payload FROM outbox WHERE key = :key ORDER BY id"), {"key": key}
            )
            return [{"type": row.type, **json.loads(row.payload)} for row in rows]


OFFICE = {"role": "operator", "authority": CITY}
FINDINGS = [
    {"criterion": name, "met": True}
    for name in ("legal_person", "no_serious_dishonesty", "service_team", "track_record")
]


def provider_of(code: str) -> dict[str, str]:
    return {"role": "provider", "org": code}


def firm(uscc: str) -> dict[str, str]:
    return {"role": "enterprise", "uscc": uscc}


@pytest.fixture(scope="session")
async def catalog(
    postgres_server: DatabaseServer, jwks: Path, token: Callable[..., str]
) -> AsyncIterator[Catalog]:
    from services.catalog.routers import ROUTERS

    url = postgres_server.ensure_database("test_catalog")
    await migrate.upgrade(url, "catalog")
    app = create_service(
        "catalog",
        title="catalog",
        description="under test",
        routers=ROUTERS,
        settings=Settings(
            environment="test",
            database_url=url,
            kafka=NO_BROKER,
            jwks=str(jwks),
            issuer=ISSUER,
            database_pool_size=20,
        ),
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test", timeout=60) as client,
    ):
        yield Catalog(app, client, token)
    postgres_server.drop_database("test_catalog")
