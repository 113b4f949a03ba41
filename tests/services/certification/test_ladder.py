"""The ladder: titles open the next step, apart from the criteria; and what staff look for."""

from datetime import date
from typing import Any

import pytest

from contracts.events.certification import Title, TitleStatus
from contracts.values import Tier
from services.certification.outlooks.ladder import held_tiers
from tests.factories import make_uscc
from tests.services.certification.conftest import (
    Certification,
    DomainClock,
    csv_list,
    dossier_changed,
)

CHANGED = "outlook-changed"


def title(kind: str, tier: Tier | None, status: TitleStatus, first: str, last: str | None) -> Title:
    return Title(
        kind=kind,
        tier=tier,
        status=status,
        authority="440000",
        document_no="1",
        document_on=date(2022, 1, 1),
        valid_from=date.fromisoformat(first),
        valid_to=date.fromisoformat(last) if last else None,
    )


@pytest.mark.parametrize(
    ("held", "day", "tiers"),
    [
        (
            title("innovative_sme", Tier.INNOVATIVE_SME, TitleStatus.EFFECTIVE, "2022-01-01", None),
            "2022-01-01",
            {Tier.INNOVATIVE_SME, Tier.TECH_AND_INNOVATIVE_SME},
        ),
        (
            title("tech_based_sme", None, TitleStatus.EXPIRED, "2022-01-01", "2022-12-31"),
            "2022-12-31",
            {Tier.TECH_AND_INNOVATIVE_SME},
        ),
        (
            title("tech_based_sme", None, TitleStatus.EXPIRED, "2022-01-01", "2022-12-31"),
            "2023-01-01",
            set(),
        ),
        (
            title("little_giant", Tier.LITTLE_GIANT, TitleStatus.PUBLICIZED, "2022-01-01", None),
            "2022-06-01",
            set(),
        ),
        (
            title("little_giant", Tier.LITTLE_GIANT, TitleStatus.REVOKED, "2022-01-01", None),
            "2022-06-01",
            set(),
        ),
        (
            title("single_champion", None, TitleStatus.EFFECTIVE, "2022-01-01", None),
            "2022-06-01",
            set(),
        ),
    ],
)
def test_title_counts_while_its_term_runs(held: Title, day: str, tiers: set[Tier]) -> None:
    assert held_tiers([held], date.fromisoformat(day)) == tiers


async def _base(certification: Certification, uscc: str) -> dict[str, Any]:
    return dict(
        next(
            tier
            for tier in (await certification.outlook(uscc))["tiers"]
            if tier["tier"] == "innovative_sme"
        )
    )


async def test_first_dossier_tells_what_it_may_file_for(certification: Certification) -> None:
    uscc = make_uscc()
    await certification.hear(dossier_changed(uscc))
    (fact,) = await certification.facts(uscc, CHANGED)
    assert fact["eligible"] == fact["newly_eligible"] == ["innovative_sme"]
    assert fact["at_risk"] == fact["lost"] == []
    ladder = (await _base(certification, uscc))["ladder"]
    assert ladder == {
        "requires_tier": None,
        "requires_held": None,
        "held": False,
        "may_file": True,
    }


async def test_title_taken_in_ends_eligibility_without_loss(certification: Certification) -> None:
    uscc = make_uscc()
    await certification.hear(dossier_changed(uscc))
    await certification.send_list(csv_list(f"{uscc},示例公司,4"), kind="innovative_sme")
    first, second = await certification.facts(uscc, CHANGED)
    assert second["version"] == first["version"] + 1
    assert (second["eligible"], second["lost"], second["at_risk"]) == ([], [], [])
    outlook = await certification.outlook(uscc)
    next_step = next(tier for tier in outlook["tiers"] if tier["tier"] == "specialized_sme")
    assert next_step["ladder"]["requires_tier"] == "innovative_sme"
    assert next_step["ladder"]["requires_held"] is True
    assert all(line["id"] != "requires_tier" for line in next_step["criteria"])


async def test_holder_that_no_longer_meets_is_at_risk(certification: Certification) -> None:
    uscc = make_uscc()
    await certification.send_list(csv_list(f"{uscc},示例公司,4"), kind="innovative_sme")
    await certification.hear(dossier_changed(uscc, 1))
    (fact,) = await certification.facts(uscc, CHANGED)
    assert fact["eligible"] == fact["at_risk"] == []
    await certification.hear(dossier_changed(uscc, 2, compliance={"on_dishonest_list": True}))
    _, fact = await certification.facts(uscc, CHANGED)
    assert fact["at_risk"] == ["innovative_sme"]
    assert fact["lost"] == []


async def test_missing_facts_put_no_title_at_risk(certification: Certification) -> None:
    uscc = make_uscc()
    await certification.send_list(csv_list(f"{uscc},示例公司,4"), kind="innovative_sme")
    await certification.hear(dossier_changed(uscc, accounts=[]))
    (fact,) = await certification.facts(uscc, CHANGED)
    assert fact["tiers"][0]["attainment"] == "cannot_be_judged"
    assert fact["at_risk"] == []


async def test_eligibility_lost_and_found_again(certification: Certification) -> None:
    uscc = make_uscc()
    await certification.hear(dossier_changed(uscc, 1))
    await certification.hear(dossier_changed(uscc, 2, compliance={"on_abnormal_list": True}))
    await certification.hear(dossier_changed(uscc, 3))
    _, second, third = await certification.facts(uscc, CHANGED)
    assert (second["eligible"], second["lost"]) == ([], ["innovative_sme"])
    assert (third["newly_eligible"], third["lost"]) == (["innovative_sme"], [])


async def test_ended_title_makes_eligible_again(
    certification: Certification, domain_clock: DomainClock
) -> None:
    from services.certification import jobs

    uscc = make_uscc()
    await certification.send_list(
        csv_list(f"{uscc},示例公司,4"), kind="innovative_sme", valid_to="2022-10-31"
    )
    await certification.hear(dossier_changed(uscc))
    domain_clock.move_to("2022-11-01T09:00:00+08:00")
    for job in jobs.JOBS:
        await job.run(certification.database)
    first, second = await certification.facts(uscc, CHANGED)
    assert first["eligible"] == []
    assert second["newly_eligible"] == ["innovative_sme"]
