"""The policy sandbox (政策沙盘) on the sample region: what the law of 2026 would change there.

Asks for a simulation of the 2026 edition beside the one in force, as the city's staff would, and
puts what it found into rows of the summary.
"""

import asyncio
from typing import Any
from uuid import uuid4

from deploy.local.sample.calls import Caller

DEADLINE_S = 60.0
LOOK_EVERY_S = 0.1
QUESTION = {"rule_set": "miit-2026", "compare_with": "miit-2022-63"}
Row = tuple[str, str, str]


async def try_the_new_law(caller: Caller) -> list[Row]:
    """Simulate 2026 beside 2022 over the region; what, which tier, how many.

    Raises RuntimeError when the simulation ends in any other way than done.
    """
    token = caller.regulator()
    asked = await caller.write(
        "POST", "/v1/simulations", token, f"sandbox-{uuid4()}", body=QUESTION
    )
    async with asyncio.timeout(DEADLINE_S):
        found = await caller.read(asked.headers["location"], token)
        while found["status"] in ("queued", "running"):
            await asyncio.sleep(LOOK_EVERY_S)
            found = await caller.read(asked.headers["location"], token)
    if found["status"] != "done":
        raise RuntimeError(f"The simulation of 2026 is {found['status']}: {found['problem']}")
    return [row for tier in found["tiers"] for row in _rows(tier)]


def _rows(tier: dict[str, Any]) -> list[Row]:
    what, name = "政策沙盘 2022 → 2026", tier["tier"]
    return [
        (
            what,
            f"{name} reached: 2022 → 2026",
            f"{tier['reached_before']} → {tier['reached_after']}",
        ),
        (what, f"{name} enters / falls out", f"{tier['enters']} / {tier['falls_out']}"),
        (what, f"{name} cannot be judged", f"{tier['open_before']} → {tier['open_after']}"),
    ]
