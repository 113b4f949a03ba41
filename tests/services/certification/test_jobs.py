"""The timed jobs, called as the runner calls them: the day moves, and everything due is done."""

from sqlalchemy import text

from services.certification import jobs
from tests.factories import make_uscc
from tests.services.certification.conftest import (
    Certification,
    DomainClock,
    csv_list,
    dossier_changed,
)


async def test_new_year_is_judged_and_ended_terms_are_told(
    certification: Certification, domain_clock: DomainClock
) -> None:
    codes = [make_uscc() for _ in range(3)]
    for uscc in codes:
        await certification.hear(dossier_changed(uscc))
    rows = csv_list(*(f"{uscc},示例公司,4" for uscc in codes))
    await certification.send_list(rows, valid_to="2022-12-31")
    domain_clock.move_to("2023-01-01T03:00:00+08:00")
    for _ in range(2):
        for job in jobs.JOBS:
            await job.run(certification.database)
    for uscc in codes:
        outlooks = await certification.facts(uscc, "outlook-changed")
        titles = await certification.facts(uscc, "titles-changed")
        assert [fact["version"] for fact in outlooks] == [1, 2]
        assert [fact["titles"][0]["status"] for fact in titles] == ["effective", "expired"]
    assert {job.cron.count(" ") for job in jobs.JOBS} == {4, 5}


async def test_enterprise_that_cannot_be_judged_holds_back_nobody(
    certification: Certification, domain_clock: DomainClock
) -> None:
    codes = sorted(make_uscc() for _ in range(3))
    for uscc in codes:
        await certification.hear(dossier_changed(uscc))
    async with certification.database.engine.begin() as connection:
        broken = text("UPDATE enterprise SET facts = '[]' WHERE uscc = :uscc")
        await connection.execute(broken, {"uscc": codes[0]})
    domain_clock.move_to("2023-01-01T03:00:00+08:00")
    await jobs.judge_new_day(certification.database)
    outlooks = [len(await certification.facts(uscc, "outlook-changed")) for uscc in codes]
    assert outlooks == [1, 2, 2]
