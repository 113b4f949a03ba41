"""Opening, reading, changing and closing a dossier."""

import asyncio
from typing import Any

import pytest

from tests.factories import make_dossier, make_uscc
from tests.services.enterprise.conftest import Enterprises


async def test_registered_dossier_is_read_back_and_published(enterprises: Enterprises) -> None:
    dossier = make_dossier()
    answer = await enterprises.http.post(
        "/v1/enterprises", json=dossier, headers=enterprises.operator
    )
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v1/enterprises/{dossier['uscc']}"
    read = await enterprises.http.get(answer.headers["location"], headers=enterprises.operator)
    assert read.headers["etag"] == '"1"'
    assert read.json()["region_name"] == "天河区"
    assert read.json()["dossier"]["accounts"][2]["revenue_cny"] == "45000000.00"
    (fact,) = await enterprises.facts(dossier["uscc"])
    assert fact["type"] == "enterprise.dossier-changed.v1"
    assert fact["version"] == 1
    assert fact["facts"]["accounts"][2]["revenue_cny"] == "45000000.00"


async def test_code_is_normalised_for_case_width_and_spaces(enterprises: Enterprises) -> None:
    code = make_uscc()
    typed = f" {code[:8].lower()} {code[8:]}".replace("1", "１")
    registered = await enterprises.register(code=typed)
    assert registered["uscc"] == code


async def test_second_registration_of_one_code_is_refused(enterprises: Enterprises) -> None:
    registered = await enterprises.register()
    answer = await enterprises.http.post(
        "/v1/enterprises", json=make_dossier(registered["uscc"]), headers=enterprises.operator
    )
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("already-registered")


async def test_same_idempotency_key_replays_the_first_answer(enterprises: Enterprises) -> None:
    dossier = make_dossier()
    headers = {**enterprises.operator, "idempotency-key": f"open-{dossier['uscc']}"}
    first = await enterprises.http.post("/v1/enterprises", json=dossier, headers=headers)
    again = await enterprises.http.post("/v1/enterprises", json=dossier, headers=headers)
    other = await enterprises.http.post("/v1/enterprises", json=make_dossier(), headers=headers)
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert len(await enterprises.facts(dossier["uscc"])) == 1


async def test_concurrent_requests_with_one_key_register_once(enterprises: Enterprises) -> None:
    dossier = make_dossier()
    headers = {**enterprises.operator, "idempotency-key": f"race-{dossier['uscc']}"}
    answers = await asyncio.gather(
        *(enterprises.http.post("/v1/enterprises", json=dossier, headers=headers) for _ in range(5))
    )
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert any(answer.status_code == 201 for answer in answers)
    assert len(await enterprises.facts(dossier["uscc"])) == 1


async def test_patch_makes_a_version_and_keeps_the_old_one(enterprises: Enterprises) -> None:
    uscc = (await enterprises.register())["uscc"]
    answer = await enterprises.http.patch(
        f"/v1/enterprises/{uscc}",
        json={"own_brand": None, "leading_product": {"six_basics": True}},
        headers={**enterprises.operator, "if-match": '"1"'},
    )
    assert answer.status_code == 200
    assert answer.headers["etag"] == '"2"'
    assert (
        "own_brand" not in answer.json()["dossier"] or answer.json()["dossier"]["own_brand"] is None
    )
    assert answer.json()["dossier"]["leading_product"]["strategic_emerging"] is True
    old = await enterprises.http.get(
        f"/v1/enterprises/{uscc}/versions/1", headers=enterprises.operator
    )
    assert old.json()["dossier"]["own_brand"] is True
    versions = await enterprises.http.get(
        f"/v1/enterprises/{uscc}/versions", headers=enterprises.operator
    )
    assert [row["version"] for row in versions.json()["versions"]] == [2, 1]


async def test_patch_that_changes_nothing_publishes_nothing(enterprises: Enterprises) -> None:
    uscc = (await enterprises.register())["uscc"]
    answer = await enterprises.http.patch(
        f"/v1/enterprises/{uscc}",
        json={"own_brand": True},
        headers={**enterprises.operator, "if-match": '"1"'},
    )
    assert answer.headers["etag"] == '"1"'
    assert len(await enterprises.facts(uscc)) == 1


async def test_of_two_patches_of_one_version_one_is_stale(enterprises: Enterprises) -> None:
    uscc = (await enterprises.register())["uscc"]
    answers = await asyncio.gather(
        *(
            enterprises.http.patch(
                f"/v1/enterprises/{uscc}",
                json={"address": f"天河路 {number} 号"},
                headers={**enterprises.operator, "if-match": '"1"'},
            )
            for number in range(4)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    assert [fact["version"] for fact in await enterprises.facts(uscc)] == [1, 2]


async def test_missing_if_match_is_told_what_to_send(enterprises: Enterprises) -> None:
    uscc = (await enterprises.register())["uscc"]
    answer = await enterprises.http.patch(
        f"/v1/enterprises/{uscc}", json={"own_brand": False}, headers=enterprises.operator
    )
    assert answer.status_code == 428
    assert "If-Match" in answer.json()["detail"]


async def test_deregistered_enterprise_takes_no_change(enterprises: Enterprises) -> None:
    uscc = (await enterprises.register())["uscc"]
    path = f"/v1/enterprises/{uscc}"
    for _ in range(2):
        closed = await enterprises.http.post(f"{path}/deregistration", headers=enterprises.operator)
        assert closed.json()["status"] == "deregistered"
    refused = await enterprises.http.patch(
        path, json={"own_brand": False}, headers={**enterprises.operator, "if-match": '"2"'}
    )
    assert refused.status_code == 409
    assert [fact["status"] for fact in await enterprises.facts(uscc)] == [
        "registered",
        "deregistered",
    ]


async def test_list_pages_through_every_enterprise_once(enterprises: Enterprises) -> None:
    registered = {
        (await enterprises.register(region="440118", name=f"示例增城企业{n}号"))["uscc"]
        for n in range(5)
    }
    url: str | None = "/v1/enterprises?region=440118&limit=2"
    seen: list[str] = []
    while url:
        page = await enterprises.http.get(url, headers=enterprises.operator)
        seen += [row["uscc"] for row in page.json()["enterprises"]]
        link = page.headers.get("link", "")
        url = link[1 : link.index(">")] if link else None
    assert seen == sorted(registered)


@pytest.mark.parametrize(
    ("query", "found"),
    [("name=独特", 1), ("segment=laser-equipment&name=独特", 1), ("industry=99", 0)],
)
async def test_list_filters(enterprises: Enterprises, query: str, found: int) -> None:
    page = await enterprises.http.get("/v1/enterprises?name=独特", headers=enterprises.operator)
    if not page.json()["enterprises"]:
        await enterprises.register(
            name="广州独特激光示例有限公司", segment="laser-equipment", chain_position="equipment"
        )
    page = await enterprises.http.get(f"/v1/enterprises?{query}", headers=enterprises.operator)
    assert len(page.json()["enterprises"]) == found


async def test_every_field_of_the_schema_has_its_official_term(enterprises: Enterprises) -> None:
    schema = (await enterprises.http.get("/v1/dossier-schema")).json()
    untitled = [
        f"{name}.{field}"
        for name, definition in {"Dossier": schema, **schema["$defs"]}.items()
        for field, rule in definition.get("properties", {}).items()
        if not any("一" <= character <= "鿿" for character in _titles(rule))
    ]
    assert untitled == []


def _titles(rule: dict[str, Any]) -> str:
    return rule.get("title", "") + "".join(r.get("title", "") for r in rule.get("anyOf", ()))
