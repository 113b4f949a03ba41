"""Benefits without money (关键资源), renewed and moved titles, clauses on moving away."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from contracts.events.certification import TitleStatus
from contracts.events.enterprise import DossierStatus
from services.funding import enterprises
from services.funding.awards.service import settle_entitlements
from services.funding.enterprises import Standing
from services.funding.jobs import judge_new_day
from shared import clock
from shared.db import Database
from tests.factories import make_uscc
from tests.services.funding.award_calls import changed_rules
from tests.services.funding.conftest import MoveTo
from tests.services.funding.makers import (
    benefits,
    dossier_changed,
    entitlements,
    published,
    take,
    title,
    titles_changed,
)

LAND = ("guangzhou-land-priority", "once")
HOUSING = ("guangzhou-industrial-housing", "once")
SPLIT = ("guangzhou-property-split", "once")
CARS = "guangzhou-traffic-permits"
SPECIALIZED = "guangzhou-specialized-sme-one-off"
TOPIC = "funding.entitlement"


async def _titled(database: Database, *titles: Any) -> str:
    uscc = make_uscc()
    await take(database, dossier_changed(uscc), titles_changed(uscc, *titles))
    return uscc


async def test_key_resources_come_with_the_title_as_quantities_without_an_amount(
    database: Database,
) -> None:
    uscc = await _titled(database, title())
    found = await benefits(database, uscc)
    assert {key: (row["quantity"], row["unit"]) for key, row in found.items()} == {
        LAND: (1, "right"),
        HOUSING: (1, "right"),
        SPLIT: (1, "right"),
        (CARS, "2022"): (2, "vehicle"),
    }
    for row in found.values():
        assert (row["amount_kind"], row["automatic"]) == ("none", False)
        assert {row[name] for name in ("amount_max_cny", "granted_cny", "payable_cny")} == {None}
    facts = [fact for fact in await published(database, uscc, TOPIC) if fact]
    cars = next(fact for fact in facts if fact["scheme"] == CARS)
    assert (cars["quantity"], cars["unit"], cars["amount_kind"]) == (2, "vehicle", "none")
    assert "payable_cny" not in cars


async def test_cars_come_once_a_year_for_as_long_as_the_title_lasts(
    own_database: Database, domain_day: MoveTo
) -> None:
    uscc = await _titled(own_database, title(valid_to=date(2024, 6, 30)))
    for day in (date(2022, 12, 31), date(2023, 1, 1), date(2023, 12, 31), date(2024, 1, 1)):
        domain_day(day)
        await judge_new_day(own_database)
    found = await benefits(own_database, uscc)
    cars = {period: row for (scheme, period), row in found.items() if scheme == CARS}
    assert sorted(cars) == ["2022", "2023", "2024"]
    assert cars["2022"]["effective_on"] == date(2022, 7, 1)
    assert cars["2023"]["effective_on"] == date(2023, 1, 1)
    domain_day(date(2024, 7, 1))
    await judge_new_day(own_database)
    domain_day(date(2025, 1, 1))
    await judge_new_day(own_database)
    found = await benefits(own_database, uscc)
    statuses = {period: row["status"] for (scheme, period), row in found.items() if scheme == CARS}
    assert statuses == {"2022": "appeared", "2023": "appeared", "2024": "ended"}


async def test_right_ends_with_the_title_and_comes_back_with_the_next_one(
    own_database: Database, domain_day: MoveTo
) -> None:
    uscc = await _titled(own_database, title())
    domain_day(date(2025, 7, 1))
    await judge_new_day(own_database)
    land = (await benefits(own_database, uscc))[LAND]
    assert (land["status"], land["end_reason"]) == ("ended", "not_met_any_more")
    assert (await entitlements(own_database, uscc))[SPECIALIZED]["status"] == "appeared"
    renewed = title(document_no="复核〔2025〕1号", valid_from=date(2025, 7, 1), valid_to=None)
    await take(own_database, titles_changed(uscc, title(), renewed, version=2))
    land = (await benefits(own_database, uscc))[LAND]
    assert (land["status"], land["document_no"]) == ("appeared", "复核〔2025〕1号")


@pytest.mark.parametrize(
    "change",
    [
        {"region": "440605"},
        {"status": DossierStatus.DEREGISTERED},
    ],
    ids=["moved", "deregistered"],
)
async def test_right_ends_when_the_enterprise_leaves_and_its_money_stays(
    database: Database, change: dict[str, Any]
) -> None:
    uscc = await _titled(database, title())
    await take(database, dossier_changed(uscc, 2, **change))
    assert {row["status"] for row in (await benefits(database, uscc)).values()} == {"ended"}
    money = (await entitlements(database, uscc))[SPECIALIZED]
    assert (money["status"], money["payable_cny"]) == ("appeared", 200_000)


async def test_right_of_an_annulled_title_goes_over_to_another_title_that_brings_it(
    database: Database,
) -> None:
    uscc = await _titled(database, title(), title("little_giant", valid_from=date(2022, 8, 1)))
    annulled = title(status=TitleStatus.ANNULLED)
    giant = title("little_giant", valid_from=date(2022, 8, 1))
    await take(database, titles_changed(uscc, annulled, giant, version=2))
    land = (await benefits(database, uscc))[LAND]
    assert (land["status"], land["title_kind"]) == ("appeared", "little_giant")


async def test_renewed_title_brings_no_award_for_new_ones(database: Database) -> None:
    old = title(
        status=TitleStatus.EXPIRED,
        document_no="示例〔2019〕1号",
        valid_from=date(2019, 7, 1),
        valid_to=date(2022, 6, 30),
    )
    uscc = await _titled(database, old, title())
    assert await entitlements(database, uscc) == {}
    assert LAND in await benefits(database, uscc)


async def test_settling_returns_what_appeared_and_what_ended_and_then_nothing(
    own_database: Database,
) -> None:
    uscc = make_uscc()
    await take(own_database, dossier_changed(uscc))
    everything = {SPECIALIZED, LAND[0], HOUSING[0], SPLIT[0], CARS}
    steps = ((title(), "appeared"), (title(status=TitleStatus.ANNULLED), "ended"))
    for version, (held, status) in enumerate(steps, 1):
        async with own_database.transaction() as session:
            fact = titles_changed(uscc, held, version=version)
            enterprise = await enterprises.keep_titles(session, fact)
            assert enterprise is not None
            standing = Standing(enterprise, clock.now())
            changed = await settle_entitlements(session, standing)
            assert {row.scheme for row in changed} == everything
            assert {row.status for row in changed} == {status}
            assert await settle_entitlements(session, standing) == []


@pytest.fixture
def takes_back_on_moving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Guangzhou's award for provincial titles with a moved-away clause."""
    with changed_rules(
        tmp_path / "rules",
        monkeypatch,
        lambda text: text.replace("[fraud, annulled]", "[fraud, annulled, moved_away]", 1),
    ):
        yield


@pytest.mark.usefixtures("takes_back_on_moving")
async def test_award_with_a_moved_away_clause_ends_with_the_move_and_never_comes_again(
    own_database: Database,
) -> None:
    uscc = await _titled(own_database, title())
    await take(own_database, dossier_changed(uscc, 2, region="440605"))
    row = (await entitlements(own_database, uscc))[SPECIALIZED]
    assert (row["status"], row["end_reason"], row["payable_cny"]) == (
        "ended",
        "moved_away",
        200_000,
    )
    await take(own_database, dossier_changed(uscc, 3, region="440106"))
    assert (await entitlements(own_database, uscc))[SPECIALIZED]["status"] == "ended"
