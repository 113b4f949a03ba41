"""What the webhook tests share: the receiver's process, facts to send, the running service."""

import asyncio
import base64
import json
import secrets
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import text

from contracts.events.certification import Title, TitlesChanged, TitleStatus
from contracts.events.enterprise import DossierChanged, DossierStatus
from contracts.fact import Fact
from contracts.facts import EnterpriseFacts
from deploy.local.child import Child
from deploy.local.ports import free_port
from shared import clock
from shared.bus.cloud_events import encoded, headers_of, new_event_id, source_of
from shared.bus.delivery import deliver
from shared.bus.incoming import Event, Received, decode
from tests.factories import make_dossier

ROOT = Path(__file__).parents[3]
WAIT_S = 60.0


async def eventually(condition: Callable[[], Awaitable[Any]], what: str) -> Any:
    """Wait until the condition answers with something true, and return that."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + WAIT_S
    while not (found := await condition()):
        assert loop.time() < deadline, f"did not come about: {what}"
        await asyncio.sleep(0.05)
    return found


@dataclass(frozen=True)
class Message:
    """One request the receiver got."""

    path: str
    mode: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def note(self) -> tuple[str, int]:
        """Key and version."""
        return self.event["subject"], self.event["data"]["version"]


class Receiver:
    """The receiver's process; it can be gone for a while and come back on the same port."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self.log = directory / "received.jsonl"
        self._child = Child("receiver", directory)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._child.launch(
            [
                *(sys.executable, "-m", "tests.services.webhook.receiver"),
                *(str(self.port), str(self.log)),
            ],
            cwd=ROOT,
        )
        await eventually(self._answers, "the receiver answers")

    def stop(self) -> None:
        self._child.kill()

    async def behave(self, path: str, mode: str, times: int = -1) -> None:
        async with httpx.AsyncClient() as client:
            query = {"path": path, "mode": mode, "times": times}
            (await client.post(f"{self.url}/_mode", params=query)).raise_for_status()

    def received(self, path: str) -> list[Message]:
        """Every request so far, in order."""
        if not self.log.exists():
            return []
        lines = [json.loads(line) for line in self.log.read_text("utf-8").splitlines()]
        return [
            Message(line["path"], line["mode"], line["headers"], base64.b64decode(line["body"]))
            for line in lines
            if line["path"] == path
        ]

    async def has(self, path: str, count: int) -> list[Message]:
        """Wait until so many requests have come."""

        async def there() -> list[Message] | None:
            found = self.received(path)
            return found if len(found) >= count else None

        found: list[Message] = await eventually(there, f"{count} requests to {path}")
        return found

    async def _answers(self) -> bool:
        try:
            async with httpx.AsyncClient() as client:
                query = {"path": "/_", "mode": "ok"}
                return (await client.post(f"{self.url}/_mode", params=query)).is_success
        except httpx.TransportError:
            return False


def titles_changed(uscc: str, version: int = 1) -> TitlesChanged:
    """A public fact."""
    title = Title(
        kind="specialized_sme",
        status=TitleStatus.EFFECTIVE,
        authority="440000",
        document_no="测试〔2022〕1号",
        document_on=date(2022, 1, 27),
    )
    return TitlesChanged(uscc=uscc, version=version, titles=(title,))


def dossier_changed(uscc: str, version: int = 1, region: str = "440106") -> DossierChanged:
    """A fact for the enterprise and its authorities."""
    dossier = make_dossier(uscc, region=region)
    known = {name: value for name, value in dossier.items() if name in EnterpriseFacts.model_fields}
    return DossierChanged(
        uscc=uscc,
        version=version,
        status=DossierStatus.REGISTERED,
        name=dossier["name"],
        changed_at=clock.now(),
        facts=EnterpriseFacts.model_validate(known, extra="ignore"),
    )


def record_of(fact: Fact) -> tuple[dict[str, str], bytes]:
    """Headers and value of the fact's record, as its own relay writes them."""
    headers = headers_of(
        event_id=new_event_id(),
        source=source_of(fact.contract.topic, fact.topic),
        type_=fact.contract.name,
        key=fact.key,
        occurred_at=clock.now(),
        correlation_id="webhook-test",
        traceparent=None,
    )
    return headers, fact.model_dump_json(exclude_none=True).encode()


def move_clock(path: Path, by: timedelta) -> None:
    """Set a service's machine time so far from the real one."""
    now = datetime.now(UTC)
    partial = path.with_suffix(".new")
    partial.write_text(
        json.dumps({"domain_at": (now + by).isoformat(), "machine_at": now.isoformat()})
    )
    partial.rename(path)


@dataclass
class Webhooks:
    """A client of the running service, with what tests ask again and again."""

    app: FastAPI
    http: httpx.AsyncClient
    token: Callable[..., str]
    receiver: Receiver
    clock_file: Path
    ahead: timedelta = timedelta()
    provider: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.provider = self.bearer("provider", org=f"provider-{secrets.token_hex(4)}")

    def bearer(self, role: str, **claims: object) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token(role, **claims)}"}

    async def add(
        self, path: str, owner: Mapping[str, str] | None = None, **wanted: Any
    ) -> dict[str, Any]:
        """An endpoint at the receiver."""
        body = {"url": f"{self.receiver.url}{path}", **wanted}
        answer = await self.http.post(
            "/v1/webhook-endpoints", json=body, headers=owner or self.provider
        )
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def read(
        self, endpoint: Mapping[str, Any], owner: Mapping[str, str] | None = None, more: str = ""
    ) -> dict[str, Any]:
        path = f"/v1/webhook-endpoints/{endpoint['endpoint_id']}{more}"
        answer = await self.http.get(path, headers=owner or self.provider)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def act(
        self,
        endpoint: Mapping[str, Any],
        what: str,
        owner: Mapping[str, str] | None = None,
        **body: Any,
    ) -> dict[str, Any]:
        path = f"/v1/webhook-endpoints/{endpoint['endpoint_id']}/{what}"
        answer = await self.http.post(path, json=body or None, headers=owner or self.provider)
        assert answer.is_success, answer.text
        return dict(answer.json())

    async def becomes(
        self,
        endpoint: Mapping[str, Any],
        owner: Mapping[str, str] | None = None,
        **expected: Any,
    ) -> dict[str, Any]:
        """Wait until the endpoint's fields are so."""

        async def there() -> dict[str, Any] | None:
            found = await self.read(endpoint, owner)
            return found if expected.items() <= found.items() else None

        found: dict[str, Any] = await eventually(there, f"an endpoint becomes {expected}")
        return found

    async def give(self, *facts: Fact) -> None:
        """Let the service take facts, as its consumer does."""
        for fact in facts:
            headers, value = record_of(fact)
            received = Received(
                topic=fact.topic,
                partition=0,
                offset=0,
                recorded_at=clock.now(),
                raw_key=fact.key.encode(),
                payload=value,
                headers=tuple(encoded(headers)),
            )
            event = decode(received, self.app.state.bus.subscriptions)
            assert isinstance(event, Event)
            async with self.app.state.database.transaction() as session:
                await deliver(session, "webhook", [event])

    async def pass_time(self, by: timedelta) -> None:
        """Move the service's machine time forward."""
        self.ahead += by
        move_clock(self.clock_file, self.ahead)

        async def seen() -> bool:
            behind: timedelta = self.now() - self.app.state.webhook.time.now()
            return behind < timedelta(seconds=1)

        await eventually(seen, "the service follows the clock")

    def now(self) -> datetime:
        """The service's machine time."""
        return datetime.now(UTC) + self.ahead

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        async with self.app.state.database.transaction() as session:
            connection = await session.connection()
            return list(await connection.execute(text(statement), values))
