"""Matches (人才匹配), both ways: the index proposes, the stored rows are judged and explained.

What is answered is judged again from the tables, so a row that changed a moment ago is answered
as it is now, or not at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from sqlmodel import col, select

from contracts.events.talent import PositionStatus
from services.talent.candidates.profiles import Reading, offered, profile_of, read
from services.talent.candidates.schemas import CandidateStatus
from services.talent.candidates.service import find_candidate
from services.talent.errors import WrongState
from services.talent.matcher import Matcher
from services.talent.matching.explain import Part, explain
from services.talent.matching.features import day_number
from services.talent.matching.index import Filter, Found
from services.talent.matching.pair import judge_pairs
from services.talent.models import Candidate, Position
from services.talent.positions.offers import offer_of
from services.talent.positions.service import own_position
from shared import clock
from shared.auth import Subject
from shared.db import Session

SPARE = 5
"""Asked for beyond the limit, since some rows may have changed or be hidden from the firm."""


@dataclass(frozen=True)
class Fitting:
    """One row of an answer."""

    points: int
    parts: tuple[Part, ...]
    candidate: Candidate | None = None
    reading: Reading | None = None
    position: Position | None = None


@dataclass(frozen=True)
class Answer:
    """The best rows, best first."""

    judged_on: date
    considered: int
    eligible: int
    rows: Sequence[Fitting]


async def match_candidates(
    session: Session, matcher: Matcher, position_id: UUID, only: Filter, limit: int, by: Subject
) -> Answer:
    """The candidates that fit a position, which need not be published yet.

    Raises PositionNotFound, OutOfScope, WrongState, IndexLoading.
    """
    position = await own_position(session, position_id, by)
    if position.status == PositionStatus.CLOSED:
        raise WrongState("The position is closed.", "岗位已关闭。")
    today = clock.today()
    offer, day = replace(offer_of(position), until=day_number(None)), day_number(today)
    found = await matcher.best_candidates(offer, day, limit + SPARE, only)
    statement = select(Candidate).where(col(Candidate.ordinal).in_(_ordinals(found)))
    people = [
        (candidate, read(candidate))
        for candidate in (await session.exec(statement)).all()
        if candidate.status == CandidateStatus.LISTED and position.uscc not in candidate.hidden_from
    ]
    pairs = [(offer, profile_of(candidate, reading)) for candidate, reading in people]
    rows = [
        Fitting(
            points.total,
            explain(offer, profile, points, reading.mentions, day),
            candidate=candidate,
            reading=reading,
        )
        for (candidate, reading), (_, profile), points in zip(
            people, pairs, judge_pairs(pairs, day), strict=True
        )
        if points.eligible
    ]
    rows.sort(key=lambda row: (-row.points, row.candidate.ordinal if row.candidate else 0))
    return Answer(today, found.rows, found.eligible, rows[:limit])


async def match_positions(
    session: Session, matcher: Matcher, candidate_id: UUID, only: Filter, limit: int, by: Subject
) -> Answer:
    """The published positions that fit the caller's own candidate, listed or not.

    Raises CandidateNotFound, IndexLoading.
    """
    candidate = await find_candidate(session, candidate_id, by)
    today = clock.today()
    reading, day = read(candidate), day_number(today)
    profile = offered(candidate, reading)
    found = await matcher.best_positions(profile, day, limit + SPARE, only)
    statement = select(Position).where(col(Position.ordinal).in_(_ordinals(found)))
    positions = (await session.exec(statement)).all()
    pairs = [(offer_of(position), profile) for position in positions]
    rows = [
        Fitting(
            points.total,
            explain(offer, profile, points, reading.mentions, day),
            position=position,
        )
        for position, (offer, _), points in zip(
            positions, pairs, judge_pairs(pairs, day), strict=True
        )
        if points.eligible
    ]
    rows.sort(key=lambda row: (-row.points, row.position.ordinal if row.position else 0))
    return Answer(today, found.rows, found.eligible, rows[:limit])


def _ordinals(found: Found) -> list[int]:
    return [slot + 1 for slot in found.slots]
