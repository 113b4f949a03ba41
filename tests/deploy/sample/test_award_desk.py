"""The sample's award desk: its return file is one the service reads, its books find a fault."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from deploy.local.sample.award_desk import AWARDS, AwardDesk, Walk, return_file
from deploy.local.sample.calls import Caller
from deploy.local.sample.region import build_region
from services.funding.awards.schemes import schemes
from services.funding.payments.bank_files import read_return, write_file
from shared.uploaded_table import CSV

ON = date(2022, 10, 13)


def exported(*payees: tuple[str, str]) -> tuple[bytes, list[str]]:
    """A file as the service exports it, for payees and their accounts; and its line ids."""
    ids = [str(uuid4()) for _ in payees]
    rows = [
        [str(n), ids[n], "示例公司", uscc, "奖励", "once", "200000.00", "", "", number, "名单1"]
        for n, (uscc, number) in enumerate(payees)
    ]
    return write_file("csv", rows), ids


def test_return_file_answers_every_exported_line_and_the_service_reads_it() -> None:
    file, ids = exported(("A", "4401"), ("B", ""), ("C", "4402"))
    answers = read_return(return_file(file, {"B", "C"}, ON), CSV)
    assert [str(answer.line_id) for answer in answers] == ids
    assert [answer.result for answer in answers] == ["paid", "refused", "refused"]
    assert [answer.reason for answer in answers] == [None, "未登记收款账户", "户名不符"]
    assert {answer.amount_cny for answer in answers} == {Decimal(200_000)}
    assert {answer.settled_on for answer in answers} == {ON}


def test_awards_of_the_desk_are_those_of_the_rule_files() -> None:
    for scheme, amount in AWARDS.items():
        found = schemes()[scheme].amount_on(date(2022, 9, 30))
        assert found is not None
        assert found.bounds == (int(amount), int(amount))


class Answers(Caller):
    """A gateway whose answers are given."""

    def __init__(self, answers: dict[str, Any]) -> None:
        super().__init__("http://127.0.0.1:9", lambda role, **claims: role)
        self._answers = answers

    async def read(self, path: str, token: str, **query: str | int) -> Any:
        return self._answers[path.rpartition("/")[2]]

    async def read_pages(self, path: str, token: str, name: str, **query: str | int) -> Any:
        return self._answers[name]


def settled() -> dict[str, Any]:
    """What the gateway says when everything went well."""
    region = build_region()
    titled = [one.uscc for one in region if one.holds_specialized]
    giants = [one.uscc for one in region if one.holds_little_giant]
    refused = {*titled[:3], *titled[-2:]}
    lines = [
        {
            "uscc": uscc,
            "amount_cny": f"{amount}.00",
            "state": "refused" if uscc in refused else "paid",
        }
        for usccs, amount in ((titled, 200_000), (giants, 1_000_000))
        for uscc in usccs
    ]
    total = sum(Decimal(line["amount_cny"]) for line in lines)
    back = sum(Decimal(line["amount_cny"]) for line in lines if line["state"] == "refused")
    book = {
        "appropriated": str(-total),
        "available": "0",
        "committed": "0",
        "notified": "0",
        "paid": str(total - back),
        "returned": str(back),
        "clawed_back": "0",
    }
    return {
        "run": {
            "state": "reconciled",
            "amount_cny": str(total),
            "levels": [{"signatures": 2}, {"signatures": 2}],
        },
        "lines": lines,
        "award-budgets": {"budgets": [{"balances_cny": book}]},
    }


async def checked(answers: dict[str, Any]) -> AwardDesk:
    walk = Walk(Answers(answers), build_region())
    walk._run = {"run_id": "run"}
    walk.desk.notice_lines, walk.desk.signatures = 435, 4
    await walk.check()
    return walk.desk


async def test_books_of_a_good_run_have_no_complaint() -> None:
    desk = await checked(settled())
    assert desk.complaints == []
    figures = desk.figures()
    assert (figures["lines"], figures["amount_cny"]) == (435, "142200000.00")
    assert figures["ledger_balanced"] is True
    assert Decimal(figures["paid_cny"]) + Decimal(figures["returned_cny"]) == 142_200_000


@pytest.mark.parametrize("fault", ["a line is missing", "a yuan is missing", "not reconciled"])
async def test_fault_is_found(fault: str) -> None:
    answers = settled()
    if fault == "a line is missing":
        answers["lines"].pop()
    elif fault == "a yuan is missing":
        answers["award-budgets"]["budgets"][0]["balances_cny"]["paid"] = "1"
    else:
        answers["run"]["state"] = "exported"
    assert (await checked(answers)).complaints
