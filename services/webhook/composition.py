"""What the webhook service is made of: the house's service, and the delivery worker beside it."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp.abc import AbstractResolver
from fastapi import FastAPI

from services.webhook.connect import Guard
from services.webhook.deliveries import routes as deliveries
from services.webhook.deliveries.house import forget
from services.webhook.deliveries.keyring import Keyring
from services.webhook.deliveries.send import Sender
from services.webhook.deliveries.worker import Worker
from services.webhook.endpoints import routes as endpoints
from services.webhook.handlers import handlers
from services.webhook.inbound import routes as inbound
from services.webhook.machine_time import MachineTime
from services.webhook.parts import Parts
from services.webhook.sealing import Sealer
from services.webhook.settings import WebhookSettings
from services.webhook.urls import UrlPolicy
from shared.app import create_service
from shared.db import Database
from shared.jobs import Job

FORGET_CRON = "41 * * * *"


def create_webhook(
    settings: WebhookSettings | None = None, resolver: AbstractResolver | None = None
) -> FastAPI:
    """The service; `resolver` replaces the system's name resolution."""
    settings = settings or WebhookSettings()
    time = MachineTime(settings.webhook_clock_file)
    policy = UrlPolicy(settings.webhook_ports, settings.webhook_local_receivers)
    parts = Parts(settings, Guard(policy, resolver), Sealer(settings.secrets_key), time)

    async def forget_old(database: Database) -> None:
        await forget(database, time.now(), settings.webhook_kept_days)

    app = create_service(
        "webhook",
        title="推送 Webhooks",
        description="Signed events to partners (推送), and signed messages from them (接收推送).",
        routers=[endpoints.router, deliveries.router, inbound.router],
        handlers=handlers(time),
        jobs=[Job("forget-deliveries", FORGET_CRON, forget_old)],
        settings=settings,
    )
    app.state.webhook = parts
    _add_worker(app, parts)
    return app


def _add_worker(app: FastAPI, parts: Parts) -> None:
    """Run the delivery worker while the service runs."""
    lifespan = app.router.lifespan_context

    @asynccontextmanager
    async def with_worker(app: FastAPI) -> AsyncIterator[None]:
        parts.sealer.require_key()
        sender = Sender(parts.guard, parts.settings.webhook_timeout_s)
        keyring = Keyring(parts.sealer)
        worker = Worker(app.state.database, parts.settings, sender, keyring, parts.time)
        async with lifespan(app):
            # What was made until here lives as long as the process; the collector need not walk
            # it again and again while thousands of short-lived requests pass.
            gc.collect()
            gc.freeze()
            worker.start()
            try:
                yield
            finally:
                await worker.stop()

    app.router.lifespan_context = with_worker
