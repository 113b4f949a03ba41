"""Calls to the gateway: what is tried again, under which key, and what is not."""

import json
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from aiohttp import web

from deploy.local.sample.calls import Caller, Refused, for_each

ANSWERS: dict[str, tuple[int, str]] = {
    "busy": (503, "unavailable"),
    "running": (409, "still-running"),
    "there": (409, "already-registered"),
    "wrong": (422, "invalid-input"),
}


class Gateway:
    """Answers as told, then with 201, and keeps what was sent."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: list[str] = []
        self.keys: list[str | None] = []
        self.tokens: list[str | None] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.keys.append(request.headers.get("idempotency-key"))
        self.tokens.append(request.headers.get("authorization"))
        what = self.answers.pop(0) if self.answers else "done"
        if what == "break":
            assert request.transport is not None
            request.transport.close()
        if what not in ANSWERS:
            return web.json_response({"done": True}, status=201, headers={"ETag": '"2"'})
        status, slug = ANSWERS[what]
        body = json.dumps({"type": f"urn:terrace:problem:{slug}"})
        return web.Response(status=status, text=body, content_type="application/problem+json")

    async def pages(self, request: web.Request) -> web.Response:
        if "cursor" in request.query:
            return web.json_response({"rows": [3]})
        return web.json_response(
            {"rows": [1, 2]}, headers={"Link": '</v1/rows?cursor=abc>; rel="next"'}
        )


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    gateway = Gateway()
    app = web.Application()
    app.router.add_get("/v1/rows", gateway.pages)
    app.router.add_route("*", "/{path:.*}", gateway.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    gateway.url = (
        site.name if not runner.addresses else f"http://127.0.0.1:{runner.addresses[0][1]}"
    )
    yield gateway
    await runner.cleanup()


@pytest.fixture
async def caller(gateway: Gateway) -> AsyncIterator[Caller]:
    async with Caller(gateway.url, lambda role, **claims: f"{role}-{claims}") as caller:
        yield caller


@pytest.mark.parametrize("passing", ["busy", "running", "break"])
async def test_what_passes_is_tried_again_under_the_same_key(
    gateway: Gateway, caller: Caller, passing: str
) -> None:
    gateway.answers = [passing, passing]
    answer = await caller.write("POST", "/v1/x", caller.regulator(), "key-1", body={})
    assert answer.status_code == 201
    assert gateway.keys == ["key-1"] * 3
    assert sum(caller.retried.values()) == 2


@pytest.mark.parametrize("lasting", ["there", "wrong"])
async def test_what_does_not_pass_is_refused_at_once(
    gateway: Gateway, caller: Caller, lasting: str
) -> None:
    gateway.answers = [lasting]
    with pytest.raises(Refused) as refused:
        await caller.write("POST", "/v1/x", caller.regulator(), "key-1", body={})
    assert refused.value.answer is not None
    assert refused.value.answer.status_code == ANSWERS[lasting][0]
    assert len(gateway.keys) == 1


async def test_pages_are_followed_to_the_end(caller: Caller) -> None:
    assert await caller.read_pages("/v1/rows", caller.regulator(), "rows") == [1, 2, 3]


async def test_a_patch_gives_the_new_version(gateway: Gateway, caller: Caller) -> None:
    etag = await caller.patch("/v1/x", caller.enterprise("A"), "key-1", '"1"', {})
    assert etag == '"2"'
    assert gateway.tokens == ["Bearer enterprise-{'uscc': 'A'}"]


async def test_tokens_are_made_once() -> None:
    made: list[str] = []

    def mint(role: str, **claims: str) -> str:
        made.append(role)
        return f"{role}{claims}"

    async with Caller("http://127.0.0.1:9", mint) as caller:
        assert caller.enterprise("A") == caller.enterprise("A") != caller.enterprise("B")
    assert made == ["enterprise", "enterprise"]


async def test_every_item_is_worked_on_and_the_first_failure_ends_the_rest() -> None:
    seen: list[int] = []

    def working(fails_at: int) -> Callable[[int], object]:
        async def work(number: int) -> None:
            if number == fails_at:
                raise httpx.HTTPError("no")
            seen.append(number)

        return work

    await for_each(range(50), working(-1), concurrent_max=4)  # type: ignore[arg-type]
    assert sorted(seen) == list(range(50))
    with pytest.raises(httpx.HTTPError, match="no"):
        await for_each(range(50), working(3), concurrent_max=1)  # type: ignore[arg-type]
    assert seen[50:] == [0, 1, 2]
