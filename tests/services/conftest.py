"""Running services for tests: the real app on a real database and a real broker.

One app per service and test session, as in production one process; tests keep apart by using
their own enterprises.
"""

import importlib
import json
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from shared import migrate
from tests.conftest import Broker, DatabaseServer

ISSUER, AUDIENCE = "terrace-test", "terrace"
TokenMaker = Callable[..., str]


@pytest.fixture(scope="session")
def signing_key() -> RSAKey:
    """The issuer's key of this session."""
    return RSAKey.generate_key(2048, parameters={"kid": "test"})


@pytest.fixture(scope="session")
def jwks(signing_key: RSAKey, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The issuer's public keys as a file."""
    path = tmp_path_factory.mktemp("keys") / "jwks.json"
    path.write_text(json.dumps(KeySet([signing_key]).as_dict(private=False)))
    return path


@pytest.fixture(scope="session")
def token(signing_key: RSAKey) -> TokenMaker:
    """Makes tokens: `token("regulator", authority="440100")`."""

    def make(role: str, ttl_s: int = 600, key: RSAKey | None = None, **claims: object) -> str:
        now = int(time.time())
        return jwt.encode(
            {"alg": "RS256", "kid": "test"},
            {
                "iss": ISSUER,
                "aud": AUDIENCE,
                "sub": f"{role}-1",
                "iat": now,
                "exp": now + ttl_s,
                "role": role,
                **claims,
            },
            key or signing_key,
        )

    return make


@pytest.fixture(scope="session")
def start_service(
    postgres_server: DatabaseServer, kafka_broker: Broker, jwks: Path
) -> Callable[[str], object]:
    """Starts a service's real app with its own migrated database; yields (app, client)."""

    @asynccontextmanager
    async def start(name: str) -> AsyncIterator[tuple[FastAPI, httpx.AsyncClient]]:
        url = postgres_server.ensure_database(f"test_service_{name}")
        await migrate.upgrade(url, name)
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("TERRACE_ENVIRONMENT", "test")
            environment.setenv("TERRACE_DATABASE_URL", url)
            environment.setenv("TERRACE_KAFKA", kafka_broker.bootstrap)
            environment.setenv("TERRACE_JWKS", str(jwks))
            environment.setenv("TERRACE_ISSUER", ISSUER)
            sys.modules.pop(f"services.{name}.main", None)
            app: FastAPI = importlib.import_module(f"services.{name}.main").app
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://test") as client,
        ):
            yield app, client
        postgres_server.drop_database(f"test_service_{name}")

    return start
