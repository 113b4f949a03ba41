"""A payment run from the list of intended payees to the reconciled return."""

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError

from services.funding.payments import notices, runs, settling
from services.funding.payments.accounts import give_account
from services.funding.payments.bank_files import read_return
from services.funding.payments.errors import (
    CalendarUnknown,
    FourEyes,
    ListNoTaken,
    NothingToPay,
    NoticeRunning,
    NotYourLevel,
    ObjectionsOpen,
    ReturnUnusable,
    StepNotPossible,
    TooLate,
)
from services.funding.payments.notice_schemas import ObjectionWrite
from services.funding.payments.run_schemas import AccountWrite, ReversalWrite
from shared.auth import Role, Subject
from shared.db import Database
from shared.uploaded_table import CSV, XLSX
from tests.factories import make_uscc
from tests.services.funding.conftest import MoveTo
from tests.services.funding.makers import dossier_changed, published, take, title, titles_changed
from tests.services.funding.payment_desk import (
    AFTER_NOTICE,
    AWARD,
    DEPUTY,
    FINANCE,
    GIANT,
    HEAD,
    MAKER,
    SPECIALIZED,
    Desk,
    award,
    check_books,
    person,
    return_file,
)


@pytest.fixture
async def desk(own_database: Database) -> AsyncIterator[Desk]:
    """A desk with a database of its own; at the end its books must agree with its lines."""
    desk = Desk(own_database)
    yield desk
    await check_books(desk)


def neighbour(uscc: str) -> Subject:
    return Subject(sub=uscc, role=Role.ENTERPRISE, uscc=uscc)


async def test_run_goes_from_the_list_to_the_reconciled_return(
    desk: Desk, domain_day: MoveTo
) -> None:
    usccs = await award(desk.database, 4)
    await desk.budget(AWARD * 5)
    run = await desk.make_list()
    assert await desk.balances() == {
        "appropriated": -AWARD * 5,
        "available": AWARD,
        "committed": AWARD * 4,
    }
    run = await desk.publish(run.run_id)
    assert (run.notice_from, run.notice_until) == (date(2022, 9, 30), date(2022, 10, 12))
    assert (await desk.balances())["notified"] == AWARD * 4
    domain_day(AFTER_NOTICE)
    assert (await desk.sign(run.run_id)).state == "approved"
    assert (await desk.export(run.run_id)).state == "exported"
    taken, repeated = await desk.take_return(run.run_id, refused=usccs[:1])
    assert (taken.paid, taken.paid_cny, taken.refused, repeated) == (3, AWARD * 3, 1, False)
    assert (await desk.run(run.run_id)).state == "reconciled"
    assert await desk.balances() == {
        "appropriated": -AWARD * 5,
        "available": AWARD,
        "paid": AWARD * 3,
        "returned": AWARD,
    }
    told = [await published(desk.database, uscc, "funding.payment") for uscc in usccs]
    assert [[fact and fact["status"] for fact in facts] for facts in told] == [
        ["refused"],
        ["paid"],
        ["paid"],
        ["paid"],
    ]
    assert "账" not in str(told[1])


async def test_every_step_done_twice_is_done_once(desk: Desk, domain_day: MoveTo) -> None:
    await award(desk.database, 3)
    await desk.budget(AWARD * 3)
    await desk.budget(AWARD * 3)
    run = await desk.make_list()
    assert (await desk.make_list()).run_id == run.run_id
    await desk.publish(run.run_id)
    await desk.publish(run.run_id)
    domain_day(AFTER_NOTICE)
    first = await desk.sign(run.run_id, HEAD)
    again = await desk.sign(run.run_id, HEAD)
    assert (first.state, again.state) == ("on_notice", "on_notice")
    await desk.sign(run.run_id, FINANCE)
    files = []
    for _ in range(2):
        await desk.export(run.run_id)
        file = await desk.do(settling.find_file, run.run_id, "xlsx", FINANCE)
        files.append((file.sha256, bytes(file.content)))
    assert files[0] == files[1]
    answers = read_return(return_file(await desk.lines(run.run_id)), CSV)
    results = [
        await desk.do(settling.take_return, run.run_id, rows, FINANCE)
        for rows in (answers[:2], answers[:2], answers)
    ]
    assert [(taken.paid, repeated) for taken, repeated in results] == [
        (2, False),
        (2, True),
        (1, False),
    ]
    assert [line.state for line in await desk.lines(run.run_id)] == ["paid"] * 3


async def test_second_list_finds_nothing_and_another_list_of_the_same_number_is_refused(
    desk: Desk,
) -> None:
    await award(desk.database, 2)
    await desk.budget(AWARD * 9)
    await desk.make_list("名单1")
    with pytest.raises(NothingToPay):
        await desk.make_list("名单2")
    with pytest.raises(ListNoTaken):
        await desk.make_list("名单1", scheme=GIANT)


async def test_notice_ends_before_anyone_signs_and_takes_objections_until_then(
    desk: Desk, domain_day: MoveTo
) -> None:
    usccs = await award(desk.database, 3)
    await desk.budget(AWARD * 3)
    run = await desk.make_list()
    with pytest.raises(StepNotPossible):
        await desk.sign(run.run_id, HEAD)
    await desk.publish(run.run_id)
    line = await desk.line_of(usccs[0])
    objection = ObjectionWrite(line_id=line.line_id, reason="该企业已迁出本市")
    raised = await desk.do(notices.raise_objection, run.run_id, objection, neighbour(usccs[1]))
    again = await desk.do(notices.raise_objection, run.run_id, objection, neighbour(usccs[1]))
    assert raised.objection_id == again.objection_id
    domain_day(date(2022, 10, 12))
    with pytest.raises(NoticeRunning):
        await desk.sign(run.run_id, HEAD)
    domain_day(AFTER_NOTICE)
    with pytest.raises(TooLate):
        await desk.do(notices.raise_objection, run.run_id, objection, neighbour(usccs[2]))
    with pytest.raises(ObjectionsOpen):
        await desk.sign(run.run_id, HEAD)
    decide = notices.decide_objection
    await desk.do(decide, raised.objection_id, "dismissed", "企业仍在本市登记", HEAD)
    assert (await desk.sign(run.run_id)).state == "approved"
    assert len(await desk.lines(run.run_id, "listed")) == 3


async def test_upheld_objection_takes_its_line_out_and_voids_what_was_signed(
    desk: Desk, domain_day: MoveTo
) -> None:
    usccs = await award(desk.database, 8)
    await desk.budget(AWARD * 8)
    run = await desk.make_list()
    await desk.publish(run.run_id)
    line = await desk.line_of(usccs[0])
    wanted = ObjectionWrite(line_id=line.line_id, reason="名称有误")
    objection = await desk.do(notices.raise_objection, run.run_id, wanted, neighbour(usccs[1]))
    domain_day(AFTER_NOTICE)
    await desk.do(notices.decide_objection, objection.objection_id, "upheld", "属实", HEAD)
    changed = await desk.run(run.run_id)
    assert (changed.state, changed.revision) == ("on_notice", 2)
    assert (await desk.balances())["available"] == AWARD
    with pytest.raises(StepNotPossible, match="revision 2"):
        await desk.do(notices.sign, run.run_id, 1, None, HEAD)
    await desk.sign(run.run_id)
    assert len(await desk.lines(run.run_id, "listed")) == 7
    assert (await desk.lines(run.run_id, "withdrawn"))[0].line_id == line.line_id


async def test_change_of_an_approved_list_voids_its_approvals(
    desk: Desk, domain_day: MoveTo
) -> None:
    usccs = await award(desk.database, 3)
    await desk.budget(AWARD * 3)
    run = await desk.make_list()
    await desk.publish(run.run_id)
    domain_day(AFTER_NOTICE)
    await desk.sign(run.run_id)
    annulled = title(status="annulled", valid_from=date(2022, 1, 1), valid_to=date(2026, 1, 1))
    await take(desk.database, titles_changed(usccs[0], annulled, version=2))
    changed = await desk.run(run.run_id)
    assert (changed.state, changed.revision) == ("on_notice", 2)
    with pytest.raises(StepNotPossible):
        await desk.export(run.run_id)
    assert (await desk.sign(run.run_id)).state == "approved"
    assert [line.uscc for line in await desk.lines(run.run_id, "listed")] == usccs[1:]


async def test_four_eyes_and_levels_by_the_total(desk: Desk, domain_day: MoveTo) -> None:
    await award(desk.database, 6)
    await desk.budget(AWARD * 6)
    run = await desk.make_list()
    await desk.publish(run.run_id)
    domain_day(AFTER_NOTICE)
    with pytest.raises(FourEyes):
        await desk.sign(run.run_id, MAKER)
    with pytest.raises(NotYourLevel):
        await desk.sign(run.run_id, FINANCE)
    with pytest.raises(NotYourLevel):
        await desk.sign(run.run_id, person("stranger", authority="440300"))
    await desk.sign(run.run_id, HEAD)
    await desk.sign(run.run_id, HEAD)
    with pytest.raises(NotYourLevel, match="department"):
        await desk.sign(run.run_id, FINANCE)
    await desk.sign(run.run_id, DEPUTY)
    assert (await desk.sign(run.run_id, FINANCE)).state == "approved"


async def test_refused_line_is_corrected_by_a_reversal_and_paid_by_the_next_run(
    desk: Desk, domain_day: MoveTo
) -> None:
    usccs = await award(desk.database, 2)
    await desk.budget(AWARD * 2)
    await desk.pay(domain_day, refused=usccs[:1])
    refused = await desk.line_of(usccs[0])
    with pytest.raises(NothingToPay):
        await desk.make_list("名单2")
    wanted = ReversalWrite(reason="户名已更正", document_no="穗工信更〔2022〕1号")
    reversal = await desk.do(settling.reverse_line, refused.line_id, wanted, FINANCE)
    again = await desk.do(settling.reverse_line, refused.line_id, wanted, FINANCE)
    assert (reversal.amount_cny, reversal.reverses) == (-AWARD, refused.line_id)
    assert reversal.line_id == again.line_id
    run = await desk.make_list("名单2")
    assert [line.uscc for line in await desk.lines(run.run_id)] == usccs[:1]


async def test_cancelled_list_gives_its_money_and_its_payees_back(desk: Desk) -> None:
    await award(desk.database, 2)
    await desk.budget(AWARD * 2)
    run = await desk.make_list()
    await desk.publish(run.run_id)
    await desk.do(runs.cancel_run, run.run_id, "名单有误", MAKER)
    again = await desk.do(runs.cancel_run, run.run_id, "名单有误", MAKER)
    assert again.state == "cancelled"
    assert (await desk.balances())["available"] == AWARD * 2
    assert len(await desk.lines((await desk.make_list("名单2")).run_id)) == 2


async def test_wrong_return_file_stores_nothing_and_names_every_row(
    desk: Desk, domain_day: MoveTo
) -> None:
    await award(desk.database, 3)
    await desk.budget(AWARD * 3)
    run = await desk.make_list()
    await desk.publish(run.run_id)
    domain_day(AFTER_NOTICE)
    await desk.sign(run.run_id)
    await desk.export(run.run_id)
    good = return_file(await desk.lines(run.run_id)).decode().splitlines()
    first = good[1].split(",")
    wrong = [
        good[0],
        ",".join([str(uuid4()), *first[1:]]),
        ",".join([first[0], "1.00", *first[2:]]),
        ",".join([*good[2].split(",")[:5], "2023-01-01"]),
    ]
    answers = read_return("\n".join(wrong).encode(), CSV)
    with pytest.raises(ReturnUnusable) as refused:
        await desk.do(settling.take_return, run.run_id, answers, FINANCE)
    assert [problem.field for problem in refused.value.errors] == [
        "rows.2.line_id",
        "rows.3.amount_cny",
        "rows.4.settled_on",
    ]
    assert {line.state for line in await desk.lines(run.run_id)} == {"listed"}
    await desk.take_return(run.run_id)
    changed = "\n".join(good).replace("bank-1", "bank-9").encode()
    with pytest.raises(ReturnUnusable, match="reversal"):
        await desk.do(settling.take_return, run.run_id, read_return(changed, CSV), FINANCE)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("x,200000.00,已拨付,,b-1,2022-10-13", "line_id"),
        ("{id},-1,已拨付,,b-1,2022-10-13", "amount_cny"),
        ("{id},NaN,已拨付,,b-1,2022-10-13", "amount_cny"),
        ("{id},200000.00,也许,,b-1,2022-10-13", "result"),
        ("{id},200000.00,已退回,,b-1,2022-10-13", "reason"),
        ("{id},200000.00,已拨付,,,2022-10-13", "bank_reference"),
        ("{id},200000.00,已拨付,,b-1,13.10.2022", "settled_on"),
    ],
)
def test_row_that_cannot_be_read_is_refused_with_its_number(row: str, field: str) -> None:
    head = "支付编号,金额,拨付结果,退回原因,银行流水号,处理日期\n"
    with pytest.raises(ReturnUnusable) as refused:
        read_return((head + row.format(id=uuid4())).encode("gb18030"), CSV)
    assert [problem.field for problem in refused.value.errors] == [f"rows.2.{field}"]


@pytest.mark.parametrize("body", [b"", b"PK\x03\x04 no workbook", "支付编号\n".encode()])
@pytest.mark.parametrize("media", [CSV, XLSX])
def test_file_that_is_no_return_is_refused(body: bytes, media: str) -> None:
    with pytest.raises(ReturnUnusable):
        read_return(body, media)


async def test_exported_file_names_the_account_of_that_moment_and_no_formula(
    desk: Desk, domain_day: MoveTo
) -> None:
    usccs = await award(desk.database, 2)
    await desk.budget(AWARD * 2)
    account = AccountWrite(holder="=HYPERLINK(1)", bank="示例银行", number="4400112233445566")
    await desk.do(give_account, usccs[0], account, neighbour(usccs[0]))
    run = await desk.make_list()
    await desk.publish(run.run_id)
    domain_day(AFTER_NOTICE)
    await desk.sign(run.run_id)
    await desk.export(run.run_id)
    later = account.model_copy(update={"number": "999999999999"})
    await desk.do(give_account, usccs[0], later, neighbour(usccs[0]))
    await desk.export(run.run_id)
    file = await desk.do(settling.find_file, run.run_id, "csv", FINANCE)
    text = bytes(file.content).decode("utf-8-sig")
    assert "4400112233445566" in text
    assert "999999999999" not in text
    assert "'=HYPERLINK(1)" in text


async def test_notice_that_needs_an_unknown_year_is_refused(desk: Desk, domain_day: MoveTo) -> None:
    await award(desk.database, 1)
    await desk.budget(AWARD)
    run = await desk.make_list()
    domain_day(date(2026, 12, 31))
    with pytest.raises(CalendarUnknown, match="2027"):
        await desk.publish(run.run_id)


async def test_the_database_admits_one_live_line_and_no_edit(
    desk: Desk, domain_day: MoveTo
) -> None:
    await award(desk.database, 1)
    await desk.budget(AWARD)
    await desk.make_list()
    copied = (
        "INSERT INTO payment_line SELECT gen_random_uuid(), run_id, 2, kind, reverses,"
        " entitlement_id, uscc, name, scheme, period, payable_cny, amount_cny, state"
        " FROM payment_line RETURNING 1"
    )
    with pytest.raises(IntegrityError, match="payment_line_once"):
        await desk.rows(copied)
    for statement in (
        "UPDATE payment_line SET amount_cny = 1 RETURNING 1",
        "UPDATE payment_line SET state = 'reversed' RETURNING 1",
        "DELETE FROM payment_line RETURNING 1",
    ):
        with pytest.raises(DBAPIError, match="payment line"):
            await desk.rows(statement)


async def test_firm_in_public_notice_is_on_no_list(desk: Desk) -> None:
    [uscc] = await award(desk.database, 1)
    noticed = title(status="publicized", valid_from=None, valid_to=None)
    waiting = make_uscc()
    await take(desk.database, dossier_changed(waiting), titles_changed(waiting, noticed))
    await desk.budget(AWARD * 3)
    run = await desk.make_list(scheme=SPECIALIZED)
    assert [line.uscc for line in await desk.lines(run.run_id)] == [uscc]


async def test_returned_money_is_exact_to_the_fen(desk: Desk, domain_day: MoveTo) -> None:
    await award(desk.database, 3, day=date(2022, 2, 1))
    await desk.budget(Decimal("200000.01"))
    decision = {"scheme": SPECIALIZED, "clause": "scale_down", "document_no": "穗工信〔2022〕2号"}
    run = await desk.pay(domain_day, shortages=[decision])
    amounts = sorted(line.amount_cny for line in await desk.lines(run.run_id))
    assert amounts == [Decimal("66666.67")] * 3
    assert (await desk.balances())["paid"] == Decimal("200000.01")
