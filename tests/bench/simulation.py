"""Simulation: seconds from the request until 2026 is judged over 100,000 stored enterprises.

The service runs as its own process, with its worker processes, on a real PostgreSQL; the time runs
from the POST until its status says done, with who enters and who falls out written and counted.
Dossiers are the sample region's, each copy with accounts of its own. There is no peer.
"""

import asyncio
import json
import os
import random
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from deploy.local.keys import ensure_keys, jwks_path, mint_token
from deploy.local.ports import free_port
from deploy.local.postgres import PostgresServer
from deploy.local.sample.region import build_region
from services.certification.canonical import canonical
from shared import migrate
from shared.db import plain_url

NAME = "simulation"
POPULATION = 100_000
SECONDS_MAX = 10.0
ROUNDS = 3
AS_OF = "2022-09-30"
KNOWN_AT = datetime(2022, 9, 1, tzinfo=UTC)
ROOT = Path(__file__).parents[2]


async def run() -> dict[str, Any]:
    """The median of several simulations."""
    state_dir = Path(tempfile.mkdtemp(prefix="terrace-bench-simulation-"))
    server = PostgresServer(state_dir)
    try:
        server.start()
        url = server.ensure_database("bench_certification")
        await migrate.upgrade(url, "certification")
        await _fill(url)
        seconds = sorted(await _measure(url, state_dir))[ROUNDS // 2]
    finally:
        server.remove()
        shutil.rmtree(state_dir, ignore_errors=True)
    return {
        "bench": NAME,
        "ours": round(seconds, 2),
        "unit": f"seconds for 2026 beside 2022 over {POPULATION} stored enterprises",
        "peers": {},
        "ratio": {},
        "target": f"<= {SECONDS_MAX:.0f} s",
        "met": seconds <= SECONDS_MAX,
    }


def _population() -> Iterator[tuple[str, str, str]]:
    """Code, region and facts; every enterprise has accounts of its own."""
    rng = random.Random(POPULATION)
    shapes = [
        one.dossier.facts().model_dump(mode="json", exclude_none=True) for one in build_region()
    ]
    for number in range(POPULATION):
        facts = dict(shapes[number % len(shapes)])
        facts["uscc"] = f"9144{number:014d}"
        scale = Decimal(rng.randrange(50, 200)) / 100
        facts["accounts"] = [
            {
                name: f"{Decimal(value) * scale:.2f}" if name.endswith("_cny") else value
                for name, value in year.items()
            }
            for year in facts.get("accounts", ())
        ]
        yield facts["uscc"], facts["region"], canonical(facts)


async def _fill(url: str) -> None:
    people = list(_population())
    connection = await asyncpg.connect(plain_url(url))
    try:
        await connection.copy_records_to_table(
            "dossier",
            records=[
                (uscc, 1, "示例公司", "registered", facts, KNOWN_AT) for uscc, _, facts in people
            ],
            columns=["uscc", "version", "name", "status", "facts", "known_at"],
        )
        await connection.execute(
            "INSERT INTO enterprise (uscc, name, region, status, facts, dossier_version,"
            " judged_on, titles) SELECT uscc, name, facts::jsonb ->> 'region', status,"
            " facts::jsonb, version, '2100-01-01', '[]' FROM dossier"
        )
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


async def _measure(url: str, state_dir: Path) -> list[float]:
    ensure_keys(state_dir)
    port = free_port()
    environment = {
        **os.environ,
        "TERRACE_ENVIRONMENT": "local",
        "TERRACE_DATABASE_URL": url,
        "TERRACE_KAFKA": "127.0.0.1:9",
        "TERRACE_JWKS": str(jwks_path(state_dir)),
        "TERRACE_LOG_LEVEL": "error",
    }
    command = [sys.executable, "-m", "uvicorn", "services.certification.main:app"]
    process = await asyncio.create_subprocess_exec(
        *(*command, "--host", "127.0.0.1", "--port", str(port), "--log-level", "error"),
        cwd=ROOT,
        env=environment,
        stdout=sys.stderr,
    )
    token = mint_token(state_dir, "operator", authority="000000", ttl_s=3600)
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}",
            headers={"authorization": f"Bearer {token}"},
            trust_env=False,
        ) as client:
            await _until_alive(client)
            return [await _simulate(client) for _ in range(ROUNDS)]
    finally:
        process.terminate()
        await process.wait()


async def _until_alive(client: httpx.AsyncClient) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if (await client.get("/healthz")).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        await asyncio.sleep(0.1)
    raise TimeoutError("The service did not start.")


async def _simulate(client: httpx.AsyncClient) -> float:
    started = time.perf_counter()
    answer = await client.post(
        "/v1/simulations",
        json={"rule_set": "miit-2026", "compare_with": "miit-2022-63", "as_of": AS_OF},
        headers={"idempotency-key": secrets.token_hex(8)},
    )
    answer.raise_for_status()
    location = answer.headers["location"]
    while True:
        found = (await client.get(location)).json()
        if found["status"] not in ("queued", "running"):
            break
        await asyncio.sleep(0.05)
    seconds = time.perf_counter() - started
    if found["status"] != "done" or found["done"] != POPULATION:
        raise RuntimeError(f"The simulation did not finish: {json.dumps(found)[:500]}")
    if not any(tier["falls_out"] or tier["enters"] for tier in found["tiers"]):
        raise RuntimeError("Nobody moved; the population does not test the simulation.")
    return seconds
