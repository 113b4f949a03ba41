"""Contact request → the person's consent → the outcome the firm reports."""

import asyncio

import pytest

from tests.services.talent.conftest import Json, Talent


async def ask(talent: Talent, position: Json, candidate: Json) -> Json:
    body = {
        "position_id": position["position_id"],
        "candidate_id": candidate["candidate_id"],
        "message": "诚邀面谈",
    }
    return await talent.done("POST", "/v1/contact-requests", talent.firm(position["uscc"]), body)


async def hire(talent: Talent, position: Json, name: str) -> int:
    """The status code of reporting a hire of a new person."""
    person = talent.person(name)
    asked = await ask(talent, position, await talent.candidate(person))
    path = f"/v1/contact-requests/{asked['request_id']}"
    await talent.done("POST", f"{path}/answer", person, {"agreed": True})
    body = {"outcome": "hired", "on": "2022-09-01"}
    firm = talent.firm(position["uscc"])
    return (await talent.call("POST", f"{path}/outcome", firm, body)).status_code


async def test_from_request_to_hire_with_a_version_for_every_step(talent: Talent) -> None:
    position = await talent.position(await talent.enterprise(), headcount=1)
    person, firm = talent.person("hired"), talent.firm(position["uscc"])
    candidate = await talent.candidate(person)
    asked = await ask(talent, position, candidate)
    path = f"/v1/contact-requests/{asked['request_id']}"
    await talent.done("POST", f"{path}/answer", person, {"agreed": True})
    for outcome in ("offered", "hired"):
        body = {"outcome": outcome, "on": "2022-09-01"}
        await talent.done("POST", f"{path}/outcome", firm, body)
        await talent.done("POST", f"{path}/outcome", firm, body)
    facts = await talent.facts(asked["request_id"])
    assert [(f["version"], f["status"]) for f in facts] == [
        (1, "requested"),
        (2, "agreed"),
        (3, "offered"),
        (4, "hired"),
    ]
    now = await talent.done("GET", f"/v1/positions/{position['position_id']}", firm)
    assert (now["status"], now["filled"]) == ("filled", 1)
    body = {"outcome": "ended", "on": "2022-09-20"}
    await talent.done("POST", f"{path}/outcome", firm, body)
    now = await talent.done("GET", f"/v1/positions/{position['position_id']}", firm)
    assert (now["status"], now["filled"]) == ("published", 0)


async def test_the_contact_opens_with_the_consent_and_closes_with_its_withdrawal(
    talent: Talent,
) -> None:
    position = await talent.position(await talent.enterprise())
    person, firm = talent.person("careful"), talent.firm(position["uscc"])
    candidate = await talent.candidate(person)
    contact = f"/v1/candidates/{candidate['candidate_id']}/contact?purpose=interview"
    asked = await ask(talent, position, candidate)
    assert (await talent.call("GET", contact, firm)).status_code == 409
    answer = f"/v1/contact-requests/{asked['request_id']}/answer"
    await talent.done("POST", answer, person, {"agreed": True})
    shown = (await talent.done("GET", contact, firm))["contact"]
    assert shown["phone"] == "13912345678"
    assert shown["id_number"] == "440*************34"
    await talent.done("POST", answer, person, {"agreed": False})
    assert (await talent.call("GET", contact, firm)).status_code == 409


async def test_one_open_request_per_position_and_person(talent: Talent) -> None:
    position = await talent.position(await talent.enterprise())
    candidate = await talent.candidate(talent.person("popular"))
    body = {
        "position_id": position["position_id"],
        "candidate_id": candidate["candidate_id"],
    }
    firm = talent.firm(position["uscc"])
    answers = await asyncio.gather(
        *(talent.call("POST", "/v1/contact-requests", firm, body) for _ in range(4))
    )
    assert sorted(a.status_code for a in answers) == [201, 409, 409, 409]


async def test_no_more_hires_than_places_under_concurrency(talent: Talent) -> None:
    position = await talent.position(await talent.enterprise(), headcount=2)
    codes = await asyncio.gather(*(hire(talent, position, f"rush-{n}") for n in range(5)))
    assert sorted(codes) == [200, 200, 409, 409, 409]
    rows = await talent.rows(
        "SELECT filled FROM position WHERE position_id = CAST(:id AS uuid)",
        id=position["position_id"],
    )
    assert rows[0].filled == 2


@pytest.mark.parametrize("hidden", [True, False])
async def test_a_hidden_person_cannot_be_asked(talent: Talent, hidden: bool) -> None:
    uscc = await talent.enterprise()
    position = await talent.position(uscc)
    person = talent.person("hidden")
    candidate = await talent.candidate(person)
    body = {"listed": False} if hidden else {"listed": True, "hidden_from": [uscc]}
    await talent.done("PUT", f"/v1/candidates/{candidate['candidate_id']}/visibility", person, body)
    answer = await talent.call(
        "POST",
        "/v1/contact-requests",
        talent.firm(uscc),
        {"position_id": position["position_id"], "candidate_id": candidate["candidate_id"]},
    )
    assert answer.status_code == 404


async def test_steps_out_of_order_and_of_others_are_refused(talent: Talent) -> None:
    position = await talent.position(await talent.enterprise())
    firm, person = talent.firm(position["uscc"]), talent.person("ordered")
    asked = await ask(talent, position, await talent.candidate(person))
    path = f"/v1/contact-requests/{asked['request_id']}"
    outcome = {"outcome": "hired", "on": "2022-09-01"}
    assert (await talent.call("POST", f"{path}/outcome", firm, outcome)).status_code == 409
    stranger = talent.person("stranger")
    answer = await talent.call("POST", f"{path}/answer", stranger, {"agreed": True})
    assert answer.status_code == 404
    other = talent.firm(await talent.enterprise())
    await talent.done("POST", f"{path}/answer", person, {"agreed": True})
    assert (await talent.call("POST", f"{path}/outcome", other, outcome)).status_code == 404
    future = {"outcome": "hired", "on": "2099-01-01"}
    assert (await talent.call("POST", f"{path}/outcome", firm, future)).status_code == 422


async def test_each_side_lists_its_own_requests(talent: Talent) -> None:
    position = await talent.position(await talent.enterprise())
    person = talent.person("lister")
    asked = await ask(talent, position, await talent.candidate(person))
    for caller in (person, talent.firm(position["uscc"])):
        rows = (await talent.done("GET", "/v1/contact-requests", caller))["requests"]
        assert [row["request_id"] for row in rows] == [asked["request_id"]]
    none = await talent.done("GET", "/v1/contact-requests", talent.person("nobody"))
    assert none["requests"] == []
