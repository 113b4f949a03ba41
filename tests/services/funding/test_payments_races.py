"""What happens at the same time: titles fall while their list is made, and two people at a desk."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date

import pytest

from services.funding import service
from services.funding.payments import settling
from services.funding.payments.bank_files import read_return
from shared.db import Database
from shared.uploaded_table import CSV
from tests.services.funding.conftest import MoveTo
from tests.services.funding.makers import published, title, titles_changed
from tests.services.funding.payment_desk import (
    AFTER_NOTICE,
    AWARD,
    FINANCE,
    HEAD,
    Desk,
    award,
    check_books,
    return_file,
)

TITLES = 12


@pytest.fixture
async def desk(own_database: Database) -> AsyncIterator[Desk]:
    desk = Desk(own_database)
    yield desk
    await check_books(desk)


async def annul(desk: Desk, uscc: str) -> None:
    void = title(status="annulled", valid_from=date(2022, 1, 1), valid_to=date(2026, 1, 1))
    await desk.do(service.take_titles, titles_changed(uscc, void, version=2))


async def test_title_that_falls_while_the_list_is_made_is_on_no_list(desk: Desk) -> None:
    usccs = await award(desk.database, TITLES, day=date(2022, 1, 1))
    await desk.budget(AWARD * TITLES)
    fallen = usccs[::2]
    run, *_ = await asyncio.gather(desk.make_list(), *(annul(desk, uscc) for uscc in fallen))
    listed = {line.uscc for line in await desk.lines(run.run_id, "listed")}
    assert listed == set(usccs) - set(fallen)
    assert (await desk.balances())["committed"] == AWARD * (TITLES - len(fallen))


async def test_title_that_falls_while_its_payment_is_booked_is_clawed_back_once(
    desk: Desk, domain_day: MoveTo
) -> None:
    usccs = await award(desk.database, TITLES, day=date(2022, 1, 1))
    await desk.budget(AWARD * TITLES)
    run = await desk.make_list()
    await desk.publish(run.run_id)
    domain_day(AFTER_NOTICE)
    await desk.sign(run.run_id)
    await desk.export(run.run_id)
    await asyncio.gather(desk.take_return(run.run_id), *(annul(desk, uscc) for uscc in usccs[:4]))
    orders = await desk.rows("SELECT uscc FROM claw_back")
    assert sorted(row.uscc for row in orders) == sorted(usccs[:4])


async def test_everyone_acts_at_once_and_each_step_happens_once(
    desk: Desk, domain_day: MoveTo
) -> None:
    [uscc] = await award(desk.database, 1)
    await desk.budget(AWARD)
    runs = await asyncio.gather(*(desk.make_list() for _ in range(4)))
    assert len({run.run_id for run in runs}) == 1
    run_id = runs[0].run_id
    await asyncio.gather(*(desk.publish(run_id) for _ in range(4)))
    domain_day(AFTER_NOTICE)
    await asyncio.gather(*(desk.sign(run_id, HEAD) for _ in range(4)), return_exceptions=True)
    await asyncio.gather(*(desk.sign(run_id, FINANCE) for _ in range(4)), return_exceptions=True)
    await asyncio.gather(*(desk.export(run_id) for _ in range(4)))
    answers = read_return(return_file(await desk.lines(run_id)), CSV)
    taken = await asyncio.gather(
        *(desk.do(settling.take_return, run_id, answers, FINANCE) for _ in range(4))
    )
    assert sorted(repeated for _, repeated in taken) == [False, True, True, True]
    approvals = await desk.rows("SELECT signed_by FROM payment_approval ORDER BY signed_at")
    assert [row.signed_by for row in approvals] == [HEAD.sub, FINANCE.sub]
    facts = await published(desk.database, uscc, "funding.payment")
    assert [fact and fact["status"] for fact in facts] == ["paid"]
