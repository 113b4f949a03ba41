"""What the service is made of, once per process, and how a route gets it."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request

from services.webhook.connect import Guard
from services.webhook.errors import SecretNotReplayed
from services.webhook.machine_time import MachineTime
from services.webhook.sealing import Sealer
from services.webhook.settings import WebhookSettings


@dataclass(frozen=True)
class Parts:
    """The parts that routes and worker share."""

    settings: WebhookSettings
    guard: Guard
    sealer: Sealer
    time: MachineTime


async def _parts(request: Request) -> Parts:
    parts: Parts = request.app.state.webhook
    return parts


Own = Annotated[Parts, Depends(_parts)]


async def _refuse_idempotency_key(request: Request) -> None:
    if "idempotency-key" in request.headers:
        raise SecretNotReplayed(
            "The answer shows a secret once and is not kept. Leave out Idempotency-Key.",
            "返回内容含一次性显示的密钥,不予保存,请勿发送 Idempotency-Key。",
        )


shows_a_secret: Any = Depends(_refuse_idempotency_key)
"""Marks a route whose answer holds a secret: kept answers are stored as they are, in clear."""
