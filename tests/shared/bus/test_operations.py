"""Operations over HTTP: thin routes, for operators only."""

import base64
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from shared.app import create_app
from shared.bus import Bus
from tests.shared.bus.support import (
    Place,
    Visit,
    eventually,
    note_visit,
    poison,
    record_of,
    use_own_topics,
)


class Desk:
    """A running bus and an operator's client to it."""

    def __init__(self, bus: Bus, client: httpx.AsyncClient) -> None:
        self.bus, self.client = bus, client


@pytest.fixture
async def desk(place: Place, tmp_path: Path) -> AsyncIterator[Desk]:
    use_own_topics(partitions=1)
    key = RSAKey.generate_key(2048, parameters={"kid": "test"})
    jwks = tmp_path / "jwks.json"
    jwks.write_text(json.dumps(KeySet([key]).as_dict(private=False)))
    async with place.running([note_visit], dead_letters_in_row_max=5) as bus:
        settings = place.settings(jwks=str(jwks), issuer="test", audience="test")
        app = create_app(title="t", description="d", settings=settings)
        app.state.database = place.database
        app.include_router(bus.router)
        claims = {"iss": "test", "aud": "test", "sub": "wang", "exp": int(time.time()) + 600}
        token = jwt.encode({"alg": "RS256", "kid": "test"}, {**claims, "role": "operator"}, key)
        other = jwt.encode({"alg": "RS256", "kid": "test"}, {**claims, "role": "bank"}, key)
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://service/v1/operations",
            headers={"authorization": f"Bearer {token}"},
        ) as client:
            app.state.other = other
            yield Desk(bus, client)


async def test_operator_lists_reads_retries_and_discards(place: Place, desk: Desk) -> None:
    await place.produce(**poison(Visit(uscc="a", note="bad")))
    await place.produce(**record_of(Visit(uscc="a", note="waits")))
    await place.has_letters(1, "waiting")

    first_page = await desk.client.get("/dead-letters", params={"limit": 1})
    [letter] = first_page.json()
    assert (letter["status"], letter["key"], letter["offset"]) == ("failed", "a", 0)
    assert letter["headers"]["ce_type"] == "test.visited.v1"
    [behind] = (await desk.client.get(f"http://service{first_page.links['next']['url']}")).json()
    assert behind["status"] == "waiting"

    content = (await desk.client.get(f"/dead-letters/{letter['id']}")).json()
    assert base64.b64decode(content["payload"]) == b'{"uscc": "a"}'

    retried = (await desk.client.post(f"/dead-letters/{letter['id']}/retry")).json()
    assert (retried["handled"], retried["failed_id"]) == (0, letter["id"])
    assert "note" in retried["reason"]

    without_reason = await desk.client.post(f"/dead-letters/{letter['id']}/discard", json={})
    assert without_reason.status_code == 422
    discarded = await desk.client.post(
        f"/dead-letters/{letter['id']}/discard", json={"reason": "sent by mistake"}
    )
    assert discarded.json() == {"handled": 1, "failed_id": None, "reason": None}
    assert await place.effects("a") == ["waits"]
    assert (await desk.client.get("/dead-letters")).json() == []
    closed = await desk.client.get("/dead-letters", params={"status": ["discarded", "handled"]})
    assert [(one["status"], one["resolved_by"]) for one in closed.json()] == [
        ("discarded", "wang"),
        ("handled", "wang"),
    ]
    again = await desk.client.post(f"/dead-letters/{letter['id']}/retry")
    assert again.status_code == 409
    assert again.json()["type"] == "urn:terrace:problem:dead-letter-closed"


async def test_operator_resumes_a_paused_partition(place: Place, desk: Desk) -> None:
    topic = Visit.contract.topic.name
    for n in range(5):
        await place.produce(**poison(Visit(uscc=f"bad{n}", note="x")))
    await place.has_letters(5, "failed")
    await place.produce(**record_of(Visit(uscc="good", note="waits")))

    async def paused() -> bool:
        [state] = (await desk.client.get("/consumers")).json()
        return state["paused_at"] is not None and "paused" in state["problem"]

    await eventually(paused)
    assert desk.bus.problems() == [f"consumer: {topic}/0 paused after 5 dead letters"]
    answer = await desk.client.post(f"/consumers/{topic}/0/resume")
    assert answer.status_code == 204
    await place.has_effects("good", "waits")
    assert (await desk.client.post(f"/consumers/{topic}/0/resume")).status_code == 404
    [state] = (await desk.client.get("/consumers")).json()
    assert (state["topic"], state["partition"], state["problem"]) == (topic, 0, None)


async def test_operator_replays(place: Place, desk: Desk) -> None:
    await place.publish(Visit(uscc="a", note="x"))
    await place.all_published()
    since = datetime.now(UTC) - timedelta(minutes=5)
    answer = await desk.client.post("/replays", json={"since": since.isoformat()})
    assert (answer.status_code, answer.json()) == (202, {"records": 1})
    await place.all_published()
    assert len(await place.read(Visit.contract.topic.name)) == 2
    for since_, status in (("2001-01-01T00:00:00Z", 422), ("2026-01-01T00:00:00", 422)):
        refused = await desk.client.post("/replays", json={"since": since_})
        assert refused.status_code == status


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/dead-letters"),
        ("GET", "/dead-letters/1"),
        ("POST", "/dead-letters/1/retry"),
        ("POST", "/dead-letters/1/discard"),
        ("GET", "/consumers"),
        ("POST", "/consumers/t/0/resume"),
        ("POST", "/replays"),
    ],
)
async def test_operations_are_for_operators(desk: Desk, method: str, path: str) -> None:
    body = {"reason": "x", "since": datetime.now(UTC).isoformat()} if method == "POST" else None
    other = desk.client._transport.app.state.other  # type: ignore[attr-defined]
    as_bank = {"authorization": f"Bearer {other}"}
    assert (await desk.client.request(method, path, json=body, headers=as_bank)).status_code == 403
    nobody = {"authorization": ""}
    answer = await desk.client.request(method, path, json=body, headers=nobody)
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "path", ["/dead-letters/0", "/dead-letters/99999999999999999999", "/dead-letters/x"]
)
async def test_id_that_cannot_exist_is_a_problem(desk: Desk, path: str) -> None:
    assert (await desk.client.get(path)).status_code == 422


async def test_letter_that_does_not_exist(desk: Desk) -> None:
    assert (await desk.client.get("/dead-letters/123456")).status_code == 404
    assert (await desk.client.post("/dead-letters/123456/retry")).status_code == 404
