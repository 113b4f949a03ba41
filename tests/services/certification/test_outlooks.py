"""The outlook: judged on every dossier, published only when it changed, read with every reason."""

from typing import Any

import pytest

from services.certification.jobs import judge_new_day
from tests.factories import make_uscc
from tests.services.certification.conftest import (
    Certification,
    DomainClock,
    dossier_changed,
)

CHANGED = "outlook-changed"


def base_tier(judged: dict[str, Any]) -> dict[str, Any]:
    """What an outlook says of the tier that asks for a score alone."""
    return dict(next(tier for tier in judged["tiers"] if tier["tier"] == "innovative_sme"))


async def test_dossier_is_judged_and_its_outlook_published(certification: Certification) -> None:
    uscc = make_uscc()
    await certification.hear(dossier_changed(uscc))
    (fact,) = await certification.facts(uscc, CHANGED)
    assert fact["version"] == 1
    assert fact["judged_on"] == "2022-09-30"
    tier = base_tier(fact)
    assert tier == {
        "tier": "innovative_sme",
        "rule_set": "miit-2022-63",
        "attainment": "reached",
        "points": 95,
        "unmet": [],
        "missing": [],
    }


async def test_outlook_is_published_only_when_it_changed(certification: Certification) -> None:
    uscc = make_uscc()
    await certification.hear(dossier_changed(uscc, 1))
    await certification.hear(dossier_changed(uscc, 2, name="新名称有限公司"))
    assert len(await certification.facts(uscc, CHANGED)) == 1
    await certification.hear(dossier_changed(uscc, 3, compliance={"on_abnormal_list": True}))
    first, second = await certification.facts(uscc, CHANGED)
    assert (first["version"], second["version"]) == (1, 2)
    assert second["tiers"][0]["attainment"] == "not_reached"
    assert second["tiers"][0]["unmet"] == ["not_on_abnormal_list"]
    assert (await certification.outlook(uscc))["name"] == "示例公司"


async def test_older_version_of_a_dossier_changes_nothing(certification: Certification) -> None:
    uscc = make_uscc()
    await certification.hear(dossier_changed(uscc, 5))
    await certification.hear(dossier_changed(uscc, 4, accounts=[]))
    await certification.hear(dossier_changed(uscc, 5, accounts=[]))
    assert len(await certification.facts(uscc, CHANGED)) == 1
    assert (await certification.outlook(uscc))["dossier_version"] == 5


async def test_deregistered_enterprise_reaches_nothing(certification: Certification) -> None:
    uscc = make_uscc()
    await certification.hear(dossier_changed(uscc, 1))
    await certification.hear(dossier_changed(uscc, 2, status="deregistered"))
    _, fact = await certification.facts(uscc, CHANGED)
    assert fact["tiers"][0]["attainment"] == "not_reached"
    assert fact["tiers"][0]["unmet"] == ["legal_person_in_china"]


async def test_missing_accounts_are_named_and_never_guessed(certification: Certification) -> None:
    uscc = make_uscc()
    await certification.hear(dossier_changed(uscc, accounts=[]))
    tier = base_tier(await certification.outlook(uscc))
    assert tier["attainment"] == "cannot_be_judged"
    assert tier["points"] is None
    assert "accounts.2021.revenue_cny" in tier["missing"]
    growth = next(c for c in tier["criteria"] if c["id"] == "main_revenue_growth")
    assert growth["met"] is None
    assert growth["seen"] is None
    assert (growth["points_min"], growth["points_max"]) == (0, 20)
    assert "accounts.2020.main_revenue_cny" in growth["reason"]


async def test_whole_verdict_is_shown_in_both_languages(certification: Certification) -> None:
    uscc = make_uscc()
    await certification.hear(dossier_changed(uscc))
    english = (await certification.outlook(uscc, "en"))["tiers"][0]
    chinese = (await certification.outlook(uscc, "zh-CN"))["tiers"][0]
    assert english["document_no"] == chinese["document_no"] == "工信部企业〔2022〕63号"
    assert (english["effective_from"], english["effective_to"]) == ("2022-08-01", "2026-03-31")
    kinds = {criterion["kind"] for criterion in english["criteria"]}
    assert kinds == {"precondition", "score", "category", "indicator", "direct_route"}
    by_id = {c["id"]: (c, d) for c, d in zip(english["criteria"], chinese["criteria"], strict=True)}
    ratio_en, ratio_zh = by_id["rd_to_revenue"]
    assert ratio_en["seen"] == ratio_zh["seen"] == "6%"
    assert ratio_en["text"] == "R&D expense to revenue, last year"
    assert ratio_zh["text"] == "上年度研发费用总额占营业收入总额比重"
    assert ratio_en["points"] == 20
    assert ratio_en["verification"] == "v2"
    assert "附件1" in ratio_en["source"]
    assert by_id["is_sme"][1]["seen"] == "是"


async def test_new_year_makes_the_last_accounts_missing(
    certification: Certification, domain_clock: DomainClock
) -> None:
    uscc = make_uscc()
    await certification.hear(dossier_changed(uscc))
    domain_clock.move_to("2023-01-01T00:30:00+08:00")
    for _ in range(2):
        await judge_new_day(certification.database)
    _, fact = await certification.facts(uscc, CHANGED)
    assert fact["judged_on"] == "2023-01-01"
    assert fact["tiers"][0]["attainment"] == "cannot_be_judged"
    assert "accounts.2022.revenue_cny" in fact["tiers"][0]["missing"]


async def test_new_day_without_a_change_publishes_nothing(
    certification: Certification, domain_clock: DomainClock
) -> None:
    codes = [make_uscc() for _ in range(5)]
    for uscc in codes:
        await certification.hear(dossier_changed(uscc))
    domain_clock.move_to("2022-10-01T00:30:00+08:00")
    await judge_new_day(certification.database)
    for uscc in codes:
        assert len(await certification.facts(uscc, CHANGED)) == 1


@pytest.mark.parametrize(
    ("at", "rule_sets"),
    [
        ("2022-07-31T12:00:00+08:00", []),
        ("2022-08-01T00:00:00+08:00", ["miit-2022-63"]),
        ("2026-03-31T23:59:00+08:00", ["miit-2022-63"]),
        ("2026-04-01T00:00:00+08:00", ["miit-2026"]),
    ],
)
async def test_edition_follows_the_day(
    certification: Certification, domain_clock: DomainClock, at: str, rule_sets: list[str]
) -> None:
    domain_clock.move_to(at)
    uscc = make_uscc()
    await certification.hear(dossier_changed(uscc))
    tiers = (await certification.outlook(uscc))["tiers"]
    assert list(dict.fromkeys(tier["rule_set"] for tier in tiers)) == rule_sets
    editions = (await certification.http.get("/v1/rule-sets")).json()
    in_force = [edition["id"] for edition in editions if edition["in_force"]]
    assert [name for name in in_force if name.startswith("miit-")] == rule_sets


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"role": "enterprise"}, 200),
        ({"role": "enterprise", "uscc": "91350100M000100Y43"}, 403),
        ({"role": "regulator", "authority": "440100"}, 200),
        ({"role": "regulator", "authority": "440000"}, 200),
        ({"role": "regulator", "authority": "440300"}, 403),
        ({"role": "regulator", "authority": "no-such"}, 403),
        ({"role": "regulator"}, 403),
        ({"role": "bank", "org": "icbc"}, 403),
    ],
)
async def test_outlook_is_for_the_enterprise_and_its_authorities(
    certification: Certification, claims: dict[str, Any], status: int
) -> None:
    uscc = make_uscc()
    await certification.hear(dossier_changed(uscc))
    headers = certification.bearer(**{"uscc": uscc, **claims})
    answer = await certification.http.get(f"/v1/enterprises/{uscc}/outlook", headers=headers)
    assert answer.status_code == status, answer.text
    assert (await certification.http.get(f"/v1/enterprises/{uscc}/outlook")).status_code == 401


async def test_unknown_enterprise_is_not_found(certification: Certification) -> None:
    answer = await certification.http.get(
        f"/v1/enterprises/{make_uscc()}/outlook", headers=certification.operator
    )
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:terrace:problem:enterprise-not-found"


async def test_summary_counts_the_callers_authority_only(certification: Certification) -> None:
    for region in ("440106", "440106", "440305"):
        await certification.hear(dossier_changed(make_uscc(), region=region))
    await certification.hear(dossier_changed(make_uscc(), accounts=[]))
    for authority, evaluated, reached in (
        ("440100", 3, 2),
        ("440000", 3, 2),
        ("440300", 1, 1),
        ("000000", 4, 3),
        ("110000", 0, 0),
    ):
        answer = await certification.http.get(
            "/v1/outlooks/summary",
            headers=certification.bearer("regulator", authority=authority),
        )
        summary = answer.json()
        assert summary["evaluated"] == evaluated
        counts = {
            count["attainment"]: count["enterprises"]
            for count in summary["counts"]
            if count["tier"] == "innovative_sme"
        }
        assert counts.get("reached", 0) == reached
        assert sum(counts.values()) == evaluated


async def test_gap_names_what_reaches_each_tier(certification: Certification) -> None:
    uscc = make_uscc()
    await certification.hear(dossier_changed(uscc, compliance={"on_abnormal_list": True}))
    headers = certification.bearer("enterprise", uscc=uscc)
    answer = await certification.http.get(f"/v1/enterprises/{uscc}/gap", headers=headers)
    assert answer.status_code == 200, answer.text
    gaps = {found["tier"]: found for found in answer.json()}
    assert set(gaps) == {"innovative_sme", "specialized_sme", "little_giant"}
    base = gaps["innovative_sme"]
    assert base["met"] is False
    assert base["paths"] or base["blocked"]
    other = certification.bearer("enterprise", uscc="91350100M000100Y43")
    refused = await certification.http.get(f"/v1/enterprises/{uscc}/gap", headers=other)
    assert refused.status_code == 403
