"""A simulation survives: a killed process, a dead worker, a stop; and ends when it is cancelled."""

import asyncio
import os
import signal
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from services.certification.outlooks.rulebook import LAW
from services.certification.simulations import store
from services.certification.simulations.runner import SimulationRunner
from services.certification.simulations.workers import WorkerDied, Workers
from shared.leased import LeaseLost
from tests.services.certification.conftest import Certification
from tests.services.certification.simulating import populate, until

PATH = "/v1/simulations"
ROOT = Path(__file__).parents[3]
POPULATION = 24


def _country(certification: Certification) -> dict[str, str]:
    return certification.bearer("operator", authority="000000")


async def _ask(certification: Certification) -> str:
    answer = await certification.http.post(
        PATH,
        json={"rule_set": "miit-2026", "compare_with": "miit-2022-63"},
        headers=_country(certification),
    )
    assert answer.status_code == 202, answer.text
    return str(answer.headers["location"])


async def _found(certification: Certification, location: str) -> dict[str, Any]:
    return dict((await certification.http.get(location, headers=_country(certification))).json())


async def _listed(certification: Certification, location: str) -> list[Any]:
    answer = await certification.http.get(f"{location}/changes", headers=_country(certification))
    return list(answer.json()["changes"])


async def _change(certification: Certification, assignments: str) -> None:
    async with certification.database.transaction() as session:
        await (await session.connection()).execute(text(f"UPDATE simulation SET {assignments}"))


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _lives(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


async def test_killed_simulation_goes_on_where_it_stood(certification: Certification) -> None:
    await populate(certification, POPULATION)
    location = await _ask(certification)
    url = certification.database.url
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.services.certification.simulating", url, "1", cwd=ROOT
    )
    try:

        async def has_begun() -> bool:
            return bool((await _found(certification, location))["done"] >= 2)

        await until(has_begun)
        async with certification.database.transaction() as session:
            # The row is held, so the process stands at its next step when it is killed.
            done = await session.scalar(text("SELECT done FROM simulation FOR UPDATE"))
            children = _children(process.pid)
            process.kill()
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert done is not None
    assert 2 <= done < POPULATION

    async def are_gone() -> bool:
        return not any(_lives(child) for child in children)

    await until(are_gone)
    runner = SimulationRunner(page_size=5)
    assert await runner.run_next(certification.database) is False
    await _change(certification, "leased_until = now() - interval '1 second'")
    assert await runner.run_next(certification.database)
    resumed = await _found(certification, location)
    assert (resumed["status"], resumed["done"]) == ("done", POPULATION)
    whole = await _ask(certification)
    assert await runner.run_next(certification.database)
    assert resumed["tiers"] == (await _found(certification, whole))["tiers"]
    assert await _listed(certification, location) == await _listed(certification, whole)


async def test_stopped_service_gives_its_simulation_back(certification: Certification) -> None:
    await populate(certification, 6)
    location = await _ask(certification)
    runner = SimulationRunner(page_size=1)
    async with certification.database.transaction() as session:
        await session.scalar(text("SELECT 1 FROM simulation FOR UPDATE"))
        runner.start(certification.database)

    async def is_taken_up() -> bool:
        return bool((await _found(certification, location))["status"] != "queued")

    await until(is_taken_up)
    await runner.stop()
    left = await _found(certification, location)
    assert left["status"] in ("queued", "done")
    await SimulationRunner().run_next(certification.database)
    assert (await _found(certification, location))["done"] == 6


async def test_cancelled_simulation_stops_at_its_next_page(certification: Certification) -> None:
    await populate(certification, 6)
    location = await _ask(certification)
    await _change(
        certification,
        "status = 'running', lease = gen_random_uuid(), leased_until = now() - interval '1 second'",
    )
    for _ in range(2):
        answer = await certification.http.post(
            f"{location}/cancellation", headers=_country(certification)
        )
        assert answer.json()["status"] == "running"
    await SimulationRunner(page_size=2).run_next(certification.database)
    ended = await _found(certification, location)
    assert (ended["status"], ended["done"]) == ("cancelled", 2)
    assert ended["finished_at"] is not None
    assert await SimulationRunner().run_next(certification.database) is False


async def test_queued_simulation_is_cancelled_at_once(certification: Certification) -> None:
    location = await _ask(certification)
    for _ in range(2):
        answer = await certification.http.post(
            f"{location}/cancellation", headers=_country(certification)
        )
        assert answer.json()["status"] == "cancelled"
    assert await SimulationRunner().run_next(certification.database) is False


async def test_simulation_that_cannot_run_fails_with_its_reason(
    certification: Certification,
) -> None:
    await populate(certification, 1)
    location = await _ask(certification)
    await _change(certification, """asked = jsonb_set(asked, '{rule_set}', '"gone"')""")
    runner = SimulationRunner()
    assert await runner.run_next(certification.database)
    queued = await _found(certification, location)
    assert queued["status"] == "queued"
    assert "WorkerDied" in queued["problem"]
    await _change(certification, "attempts = 4")
    assert await runner.run_next(certification.database)
    failed = await _found(certification, location)
    assert failed["status"] == "failed"
    assert "WorkerDied" in failed["problem"]
    assert await runner.run_next(certification.database) is False


async def test_lost_lease_writes_nothing(certification: Certification) -> None:
    """Whoever was overtaken finds out at its next step, and what it found is dropped."""
    await populate(certification, 3)
    location = await _ask(certification)
    runner = SimulationRunner()
    slow = await certification.database.run(store.LEASES.claim)
    assert slow is not None
    await _change(certification, "leased_until = now() - interval '1 second'")
    assert await runner.run_next(certification.database)
    with pytest.raises(LeaseLost):
        await store.write_step(
            certification.database,
            slow,
            done=1,
            after="",
            tally={},
            moved=[],
            last=False,
        )
    assert (await _found(certification, location))["status"] == "done"


async def test_dead_worker_is_noticed() -> None:
    asked = {
        "compare_with": "miit-2022-63",
        "rule_set": "miit-2026",
        "rule_text": None,
        "as_region": None,
        "as_of": date(2022, 9, 30).isoformat(),
    }
    order = {"digest": LAW.digest, "files": dict(LAW.files), "asked": asked}
    async with Workers(order, count=2) as workers:
        assert await workers.judge([]) == []
        os.kill(workers.pids[0], signal.SIGKILL)
        with pytest.raises(WorkerDied):
            await workers.judge(['{"uscc":"x","region":"440106","industry":"3484"}'] * 2)
        pids = workers.pids
    assert not any(_lives(pid) for pid in pids)
