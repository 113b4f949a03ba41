"""What is taken back, what is not, by when, and what an appeal changes."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from services.funding.awards.schemes import schemes
from services.funding.jobs import judge_new_day
from services.funding.payments import appeals, claw_backs
from services.funding.payments.claw_back_schemas import ClawBackWrite, RepaymentWrite
from services.funding.payments.errors import (
    ClauseMissing,
    FourEyes,
    NothingToPay,
    NotThePayee,
    StepNotPossible,
    TooLate,
)
from services.funding.payments.jobs import fire_appeal_deadlines, fire_repayment_deadlines
from services.funding.payments.models import ClawBack
from shared.auth import Role, Subject
from shared.db import Database
from tests.services.funding.conftest import MoveTo
from tests.services.funding.makers import published, take, title, titles_changed
from tests.services.funding.payment_desk import (
    AFTER_NOTICE,
    AWARD,
    DEPUTY,
    FINANCE,
    HEAD,
    SPECIALIZED,
    Desk,
    award,
    check_books,
)

TITLE = {"valid_from": date(2022, 1, 1), "valid_to": date(2026, 1, 1)}


@pytest.fixture
async def desk(own_database: Database) -> AsyncIterator[Desk]:
    desk = Desk(own_database)
    yield desk
    await check_books(desk)


async def paid(desk: Desk, domain_day: MoveTo) -> str:
    """One payee whose award was paid."""
    [uscc] = await award(desk.database, 1)
    await desk.budget(AWARD)
    await desk.pay(domain_day)
    return uscc


async def change_title(desk: Desk, uscc: str, status: str) -> None:
    await take(desk.database, titles_changed(uscc, title(status=status, **TITLE), version=2))


async def found(desk: Desk) -> list[Any]:
    return await desk.rows("SELECT * FROM claw_back ORDER BY ordered_at")


async def told(desk: Desk, uscc: str) -> list[str]:
    facts = await published(desk.database, uscc, "funding.payment")
    return [str(fact["status"]) for fact in facts if fact]


def payee(uscc: str) -> Subject:
    return Subject(sub=f"clerk of {uscc}", role=Role.ENTERPRISE, uscc=uscc)


async def annulled(desk: Desk, domain_day: MoveTo) -> tuple[str, ClawBack]:
    uscc = await paid(desk, domain_day)
    await change_title(desk, uscc, "annulled")
    [row] = await found(desk)
    return uscc, await desk.do(claw_backs.find_claw_back, row.claw_back_id)


def repayment(amount: Decimal, reference: str) -> RepaymentWrite:
    return RepaymentWrite(
        amount_cny=f"{amount:.2f}", bank_reference=reference, repaid_on=AFTER_NOTICE
    )


async def test_title_annulled_from_the_start_is_clawed_back_with_deadlines(
    desk: Desk, domain_day: MoveTo
) -> None:
    uscc, order = await annulled(desk, domain_day)
    assert (order.ground, order.amount_cny, order.state) == ("annulled", AWARD, "ordered")
    assert order.due_on == AFTER_NOTICE + timedelta(days=30)
    assert order.appeal_until == AFTER_NOTICE + timedelta(days=60)
    fact = (await published(desk.database, uscc, "funding.payment"))[-1]
    assert fact is not None
    assert fact["status"] == "claw_back_ordered"
    assert (fact["due_on"], fact["appeal_until"]) == ("2022-11-12", "2022-12-12")
    await change_title(desk, uscc, "annulled")
    assert len(await found(desk)) == 1


async def test_title_that_expires_or_is_revoked_later_takes_nothing_back(
    desk: Desk, domain_day: MoveTo
) -> None:
    uscc = await paid(desk, domain_day)
    domain_day(date(2026, 2, 1))
    await judge_new_day(desk.database)
    assert await found(desk) == []
    await change_title(desk, uscc, "revoked")
    assert await found(desk) == []
    assert await told(desk, uscc) == ["paid"]


async def test_title_annulled_while_the_bank_has_the_list_is_clawed_back_when_paid(
    desk: Desk, domain_day: MoveTo
) -> None:
    usccs = await award(desk.database, 2)
    await desk.budget(AWARD * 2)
    run = await desk.make_list()
    await desk.publish(run.run_id)
    domain_day(AFTER_NOTICE)
    await desk.sign(run.run_id)
    await desk.export(run.run_id)
    await change_title(desk, usccs[0], "annulled")
    assert await found(desk) == []
    await desk.take_return(run.run_id)
    [order] = await found(desk)
    assert (order.uscc, order.ordered_by) == (usccs[0], "platform")
    assert await told(desk, usccs[0]) == ["paid", "claw_back_ordered"]


async def test_repaid_money_is_booked_once_and_ends_the_claw_back(
    desk: Desk, domain_day: MoveTo
) -> None:
    uscc, order = await annulled(desk, domain_day)
    book = claw_backs.book_repayment
    half = repayment(AWARD / 2, "退-1")
    await desk.do(book, order.claw_back_id, half, FINANCE)
    await desk.do(book, order.claw_back_id, half, FINANCE)
    assert await desk.balances() == {
        "appropriated": -AWARD,
        "paid": AWARD / 2,
        "clawed_back": AWARD / 2,
    }
    with pytest.raises(StepNotPossible):
        await desk.do(book, order.claw_back_id, repayment(AWARD, "退-2"), FINANCE)
    done = await desk.do(book, order.claw_back_id, repayment(AWARD / 2, "退-3"), FINANCE)
    assert done.state == "repaid"
    assert (await desk.line_of(uscc)).state == "clawed_back"
    assert await told(desk, uscc) == ["paid", "claw_back_ordered", "clawed_back"]
    assert await desk.balances() == {"appropriated": -AWARD, "clawed_back": AWARD}


async def test_fraud_is_claimed_where_the_scheme_provides_for_it_and_moving_away_is_not(
    desk: Desk, domain_day: MoveTo
) -> None:
    uscc = await paid(desk, domain_day)
    assert "moved_away" not in schemes()[SPECIALIZED].claw_back
    line = await desk.line_of(uscc)
    order = claw_backs.order_claw_back
    moved = ClawBackWrite(ground="moved_away", reason="迁出本市")
    with pytest.raises(ClauseMissing):
        await desk.do(order, line.line_id, moved, HEAD)
    fraud = ClawBackWrite(ground="fraud", reason="提供虚假材料")
    first = await desk.do(order, line.line_id, fraud, HEAD)
    again = await desk.do(order, line.line_id, fraud, HEAD)
    assert first.claw_back_id == again.claw_back_id
    with pytest.raises(StepNotPossible):
        await desk.do(order, line.line_id, ClawBackWrite(ground="fraud", reason="其他"), HEAD)


async def test_day_to_repay_that_passes_fires_once(desk: Desk, domain_day: MoveTo) -> None:
    uscc, order = await annulled(desk, domain_day)
    domain_day(order.due_on)
    await fire_repayment_deadlines(desk.database)
    assert (await found(desk))[0].overdue_at is None
    domain_day(order.due_on + timedelta(days=1))
    await fire_repayment_deadlines(desk.database)
    await fire_repayment_deadlines(desk.database)
    assert (await told(desk, uscc)).count("claw_back_overdue") == 1


async def test_claimed_back_award_is_not_paid_again_before_it_is_repaid(
    desk: Desk, domain_day: MoveTo
) -> None:
    uscc, order = await annulled(desk, domain_day)
    void = title(status="annulled", **TITLE)
    anew = title(document_no="示例新证〔2022〕9号", **TITLE)
    await take(desk.database, titles_changed(uscc, void, anew, version=3))
    await desk.budget(AWARD, document_no="穗财〔2022〕9号")
    with pytest.raises(NothingToPay):
        await desk.make_list("名单2")
    await desk.do(claw_backs.book_repayment, order.claw_back_id, repayment(AWARD, "退-1"), FINANCE)
    run = await desk.make_list("名单2")
    assert [line.uscc for line in await desk.lines(run.run_id)] == [uscc]


async def test_appeal_is_the_payees_own_and_once_and_in_time(
    desk: Desk, domain_day: MoveTo
) -> None:
    uscc, order = await annulled(desk, domain_day)
    file = appeals.file_appeal
    with pytest.raises(NotThePayee):
        await desk.do(file, order.claw_back_id, "理由充分", payee("91440101MA5CY2T72B"))
    domain_day(order.appeal_until + timedelta(days=1))
    with pytest.raises(TooLate):
        await desk.do(file, order.claw_back_id, "理由充分", payee(uscc))
    domain_day(order.appeal_until)
    await desk.do(file, order.claw_back_id, "理由充分", payee(uscc))
    again = await desk.do(file, order.claw_back_id, "理由充分", payee(uscc))
    assert again.state == "appealed"
    with pytest.raises(StepNotPossible):
        await desk.do(file, order.claw_back_id, "另有理由", payee(uscc))
    domain_day(order.appeal_until + timedelta(days=30))
    await fire_repayment_deadlines(desk.database)
    assert "claw_back_overdue" not in await told(desk, uscc)


async def test_upheld_appeal_cancels_the_claw_back_and_what_was_repaid_is_paid_again(
    desk: Desk, domain_day: MoveTo
) -> None:
    uscc, order = await annulled(desk, domain_day)
    await desk.do(
        claw_backs.book_repayment, order.claw_back_id, repayment(AWARD / 4, "退-1"), FINANCE
    )
    await desk.do(appeals.file_appeal, order.claw_back_id, "称号并未撤销", payee(uscc))
    with pytest.raises(StepNotPossible):
        await desk.do(
            claw_backs.book_repayment, order.claw_back_id, repayment(AWARD / 4, "退-2"), FINANCE
        )
    decide = appeals.decide_appeal
    await desk.do(decide, order.claw_back_id, "upheld", "经查属实", DEPUTY)
    done = await desk.do(decide, order.claw_back_id, "upheld", "经查属实", DEPUTY)
    assert done.state == "cancelled"
    assert await desk.balances() == {"appropriated": -AWARD, "paid": AWARD}
    assert (await told(desk, uscc))[-1] == "claw_back_cancelled"


async def test_dismissed_appeal_gives_a_new_day_to_repay_and_another_person_decides(
    desk: Desk, domain_day: MoveTo
) -> None:
    uscc = await paid(desk, domain_day)
    line = await desk.line_of(uscc)
    wanted = ClawBackWrite(ground="fraud", reason="提供虚假材料")
    order = await desk.do(claw_backs.order_claw_back, line.line_id, wanted, HEAD)
    await desk.do(appeals.file_appeal, order.claw_back_id, "材料真实", payee(uscc))
    with pytest.raises(FourEyes):
        await desk.do(appeals.decide_appeal, order.claw_back_id, "dismissed", "不成立", HEAD)
    domain_day(date(2022, 12, 1))
    done = await desk.do(appeals.decide_appeal, order.claw_back_id, "dismissed", "不成立", DEPUTY)
    assert (done.state, done.due_on) == ("ordered", date(2022, 12, 31))


async def test_appeal_that_waits_too_long_is_marked_once(desk: Desk, domain_day: MoveTo) -> None:
    uscc, order = await annulled(desk, domain_day)
    await desk.do(appeals.file_appeal, order.claw_back_id, "理由充分", payee(uscc))
    domain_day(AFTER_NOTICE + timedelta(days=61))
    marks = []
    for _ in range(2):
        await fire_appeal_deadlines(desk.database)
        marks += [row.overdue_at for row in await desk.rows("SELECT overdue_at FROM appeal")]
        domain_day(AFTER_NOTICE + timedelta(days=70))
    assert marks[0] is not None
    assert marks[0] == marks[1]
