"""Webhook fan-out: signed deliveries per second from facts on Kafka to a partner's receiver.

The real service process takes 2 kB facts from a real Kafka, fans each out to twenty endpoints
(each with its own secret), and sends; the time runs from the first publish until the receiver
has all. The peer posts the very same bodies, signed beforehand, to the same receiver with
aiohttp from memory: no database, no log, no retries. Afterwards every message is verified with
`standardwebhooks`, each event must have arrived at each endpoint, and the attempt log must agree.
"""

import asyncio
import base64
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import httptools
import uvloop
from confluent_kafka import Producer
from standardwebhooks import Webhook

from contracts.events.certification import Title, TitlesChanged, TitleStatus
from deploy.local.child import Child
from deploy.local.kafka import KafkaBroker
from deploy.local.keys import AUDIENCE, ISSUER, ensure_keys, jwks_path, mint_token, secrets_key
from deploy.local.ports import free_port
from deploy.local.postgres import PostgresServer
from deploy.local.service_process import service_environment
from shared import migrate
from shared.bus.cloud_events import encoded, headers_of, new_event_id
from shared.bus.topics import ensure_topics
from shared.db import plain_url

NAME = "webhook-fan-out"
EVENTS = 1_000
ENDPOINTS = 20
DELIVERIES = EVENTS * ENDPOINTS
DELIVERIES_S_MIN = 1_000
PEER_AT_A_TIME = 100
DEADLINE_S = 240
ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".terrace" / "cache"


async def run() -> dict[str, Any]:
    """Ours, then the peer, against one receiver."""
    with tempfile.TemporaryDirectory(prefix="terrace-bench-webhook-") as directory:
        state_dir = Path(directory)
        ensure_keys(state_dir)
        postgres, broker = PostgresServer(state_dir), KafkaBroker(state_dir, CACHE)
        try:
            await asyncio.to_thread(postgres.start)
            await asyncio.to_thread(broker.start)
            url = postgres.ensure_database("bench_webhook")
            await migrate.upgrade(url, "webhook")
            ours, peer, verified = await _measure(state_dir, url, broker.bootstrap)
        finally:
            broker.remove()
            postgres.remove()
    return {
        "bench": NAME,
        "ours": round(ours),
        "unit": f"signed deliveries/s, {ENDPOINTS} endpoints, verified: {verified}",
        "peers": {"aiohttp posting pre-signed bodies": round(peer)},
        "ratio": {"aiohttp posting pre-signed bodies": round(ours / peer, 2)},
        "target": f">= {DELIVERIES_S_MIN}/s, every one accounted for",
        "met": ours >= DELIVERIES_S_MIN and verified,
    }


async def _measure(state_dir: Path, url: str, kafka: str) -> tuple[float, float, bool]:
    port, log = free_port(), state_dir / "received.jsonl"
    receiver = Child("receiver", state_dir)
    receiver.launch(
        [sys.executable, "-m", "tests.bench.webhook_fan_out", "receive", str(port), str(log)],
        cwd=ROOT,
    )
    try:
        async with _service(state_dir, url, kafka) as client:
            secrets = await _add_endpoints(client, port)
            await ensure_topics(kafka, {TitlesChanged.contract.topic.name: _topic()})
            started = time.perf_counter()
            await asyncio.to_thread(_publish, kafka)
            await _until_received(port, DELIVERIES)
            ours = DELIVERIES / (time.perf_counter() - started)
            await _get(port, "/_dump")
            verified = _verify(log, secrets) and await _log_agrees(url)
        peer = await asyncio.to_thread(_in_own_process, port, log)
    finally:
        receiver.stop()
    return ours, peer, verified


@asynccontextmanager
async def _service(state_dir: Path, url: str, kafka: str) -> AsyncIterator[aiohttp.ClientSession]:
    """The real service process, ready; yields a client of it with a partner's token."""
    port = free_port()
    settings = {
        "TERRACE_ENVIRONMENT": "local",
        "TERRACE_ISSUER": ISSUER,
        "TERRACE_AUDIENCE": AUDIENCE,
        "TERRACE_JWKS": str(jwks_path(state_dir)),
        "TERRACE_SECRETS_KEY": secrets_key(state_dir),
        "TERRACE_WEBHOOK_LOCAL_RECEIVERS": "true",
    }
    child = Child("webhook", state_dir)
    child.launch(
        [
            *(sys.executable, "-m", "uvicorn", "services.webhook.main:app"),
            *("--host", "127.0.0.1", "--port", str(port), "--no-access-log"),
        ],
        cwd=ROOT,
        environment=service_environment(settings)
        | {"TERRACE_DATABASE_URL": plain_url(url), "TERRACE_KAFKA": kafka},
    )
    token = mint_token(state_dir, "provider", org="bench")
    headers = {"authorization": f"Bearer {token}"}
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as client:
            await _until_ready(client)
            yield client
    finally:
        child.stop()


async def _until_ready(client: aiohttp.ClientSession) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while True:
            try:
                async with client.get("/readyz") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)


async def _add_endpoints(client: aiohttp.ClientSession, port: int) -> dict[str, str]:
    """The secret of each endpoint by its path at the receiver."""
    secrets = {}
    for number in range(ENDPOINTS):
        path = f"/endpoint-{number}"
        body = {"url": f"http://127.0.0.1:{port}{path}"}
        async with client.post("/v1/webhook-endpoints", json=body) as answer:
            answer.raise_for_status()
            secrets[path] = (await answer.json())["secret"]
    return secrets


def _topic() -> Any:
    return TitlesChanged.contract.topic


def _fact(number: int) -> TitlesChanged:
    title = Title(
        kind="specialized_sme",
        status=TitleStatus.EFFECTIVE,
        authority="440000",
        document_no="粤工信融资函〔2022〕5号",
        document_on=date(2022, 1, 27),
        valid_from=date(2022, 1, 27),
        valid_to=date(2025, 1, 26),
    )
    return TitlesChanged(uscc=f"9144010{number:010d}X", version=1, titles=(title,) * 8)


def _publish(kafka: str) -> None:
    producer = Producer({"bootstrap.servers": kafka, "acks": "all"})
    topic = _topic()
    for number in range(EVENTS):
        fact = _fact(number)
        headers = headers_of(
            event_id=new_event_id(),
            source=topic.source,
            type_=fact.contract.name,
            key=fact.key,
            occurred_at=datetime.now(UTC),
            correlation_id=None,
            traceparent=None,
        )
        value = fact.model_dump_json(exclude_none=True)
        producer.produce(topic.name, value, fact.key, headers=dict(encoded(headers)))
    if producer.flush(DEADLINE_S):
        raise RuntimeError("Kafka did not take every fact.")


async def _until_received(port: int, count: int) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while int(await _get(port, "/_count")) < count:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)


async def _get(port: int, path: str) -> str:
    async with (
        aiohttp.ClientSession() as client,
        client.post(f"http://127.0.0.1:{port}{path}") as answer,
    ):
        return await answer.text()


def _verify(log: Path, secrets: dict[str, str]) -> bool:
    """Whether each event arrived at each endpoint, once, signed with that endpoint's secret."""
    webhooks = {path: Webhook(secret) for path, secret in secrets.items()}
    arrived: Counter[tuple[str, str]] = Counter()
    for line in log.read_text().splitlines():
        message = json.loads(line)
        body = base64.b64decode(message["body"])
        event = webhooks[message["path"]].verify(body, message["headers"])
        arrived[message["path"], event["subject"]] += 1
    return len(arrived) == DELIVERIES and set(arrived.values()) == {1}


async def _log_agrees(url: str) -> bool:
    connection = await asyncpg.connect(plain_url(url))
    try:
        async with asyncio.timeout(DEADLINE_S):
            statement = "SELECT count(*) FROM attempt"
            while await connection.fetchval(statement) < DELIVERIES:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        rows = await connection.fetch(
            "SELECT d.status, d.attempts, a.outcome, count(*) FROM delivery AS d"
            " JOIN attempt AS a USING (delivery_id) GROUP BY 1, 2, 3"
        )
    finally:
        await connection.close()
    return [tuple(row) for row in rows] == [("delivered", 1, "delivered", DELIVERIES)]


def _in_own_process(port: int, log: Path) -> float:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.webhook_fan_out", "peer", str(port), str(log)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout.strip().splitlines()[-1])


async def _peer(port: int, lines: list[str]) -> float:
    """Post what was received once more, from memory."""
    messages = [json.loads(line) for line in lines]
    names = ("webhook-id", "webhook-timestamp", "webhook-signature", "content-type")
    todo = [
        (m["path"], {n: m["headers"][n] for n in names}, base64.b64decode(m["body"]))
        for m in messages
    ]
    connector = aiohttp.TCPConnector(limit=PEER_AT_A_TIME)
    async with aiohttp.ClientSession(connector=connector) as client:
        work = iter(todo)

        async def post_some() -> None:
            for path, headers, body in work:
                url = f"http://127.0.0.1:{port}{path}"
                async with client.post(url, data=body, headers=headers) as answer:
                    await answer.read()
                    answer.raise_for_status()

        started = time.perf_counter()
        await asyncio.gather(*(post_some() for _ in range(PEER_AT_A_TIME)))
        return len(todo) / (time.perf_counter() - started)


class _Receiver(asyncio.Protocol):
    """Keeps every request in memory and answers at once."""

    received: list[tuple[str, dict[str, str], bytes]] = []  # noqa: RUF012 - one per process
    log = Path()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._path, self._headers, self._body = "", {}, b""

    def on_url(self, url: bytes) -> None:
        self._path += url.decode()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode().lower()] = value.decode()

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        answer = b"taken"
        if self._path == "/_count":
            answer = str(len(self.received)).encode()
        elif self._path == "/_dump":
            self._dump()
        else:
            self.received.append((self._path, self._headers, self._body))
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(answer)}\r\n\r\n"
        self._transport.write(head.encode() + answer)

    def _dump(self) -> None:
        with self.log.open("w") as file:
            for path, headers, body in self.received:
                line = {
                    "path": path,
                    "headers": headers,
                    "body": base64.b64encode(body).decode(),
                }
                file.write(json.dumps(line) + "\n")


async def _receive(port: int, log: Path) -> None:
    _Receiver.log = log
    server = await asyncio.get_running_loop().create_server(_Receiver, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    role, given_port, given_log = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    if role == "receive":
        uvloop.run(_receive(given_port, given_log))
    else:
        print(uvloop.run(_peer(given_port, given_log.read_text().splitlines())))
