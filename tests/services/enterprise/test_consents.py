"""Consents to banks: given with evidence, for fields and a term, and taken back."""

import asyncio
from typing import Any

import pytest

from tests.services.enterprise.conftest import Enterprises


def _consent(**changes: Any) -> dict[str, Any]:
    return {
        "bank": "icbc",
        "purpose": "贷款资格预审",
        "fields": ["name", "revenue"],
        "expires_on": "2098-12-31",
        "evidence": {"section": "consent", "title": "授权书", "reference": "SQ-2022-001"},
        **changes,
    }


async def test_consent_is_published_and_withdrawn_once(enterprises: Enterprises) -> None:
    uscc = (await enterprises.register())["uscc"]
    owner = enterprises.bearer("enterprise", uscc=uscc)
    path = f"/v1/enterprises/{uscc}/consents"
    given = await enterprises.http.post(path, json=_consent(), headers=owner)
    assert given.status_code == 201, given.text
    withdrawal = f"{path}/{given.json()['consent_id']}/withdrawal"
    first = await enterprises.http.post(withdrawal, headers=owner)
    second = await enterprises.http.post(withdrawal, headers=owner)
    assert first.json()["withdrawn_at"] == second.json()["withdrawn_at"] is not None
    facts = [f for f in await enterprises.facts(uscc) if f["type"].endswith("consents-changed.v1")]
    assert [fact["version"] for fact in facts] == [1, 2]
    assert facts[1]["consents"][0]["withdrawn_at"]


async def test_one_bank_holds_one_valid_consent(enterprises: Enterprises) -> None:
    uscc = (await enterprises.register())["uscc"]
    path = f"/v1/enterprises/{uscc}/consents"
    answers = await asyncio.gather(
        *(
            enterprises.http.post(path, json=_consent(), headers=enterprises.operator)
            for _ in range(3)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    other = await enterprises.http.post(
        path, json=_consent(bank="ccb"), headers=enterprises.operator
    )
    assert other.status_code == 201


@pytest.mark.parametrize(
    "changes",
    [
        {"expires_on": "2001-01-01"},
        {"fields": []},
        {"fields": ["tax_secrets"]},
        {"bank": "Not A Bank"},
        {"bank": "icbk"},
        {"evidence": None},
        {"purpose": ""},
    ],
)
async def test_wrong_consent_is_refused(enterprises: Enterprises, changes: dict[str, Any]) -> None:
    uscc = (await enterprises.register())["uscc"]
    before = await enterprises.stored()
    answer = await enterprises.http.post(
        f"/v1/enterprises/{uscc}/consents", json=_consent(**changes), headers=enterprises.operator
    )
    assert answer.status_code == 422
    assert await enterprises.stored() == before
