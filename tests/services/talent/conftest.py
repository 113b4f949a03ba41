"""The talent service, running on a real database and broker, with a key ring of its own."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from contracts.dossier import Dossier
from contracts.events.certification import Title, TitlesChanged, TitleStatus
from contracts.events.enterprise import DossierChanged, DossierStatus
from contracts.values import Tier
from deploy.local import key_ring
from services.talent import handlers
from shared import clock
from shared.db import Database
from tests.factories import make_dossier, make_uscc

DEADLINE_S = 30
Json = dict[str, Any]


@dataclass
class Talent:
    """A client of the running service, with what tests ask again and again."""

    app: FastAPI
    http: httpx.AsyncClient
    token: Callable[..., str]
    ring: Path
    bureau: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.bureau = self.bearer("regulator", authority="440100")

    @property
    def database(self) -> Database:
        database: Database = self.app.state.database
        return database

    def bearer(self, role: str, **claims: object) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token(role, **claims)}"}

    def firm(self, uscc: str) -> dict[str, str]:
        return self.bearer("enterprise", uscc=uscc)

    def person(self, name: str) -> dict[str, str]:
        return self.bearer("talent", sub=name)

    def school(self, org: str = "scut") -> dict[str, str]:
        return self.bearer("institution", org=org)

    async def call(
        self, method: str, path: str, caller: dict[str, str], body: Any = None, **headers: str
    ) -> httpx.Response:
        return await self.http.request(method, path, json=body, headers={**caller, **headers})

    async def done(
        self, method: str, path: str, caller: dict[str, str], body: Any = None, **headers: str
    ) -> Json:
        answer = await self.call(method, path, caller, body, **headers)
        assert answer.status_code in (200, 201), f"{method} {path}: {answer.text}"
        return dict(answer.json())

    async def enterprise(self, region: str = "440106", segment: str = "servo-drive") -> str:
        """An enterprise as its own service publishes it."""
        uscc = make_uscc()
        dossier = Dossier.model_validate(make_dossier(uscc, region=region, segment=segment))
        await self.hear(dossier_changed(dossier))
        return uscc

    async def hear(self, fact: DossierChanged | TitlesChanged) -> None:
        async with self.database.transaction() as session:
            if isinstance(fact, DossierChanged):
                await handlers.on_dossier_changed(fact, session)
            else:
                await handlers.on_titles_changed(fact, session)

    async def position(self, uscc: str, *, publish: bool = True, **changes: Any) -> Json:
        """A position of the enterprise, reviewed and published unless told otherwise."""
        body = {**make_position(**changes), "uscc": uscc}
        position = await self.done("POST", "/v1/positions", self.firm(uscc), body)
        if not publish:
            return position
        path = f"/v1/positions/{position['position_id']}"
        await self.done("POST", f"{path}/submission", self.firm(uscc))
        await self.done("POST", f"{path}/review", self.bureau, {"decision": "approve"})
        await self.publish()
        return await self.done("GET", path, self.firm(uscc))

    async def publish(self) -> Json:
        """A batch of a period of its own."""
        number = next(_PERIODS)
        period = f"20{10 + number // 12 % 90}-{number % 12 + 1:02d}"
        body = {"period": period, "title": "人才需求目录"}
        batch = await self.done("POST", "/v1/position-batches", self.bureau, body)
        path = f"/v1/position-batches/{batch['batch_id']}/publication"
        return await self.done("POST", path, self.bureau)

    async def candidate(self, caller: dict[str, str], **changes: Any) -> Json:
        return await self.done("POST", "/v1/candidates", caller, make_candidate(**changes))

    async def matches(self, position: Json, **query: Any) -> Json:
        path = f"/v1/positions/{position['position_id']}/matches"
        answer = await self.http.get(path, params=query, headers=self.firm(position["uscc"]))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def facts(self, key: str) -> list[Json]:
        """What the outbox holds for this key, in order."""
        rows = await self.rows("SELECT payload FROM outbox WHERE key = :key ORDER BY id", key=key)
        return [json.loads(row.payload) for row in rows]

    async def rows(self, sql: str, **values: object) -> list[Any]:
        async with self.database.transaction() as session:
            return list(await (await session.connection()).execute(text(sql), values))


_PERIODS = iter(range(100_000))


def dossier_changed(
    dossier: Dossier, version: int = 1, status: DossierStatus = DossierStatus.REGISTERED
) -> DossierChanged:
    return DossierChanged(
        uscc=dossier.uscc,
        version=version,
        status=status,
        name=dossier.name,
        changed_at=clock.now(),
        facts=dossier.facts(),
    )


def titles_changed(uscc: str, tier: Tier, version: int = 1) -> TitlesChanged:
    title = Title(
        kind=tier,
        tier=tier,
        status=TitleStatus.EFFECTIVE,
        authority="440000",
        document_no="示例〔2022〕1号",
        document_on=date(2022, 1, 1),
        batch=None,
        valid_from=date(2022, 1, 1),
        valid_to=None,
    )
    return TitlesChanged(uscc=uscc, version=version, titles=(title,))


def make_position(**changes: Any) -> Json:
    body = {
        "kind": "innovative",
        "mode": "full",
        "region": "440106",
        "title": "伺服驱动算法工程师",
        "description": "负责伺服电机控制算法的开发与调试",
        "headcount": 2,
        "level": 3,
        "years": 5,
        "discipline": 20,
        "wish_skills": ["电机控制算法"],
        "salary_min_cny": "15000.00",
        "salary_max_cny": "25000.00",
        "open_until": "2098-12-31",
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


def make_candidate(**changes: Any) -> Json:
    body = {
        "kinds": ["innovative"],
        "level": 3,
        "years": 8,
        "discipline": 20,
        "region": "440112",
        "reach": "province",
        "modes": ["full", "flexible"],
        "salary_min_cny": "20000.00",
        "skills": ["伺服控制", "FOC"],
        "summary": "八年伺服驱动器研发经验",
        "consent": {"reference": "SQ-1", "until": "2098-12-31"},
        "personal": {
            "name": "欧阳示例",
            "phone": "13912345678",
            "email": "ouyang@example.org",
            "employer": "示例电机研究所",
            "id_number": "440106198701011234",
        },
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


async def until(condition: Callable[[], Awaitable[Any]]) -> Any:
    """Wait for the condition to give something true."""
    end = time.monotonic() + DEADLINE_S
    while not (found := await condition()):
        assert time.monotonic() < end, "the condition was not met"
        await asyncio.sleep(0.02)
    return found


@pytest.fixture(scope="session")
async def talent(
    start_service: Callable[[str], Any],
    token: Callable[..., str],
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Talent]:
    state_dir = tmp_path_factory.mktemp("talent")
    key_ring.ensure_key_ring(state_dir)
    ring = key_ring.key_ring_path(state_dir)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TERRACE_TALENT_KEY_RING", str(ring))
        async with start_service("talent") as (app, client):
            running = Talent(app, client, token, ring)

            async def is_loaded() -> bool:
                return not app.state.matcher.problems()

            await until(is_loaded)
            yield running
