"""A simulation over the stored population: right counts, right list, within one's authority."""

from collections import Counter
from decimal import Decimal
from typing import Any

import httpx
import pytest

from contracts.events.certification import Attainment
from contracts.values import Tier
from services.certification.outlooks.rulebook import LAW
from services.certification.simulations.routes import effect_of
from services.certification.simulations.runner import SimulationRunner
from services.certification.simulations.schemas import AWARD_CNY_MAX
from tests.services.certification.conftest import Certification, DomainClock
from tests.services.certification.simulating import attainments, populate, until

PATH = "/v1/simulations"
TEXT_2022 = LAW.files["editions/miit-2022-63.yaml"]
BOMB = "a: &a [1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b]\n"


async def ask(
    certification: Certification, headers: dict[str, str] | None = None, **body: Any
) -> httpx.Response:
    return await certification.http.post(PATH, json=body, headers=headers or certification.operator)


async def found(certification: Certification, location: str) -> dict[str, Any]:
    answer = await certification.http.get(location, headers=certification.operator)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def simulate(certification: Certification, **body: Any) -> dict[str, Any]:
    """Ask for a simulation, run it in pages of two, read what it found."""
    answer = await ask(certification, **body)
    assert answer.status_code == 202, answer.text
    assert await SimulationRunner(page_size=2).run_next(certification.database)
    return await found(certification, answer.headers["location"])


async def changes(certification: Certification, simulation: str, **params: str) -> list[Any]:
    path: str | None = f"{PATH}/{simulation}/changes?limit=2&" + "&".join(
        f"{name}={value}" for name, value in params.items()
    )
    rows: list[Any] = []
    while path:
        answer = await certification.http.get(path, headers=certification.operator)
        assert answer.status_code == 200, answer.text
        rows += answer.json()["changes"]
        path = answer.links.get("next", {}).get("url")
    return rows


async def test_simulation_counts_what_the_scalar_evaluator_says(
    certification: Certification, domain_clock: DomainClock
) -> None:
    made = {
        uscc: kind
        for uscc, kind in (await populate(certification, 15)).items()
        if kind.get("region") != "440305"
    }
    domain_clock.move_to("2022-12-30T10:00:00+08:00")
    simulation = await simulate(certification, rule_set="miit-2026", compare_with="miit-2022-63")
    assert (simulation["status"], simulation["done"], simulation["total"]) == ("done", 13, 13)
    before = {uscc: attainments(uscc, kind, "miit-2022-63") for uscc, kind in made.items()}
    after = {uscc: attainments(uscc, kind, "miit-2026") for uscc, kind in made.items()}
    reached = Attainment.REACHED
    listed = set()
    for tier in simulation["tiers"]:
        name = Tier(tier["tier"])
        pairs = Counter((before[uscc].get(name), after[uscc].get(name)) for uscc in made)
        assert tier["reached_before"] == sum(n for (old, _), n in pairs.items() if old is reached)
        assert tier["reached_after"] == sum(n for (_, new), n in pairs.items() if new is reached)
        for part in ("by_region", "by_industry"):
            for field in ("reached_before", "reached_after", "enters", "falls_out", "open_after"):
                assert sum(place[field] for place in tier[part]) == tier[field]
        for uscc in made:
            old, new = before[uscc].get(name), after[uscc].get(name)
            if old is not new and reached in (old, new):
                listed.add((uscc, name.value, old, new))
    rows = await changes(certification, simulation["simulation_id"])
    assert {(r["uscc"], r["tier"], r["before"], r["after"]) for r in rows} == listed
    assert listed
    assert [(r["uscc"], r["tier"]) for r in rows] == sorted((r["uscc"], r["tier"]) for r in rows)


async def test_edited_text_moves_who_it_says_and_awards_follow(
    certification: Certification,
) -> None:
    await populate(certification, 6)
    edited = TEXT_2022.replace("total_min: 60", "total_min: 99", 1)
    simulation = await simulate(
        certification,
        rule_text=edited,
        compare_with="miit-2022-63",
        award_per_title_cny={"innovative_sme": "200000.50"},
    )
    assert simulation["edited"] is True
    tier = next(t for t in simulation["tiers"] if t["tier"] == "innovative_sme")
    assert tier["falls_out"] == tier["reached_before"] > 0
    assert tier["reached_after"] == 0
    cost = Decimal("200000.50") * tier["reached_before"]
    assert Decimal(tier["award_before_cny"]) == cost
    assert Decimal(simulation["award_change_cny"]) == -cost
    out = await changes(
        certification, simulation["simulation_id"], tier="innovative_sme", change="falls_out"
    )
    assert len(out) == tier["falls_out"]
    assert await changes(certification, simulation["simulation_id"], change="enters") == []
    editions = (await certification.http.get("/v1/rule-sets")).json()
    assert LAW.book.rule_sets["miit-2022-63"].digest in {one["digest"] for one in editions}


async def test_same_law_moves_nobody(certification: Certification) -> None:
    await populate(certification, 4)
    simulation = await simulate(certification, rule_text=TEXT_2022)
    assert simulation["compare_with"] == "miit-2022-63"
    assert all(tier["reached_before"] == tier["reached_after"] for tier in simulation["tiers"])
    assert await changes(certification, simulation["simulation_id"]) == []


async def test_empty_population_is_done_at_once(certification: Certification) -> None:
    simulation = await simulate(certification, rule_set="miit-2026", as_region="510100")
    assert (simulation["status"], simulation["total"], simulation["tiers"]) == ("done", 0, [])


@pytest.mark.parametrize(
    ("authority", "region", "total"),
    [("440000", None, 5), ("440300", None, 1), ("000000", None, 6), ("000000", "440106", 5)],
)
async def test_population_is_that_of_the_authority(
    certification: Certification, authority: str, region: str | None, total: int
) -> None:
    await populate(certification, 6)
    headers = certification.bearer("regulator", authority=authority)
    answer = await ask(certification, headers, rule_set="miit-2026", region=region)
    assert answer.status_code == 202, answer.text
    location = answer.headers["location"]
    await SimulationRunner(page_size=4).run_next(certification.database)
    own = await certification.http.get(location, headers=headers)
    assert own.json()["total"] == own.json()["done"] == total
    other = certification.bearer("regulator", authority="110000")
    for path in (location, f"{location}/changes"):
        assert (await certification.http.get(path, headers=other)).status_code == 404
    stopped = await certification.http.post(f"{location}/cancellation", headers=other)
    assert stopped.status_code == 404


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "rule_set or rule_text"),
        ({"rule_set": "miit-2026", "rule_text": "id: x"}, "rule_set or rule_text"),
        ({"rule_set": "miit-1999"}, "miit-2022-63"),
        ({"rule_set": "miit-2026", "compare_with": "bse-listing"}, "miit-2022-63"),
        ({"rule_set": "miit-2026", "as_of": "2001-01-01"}, "compare_with"),
        ({"rule_set": "miit-2026", "as_of": "9999-01-01"}, "2100"),
        ({"rule_set": "miit-2026", "region": "44"}, "region"),
        ({"rule_set": "miit-2026", "award_per_title_cny": {"unicorn": "1"}}, "unicorn"),
        ({"rule_set": "miit-2026", "award_per_title_cny": {"little_giant": 1.5}}, "yuan"),
        ({"rule_set": "miit-2026", "award_per_title_cny": {"little_giant": "-1"}}, "little_giant"),
        ({"rule_set": "miit-2026", "surprise": 1}, "surprise"),
        ({"rule_text": ""}, "mapping"),
        ({"rule_text": "- 1"}, "mapping"),
        ({"rule_text": "id: [1"}, "not YAML"),
        ({"rule_text": BOMB}, "edited.yaml"),
        ({"rule_text": "a: " + "[" * 5000}, "edited.yaml"),
        ({"rule_text": "a: " + "{a: " * 5000}, "edited.yaml"),
        ({"rule_text": "a: !!python/object/apply:os.system [ls]"}, "edited.yaml"),
        ({"rule_text": "x" * 200_001}, "rule_text"),
        ({"rule_text": TEXT_2022.replace("total_min: 60", "total_min: 600", 1)}, "edited.yaml:"),
        ({"rule_text": TEXT_2022.replace("metric: is_sme", "metric: is_big", 1)}, "is_big"),
    ],
)
async def test_bad_input_is_refused(
    certification: Certification, body: dict[str, Any], says: str
) -> None:
    answer = await ask(certification, **body)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in answer.text
    assert await certification.count("simulation") == 0


async def test_text_that_is_no_unicode_is_refused(certification: Certification) -> None:
    answer = await certification.http.post(
        PATH,
        content=b'{"rule_text": "id: \\ud800"}',
        headers={**certification.operator, "content-type": "application/json"},
    )
    assert answer.status_code == 422, answer.text


async def test_wrong_line_of_an_edited_text_is_named(certification: Certification) -> None:
    line = 1 + TEXT_2022[: TEXT_2022.index("metric: is_sme")].count("\n")
    text = TEXT_2022.replace("metric: is_sme", "metric: is_big", 1)
    answer = await ask(certification, rule_text=text)
    problem = answer.json()
    assert problem["type"] == "urn:terrace:problem:rule-text-unusable"
    assert f":{line}:" in problem["detail"]
    assert problem["errors"][0]["field"] == f"rule_text.{line}"


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"role": "enterprise", "uscc": "91350100M000100Y43"}, 403),
        ({"role": "bank", "org": "icbc"}, 403),
        ({"role": "finance", "authority": "440000"}, 403),
        ({"role": "regulator"}, 403),
        ({"role": "regulator", "authority": "no-such"}, 403),
        ({"role": "regulator", "authority": "440100"}, 202),
    ],
)
async def test_simulations_are_for_the_officials_of_an_authority(
    certification: Certification, claims: dict[str, Any], status: int
) -> None:
    answer = await ask(certification, certification.bearer(**claims), rule_set="miit-2026")
    assert answer.status_code == status, answer.text
    assert (await certification.http.post(PATH, json={"rule_set": "miit-2026"})).status_code == 401


async def test_region_outside_the_authority_is_refused(certification: Certification) -> None:
    answer = await ask(certification, rule_set="miit-2026", region="110000")
    assert answer.status_code == 403


async def test_an_authority_has_few_under_way_and_lists_its_own(
    certification: Certification,
) -> None:
    made = [(await ask(certification, rule_set="miit-2026")).json() for _ in range(3)]
    refused = await ask(certification, rule_set="miit-2026")
    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:terrace:problem:simulations-busy"
    path: str | None = f"{PATH}?limit=2"
    seen = []
    while path:
        page = await certification.http.get(path, headers=certification.operator)
        seen += [row["simulation_id"] for row in page.json()["simulations"]]
        path = page.links.get("next", {}).get("url")
    assert seen == [row["simulation_id"] for row in reversed(made)]
    other = certification.bearer("regulator", authority="110000")
    assert (await certification.http.get(PATH, headers=other)).json()["simulations"] == []


async def test_queued_simulation_is_taken_up_by_the_running_service(
    certification: Certification,
) -> None:
    await populate(certification, 3)
    runner = SimulationRunner()
    runner.start(certification.database)
    try:
        location = (await ask(certification, rule_set="miit-2026")).headers["location"]
        runner.wake()

        async def is_done() -> bool:
            return bool((await found(certification, location))["status"] == "done")

        await until(is_done)
    finally:
        await runner.stop()
    assert (await found(certification, location))["done"] == 3


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/not-a-uuid", 422),
        ("/00000000-0000-4000-8000-000000000000", 404),
        ("/00000000-0000-4000-8000-000000000000/changes", 404),
        ("/00000000-0000-4000-8000-000000000000/changes?cursor=x", 422),
        ("/00000000-0000-4000-8000-000000000000/changes?tier=x", 422),
        ("?cursor=WyJhIl0", 422),
        ("?limit=0", 422),
    ],
)
async def test_bad_reads_are_refused(certification: Certification, path: str, status: int) -> None:
    answer = await certification.http.get(f"{PATH}{path}", headers=certification.operator)
    assert answer.status_code == status, answer.text


def test_award_cost_of_a_whole_country_has_no_largest_value() -> None:
    counts = {"rr": 1_000_000, "nr": 9_000_000}
    tally = {"all": {"": counts}, "region": {"440106": counts}, "industry": {"34": counts}}
    effect = effect_of(Tier.LITTLE_GIANT, tally, AWARD_CNY_MAX)
    assert effect.model_dump(mode="json")["award_after_cny"] == "10000000000000000.00"
    assert (effect.enters, effect.award_change_cny) == (9_000_000, 9_000_000 * AWARD_CNY_MAX)
