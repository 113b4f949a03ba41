"""Timed work: a new day judges everybody, and one enterprise that fails holds back nobody."""

from datetime import date

from sqlalchemy import text

from services.funding.jobs import delete_old_snapshots, judge_new_day
from shared.db import Database
from shared.due import BATCH_MAX
from tests.factories import make_uscc
from tests.services.funding.conftest import MoveTo
from tests.services.funding.makers import (
    consent,
    consents_changed,
    dossier_changed,
    heard_by,
    take,
    title,
    titles_changed,
)

NEXT_YEAR = date(2023, 9, 1)


async def _told(database: Database) -> str:
    uscc = make_uscc()
    await take(
        database,
        dossier_changed(uscc),
        titles_changed(uscc, title()),
        consents_changed(uscc, consent()),
    )
    return uscc


async def _judged_on(database: Database) -> dict[str, date]:
    async with database.transaction() as session:
        connection = await session.connection()
        rows = await connection.execute(text("SELECT uscc, judged_on FROM enterprise"))
        return {row.uscc: row.judged_on for row in rows}


async def test_new_day_judges_more_enterprises_than_one_batch_and_only_once(
    own_database: Database, domain_day: MoveTo
) -> None:
    for _ in range(BATCH_MAX + 3):
        await take(own_database, dossier_changed(make_uscc()))
    told = await _told(own_database)
    domain_day(NEXT_YEAR)
    await judge_new_day(own_database)
    await judge_new_day(own_database)
    judged = await _judged_on(own_database)
    assert len(judged) == BATCH_MAX + 4
    assert set(judged.values()) == {NEXT_YEAR}
    assert [s and s["status"] for s in await heard_by(own_database, told)] == [
        "eligible",
        "withdrawn",
    ]


async def test_enterprise_that_cannot_be_judged_holds_back_nobody(
    own_database: Database, domain_day: MoveTo
) -> None:
    usccs = sorted([await _told(own_database) for _ in range(5)])
    broken = usccs[2]
    async with own_database.transaction() as session:
        await (await session.connection()).execute(
            text("UPDATE enterprise SET facts = '{}' WHERE uscc = :uscc").bindparams(uscc=broken)
        )
    domain_day(NEXT_YEAR)
    await judge_new_day(own_database)
    judged = await _judged_on(own_database)
    assert {uscc for uscc, day in judged.items() if day == NEXT_YEAR} == set(usccs) - {broken}


async def test_old_withdrawals_become_tombstones_by_domain_time(
    own_database: Database, domain_day: MoveTo
) -> None:
    uscc = await _told(own_database)
    domain_day(NEXT_YEAR)
    await judge_new_day(own_database)
    await delete_old_snapshots(own_database)
    assert (await heard_by(own_database, uscc))[-1] is not None
    domain_day(date(2023, 9, 8))
    await delete_old_snapshots(own_database)
    await delete_old_snapshots(own_database)
    assert [s and s["status"] for s in await heard_by(own_database, uscc)] == [
        "eligible",
        "withdrawn",
        None,
    ]


async def test_days_that_change_nothing_publish_nothing(
    own_database: Database, domain_day: MoveTo
) -> None:
    uscc = await _told(own_database)
    domain_day(date(2022, 10, 1))
    await judge_new_day(own_database)
    domain_day(date(2022, 12, 31))
    await judge_new_day(own_database)
    assert len(await heard_by(own_database, uscc)) == 1
