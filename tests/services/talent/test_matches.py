"""Matches over HTTP: who is found, what is explained, what stays hidden."""

import pytest

from tests.services.talent.conftest import Talent, make_candidate, until


async def found(talent: Talent, position: dict, candidate: dict) -> dict | None:
    rows = (await talent.matches(position, limit=100))["matches"]
    return next(
        (row for row in rows if row["candidate"]["candidate_id"] == candidate["candidate_id"]), None
    )


async def test_a_match_names_its_parts_its_words_and_what_would_raise_it(talent: Talent) -> None:
    position = await talent.position(
        await talent.enterprise(), wish_skills=["电机控制算法", "FPGA"]
    )
    candidate = await talent.candidate(talent.person("match-1"))
    row = await until(lambda: found(talent, position, candidate))
    parts = {part["name"]: part for part in row["parts"]}
    assert row["points"] == sum(part["points"] for part in row["parts"])
    assert sum(part["most"] for part in row["parts"]) == 1000
    assert "foc" in parts["skills"]["matched"]
    assert "FPGA" in parts["skills"]["raised_by"]
    assert parts["region"]["points"] == parts["region"]["most"]
    assert parts["region"]["raised_by"] is None


async def test_an_answer_about_a_candidate_names_nobody(talent: Talent) -> None:
    position = await talent.position(await talent.enterprise())
    candidate = await talent.candidate(
        talent.person("anon"), summary="我是欧阳示例,电话13912345678,八年伺服驱动器研发经验"
    )
    row = await until(lambda: found(talent, position, candidate))
    for word in make_candidate()["personal"].values():
        assert word not in str(row)
    assert row["candidate"]["city"] == "440100"


async def test_a_changed_profile_and_a_changed_position_show_in_the_results(
    talent: Talent,
) -> None:
    position = await talent.position(await talent.enterprise(), must_skills=["FPGA开发"])
    person = talent.person("changing")
    candidate = await talent.candidate(person)
    path = f"/v1/candidates/{candidate['candidate_id']}"
    assert await found(talent, position, candidate) is None
    profile = {**candidate["profile"], "skills": ["Verilog"]}
    await talent.done("PUT", path, person, profile, **{"if-match": '"1"'})
    await until(lambda: found(talent, position, candidate))
    wanted = {**position["wanted"], "must_skills": ["光学设计"]}
    await talent.done(
        "PUT",
        f"/v1/positions/{position['position_id']}",
        talent.firm(position["uscc"]),
        wanted,
        **{"if-match": f'"{position["version"]}"'},
    )

    async def gone() -> bool:
        return await found(talent, position, candidate) is None

    await until(gone)


async def test_a_candidate_finds_positions_and_only_published_ones(talent: Talent) -> None:
    uscc = await talent.enterprise()
    open_one = await talent.position(uscc)
    draft = await talent.position(uscc, publish=False)
    person = talent.person("seeker")
    candidate = await talent.candidate(person)

    async def positions() -> list[str]:
        path = f"/v1/candidates/{candidate['candidate_id']}/matches?limit=100"
        rows = (await talent.done("GET", path, person))["matches"]
        return [row["position_id"] for row in rows]

    async def has_open() -> bool:
        return open_one["position_id"] in await positions()

    await until(has_open)
    assert draft["position_id"] not in await positions()
    await talent.done("POST", f"/v1/positions/{open_one['position_id']}/closure", talent.firm(uscc))

    async def has_none() -> bool:
        return open_one["position_id"] not in await positions()

    await until(has_none)


@pytest.mark.parametrize(
    "visibility", [{"listed": False}, {"listed": True, "hidden_from": "the firm"}]
)
async def test_who_hides_is_not_found(talent: Talent, visibility: dict) -> None:
    uscc = await talent.enterprise()
    position = await talent.position(uscc)
    person = talent.person("hiding")
    candidate = await talent.candidate(person)
    await until(lambda: found(talent, position, candidate))
    body = {**visibility}
    if "hidden_from" in body:
        body["hidden_from"] = [uscc]
    path = f"/v1/candidates/{candidate['candidate_id']}/visibility"
    await talent.done("PUT", path, person, body)
    assert await found(talent, position, candidate) is None


async def test_the_order_is_the_same_at_every_call(talent: Talent) -> None:
    position = await talent.position(await talent.enterprise())
    school = talent.school("stable")
    twins = [await talent.candidate(school) for _ in range(4)]
    await until(lambda: found(talent, position, twins[-1]))
    first = [r["candidate"]["candidate_id"] for r in (await talent.matches(position))["matches"]]
    again = [r["candidate"]["candidate_id"] for r in (await talent.matches(position))["matches"]]
    assert first == again
    ids = [twin["candidate_id"] for twin in twins]
    places = [first.index(twin) for twin in ids if twin in first]
    assert places == sorted(places)


async def test_matches_are_for_the_firm_itself(talent: Talent) -> None:
    position = await talent.position(await talent.enterprise())
    other = talent.firm(await talent.enterprise())
    path = f"/v1/positions/{position['position_id']}/matches"
    assert (await talent.call("GET", path, other)).status_code == 403
    assert (await talent.call("GET", path, talent.person("x"))).status_code == 403
    assert (await talent.call("GET", path, talent.bureau)).status_code == 200
    far = talent.bearer("regulator", authority="310000")
    assert (await talent.call("GET", path, far)).status_code == 403


async def test_a_filter_narrows_and_a_wrong_one_is_refused(talent: Talent) -> None:
    position = await talent.position(await talent.enterprise())
    await talent.candidate(talent.person("filter"))
    everyone = await talent.matches(position)
    nobody = await talent.matches(position, region="65")
    assert everyone["eligible"] > nobody["eligible"] == 0
    path = f"/v1/positions/{position['position_id']}/matches?region=4x"
    assert (await talent.call("GET", path, talent.bureau)).status_code == 422


async def test_chinese_callers_read_chinese(talent: Talent) -> None:
    position = await talent.position(await talent.enterprise())
    candidate = await talent.candidate(talent.person("zh"))
    await until(lambda: found(talent, position, candidate))
    path = f"/v1/positions/{position['position_id']}/matches"
    answer = await talent.done(
        "GET", path, talent.firm(position["uscc"]), **{"accept-language": "zh-CN"}
    )
    assert answer["matches"][0]["parts"][0]["title"] == "技能"
