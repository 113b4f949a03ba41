"""The smallest service: ready at once; tells the settings it was given and what it was asked."""

import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        while (await receive())["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    sent = (await receive()).get("body", b"").decode()
    settings = {name: value for name, value in os.environ.items() if name.startswith("TERRACE_")}
    asked = f"{scope['method']} {scope['path']} {sent}".strip()
    body = json.dumps({"asked": asked, "settings": settings}).encode()
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
