"""A small app at the edge, on a real database and with the keys of a real issuer."""

import json
import secrets
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from shared import migrate
from shared.app import create_app
from shared.db import Database
from shared.settings import Settings
from tests.conftest import DatabaseServer
from tests.shared.edge_routes import SCHEMA, router

ISSUER, AUDIENCE = "terrace-test", "terrace"
TokenMaker = Callable[..., str]


@pytest.fixture(scope="session")
def signing_key() -> RSAKey:
    """The issuer's key of this session."""
    return RSAKey.generate_key(2048, parameters={"kid": "first"})


@pytest.fixture
def jwks(signing_key: RSAKey, tmp_path: Path) -> Path:
    """The issuer's public keys as a file."""
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(KeySet([signing_key]).as_dict(private=False)))
    return path


@pytest.fixture(scope="session")
def token(signing_key: RSAKey) -> TokenMaker:
    """Makes tokens: `token("regulator", authority="440100")`; a claim given as None is left out."""

    def make(role: object, ttl_s: float = 600, key: RSAKey | None = None, **claims: object) -> str:
        key = key or signing_key
        now = int(time.time())
        given = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "someone",
            "iat": now,
            "exp": now + ttl_s,
            "role": role,
            **claims,
        }
        header = {"alg": "RS256", "kid": key.kid}
        return jwt.encode(header, {k: v for k, v in given.items() if v is not None}, key)

    return make


@pytest.fixture(scope="module")
async def database(postgres_server: DatabaseServer) -> AsyncIterator[Database]:
    """A database with the tables of the bus and of the small app, one per test file."""
    name = f"test_{secrets.token_hex(6)}"
    url = postgres_server.ensure_database(name)
    await migrate.upgrade(url, None)
    database = Database(url)
    async with database.transaction() as session:
        connection = await session.connection()
        for statement in SCHEMA:
            await connection.exec_driver_sql(statement)
    yield database
    await database.close()
    postgres_server.drop_database(name)


@pytest.fixture
def app(database: Database, jwks: Path) -> FastAPI:
    """The small app; its bodies may have 2000 bytes."""
    settings = Settings(
        environment="test", jwks=str(jwks), issuer=ISSUER, audience=AUDIENCE, body_bytes_max=2000
    )
    app = create_app(title="edge", description="For tests.", settings=settings)
    app.state.database = database
    app.include_router(router)
    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Calls the small app."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
