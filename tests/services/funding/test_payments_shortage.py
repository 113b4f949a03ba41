"""A budget that is short by a tenth under each shortage clause, and what is never decided by id."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.funding.awards.schemes import schemes
from services.funding.ledger.schemas import AppropriationWrite
from services.funding.ledger.service import appropriate
from services.funding.payments.errors import NothingToPay, ShortageUndecided, TitlesTied
from services.funding.payments.runs import cancel_run
from services.funding.payments.sharing import Clause, Due, Tied, scale_down, share
from shared.db import Database
from tests.services.funding.payment_desk import (
    AWARD,
    FINANCE,
    MAKER,
    SPECIALIZED,
    Desk,
    award,
    check_books,
)

TEN = 10
SHORT = AWARD * 9
DOCUMENT = "穗工信〔2022〕2号"


@pytest.fixture
async def desk(own_database: Database) -> AsyncIterator[Desk]:
    desk = Desk(own_database)
    yield desk
    await check_books(desk)


def says(monkeypatch: pytest.MonkeyPatch, clause: str) -> None:
    """The scheme itself has this clause."""
    scheme = schemes()[SPECIALIZED].model_copy(update={"shortage": clause})
    monkeypatch.setitem(schemes(), SPECIALIZED, scheme)


async def test_unknown_clause_stops_the_run_until_the_payer_names_one_with_its_document(
    desk: Desk,
) -> None:
    await award(desk.database, TEN)
    await desk.budget(SHORT)
    with pytest.raises(ShortageUndecided, match="scale_down, carry_over or first_titles_first"):
        await desk.make_list()
    assert await desk.balances() == {"appropriated": -SHORT, "available": SHORT}
    decision = {"scheme": SPECIALIZED, "clause": "scale_down", "document_no": DOCUMENT}
    run = await desk.make_list(shortages=[decision])
    assert run.shortages[0]["document_no"] == DOCUMENT


async def test_scaled_down_by_a_tenth_everyone_gets_nine_tenths(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(monkeypatch, "scale_down")
    await award(desk.database, TEN)
    await desk.budget(SHORT)
    run = await desk.make_list()
    lines = await desk.lines(run.run_id)
    assert {line.amount_cny for line in lines} == {AWARD * 9 / 10}
    assert {line.payable_cny for line in lines} == {AWARD}
    assert await desk.balances() == {"appropriated": -SHORT, "committed": SHORT}


async def test_carried_over_the_last_title_waits_for_next_years_run_and_comes_first_there(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(monkeypatch, "carry_over")
    usccs = await award(desk.database, TEN)
    await desk.budget(SHORT)
    run = await desk.make_list()
    assert [line.uscc for line in await desk.lines(run.run_id)] == usccs[:9]
    await desk.budget(AWARD, document_no="穗财〔2022〕9号")
    with pytest.raises(NothingToPay):
        await desk.make_list("名单2")
    next_year = AppropriationWrite(
        scheme=SPECIALIZED, year=2023, change_cny=f"{AWARD:.2f}", document_no="穗财〔2023〕1号"
    )
    await desk.do(appropriate, next_year, FINANCE)
    await award(desk.database, 1, day=date(2021, 12, 1))
    run = await desk.make_list("名单3", year=2023)
    assert [line.uscc for line in await desk.lines(run.run_id)] == usccs[9:]


async def test_cancelled_list_carries_nothing_over(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(monkeypatch, "carry_over")
    await award(desk.database, 2)
    await desk.budget(AWARD)
    run = await desk.make_list()
    await desk.do(cancel_run, run.run_id, "名单有误", MAKER)
    await desk.budget(AWARD, document_no="穗财〔2022〕9号")
    run = await desk.make_list("名单2")
    assert len(await desk.lines(run.run_id)) == 2


async def test_first_titles_are_paid_whole_and_the_last_waits_for_more_money(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(monkeypatch, "first_titles_first")
    usccs = await award(desk.database, TEN)
    await desk.budget(SHORT + AWARD / 2)
    run = await desk.make_list()
    assert [line.uscc for line in await desk.lines(run.run_id)] == usccs[:9]
    await desk.budget(AWARD / 2, document_no="穗财〔2022〕9号")
    run = await desk.make_list("名单2")
    assert [line.uscc for line in await desk.lines(run.run_id)] == usccs[9:]


async def test_titles_of_one_day_are_not_put_in_an_order_nobody_decided(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(monkeypatch, "first_titles_first")
    first = await award(desk.database, 1, day=date(2022, 1, 1))
    await award(desk.database, 9, day=date(2022, 1, 2))
    await desk.budget(SHORT)
    with pytest.raises(TitlesTied, match="9 titles that took effect on 2022-01-02"):
        await desk.make_list()
    wait = {"scheme": SPECIALIZED, "ties": "wait", "document_no": DOCUMENT}
    run = await desk.make_list("名单1", shortages=[wait])
    assert [line.uscc for line in await desk.lines(run.run_id)] == first
    run = await desk.make_list("名单2", shortages=[{**wait, "ties": "share"}])
    shared = [line.amount_cny for line in await desk.lines(run.run_id)]
    assert sum(shared) == AWARD * 8
    assert max(shared) - min(shared) <= Decimal("0.01")


async def test_payer_cannot_overrule_what_the_scheme_says(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(monkeypatch, "carry_over")
    await award(desk.database, 2)
    await desk.budget(AWARD)
    decision = {"scheme": SPECIALIZED, "clause": "scale_down", "document_no": DOCUMENT}
    with pytest.raises(ShortageUndecided, match="carry_over"):
        await desk.make_list(shortages=[decision])


DUES = st.lists(
    st.tuples(st.integers(1, 50_000_000), st.integers(0, 5)), min_size=1, max_size=40
).map(
    lambda rows: [
        Due(
            UUID(int=number),
            f"{number:018d}",
            Decimal(fen) / 100,
            date(2022, 1, 1) + timedelta(days=day),
        )
        for number, (fen, day) in enumerate(rows, 1)
    ]
)


@given(DUES, st.integers(0, 100))
def test_scaled_shares_sum_to_what_is_there_and_are_fair_to_the_fen(
    due: list[Due], percent: int
) -> None:
    total = sum(one.amount_cny for one in due)
    available = round(total * percent / 100, 2)
    shares = scale_down(due, available)
    assert sum(shares.values()) == available
    for one in due:
        exact = one.amount_cny * available / total
        assert abs(shares.get(one.entitlement_id, Decimal(0)) - exact) < Decimal("0.01")
    renamed = [
        Due(UUID(int=10_000 - d.entitlement_id.int), d.uscc, d.amount_cny, d.effective_on)
        for d in due
    ]
    other = scale_down(renamed[::-1], available)
    assert {key.int: amount for key, amount in shares.items()} == {
        10_000 - key.int: amount for key, amount in other.items()
    }


@given(DUES, st.integers(0, 100), st.sampled_from(["carry_over", "first_titles_first"]))
def test_no_later_title_overtakes_and_no_award_is_cut(
    due: list[Due], percent: int, clause: str
) -> None:
    available = round(sum(one.amount_cny for one in due) * percent / 100, 2)
    try:
        shares = share(Clause(clause), due, Decimal(available))
    except Tied:
        shares = share(Clause(clause), due, Decimal(available), "wait")
    assert sum(shares.values()) <= available
    paid = {one.effective_on for one in due if one.entitlement_id in shares}
    waiting = {one.effective_on for one in due if one.entitlement_id not in shares}
    assert not paid or not waiting or max(paid) < min(waiting)
    assert all(shares[d.entitlement_id] == d.amount_cny for d in due if d.entitlement_id in shares)
