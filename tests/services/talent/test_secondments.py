"""Flexible secondments: three agree, and the shares of one person never pass 100 %."""

import asyncio
from datetime import date, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from services.talent.jobs import advance_secondments
from services.talent.models import Secondment
from shared import clock
from tests.services.talent.conftest import Json, Talent

HOME = "scut"


async def propose(talent: Talent, candidate: Json, uscc: str, **changes: object) -> Json:
    today = clock.today()
    body = {
        "candidate_id": candidate["candidate_id"],
        "home_org": HOME,
        "share_percent": 40,
        "starts_on": str(today + timedelta(days=10)),
        "ends_on": str(today + timedelta(days=100)),
        "ip_clause": "成果由双方共有",
        **changes,
    }
    return await talent.done("POST", "/v1/secondments", talent.firm(uscc), body)


async def agree(talent: Talent, secondment: Json, **body: object) -> int:
    path = f"/v1/secondments/{secondment['secondment_id']}/agreement"
    consent = {"person_consent_reference": "TY-1", **body}
    return (await talent.call("POST", path, talent.school(HOME), consent)).status_code


async def test_it_binds_when_home_and_person_both_agree(talent: Talent) -> None:
    uscc = await talent.enterprise()
    person = talent.person("researcher")
    candidate = await talent.candidate(person)
    secondment = await propose(talent, candidate, uscc)
    path = f"/v1/secondments/{secondment['secondment_id']}/agreement"
    first = await talent.done("POST", path, talent.school(HOME), {})
    assert first["status"] == "proposed"
    forged = await talent.call(
        "POST", path, talent.school(HOME), {"person_consent_reference": "TY-9"}
    )
    assert forged.status_code == 409
    assert (await talent.call("POST", path, talent.school("other"), {})).status_code == 404
    both = await talent.done("POST", path, person, {})
    assert both["status"] == "agreed"
    ended = await talent.done(
        "POST", f"/v1/secondments/{secondment['secondment_id']}/end", talent.firm(uscc)
    )
    assert ended["status"] == "ended"
    facts = await talent.facts(secondment["secondment_id"])
    assert [fact["status"] for fact in facts] == ["proposed", "proposed", "agreed", "ended"]
    assert facts[0]["term"]["share_percent"] == 40


async def test_shares_agreed_at_the_same_time_stay_within_the_whole(talent: Talent) -> None:
    candidate = await talent.candidate(talent.school(HOME))
    firms = [await talent.enterprise() for _ in range(6)]
    proposals = [await propose(talent, candidate, uscc) for uscc in firms]
    codes = await asyncio.gather(*(agree(talent, proposal) for proposal in proposals))
    assert sorted(codes) == [200, 200, 409, 409, 409, 409]


async def test_the_database_itself_refuses_too_much_under_concurrency(talent: Talent) -> None:
    """Straight into the table, past the service and its locks."""
    candidate = await talent.candidate(talent.school(HOME))
    person, today = UUID(candidate["candidate_id"]), clock.today()

    async def insert() -> bool:
        connection = await asyncpg.connect(talent.database.url)
        try:
            await connection.execute(
                "INSERT INTO secondment (secondment_id, candidate_id, home_org, uscc, status,"
                " share_percent, starts_on, ends_on, ip_clause, duties, proposed_at)"
                " VALUES ($1, $2, 'h', 'u', 'agreed', 30, $3, $4, 'x', '', now())",
                uuid4(),
                person,
                today,
                today + timedelta(days=30),
            )
        except asyncpg.CheckViolationError:
            return False
        finally:
            await connection.close()
        return True

    assert sum(await asyncio.gather(*(insert() for _ in range(8)))) == 3


async def test_shares_one_after_the_other_may_each_be_whole(talent: Talent) -> None:
    candidate = await talent.candidate(talent.school(HOME))
    uscc, today = await talent.enterprise(), clock.today()
    for start in (10, 40, 70):
        secondment = await propose(
            talent,
            candidate,
            uscc,
            share_percent=100,
            starts_on=str(today + timedelta(days=start)),
            ends_on=str(today + timedelta(days=start + 29)),
        )
        assert await agree(talent, secondment) == 200
    between = await propose(
        talent, candidate, uscc, share_percent=1, starts_on=str(today + timedelta(days=39))
    )
    assert await agree(talent, between) == 409


async def test_terms_begin_and_end_by_date(talent: Talent) -> None:
    candidate = await talent.candidate(talent.school(HOME))
    uscc, today = await talent.enterprise(), clock.today()
    past = await propose(talent, candidate, uscc, starts_on=str(today), ends_on=str(today))
    assert await agree(talent, past) == 200
    async with talent.database.transaction() as session:
        row = await session.get(Secondment, UUID(past["secondment_id"]))
        assert row is not None
        assert row.status == "active"
        row.starts_on = row.ends_on = today - timedelta(days=1)
    await advance_secondments(talent.database)
    facts = await talent.facts(past["secondment_id"])
    assert [fact["status"] for fact in facts] == ["proposed", "active", "ended"]


TERMS = st.lists(
    st.tuples(st.integers(0, 20), st.integers(0, 10), st.integers(1, 100)), min_size=1, max_size=6
)


async def test_the_trigger_agrees_with_a_day_by_day_count(talent: Talent) -> None:
    """Law: an agreement is accepted exactly when no day would pass 100 %."""
    examples: list[list[tuple[int, int, int]]] = []

    @settings(max_examples=25, deadline=None, database=None, derandomize=True)
    @given(TERMS)
    def collect(terms: list[tuple[int, int, int]]) -> None:
        examples.append(terms)

    collect()
    candidate = UUID((await talent.candidate(talent.school(HOME)))["candidate_id"])
    for terms in examples:
        await _follow(talent, candidate, terms)
        await talent.rows(
            "DELETE FROM secondment WHERE candidate_id = :id RETURNING 1", id=candidate
        )


async def _follow(talent: Talent, candidate: UUID, terms: list[tuple[int, int, int]]) -> None:
    day0, used = date(2090, 1, 1), [0] * 40
    for start, length, share in terms:
        days = range(start, start + length + 1)
        fits = all(used[day] + share <= 100 for day in days)
        row = Secondment(
            secondment_id=uuid4(),
            candidate_id=candidate,
            home_org=HOME,
            uscc="u",
            position_id=None,
            status="agreed",
            share_percent=share,
            starts_on=day0 + timedelta(days=start),
            ends_on=day0 + timedelta(days=start + length),
            ip_clause="x",
            duties="",
            proposed_at=clock.now(),
        )
        if not fits:
            with pytest.raises(IntegrityError):
                async with talent.database.transaction() as session:
                    session.add(row)
            continue
        async with talent.database.transaction() as session:
            session.add(row)
        for day in days:
            used[day] += share
