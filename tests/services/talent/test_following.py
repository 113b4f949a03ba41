"""An index follows its table: nothing is missed, whatever order transactions end in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import asyncpg

from services.talent.candidates.profiles import NOBODY
from services.talent.matching.features import PROFILE, pack
from services.talent.matching.following import Follower
from services.talent.matching.index import CandidateIndex
from tests.services.talent.conftest import Talent, until


@asynccontextmanager
async def replica(talent: Talent) -> AsyncIterator[tuple[CandidateIndex, Follower]]:
    """One more index of the same table, as another process has one."""
    index = CandidateIndex()
    follower = Follower("candidate_match", index, PROFILE)
    task = asyncio.create_task(follower.run(talent.database.url))
    try:
        yield index, follower
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def ordinal_of(talent: Talent, name: str) -> int:
    candidate = await talent.candidate(talent.person(name))
    rows = await talent.rows(
        "SELECT ordinal FROM candidate WHERE candidate_id = CAST(:id AS uuid)",
        id=candidate["candidate_id"],
    )
    return int(rows[0].ordinal)


async def set_years(connection: asyncpg.Connection, ordinal: int, years: int) -> None:
    record = pack(replace(NOBODY, years=years))
    await connection.execute(
        "UPDATE candidate_match SET record = $1 WHERE ordinal = $2", record, ordinal
    )


async def test_a_slow_transaction_is_not_overtaken_by_a_fast_one(talent: Talent) -> None:
    slow_row, fast_row = await ordinal_of(talent, "slow"), await ordinal_of(talent, "fast")
    slow = await asyncpg.connect(talent.database.url)
    fast = await asyncpg.connect(talent.database.url)
    async with replica(talent) as (index, follower):

        async def loaded() -> bool:
            return follower.loaded and index.size >= fast_row

        await until(loaded)
        held = slow.transaction()
        await held.start()
        await set_years(slow, slow_row, 41)
        for years in (51, 52, 53):
            await set_years(fast, fast_row, years)

            async def fast_seen(years: int = years) -> bool:
                return index.row(fast_row - 1)["years"] == years

            await until(fast_seen)
        assert index.row(slow_row - 1)["years"] != 41
        await held.commit()

        async def slow_seen() -> bool:
            return index.row(slow_row - 1)["years"] == 41

        await until(slow_seen)
    await slow.close()
    await fast.close()


async def test_replicas_that_start_at_different_times_hold_the_same(talent: Talent) -> None:
    row = await ordinal_of(talent, "replicated")
    connection = await asyncpg.connect(talent.database.url)
    async with replica(talent) as (early, first):

        async def early_loaded() -> bool:
            return first.loaded

        await until(early_loaded)
        await set_years(connection, row, 33)
        async with replica(talent) as (late, second):

            async def equal() -> bool:
                return (
                    second.loaded
                    and early.row(row - 1) == late.row(row - 1)
                    and late.row(row - 1)["years"] == 33
                    and early.size == late.size
                )

            await until(equal)
    await connection.close()


async def test_an_index_says_that_it_is_loading_and_that_its_table_is_away(talent: Talent) -> None:
    follower = Follower("candidate_match", CandidateIndex(), PROFILE)
    assert "loading" in (follower.problem() or "")
    nowhere = talent.database.url.rsplit("@", 1)[0] + "@127.0.0.1:1/nothing"
    task = asyncio.create_task(follower.run(nowhere))

    async def says_so() -> bool:
        return "Error" in (follower.problem() or "") or "Refused" in (follower.problem() or "")

    await until(says_so)
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_readiness_tells_of_the_index_and_of_the_key_ring(talent: Talent) -> None:
    answer = await talent.http.get("/readyz")
    assert not [p for p in answer.json()["problems"] if "index" in p or "key ring" in p]
