"""Positions: written, reviewed, published per period, closed; who may do what."""

import asyncio

import pytest

from contracts.dossier import Dossier
from contracts.events.enterprise import DossierStatus
from tests.factories import make_dossier
from tests.services.talent.conftest import Talent, dossier_changed, make_position


async def test_a_position_goes_from_draft_over_review_into_the_directory(talent: Talent) -> None:
    uscc = await talent.enterprise()
    position = await talent.position(uscc)
    assert position["status"] == "published"
    assert position["batch_id"]
    listed = await talent.done("GET", f"/v1/positions?uscc={uscc}", talent.person("reader"))
    assert [row["position_id"] for row in listed["positions"]] == [position["position_id"]]
    facts = await talent.facts(position["position_id"])
    assert [(f["version"], f["status"]) for f in facts] == [(1, "published")]


async def test_nothing_is_published_before_its_review(talent: Talent) -> None:
    uscc = await talent.enterprise()
    draft = await talent.position(uscc, publish=False)
    path = f"/v1/positions/{draft['position_id']}"
    await talent.publish()
    assert (await talent.done("GET", path, talent.firm(uscc)))["status"] == "draft"
    assert (await talent.call("GET", path, talent.person("reader"))).status_code == 404
    review = await talent.call("POST", f"{path}/review", talent.bureau, {"decision": "approve"})
    assert review.status_code == 409
    assert await talent.facts(draft["position_id"]) == []


async def test_a_returned_position_says_why_and_can_be_handed_in_again(talent: Talent) -> None:
    uscc = await talent.enterprise()
    firm = talent.firm(uscc)
    path = f"/v1/positions/{(await talent.position(uscc, publish=False))['position_id']}"
    await talent.done("POST", f"{path}/submission", firm)
    bare = await talent.call("POST", f"{path}/review", talent.bureau, {"decision": "return"})
    assert bare.status_code == 422
    body = {"decision": "return", "note": "请写明薪酬"}
    returned = await talent.done("POST", f"{path}/review", talent.bureau, body)
    assert (returned["status"], returned["review_note"]) == ("returned", "请写明薪酬")
    assert (await talent.done("POST", f"{path}/submission", firm))["status"] == "submitted"


async def test_review_belongs_to_the_authority_of_the_region(talent: Talent) -> None:
    uscc = await talent.enterprise()
    path = f"/v1/positions/{(await talent.position(uscc, publish=False))['position_id']}"
    await talent.done("POST", f"{path}/submission", talent.firm(uscc))
    for caller in (
        talent.bearer("regulator", authority="310000"),
        talent.bearer("reviewer", authority="440300"),
    ):
        answer = await talent.call("POST", f"{path}/review", caller, {"decision": "approve"})
        assert answer.status_code == 404


async def test_one_batch_per_authority_and_period_and_publishing_twice_is_once(
    talent: Talent,
) -> None:
    body = {"period": "2095-Y", "title": "人才需求目录"}
    answers = await asyncio.gather(
        *(talent.call("POST", "/v1/position-batches", talent.bureau, body) for _ in range(3))
    )
    assert sorted(a.status_code for a in answers) == [201, 409, 409]
    batch = next(a.json() for a in answers if a.status_code == 201)
    path = f"/v1/position-batches/{batch['batch_id']}/publication"
    first = await talent.done("POST", path, talent.bureau)
    second = await talent.done("POST", path, talent.bureau)
    assert first["published_at"] == second["published_at"]


async def test_a_stale_change_is_refused_and_a_change_without_version_too(talent: Talent) -> None:
    uscc = await talent.enterprise()
    position = await talent.position(uscc, publish=False)
    path, firm = f"/v1/positions/{position['position_id']}", talent.firm(uscc)
    assert (await talent.call("PUT", path, firm, make_position())).status_code == 428
    stale = await talent.call("PUT", path, firm, make_position(), **{"if-match": '"7"'})
    assert stale.status_code == 412


async def test_an_enterprise_acts_for_itself_only(talent: Talent) -> None:
    mine, other = await talent.enterprise(), await talent.enterprise()
    body = {**make_position(), "uscc": other}
    answer = await talent.call("POST", "/v1/positions", talent.firm(mine), body)
    assert answer.status_code == 403
    position = await talent.position(other, publish=False)
    path = f"/v1/positions/{position['position_id']}"
    assert (await talent.call("GET", path, talent.firm(mine))).status_code == 404
    assert (await talent.call("POST", f"{path}/closure", talent.firm(mine))).status_code == 404


async def test_a_firm_that_leaves_the_register_leaves_the_directory(talent: Talent) -> None:
    uscc = await talent.enterprise()
    position = await talent.position(uscc)
    dossier = Dossier.model_validate(make_dossier(uscc))
    await talent.hear(dossier_changed(dossier, 2, DossierStatus.DEREGISTERED))
    facts = await talent.facts(position["position_id"])
    assert [fact["status"] for fact in facts] == ["published", "closed"]
    answer = await talent.call(
        "POST", "/v1/positions", talent.firm(uscc), {**make_position(), "uscc": uscc}
    )
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "changes",
    [
        {"must_skills": ["会飞"]},
        {"salary_min_cny": "30000.00"},
        {"salary_max_cny": 25000},
        {"headcount": 0},
        {"discipline": 99},
        {"must_discipline": True, "discipline": 0},
        {"region": "990000"},
        {"open_until": "tomorrow"},
        {"sex": "male"},
        {"age_max": 35},
    ],
)
async def test_a_wrong_position_is_refused(talent: Talent, changes: dict) -> None:
    uscc = await talent.enterprise()
    body = {**make_position(), "uscc": uscc, **changes}
    answer = await talent.call("POST", "/v1/positions", talent.firm(uscc), body)
    assert answer.status_code == 422, answer.text
    assert (await talent.rows("SELECT 1 FROM position WHERE uscc = :uscc", uscc=uscc)) == []


async def test_pages_of_the_directory_follow_each_other(talent: Talent) -> None:
    uscc = await talent.enterprise()
    wanted = {(await talent.position(uscc, publish=False))["position_id"] for _ in range(3)}
    path: str | None = f"/v1/positions?uscc={uscc}&limit=2"
    seen: list[str] = []
    while path:
        answer = await talent.call("GET", path, talent.firm(uscc))
        seen += [row["position_id"] for row in answer.json()["positions"]]
        path = answer.links.get("next", {}).get("url")
    assert (len(seen), set(seen)) == (3, wanted)
