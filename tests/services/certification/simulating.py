"""A small population for simulations, and a process that runs them until it is killed."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from contracts.events.certification import Attainment
from contracts.values import Tier
from services.certification.outlooks.judging import attainment_of, reading_of
from services.certification.outlooks.ladder import tiers_of
from services.certification.outlooks.rulebook import LAW
from shared import clock
from shared.rules.evaluate import evaluate
from tests.factories import make_uscc
from tests.services.certification.conftest import Certification, dossier_changed, facts_of

WITHIN_S = 60
KINDS: tuple[dict[str, Any], ...] = (
    {},
    {"accounts": []},
    {"compliance": {"on_abnormal_list": True}},
    {"region": "440305"},
    {"industry": "6510", "own_brand": False},
    {"ip_rights": []},
)
"""What makes the enterprises of the population differ; taken in turn."""


async def populate(certification: Certification, count: int) -> dict[str, dict[str, Any]]:
    """So many enterprises; returns what makes each of them differ, by code."""
    made = {make_uscc(): KINDS[number % len(KINDS)] for number in range(count)}
    for number, (uscc, kind) in enumerate(made.items()):
        await certification.hear(dossier_changed(uscc, name=f"第{number}公司", **kind))
    return made


def attainments(uscc: str, kind: dict[str, Any], rule_set: str) -> dict[Tier, Attainment]:
    """What the scalar evaluator says of an enterprise of the population."""
    facts = facts_of(code=uscc, **kind)
    rules = LAW.book.of(rule_set, facts.region, clock.today())
    verdict = evaluate(rules, reading_of(facts, clock.today(), registered=True))
    return {name: attainment_of(tier) for name, tier in tiers_of(verdict)}


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for a condition. Fails when the time is up."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            if await holds():
                return
            await asyncio.sleep(0.01)


async def run_one(url: str, page_size: int) -> None:
    """Run the next simulation of a database."""
    from services.certification.simulations.runner import SimulationRunner
    from shared.db import Database

    database = Database(url)
    await SimulationRunner(page_size).run_next(database)
    await database.close()


if __name__ == "__main__":
    asyncio.run(run_one(sys.argv[1], int(sys.argv[2])))
