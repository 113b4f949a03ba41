"""The real service process, killed at random, and a receiver that does everything wrong.

Every event arrives at least once, in order where it was asked for, and the log adds up.
"""

import random
import secrets
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import Producer
from cryptography.fernet import Fernet
from sqlalchemy import text
from standardwebhooks import Webhook

from deploy.local.child import Child
from deploy.local.kafka import KafkaBroker
from deploy.local.ports import free_port
from deploy.local.service_process import service_environment
from shared import migrate
from shared.bus.cloud_events import encoded
from shared.db import Database
from tests.conftest import CACHE
from tests.factories import make_uscc
from tests.services.conftest import ISSUER
from tests.services.webhook.support import (
    ROOT,
    Message,
    Receiver,
    eventually,
    move_clock,
    record_of,
    titles_changed,
)

KEYS, ROUNDS = 8, 4
MISBEHAVIOUR = ["500", "hang", "redirect", "early", "404", "later"]
TAKEN = {"ok", "big"}


class Service:
    """The service as a process of its own, with what surrounds it."""

    def __init__(
        self, directory: Path, database_url: str, kafka: str, jwks: Path, token: Callable[..., str]
    ) -> None:
        self.database = Database(database_url, 3)
        self.kafka = kafka
        self.clock_file = directory / "machine.json"
        self.ahead = timedelta()
        self.kills = 0
        self._port = free_port()
        self._child = Child("webhook", directory)
        bearer = token("provider", org="crash", ttl_s=3_600)
        self._headers = {"authorization": f"Bearer {bearer}"}
        self._environment = service_environment(
            {
                "TERRACE_ENVIRONMENT": "test",
                "TERRACE_JWKS": str(jwks),
                "TERRACE_ISSUER": ISSUER,
                "TERRACE_SECRETS_KEY": Fernet.generate_key().decode(),
                "TERRACE_WEBHOOK_LOCAL_RECEIVERS": "true",
                "TERRACE_WEBHOOK_CLOCK_FILE": str(self.clock_file),
                "TERRACE_WEBHOOK_TIMEOUT_S": "0.5",
            }
        ) | {"TERRACE_DATABASE_URL": database_url, "TERRACE_KAFKA": kafka}
        move_clock(self.clock_file, self.ahead)

    async def start(self) -> None:
        self._child.launch(
            [
                *(sys.executable, "-m", "uvicorn", "services.webhook.main:app"),
                *("--host", "127.0.0.1", "--port", str(self._port), "--no-access-log"),
            ],
            cwd=ROOT,
            environment=self._environment,
        )
        await eventually(self._answers, f"the service answers\n{self._child.end_of_log()}")

    def kill(self) -> None:
        self._child.kill()
        self.kills += 1

    async def call(self, method: str, path: str, **body: Any) -> Any:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self._port}") as client:
            answer = await client.request(method, path, json=body or None, headers=self._headers)
        assert answer.is_success, answer.text
        return answer.json()

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        async with self.database.transaction() as session:
            return list(await (await session.connection()).execute(text(statement), values))

    def publish(self, usccs: list[str], version: int) -> None:
        """Publish as the certification service does."""
        producer = Producer({"bootstrap.servers": self.kafka, "acks": "all"})
        for uscc in usccs:
            fact = titles_changed(uscc, version)
            headers, value = record_of(fact)
            producer.produce(fact.topic, value, uscc, headers=dict(encoded(headers)))
        assert producer.flush(60) == 0

    async def pass_time(self) -> None:
        """Move machine time to when the next delivery or probe is due."""
        now = datetime.now(UTC) + self.ahead
        [row] = await self.rows(
            "SELECT least((SELECT min(due_at) FROM delivery AS d JOIN endpoint AS e"
            " USING (endpoint_id) WHERE d.status = 'pending' AND e.status = 'enabled'"
            " AND d.due_at > :now), (SELECT min(probe_at) FROM endpoint WHERE probe_at > :now))"
            " AS next",
            now=now,
        )
        if row.next is not None:
            self.ahead += row.next - now + timedelta(seconds=1)
            move_clock(self.clock_file, self.ahead)

    async def attempted(self, more: int) -> None:
        """Wait until the log has so many more entries; time passes meanwhile."""
        [before] = await self.rows("SELECT count(*) AS n FROM attempt")

        async def there() -> bool:
            await self.pass_time()
            [now] = await self.rows("SELECT count(*) AS n FROM attempt")
            return bool(now.n >= before.n + more)

        await eventually(there, f"{more} more attempts")

    async def taken(self, events: int) -> None:
        """Wait until so many events have come in from Kafka."""

        async def there() -> bool:
            [row] = await self.rows("SELECT count(*) AS n FROM event WHERE uscc IS NOT NULL")
            return bool(row.n >= events)

        await eventually(there, f"{events} events taken\n{self._child.end_of_log()}")

    async def _answers(self) -> bool:
        try:
            async with httpx.AsyncClient() as client:
                answer = await client.get(f"http://127.0.0.1:{self._port}/healthz")
                return answer.status_code == 200
        except httpx.TransportError:
            return False


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[KafkaBroker]:
    """A broker of its own: the group's name is the service's, for ever."""
    broker = KafkaBroker(tmp_path / "broker", CACHE)
    try:
        broker.start()
        yield broker
    finally:
        broker.remove()


@pytest.fixture
async def service(
    tmp_path: Path,
    fresh_database: str,
    own_broker: KafkaBroker,
    jwks: Path,
    token: Callable[..., str],
) -> AsyncIterator[Service]:
    await migrate.upgrade(fresh_database, "webhook")
    service = Service(tmp_path, fresh_database, own_broker.bootstrap, jwks, token)
    await service.start()
    yield service
    service.kill()
    await service.database.close()


@pytest.mark.timeout(480)
async def test_every_event_arrives_whatever_dies(service: Service, tmp_path: Path) -> None:
    seed = secrets.randbits(32)
    chance = random.Random(seed)
    receiver = Receiver(tmp_path / "partner")
    await receiver.start()
    try:
        endpoints = {
            path: await service.call(
                "POST", "/v1/webhook-endpoints", url=f"{receiver.url}{path}", ordered=ordered
            )
            for path, ordered in (("/ordered", True), ("/free", False))
        }
        usccs = [make_uscc() for _ in range(KEYS)]
        version = 0
        for _ in range(ROUNDS):
            for path in endpoints:
                await receiver.behave(path, chance.choice([*MISBEHAVIOUR, "big"]), 6)
            version += 1
            service.publish(usccs, version)
            await service.taken(version * KEYS)
            await service.attempted(chance.randint(1, 12))
            service.kill()
            await service.start()
        receiver.stop()
        version += 1
        service.publish(usccs, version)
        await service.taken(version * KEYS)
        gone_at = service.ahead
        while service.ahead - gone_at < timedelta(days=6):
            await service.attempted(chance.randint(1, 6))
            if chance.random() < 0.2:
                service.kill()
                await service.start()
        await disabled(service)
        version += 1
        service.publish(usccs, version)
        await service.taken(version * KEYS)
        service.kill()
        await receiver.start()
        await service.start()
        await drained(service)
    finally:
        receiver.stop()
    assert service.kills >= ROUNDS + 1
    for path, endpoint in endpoints.items():
        messages = receiver.received(path)
        check_arrivals(messages, endpoint, usccs, version, seed)
        if path == "/ordered":
            check_order(messages, seed)
        await check_log(service, endpoint, messages, seed)
    told = await service.rows("SELECT type FROM outbox WHERE topic = 'webhook.endpoint'")
    types = Counter(row.type for row in told)
    assert types["webhook.endpoint-disabled.v1"] == types["webhook.endpoint-recovered.v1"] >= 2


async def disabled(service: Service) -> None:
    """Wait until both endpoints are disabled."""

    async def there() -> bool:
        await service.pass_time()
        found = (await service.call("GET", "/v1/webhook-endpoints"))["endpoints"]
        return all(endpoint["status"] == "disabled" for endpoint in found)

    await eventually(there, "both endpoints are disabled")


async def drained(service: Service) -> None:
    """Wait until nothing waits any more; time passes meanwhile."""

    async def there() -> bool:
        await service.pass_time()
        found = (await service.call("GET", "/v1/webhook-endpoints"))["endpoints"]
        return all(
            endpoint["status"] == "enabled" and endpoint["waiting"] == 0 for endpoint in found
        )

    await eventually(there, "nothing waits any more")


def titles(messages: list[Message]) -> list[Message]:
    return [m for m in messages if m.event["type"] == "certification.titles-changed.v1"]


def check_arrivals(
    messages: list[Message], endpoint: dict[str, Any], usccs: list[str], versions: int, seed: int
) -> None:
    taken = {message.note for message in titles(messages) if message.mode in TAKEN}
    wanted = {(uscc, version) for uscc in usccs for version in range(1, versions + 1)}
    assert taken == wanted, f"seed {seed}: lost {sorted(wanted - taken)}"
    secret = Webhook(endpoint["secret"])
    for message in messages:
        [signature] = message.headers["webhook-signature"].split()
        at = datetime.fromtimestamp(int(message.headers["webhook-timestamp"]), UTC)
        expected = secret.sign(message.headers["webhook-id"], at, message.body.decode())
        assert signature == expected


def check_order(messages: list[Message], seed: int) -> None:
    """No event of a key is sent before the one before it was taken."""
    newest_taken: dict[str, int] = defaultdict(int)
    for message in titles(messages):
        uscc, version = message.note
        assert version <= newest_taken[uscc] + 1, f"seed {seed}: {message.note} came too early"
        if message.mode in TAKEN:
            newest_taken[uscc] = max(newest_taken[uscc], version)


async def check_log(
    service: Service, endpoint: dict[str, Any], messages: list[Message], seed: int
) -> None:
    rows = await service.rows(
        "SELECT e.event_id, d.status, d.attempts, d.replay, count(a.number) AS logged,"
        " count(a.number) FILTER (WHERE a.outcome = 'delivered') AS delivered,"
        " count(a.status) AS answered, max(a.number) AS last"
        " FROM delivery AS d JOIN event AS e USING (event_no) LEFT JOIN attempt AS a"
        " USING (delivery_id) WHERE d.endpoint_id = :id GROUP BY e.event_id, d.delivery_id",
        id=endpoint["endpoint_id"],
    )
    requests = Counter(message.headers["webhook-id"] for message in messages)
    for row in rows:
        where = f"seed {seed}: {row}"
        assert row.status == "delivered", where
        assert row.attempts == row.logged == row.last, where
        assert row.delivered == 1, where
        assert row.answered <= requests[row.event_id] <= row.logged, where
    assert set(requests) == {row.event_id for row in rows}
