"""Bank programmes: the bank's commitment, and its own word on what was used; nothing reserved."""

from pathlib import Path
from typing import Any

import pytest

from services.funding.products.programmes.files import RULES, read_programmes
from shared.rules.lined_yaml import RuleFileError
from tests.services.funding.conftest import Funding

PATH = "/v1/bank-programmes/cmb-zhanyixing"


async def _report(funding: Funding, body: Any, bank: str = "cmb", role: str = "bank") -> Any:
    claims = {"org": bank} if role == "bank" else {"authority": "440100"}
    return await funding.http.post(
        f"{PATH}/uses",
        json=body,
        headers={"authorization": f"Bearer {funding.token(role, **claims)}"},
    )


async def test_programme_shows_the_commitment_and_what_the_bank_reports(funding: Funding) -> None:
    before = (await funding.get(PATH, None)).json()
    assert before["commitment_cny"] == "20000000000.00"
    assert (before["tiers"], before["products"], before["review_months"]) == (None, None, None)
    assert before["verification"] == "seed"
    sent = {"as_of_on": "2022-08-31", "used_cny": "1200000000.00", "enterprises": 300}
    first = await _report(funding, sent)
    assert first.status_code == 201, first.text
    assert (await _report(funding, sent)).json()["number"] == first.json()["number"]
    corrected = {"as_of_on": "2022-08-31", "used_cny": "1150000000.00"}
    second = (await _report(funding, corrected)).json()
    older = await _report(funding, {"as_of_on": "2022-07-31", "used_cny": "1.00"})
    assert older.status_code == 201
    (listed,) = (await funding.get("/v1/bank-programmes", None)).json()["programmes"]
    assert listed["used"] == second
    assert listed["commitment_cny"] == "20000000000.00"
    uses = await funding.get(f"{PATH}/uses?limit=2", None)
    assert [row["used_cny"] for row in uses.json()["uses"]] == ["1.00", "1150000000.00"]
    rest = await funding.get(uses.headers["link"].split(">")[0].removeprefix("<"), None)
    assert [row["used_cny"] for row in rest.json()["uses"]] == ["1200000000.00"]


async def test_nobody_reports_for_another_bank(funding: Funding) -> None:
    sent = {"as_of_on": "2022-06-30", "used_cny": "5.00"}
    assert (await _report(funding, sent, "icbc")).status_code == 404
    assert (await _report(funding, sent, role="operator")).status_code == 403


@pytest.mark.parametrize(
    "change",
    [
        {"used_cny": "-1.00"},
        {"used_cny": 5},
        {"as_of_on": "2022-10-01"},
        {"as_of_on": "yesterday"},
        {"enterprises": -1},
        {"enterprises": "many"},
        {"reserved_cny": "1.00"},
    ],
)
async def test_bad_report_is_refused(funding: Funding, change: dict[str, Any]) -> None:
    answer = await _report(funding, {"as_of_on": "2022-06-30", "used_cny": "5.00"} | change)
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("bank: cmb", "bank: nosuch", "There is no bank"),
        ('partner: "440100"', 'partner: "999999"', "There is no authority"),
        ("commitment: 20000000000", "commitment: much", "commitment"),
        ("unit: cny", "unit: usd", "'cny'"),
    ],
)
def test_programme_file_that_is_wrong_is_refused(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    source = RULES / "cmb-zhanyixing.yaml"
    text = source.read_text("utf-8")
    assert old in text
    (tmp_path / source.name).write_text(text.replace(old, new), "utf-8")
    with pytest.raises(RuleFileError, match=told):
        read_programmes(tmp_path)


async def test_unknown_programme_is_not_found(funding: Funding) -> None:
    assert (await funding.get("/v1/bank-programmes/none", None)).status_code == 404
    assert (await funding.get("/v1/bank-programmes/none/uses", None)).status_code == 404
