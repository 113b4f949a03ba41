"""A judgement that changed the outlook is kept with its inputs, and comes out again identical."""

from typing import Any

import pytest
from sqlalchemy import text

from services.certification.evaluations.keeping import load_law
from services.certification.outlooks.rulebook import LAW, load_files
from tests.factories import make_uscc
from tests.services.certification.conftest import Certification, DomainClock, dossier_changed


async def _evaluations(certification: Certification, uscc: str) -> list[dict[str, Any]]:
    answer = await certification.http.get(
        f"/v1/enterprises/{uscc}/evaluations", headers=certification.operator
    )
    assert answer.status_code == 200, answer.text
    return list(answer.json()["evaluations"])


async def _recompute(certification: Certification, evaluation_id: str) -> dict[str, Any]:
    answer = await certification.http.post(
        f"/v1/evaluations/{evaluation_id}/recomputation", headers=certification.operator
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def _change(certification: Certification, statement: str, **values: Any) -> None:
    async with certification.database.transaction() as session:
        await (await session.connection()).execute(text(statement), values)


async def test_only_a_judgement_that_changed_the_outlook_is_kept(
    certification: Certification,
) -> None:
    uscc = make_uscc()
    await certification.hear(dossier_changed(uscc, 1))
    await certification.hear(dossier_changed(uscc, 2, name="新名称有限公司"))
    await certification.hear(dossier_changed(uscc, 3, compliance={"on_abnormal_list": True}))
    second, first = await _evaluations(certification, uscc)
    assert (first["outlook_version"], first["dossier_version"]) == (1, 1)
    assert (second["outlook_version"], second["dossier_version"]) == (2, 3)
    assert first["as_of"] == "2022-09-30"
    assert first["rule_sets"] == {"miit-2022-63": LAW.book.rule_sets["miit-2022-63"].digest}


async def test_kept_evaluation_shows_inputs_verdict_and_the_words_of_the_law(
    certification: Certification,
) -> None:
    uscc = make_uscc()
    await certification.hear(dossier_changed(uscc, rd_bodies=None))
    (kept,) = await _evaluations(certification, uscc)
    answer = await certification.http.get(
        f"/v1/evaluations/{kept['evaluation_id']}",
        headers={**certification.bearer("enterprise", uscc=uscc), "accept-language": "zh"},
    )
    found = answer.json()
    assert found["facts"]["uscc"] == uscc
    tier = next(t for t in found["verdict"]["tiers"] if t["tier"] == "innovative_sme")
    assert tier["attainment"] == "reached"
    line = next(c for c in tier["criteria"] if c["id"] == "rd_to_revenue")
    assert line == {"id": "rd_to_revenue", "met": True, "seen": "6%", "points": 20}
    words = next(
        c for c in found["criteria"] if (c["tier"], c["id"]) == ("innovative_sme", "rd_to_revenue")
    )
    assert words["text"] == "上年度研发费用总额占营业收入总额比重"
    assert "附件1" in words["source"]


async def test_recomputation_is_identical_years_later(
    certification: Certification, domain_clock: DomainClock
) -> None:
    uscc = make_uscc()
    await certification.hear(dossier_changed(uscc, 1))
    await certification.hear(dossier_changed(uscc, 2, status="deregistered"))
    domain_clock.move_to("2030-05-01T10:00:00+08:00")
    for kept in await _evaluations(certification, uscc):
        again = await _recompute(certification, kept["evaluation_id"])
        assert again["identical"] is True, again
        assert again["differences"] == []
        assert again["stored_digest"] == again["recomputed_digest"]


async def test_tampered_verdict_is_shown_with_its_place(certification: Certification) -> None:
    uscc = make_uscc()
    await certification.hear(dossier_changed(uscc))
    (kept,) = await _evaluations(certification, uscc)
    await _change(
        certification,
        "UPDATE evaluation SET verdict = replace(verdict, :was, :now)",
        was='"points":95',
        now='"points":96',
    )
    again = await _recompute(certification, kept["evaluation_id"])
    assert again["identical"] is False
    assert again["facts_unchanged"] is True
    shown = {(d["path"], d["stored"], d["recomputed"]) for d in again["differences"]}
    assert ("tiers[0].points", "96", "95") in shown


async def test_tampered_facts_and_texts_are_shown(certification: Certification) -> None:
    uscc = make_uscc()
    await certification.hear(dossier_changed(uscc))
    (kept,) = await _evaluations(certification, uscc)
    await _change(certification, "UPDATE dossier SET facts = replace(facts, '45000000.00', '9.00')")
    again = await _recompute(certification, kept["evaluation_id"])
    assert (again["identical"], again["facts_unchanged"]) == (False, False)
    await _change(certification, "UPDATE dossier SET facts = '{}'")
    again = await _recompute(certification, kept["evaluation_id"])
    assert again["identical"] is False
    assert again["recomputed_digest"] is None


async def test_same_values_written_otherwise_are_not_identical(
    certification: Certification,
) -> None:
    uscc = make_uscc()
    await certification.hear(dossier_changed(uscc))
    (kept,) = await _evaluations(certification, uscc)
    await _change(certification, "UPDATE evaluation SET verdict = verdict || ' '")
    again = await _recompute(certification, kept["evaluation_id"])
    assert again["identical"] is False
    assert again["difference_count"] == 1


async def test_old_rule_text_is_loaded_by_its_digest(certification: Certification) -> None:
    """A verdict of an earlier text is judged again by that text, not by the present one."""
    uscc = make_uscc()
    await certification.hear(dossier_changed(uscc))
    (kept,) = await _evaluations(certification, uscc)
    old = {
        name: content.replace("total_min: 60", "total_min: 96")
        for name, content in LAW.files.items()
    }
    book = load_files(old)
    assert book.digest != LAW.digest
    from services.certification.evaluations.keeping import keep_law

    async with certification.database.transaction() as session:
        await keep_law(session, book)
        await keep_law(session, book)
    async with certification.database.transaction() as session:
        loaded = await load_law(session, book.digest)
    assert loaded.digest == book.digest
    await _change(certification, "UPDATE evaluation SET rulebook = :digest", digest=book.digest)
    again = await _recompute(certification, kept["evaluation_id"])
    assert again["identical"] is False
    shown = {(d["path"], d["stored"], d["recomputed"]) for d in again["differences"]}
    assert ("tiers[0].attainment", '"reached"', '"not_reached"') in shown


async def test_list_is_paged_newest_first(certification: Certification) -> None:
    uscc = make_uscc()
    for version in range(1, 6):
        listed = {"on_abnormal_list": version % 2 == 0}
        await certification.hear(dossier_changed(uscc, version, compliance=listed))
    path: str | None = f"/v1/enterprises/{uscc}/evaluations?limit=2"
    seen: list[int] = []
    while path:
        answer = await certification.http.get(path, headers=certification.operator)
        seen += [row["outlook_version"] for row in answer.json()["evaluations"]]
        path = answer.links.get("next", {}).get("url")
    assert seen == [5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("claims", "read", "recomputed"),
    [
        ({"role": "enterprise"}, 200, 403),
        ({"role": "enterprise", "uscc": "91350100M000100Y43"}, 404, 403),
        ({"role": "auditor", "authority": "440000"}, 200, 200),
        ({"role": "operator", "authority": "440300"}, 404, 404),
        ({"role": "regulator", "authority": "440100"}, 200, 403),
        ({"role": "bank", "org": "icbc"}, 403, 403),
    ],
)
async def test_evaluations_are_for_the_enterprise_and_its_authorities(
    certification: Certification, claims: dict[str, Any], read: int, recomputed: int
) -> None:
    uscc = make_uscc()
    await certification.hear(dossier_changed(uscc))
    (kept,) = await _evaluations(certification, uscc)
    headers = certification.bearer(**{"uscc": uscc, **claims})
    path = f"/v1/evaluations/{kept['evaluation_id']}"
    assert (await certification.http.get(path, headers=headers)).status_code == read
    answer = await certification.http.post(f"{path}/recomputation", headers=headers)
    assert answer.status_code == recomputed, answer.text
    assert (await certification.http.get(path)).status_code == 401


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/evaluations/not-a-uuid", 422),
        ("/v1/evaluations/00000000-0000-4000-8000-000000000000", 404),
        ("/v1/enterprises/{uscc}/evaluations?cursor=nonsense", 422),
        ("/v1/enterprises/{uscc}/evaluations?cursor=WyJhIl0", 422),
        ("/v1/enterprises/{uscc}/evaluations?limit=201", 422),
        ("/v1/enterprises/{uscc}/outlook?as_of=1900-01-01", 422),
        ("/v1/enterprises/{uscc}/outlook?as_of=9999-12-31", 422),
        ("/v1/enterprises/{uscc}/outlook?as_of=2022-02-30", 422),
        ("/v1/enterprises/{uscc}/outlook?known_at=2022-09-30", 422),
        ("/v1/enterprises/{uscc}/outlook?known_at=2099-01-01T00:00:00Z", 422),
        (
            "/v1/enterprises/{uscc}/outlook?known_at=0001-01-01T00:00:00%2B14:00&as_of=2022-09-30",
            422,
        ),
        ("/v1/enterprises/{uscc}/outlook?known_at=9999-12-31T23:59:59-12:00", 422),
        ("/v1/enterprises/{uscc}/outlook?known_at=2001-01-01T00:00:00Z", 404),
    ],
)
async def test_bad_input_is_refused(certification: Certification, path: str, status: int) -> None:
    uscc = make_uscc()
    await certification.hear(dossier_changed(uscc))
    answer = await certification.http.get(path.format(uscc=uscc), headers=certification.operator)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_outlook_is_judged_by_what_was_known_then_and_the_law_of_then(
    certification: Certification, domain_clock: DomainClock
) -> None:
    uscc = make_uscc()
    await certification.hear(dossier_changed(uscc, 1))
    domain_clock.move_to("2022-10-10T10:00:00+08:00")
    await certification.hear(dossier_changed(uscc, 2, compliance={"on_abnormal_list": True}))
    domain_clock.move_to("2026-05-01T10:00:00+08:00")

    async def asked(**params: str) -> dict[str, Any]:
        answer = await certification.http.get(
            f"/v1/enterprises/{uscc}/outlook", params=params, headers=certification.operator
        )
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    then = await asked(known_at="2022-10-05T00:00:00+08:00")
    assert (then["dossier_version"], then["judged_on"]) == (1, "2022-10-05")
    base = next(tier for tier in then["tiers"] if tier["tier"] == "innovative_sme")
    assert (base["rule_set"], base["attainment"]) == ("miit-2022-63", "reached")
    now = await asked()
    assert {tier["rule_set"] for tier in now["tiers"]} == {"miit-2026"}
    assert now["dossier_version"] == 2
    now_by_old_law = await asked(as_of="2022-10-05")
    assert {tier["rule_set"] for tier in now_by_old_law["tiers"]} == {"miit-2022-63"}
    assert now_by_old_law["dossier_version"] == 2
    then_by_new_law = await asked(known_at="2022-10-05T00:00:00+08:00", as_of="2026-05-01")
    assert {tier["rule_set"] for tier in then_by_new_law["tiers"]} == {"miit-2026"}
    assert then_by_new_law["dossier_version"] == 1
