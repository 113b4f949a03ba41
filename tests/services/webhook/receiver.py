"""A partner's receiver in a process of its own: notes every request, and behaves as it is told.

python -m tests.services.webhook.receiver PORT LOG

`POST /_mode?path=/a&mode=fail&times=2` makes `/a` fail twice, then take messages again. Every
request to another path is one JSON line of the log, written before the answer.
"""

import asyncio
import base64
import json
import sys
from typing import Any

from aiohttp import web

Modes = dict[str, list[Any]]
STATE = web.AppKey("state", dict)
FOREVER = -1


async def set_mode(request: web.Request) -> web.Response:
    query = request.query
    request.app[STATE]["modes"][query["path"]] = [query["mode"], int(query.get("times", FOREVER))]
    return web.Response()


async def take(request: web.Request) -> web.StreamResponse:
    body = await request.read()
    mode = _mode(request.app[STATE]["modes"], request.path)
    line = {
        "path": request.path,
        "mode": mode,
        "headers": {name.lower(): value for name, value in request.headers.items()},
        "body": base64.b64encode(body).decode(),
    }
    log = request.app[STATE]["log"]
    log.write(json.dumps(line) + "\n")
    log.flush()
    return await _answer(request, mode)


def _mode(modes: Modes, path: str) -> str:
    entry = modes.get(path)
    if entry is None or entry[1] == 0:
        return "ok"
    if entry[1] > 0:
        entry[1] -= 1
    return str(entry[0])


async def _answer(request: web.Request, mode: str) -> web.StreamResponse:
    if mode == "ok":
        return web.Response(text="taken")
    if mode.isdigit():
        return web.Response(status=int(mode), text=f"refused with {mode}")
    if mode == "later":
        return web.Response(status=503, headers={"Retry-After": "7200"})
    if mode == "redirect":
        return web.Response(status=307, headers={"Location": "/redirected"})
    if mode == "hang":
        await asyncio.Event().wait()
    if mode == "big":
        return web.Response(body=b"x" * 500_000)
    assert mode == "early"
    answer = web.StreamResponse(headers={"Content-Length": "1000"})
    await answer.prepare(request)
    await answer.write(b"half of it")
    assert request.transport is not None
    request.transport.close()
    return answer


def main(port: int, log: str) -> None:
    app = web.Application(client_max_size=2_000_000)
    app.router.add_post("/_mode", set_mode)
    app.router.add_post("/{path:.*}", take)
    with open(log, "a", encoding="utf-8") as file:
        app[STATE] = {"modes": {}, "log": file}
        web.run_app(app, host="127.0.0.1", port=port, print=None, shutdown_timeout=0.1)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
