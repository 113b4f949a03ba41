"""Start: seconds from nothing running until every /readyz is 200, with everything downloaded.

A first start on an empty state directory: initdb, a new Kafka log, migrations, four services.
There is no peer: nothing else starts this stack.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from deploy.local.kafka_jars import kafka_jars
from deploy.local.postgres import PostgresServer
from deploy.local.settings import SAMPLE_DOMAIN_START, StackSettings
from deploy.local.stack import Stack

NAME = "start"
ROUNDS = 3
SECONDS_MAX = 20.0


async def run() -> dict[str, Any]:
    """The median of several first starts."""
    kafka_jars(StackSettings(state_dir=Path()).cache_dir)
    seconds = sorted([await _start() for _ in range(ROUNDS)])[ROUNDS // 2]
    return {
        "bench": NAME,
        "ours": round(seconds, 1),
        "unit": "seconds until every /readyz is 200, first start, everything downloaded",
        "peers": {},
        "ratio": {},
        "target": f"<= {SECONDS_MAX:.0f} s",
        "met": seconds <= SECONDS_MAX,
    }


async def _start() -> float:
    state_dir = Path(tempfile.mkdtemp(prefix="terrace-bench-start-"))
    try:
        settings = StackSettings(state_dir=state_dir, domain_start=SAMPLE_DOMAIN_START)
        async with Stack(settings) as stack:
            return stack.start_s
    finally:
        PostgresServer(state_dir).remove()
        shutil.rmtree(state_dir, ignore_errors=True)
