"""The webhook service, running beside a receiver in a process of its own."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from services.webhook.composition import create_webhook
from services.webhook.settings import WebhookSettings
from shared import migrate
from tests.conftest import Broker, DatabaseServer
from tests.services.conftest import ISSUER
from tests.services.webhook.support import Receiver, Webhooks, move_clock


@pytest.fixture(scope="session")
async def receiver(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Receiver]:
    receiver = Receiver(tmp_path_factory.mktemp("receiver"))
    await receiver.start()
    yield receiver
    receiver.stop()


@pytest.fixture(scope="session")
async def webhooks(
    postgres_server: DatabaseServer,
    kafka_broker: Broker,
    jwks: Path,
    token: Callable[..., str],
    receiver: Receiver,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Webhooks]:
    url = postgres_server.ensure_database("test_service_webhook")
    await migrate.upgrade(url, "webhook")
    clock_file = tmp_path_factory.mktemp("clock") / "machine.json"
    move_clock(clock_file, timedelta())
    settings = WebhookSettings(
        environment="test",
        database_url=url,
        kafka=kafka_broker.bootstrap,
        jwks=str(jwks),
        issuer=ISSUER,
        secrets_key=SecretStr(Fernet.generate_key().decode()),
        webhook_local_receivers=True,
        webhook_clock_file=str(clock_file),
        webhook_timeout_s=1,
        webhook_endpoints_max=50,
    )
    app = create_webhook(settings)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        yield Webhooks(app, client, token, receiver, clock_file)
    postgres_server.drop_database("test_service_webhook")
