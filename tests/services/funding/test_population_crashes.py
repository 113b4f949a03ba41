"""A population match survives its process: it goes on where it stood, and nothing comes twice."""

import asyncio
import sys
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

from services.funding.products.population.matcher import ProductMatcher
from services.funding.products.population.store import LEASES, add_changes
from shared.db import Database
from shared.leased import ATTEMPTS_MAX, LeaseLost
from tests.services.funding.makers import heard_by
from tests.services.funding.populating import fill, found, publish

ROOT = Path(__file__).parents[3]
PEOPLE = 120


async def _kill_while_it_stands(database: Database, clock_file: Path, changes: int) -> None:
    """Run a process on the match; kill it when it has published so much and waits for a lock."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.services.funding.populating"),
        *(database.url, "7", str(clock_file)),
        cwd=ROOT,
    )
    try:
        while True:
            async with database.transaction() as session:
                # The row is held, so the process stands before it can count another change.
                published = await session.scalar(
                    text("SELECT changes FROM product_match FOR UPDATE")
                )
                if published is not None and published >= changes:
                    process.kill()
                    await process.wait()
                    return
            assert process.returncode is None
            await asyncio.sleep(0.01)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_killed_match_goes_on_and_publishes_nothing_twice(
    own_database: Database, tmp_path: Path
) -> None:
    usccs = await fill(own_database, PEOPLE, "icbc")
    everybody = {"metric": "region", "starts_with": "44"}
    match = await publish(own_database, per_s=5, conditions=everybody)  # slow enough to be killed
    for changes in (2, 8):
        await _kill_while_it_stands(own_database, tmp_path / "clock.json", changes)
        assert await ProductMatcher().run_next(own_database) is False
        async with own_database.transaction() as session:
            await (await session.connection()).execute(
                text(
                    "UPDATE product_match SET leased_until = now() - interval '1 second',"
                    " changes_per_s = CASE WHEN changes < 8 THEN changes_per_s ELSE 20000 END"
                )
            )
    assert await ProductMatcher(page_size=11).run_next(own_database)
    done = await found(own_database, match)
    assert done.status == "done"
    assert done.judged == sum(number % 17 != 16 for number in range(PEOPLE))
    heard = [len(await heard_by(own_database, uscc)) for uscc in usccs]
    assert set(heard) == {0, 1}
    assert sum(heard) == done.changes > 40


async def test_match_whose_lease_another_took_writes_nothing_more(own_database: Database) -> None:
    await fill(own_database, 20, "icbc")
    await publish(own_database)
    match = await own_database.run(LEASES.claim)
    assert match is not None
    assert await own_database.run(LEASES.claim) is None
    async with own_database.transaction() as session:
        await (await session.connection()).execute(
            text("UPDATE product_match SET lease = gen_random_uuid()")
        )
    with pytest.raises(LeaseLost):
        await own_database.run(partial(add_changes, match=match, changes=5))
    await own_database.run(partial(LEASES.finish, work=match, status="done"))
    await own_database.run(partial(LEASES.release, work=match, problem="Too late."))
    left = await found(own_database, match)
    assert (left.changes, left.status, left.problem) == (0, "running", None)


async def test_match_that_keeps_failing_is_given_up_with_its_reason(
    own_database: Database,
) -> None:
    await publish(own_database)
    for attempt in range(1, ATTEMPTS_MAX + 1):
        match = await own_database.run(LEASES.claim)
        assert match is not None
        await own_database.run(partial(LEASES.release, work=match, problem="The disk is full."))
        found_ = await found(own_database, match)
        assert found_.problem == "The disk is full."
        assert found_.status == ("failed" if attempt == ATTEMPTS_MAX else "queued")
    assert await own_database.run(LEASES.claim) is None
