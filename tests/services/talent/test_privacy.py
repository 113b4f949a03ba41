"""Personal fields: encrypted with rotating keys, masked by role, audited, and erased for good."""

import asyncio
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from deploy.local import key_ring
from services.talent.candidates import masking
from services.talent.candidates.schemas import Personal
from services.talent.candidates.vault import KeyRing
from services.talent.errors import KeysMissing
from services.talent.jobs import rotate_keys
from tests.services.talent.conftest import Json, Talent, make_candidate, until

PERSONAL = make_candidate()["personal"]


async def everything_stored(talent: Talent) -> str:
    """Every value of every column of every table of the service, as text and as bytes."""
    tables = await talent.rows(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        " AND table_type = 'BASE TABLE'"
    )
    found: list[str] = []
    async with talent.database.transaction() as session:
        connection = await session.connection()
        for (table,) in tables:
            for row in await connection.execute(text(f'SELECT * FROM "{table}"')):
                found += [
                    value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                    for value in row
                ]
    return "\n".join(found)


async def contact(talent: Talent, candidate: Json, caller: dict[str, str]) -> Json:
    path = f"/v1/candidates/{candidate['candidate_id']}/contact?purpose=check"
    return await talent.done("GET", path, caller)


async def test_no_personal_field_is_stored_in_the_clear(talent: Talent) -> None:
    person = talent.person("clear-1")
    personal = {**PERSONAL, "name": "司徒明文", "phone": "13800001111", "email": "a@clear.example"}
    body = make_candidate(
        personal=personal, summary="司徒明文,电话 138 0000 1111,邮箱a@clear.example"
    )
    await talent.done("POST", "/v1/candidates", person, body, **{"idempotency-key": "clear-1"})
    stored = await everything_stored(talent)
    for value in ("司徒明文", "13800001111", "138 0000 1111", "a@clear.example", "clear-1-sub"):
        assert value not in stored


@pytest.mark.parametrize(
    ("role", "claims", "view", "phone"),
    [
        ("regulator", {"authority": "440100"}, "masked", "139****5678"),
        ("auditor", {"authority": "440000"}, "masked", "139****5678"),
        ("talent", {"sub": "masked-1"}, "full", "13912345678"),
    ],
)
async def test_a_contact_is_masked_by_role(
    talent: Talent, role: str, claims: dict, view: str, phone: str
) -> None:
    candidate = await talent.candidate(talent.person("masked-1"))
    shown = await contact(talent, candidate, talent.bearer(role, **claims))
    assert (shown["view"], shown["contact"]["phone"]) == (view, phone)
    if view == "masked":
        assert shown["contact"]["name"] == "欧***"
        assert shown["contact"]["employer"] is None


async def test_strangers_see_no_contact_and_not_even_that_there_is_one(talent: Talent) -> None:
    candidate = await talent.candidate(talent.school("scut"))
    path = f"/v1/candidates/{candidate['candidate_id']}/contact?purpose=check"
    for caller in (
        talent.person("stranger"),
        talent.school("other"),
        talent.bearer("provider", org="scut"),
        talent.bearer("regulator", authority="310000"),
    ):
        assert (await talent.call("GET", path, caller)).status_code == 404
    reads = await talent.done("GET", path.split("?")[0] + "-reads", talent.school("scut"))
    assert reads["reads"] == []


async def test_every_reading_is_on_record_with_who_and_why(talent: Talent) -> None:
    person = talent.person("watched")
    candidate = await talent.candidate(person)
    await contact(talent, candidate, talent.bureau)
    await contact(talent, candidate, person)
    path = f"/v1/candidates/{candidate['candidate_id']}/contact-reads"
    reads = (await talent.done("GET", path, person))["reads"]
    assert [(r["role"], r["view"], r["purpose"]) for r in reads] == [
        ("talent", "full", "check"),
        ("regulator", "masked", "check"),
    ]
    assert reads[1]["reader"].startswith("440100/")
    assert (await talent.call("GET", path, talent.bureau)).status_code == 403
    auditor = talent.bearer("auditor", authority="440100")
    assert len((await talent.done("GET", path, auditor))["reads"]) == 2


async def test_keys_rotate_while_people_are_filed_and_read(talent: Talent) -> None:
    school = talent.school("rotating")
    candidates = [await talent.candidate(school) for _ in range(10)]
    failures: list[str] = []
    stop = asyncio.Event()

    async def load(number: int) -> None:
        while not stop.is_set():
            try:
                candidates.append(await talent.candidate(school))
                shown = await contact(talent, candidates[number], school)
                assert shown["contact"]["name"] == PERSONAL["name"]
            except AssertionError as error:
                failures.append(str(error))

    loads = [asyncio.create_task(load(number)) for number in range(4)]
    for _ in range(3):
        before = len(candidates)
        current = key_ring.rotate(talent.ring)
        await until(lambda before=before: _grown(candidates, before + 8))
        await rotate_keys(talent.database)
    stop.set()
    await asyncio.gather(*loads)
    await until(lambda: _all_under(talent, current))
    key_ring.drop_others(talent.ring)
    assert failures == []
    for candidate in candidates:
        shown = await contact(talent, candidate, school)
        assert shown["contact"]["phone"] == PERSONAL["phone"]


async def _grown(candidates: list, wanted: int) -> bool:
    return len(candidates) >= wanted


async def _all_under(talent: Talent, current: str) -> bool:
    await rotate_keys(talent.database)
    rows = await talent.rows("SELECT DISTINCT key_id FROM candidate WHERE personal IS NOT NULL")
    return [row.key_id for row in rows] == [current]


async def test_erasure_leaves_no_personal_field_anywhere(
    talent: Talent, capfd: pytest.CaptureFixture[str]
) -> None:
    name, phone, email = "慕容无痕", "13700002222", "gone@erase.example"
    summary = f"{name}曾任唯一标记车间主任,联系{phone}"
    personal = {**PERSONAL, "name": name, "phone": phone, "email": email, "employer": "无痕研究院"}
    person = talent.person("unique-subject-to-erase")
    body = make_candidate(personal=personal, summary=summary, segment="erase-segment")
    candidate = await talent.done(
        "POST", "/v1/candidates", person, body, **{"idempotency-key": "erase"}
    )
    id_, uscc = candidate["candidate_id"], await talent.enterprise()
    placements = await _placements(talent, candidate, uscc, person)
    assert (await talent.call("DELETE", f"/v1/candidates/{id_}", person)).status_code == 204
    assert (await talent.call("DELETE", f"/v1/candidates/{id_}", person)).status_code == 404
    stored = await everything_stored(talent)
    for value in (
        *(name, phone, email, "无痕研究院", "唯一标记车间主任", "留言标记", "职责标记"),
        *("unique-subject-to-erase", "erase-segment", PERSONAL["id_number"]),
    ):
        assert value not in stored, value
    for placement in placements:
        last = (await talent.facts(placement))[-1]
        assert last["status"] == "erased"
        assert "candidate_id" not in last
    answer = await talent.call("GET", f"/v1/candidates/{id_}/contact?purpose=check", talent.bureau)
    assert answer.status_code == 404
    logs = "".join(capfd.readouterr())
    assert not [value for value in (name, phone, email, "唯一标记车间主任") if value in logs]


async def _placements(
    talent: Talent, candidate: Json, uscc: str, person: dict[str, str]
) -> list[str]:
    """A request, a secondment and a seat that name the candidate."""
    firm, id_ = talent.firm(uscc), candidate["candidate_id"]
    position = await talent.position(uscc)
    body = {"position_id": position["position_id"], "candidate_id": id_, "message": "留言标记"}
    asked = await talent.done(
        "POST", "/v1/contact-requests", firm, body, **{"idempotency-key": "erase-ask"}
    )
    path = f"/v1/contact-requests/{asked['request_id']}/answer"
    await talent.done("POST", path, person, {"agreed": True})
    await contact(talent, candidate, firm)
    secondment = {
        "candidate_id": id_,
        "home_org": "scut",
        "share_percent": 50,
        "starts_on": "2090-01-01",
        "ends_on": "2090-12-31",
        "ip_clause": "成果双方共有",
        "duties": "职责标记",
    }
    lent = await talent.done("POST", "/v1/secondments", firm, secondment)
    return [asked["request_id"], lent["secondment_id"]]


async def test_an_erased_person_is_no_longer_matched(talent: Talent) -> None:
    position = await talent.position(await talent.enterprise(), must_skills=["服装制版师"])
    person = talent.person("erased-match")
    candidate = await talent.candidate(person, skills=["服装打版"])

    async def listed() -> bool:
        rows = (await talent.matches(position, limit=100))["matches"]
        return candidate["candidate_id"] in [r["candidate"]["candidate_id"] for r in rows]

    await until(listed)
    await talent.call("DELETE", f"/v1/candidates/{candidate['candidate_id']}", person)
    assert not await listed()
    rows = await talent.rows(
        "SELECT m.record FROM candidate_match m JOIN candidate c USING (ordinal)"
        " WHERE c.candidate_id = CAST(:id AS uuid)",
        id=candidate["candidate_id"],
    )
    assert not any(rows[0].record)


@pytest.mark.parametrize("field", ["sex", "age", "ethnicity", "photo", "birth_date"])
async def test_what_the_platform_must_not_use_it_does_not_take(talent: Talent, field: str) -> None:
    person = talent.person("fields")
    for body in (
        make_candidate(**{field: "x"}),
        make_candidate(personal={**PERSONAL, field: "x"}),
    ):
        answer = await talent.call("POST", "/v1/candidates", person, body)
        assert answer.status_code == 422
        assert "13912345678" not in answer.text


def test_one_persons_fields_never_open_as_anothers(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "talent-key-ring.json"
    key_ring.ensure_key_ring(tmp_path)
    ring = KeyRing()
    ring.follow(str(path))
    me, other = uuid4(), uuid4()
    personal = Personal.model_validate(PERSONAL)
    sealed = ring.seal(me, personal)
    assert ring.open(me, sealed.key_id, sealed.content) == personal
    with pytest.raises(KeysMissing):
        ring.open(other, sealed.key_id, sealed.content)
    with pytest.raises(KeysMissing):
        ring.open(me, sealed.key_id, sealed.content[:-1] + bytes([sealed.content[-1] ^ 1]))
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", ["", "[]", '{"current": "k", "keys": {"k": "c2hvcnQ="}}'])
def test_a_broken_ring_says_so(tmp_path: Path, content: str) -> None:
    path = tmp_path / "ring.json"
    path.write_text(content)
    ring = KeyRing()
    ring.follow(str(path))
    with pytest.raises(KeysMissing):
        ring.seal(UUID(int=1), Personal.model_validate(PERSONAL))


def test_a_text_is_freed_of_anything_like_a_contact() -> None:
    personal = Personal.model_validate(PERSONAL)
    text_ = "欧阳示例,微信同号139-1234-5678,备用+86 18611112222,o@x.cn,证件44010619870101123X"
    scrubbed = masking.scrub(text_, personal)
    for part in ("欧阳示例", "1234-5678", "18611112222", "o@x.cn", "44010619870101123X"):
        assert part not in scrubbed
    assert (
        masking.scrub("产量提升至120000件,成本下降35%", personal)
        == "产量提升至120000件,成本下降35%"
    )
