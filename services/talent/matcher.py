"""The matcher of one process: both indexes, following their tables, and what an answer needs."""

import asyncio
from typing import Annotated

from fastapi import Depends, Request

from services.talent.errors import IndexLoading
from services.talent.matching.features import OFFER, PROFILE, Offer, Profile
from services.talent.matching.following import Follower
from services.talent.matching.index import CandidateIndex, Filter, Found, PositionIndex
from shared.db import Database


class Matcher:
    """Candidates and positions in memory. A companion of the service (shared.app)."""

    def __init__(self) -> None:
        self.candidates = CandidateIndex()
        self.positions = PositionIndex()
        self._followers = (
            Follower("candidate_match", self.candidates, PROFILE),
            Follower("position_match", self.positions, OFFER),
        )
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, database: Database) -> None:
        """Load in the background and follow from then on."""
        self._tasks = [
            asyncio.create_task(follower.run(database.url)) for follower in self._followers
        ]

    async def stop(self) -> None:
        """Follow no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def problems(self) -> list[str]:
        """What is still loading, or not followed."""
        return [problem for follower in self._followers if (problem := follower.problem())]

    async def best_candidates(self, offer: Offer, today: int, limit: int, only: Filter) -> Found:
        """The candidates that fit a position best. Raises IndexLoading."""
        self._require(self._followers[0])
        return await asyncio.to_thread(self.candidates.best, offer, today, limit, only)

    async def best_positions(self, profile: Profile, today: int, limit: int, only: Filter) -> Found:
        """The positions that fit a candidate best. Raises IndexLoading."""
        self._require(self._followers[1])
        return await asyncio.to_thread(self.positions.best, profile, today, limit, only)

    def _require(self, follower: Follower) -> None:
        if not follower.loaded:
            raise IndexLoading(
                "The index is being built; ask again in a few seconds.",
                "索引正在加载,请数秒后重试。",
                headers={"Retry-After": "2"},
            )


async def _matcher(request: Request) -> Matcher:
    matcher: Matcher = request.app.state.matcher
    return matcher


Matching = Annotated[Matcher, Depends(_matcher)]
"""The matcher of this process."""
