"""Providers: selection by criteria, the database, reasons, who may."""

import pytest

from services.catalog.providers.service import machine
from tests.services.catalog.conftest import FINDINGS, OFFICE, Catalog, provider_of


async def test_a_candidate_enters_only_when_every_criterion_is_met(catalog: Catalog) -> None:
    code = await catalog.candidate()
    body = {"move": "list", "reason": "遴选通过", "findings": FINDINGS[:-1]}
    path = f"/v1/service-providers/{code}/reviews"
    refused = await catalog.call("POST", path, OFFICE, body)
    assert refused.status_code == 422
    assert "track_record" in refused.json()["detail"]
    assert await catalog.facts(code) == []
    assert (await catalog.review(code, "list")).json()["status"] == "listed"
    (fact,) = await catalog.facts(code)
    assert (fact["type"], fact["status"]) == ("catalog.provider-changed.v1", "listed")


async def test_every_decision_keeps_its_reason(catalog: Catalog) -> None:
    code = await catalog.provider()
    await catalog.review(code, "suspend")
    await catalog.review(code, "restore")
    await catalog.review(code, "delist")
    read = (await catalog.http.get(f"/v1/service-providers/{code}")).json()
    assert [row["move"] for row in read["reviews"]] == ["list", "suspend", "restore", "delist"]
    assert all(row["reason"] == "测试原因" for row in read["reviews"])
    assert [fact["version"] for fact in await catalog.facts(code)] == [1, 2, 3, 4]


@pytest.mark.parametrize("state", sorted(machine().states))
async def test_every_move_from_every_state_is_made_or_refused_by_name(
    catalog: Catalog, state: str
) -> None:
    way = {"candidate": [], "listed": ["list"], "suspended": ["list", "suspend"]}
    for name, move in machine().moves.items():
        code = await catalog.candidate()
        for step in way.get(state, ["decline"]):
            assert (await catalog.review(code, step)).is_success
        answer = await catalog.review(code, name)
        if state in move.sources:
            assert answer.json()["status"] == move.target
        else:
            assert answer.status_code == 409
            assert answer.json()["type"].endswith("illegal-move")
            assert all(m.name in answer.json()["detail"] for m in machine().legal(state))


async def test_a_provider_applies_for_itself_only_and_lists_nobody(catalog: Catalog) -> None:
    code = await catalog.candidate()
    other = await catalog.call(
        "POST",
        "/v1/service-providers",
        provider_of(code),
        {
            "provider": "another-one",
            "authority": "440100",
            "name": "别家",
            "kind": "platform_company",
            "introduction": "别家",
        },
    )
    assert other.status_code == 403
    assert (await catalog.review(code, "list", provider_of(code))).status_code == 403
    elsewhere = {"role": "operator", "authority": "320000"}
    assert (await catalog.review(code, "list", elsewhere)).status_code == 403


async def test_a_code_is_given_once(catalog: Catalog) -> None:
    code = await catalog.candidate()
    body = {
        "provider": code,
        "authority": "440100",
        "name": "重名",
        "kind": "platform_company",
        "introduction": "重名",
    }
    answer = await catalog.call("POST", "/v1/service-providers", OFFICE, body)
    assert answer.status_code == 409
