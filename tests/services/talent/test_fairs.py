"""Fairs and internships: no seat and no place is given twice, whoever asks at the same time."""

import asyncio

import pytest

from tests.services.talent.conftest import Json, Talent


async def fair(talent: Talent, capacity: int = 2) -> Json:
    body = {
        "kind": "public_benefit",
        "title": "专精特新公益性招聘会",
        "starts_at": "2098-10-15T09:00:00+08:00",
        "ends_at": "2098-10-15T17:00:00+08:00",
        "venues": [
            {"name": "一号馆", "region": "440106", "place": "示例展馆", "capacity": capacity}
        ],
    }
    return await talent.done("POST", "/v1/fairs", talent.bureau, body)


def seat(event: Json) -> tuple[str, Json]:
    body = {"venue_id": event["venues"][0]["venue_id"]}
    return f"/v1/fairs/{event['fair_id']}/registrations", body


async def test_the_last_seat_goes_to_one_and_the_rest_wait_in_order(talent: Talent) -> None:
    event = await fair(talent, capacity=2)
    path, body = seat(event)
    firms = [talent.firm(await talent.enterprise()) for _ in range(6)]
    rows = await asyncio.gather(*(talent.done("POST", path, firm, body) for firm in firms))
    assert sorted(row["status"] for row in rows) == ["registered"] * 2 + ["waiting"] * 4
    assert sorted(row["ahead"] for row in rows) == [0, 0, 0, 1, 2, 3]
    taken = {row["registration_id"]: firm for row, firm in zip(rows, firms, strict=True)}
    seats = [row for row in rows if row["status"] == "registered"]
    await asyncio.gather(
        *(
            talent.done(
                "POST",
                f"{path}/{row['registration_id']}/cancellation",
                taken[row["registration_id"]],
            )
            for row in seats
        )
    )
    now = await talent.done("GET", f"/v1/fairs/{event['fair_id']}", talent.bureau)
    assert (now["totals"]["registered"], now["totals"]["waiting"]) == (2, 2)
    assert now["venues"][0]["taken"] == 2
    waited = sorted((row for row in rows if row["status"] == "waiting"), key=lambda r: r["ahead"])
    for row, expected in zip(
        waited, ["registered", "registered", "waiting", "waiting"], strict=True
    ):
        found = await talent.rows(
            "SELECT status FROM fair_registration WHERE registration_id = CAST(:id AS uuid)",
            id=row["registration_id"],
        )
        assert found[0].status == expected


async def test_one_party_has_one_registration_however_often_it_asks(talent: Talent) -> None:
    event = await fair(talent)
    path, body = seat(event)
    firm = talent.firm(await talent.enterprise())
    answers = await asyncio.gather(*(talent.call("POST", path, firm, body) for _ in range(4)))
    assert sorted(a.status_code for a in answers) == [201, 409, 409, 409]
    person = talent.person("fair-goer")
    candidate = await talent.candidate(person)
    mine = {**body, "candidate_id": candidate["candidate_id"]}
    assert (await talent.done("POST", path, person, mine))["status"] == "registered"
    assert (await talent.call("POST", path, talent.person("thief"), mine)).status_code == 404


async def test_check_in_and_outcome(talent: Talent) -> None:
    event = await fair(talent)
    path, body = seat(event)
    firm = talent.firm(await talent.enterprise())
    row = await talent.done("POST", path, firm, body)
    outcome = f"/v1/fairs/{event['fair_id']}/outcome"
    report = {"interviews": 9, "offers": 3, "hires": 1}
    assert (await talent.call("PUT", outcome, firm, report)).status_code == 409
    door = f"{path}/{row['registration_id']}/check-in"
    assert (await talent.call("POST", door, firm)).status_code == 403
    far = talent.bearer("operator", authority="310000")
    assert (await talent.call("POST", door, far)).status_code == 404
    assert (await talent.done("POST", door, talent.bureau))["status"] == "attended"
    assert (await talent.done("POST", door, talent.bureau))["checked_in_at"]
    await talent.done("PUT", outcome, firm, report)
    await talent.done("PUT", outcome, firm, {**report, "hires": 2})
    wrong = await talent.call("PUT", outcome, firm, {**report, "hires": 4})
    assert wrong.status_code == 422
    totals = (await talent.done("GET", f"/v1/fairs/{event['fair_id']}", firm))["totals"]
    assert (totals["attended"], totals["offers"], totals["hires"]) == (1, 3, 2)


async def test_erasing_a_person_gives_the_seat_to_the_next(talent: Talent) -> None:
    event = await fair(talent, capacity=1)
    path, body = seat(event)
    person = talent.person("leaving")
    candidate = await talent.candidate(person)
    await talent.done("POST", path, person, {**body, "candidate_id": candidate["candidate_id"]})
    firm = talent.firm(await talent.enterprise())
    assert (await talent.done("POST", path, firm, body))["status"] == "waiting"
    await talent.call("DELETE", f"/v1/candidates/{candidate['candidate_id']}", person)
    totals = (await talent.done("GET", f"/v1/fairs/{event['fair_id']}", firm))["totals"]
    assert (totals["registered"], totals["waiting"]) == (1, 0)


async def test_practice_places_are_given_once(talent: Talent) -> None:
    school, uscc = talent.school("gdut"), await talent.enterprise()
    body = {
        "uscc": uscc,
        "title": "电机方向实习",
        "discipline": 20,
        "region": "440106",
        "places": 2,
        "starts_on": "2098-01-01",
        "ends_on": "2098-06-30",
    }
    internship = await talent.done("POST", "/v1/internships", school, body)
    path = f"/v1/internships/{internship['internship_id']}"
    students = [await talent.candidate(school) for _ in range(5)]
    bodies = [{"candidate_id": student["candidate_id"]} for student in students]
    early = await talent.call("POST", f"{path}/interns", school, bodies[0])
    assert early.status_code == 409
    await talent.done("POST", f"{path}/agreement", talent.firm(uscc))
    answers = await asyncio.gather(
        *(talent.call("POST", f"{path}/interns", school, one) for one in bodies)
    )
    assert sorted(a.status_code for a in answers) == [201, 201, 409, 409, 409]
    intern = next(a.json() for a in answers if a.status_code == 201)
    ended = await talent.done("POST", f"{path}/interns/{intern['intern_id']}/end", school)
    assert ended["status"] == "ended"
    (listed,) = (await talent.done("GET", "/v1/internships", talent.firm(uscc)))["internships"]
    assert (listed["places"], listed["taken"]) == (2, 1)
    facts = await talent.facts(intern["intern_id"])
    assert [(f["kind"], f["status"]) for f in facts] == [
        ("internship", "active"),
        ("internship", "ended"),
    ]


@pytest.mark.parametrize("region", ["310101", "440306"])
async def test_a_bureau_announces_fairs_in_its_own_regions(talent: Talent, region: str) -> None:
    body = {
        "kind": "touring",
        "title": "专精特新巡回招聘",
        "starts_at": "2098-10-15T09:00:00+08:00",
        "ends_at": "2098-10-15T17:00:00+08:00",
        "venues": [{"name": "外地馆", "region": region, "place": "外地", "capacity": 1}],
    }
    assert (await talent.call("POST", "/v1/fairs", talent.bureau, body)).status_code == 403
