"""The enterprise service, running."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from tests.factories import make_dossier


@dataclass
class Enterprises:
    """A client of the running service, with what tests ask again and again."""

    app: FastAPI
    http: httpx.AsyncClient
    token: Callable[..., str]
    operator: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.operator = self.bearer("operator", authority="440100")

    def bearer(self, role: str, **claims: object) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token(role, **claims)}"}

    async def register(self, **changes: Any) -> dict[str, Any]:
        answer = await self.http.post(
            "/v1/enterprises", json=make_dossier(**changes), headers=self.operator
        )
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def stored(self) -> tuple[int, int]:
        """Rows of dossiers and of the outbox: what a refused request must not change."""
        async with self.app.state.database.transaction() as session:
            dossiers = await session.scalar(text("SELECT count(*) FROM dossier_version"))
            facts = await session.scalar(text("SELECT count(*) FROM outbox"))
            return dossiers, facts

    async def facts(self, uscc: str) -> list[dict[str, Any]]:
        """What the outbox holds for this enterprise, in order."""
        import json

        async with self.app.state.database.transaction() as session:
            rows = await (await session.connection()).execute(
                text("SELECT type, payload FROM outbox WHERE key = :key ORDER BY id"),
                {"key": uscc},
            )
            return [{"type": row.type, **json.loads(row.payload)} for row in rows]


@pytest.fixture(scope="session")
async def enterprises(
    start_service: Callable[[str], Any], token: Callable[..., str]
) -> AsyncIterator[Enterprises]:
    async with start_service("enterprise") as (app, client):
        yield Enterprises(app, client, token)
