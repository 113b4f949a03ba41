"""Entitlements appear and end with titles, once, with no application (免申即享)."""

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import exc

from contracts.events.certification import TitleStatus
from contracts.events.enterprise import DossierStatus
from services.funding.awards.models import Entitlement
from services.funding.awards.service import sum_entitlements
from shared.db import Database
from tests.factories import make_uscc
from tests.services.funding.conftest import MoveTo
from tests.services.funding.makers import (
    dossier_changed,
    entitlements,
    published,
    take,
    title,
    titles_changed,
)

SPECIALIZED = "guangzhou-specialized-sme-one-off"
LITTLE_GIANT = "guangzhou-little-giant-one-off"
OFFERED = "guangdong-little-giant"
TOPIC = "funding.entitlement"


async def _told(database: Database, uscc: str) -> list[dict[str, Any]]:
    """What was published of the enterprise's entitlements of money, oldest first."""
    facts = await published(database, uscc, TOPIC)
    return [fact for fact in facts if fact is not None and "unit" not in fact]


async def test_effective_titles_bring_the_one_off_awards_without_application(
    database: Database,
) -> None:
    uscc = make_uscc()
    await take(
        database, dossier_changed(uscc), titles_changed(uscc, title(), title("little_giant"))
    )
    found = await entitlements(database, uscc)
    assert {scheme: row["payable_cny"] for scheme, row in found.items()} == {
        SPECIALIZED: Decimal("200000.00"),
        LITTLE_GIANT: Decimal("1000000.00"),
        OFFERED: None,
    }
    assert {scheme: row["automatic"] for scheme, row in found.items()} == {
        SPECIALIZED: True,
        LITTLE_GIANT: True,
        OFFERED: False,
    }
    facts = await _told(database, uscc)
    assert sorted(fact["scheme"] for fact in facts) == sorted(found)
    award = next(fact for fact in facts if fact["scheme"] == LITTLE_GIANT)
    assert award["payable_cny"] == "1000000.00"
    assert award["payer"] == "440100"
    assert "示例little_giant〔2022〕1号" in award["reason"]
    assert "2022-07-01" in award["reason"]


async def test_fixed_award_that_is_not_automatic_is_offered_and_waits_for_its_payer(
    database: Database,
) -> None:
    uscc = make_uscc()
    await take(database, dossier_changed(uscc), titles_changed(uscc, title("little_giant")))
    row = (await entitlements(database, uscc))[OFFERED]
    assert row["amount_kind"] == "fixed"
    assert (row["amount_min_cny"], row["amount_max_cny"]) == (Decimal(500_000), Decimal(500_000))
    assert row["payable_cny"] is None
    fact = next(f for f in await _told(database, uscc) if f["scheme"] == OFFERED)
    assert "payable_cny" not in fact


@pytest.mark.parametrize(
    ("region", "authority", "scheme", "kind", "least", "most"),
    [
        ("340104", "340000", "anhui-specialized-sme", "by_subtype", 500_000, 800_000),
        ("110108", "110000", "beijing-specialized-sme", "range", 100_000, 500_000),
        ("120101", "120000", "tianjin-specialized-sme", "cap", None, 500_000),
        ("610103", "610000", "shaanxi-specialized-sme", "fixed", 200_000, 200_000),
    ],
)
async def test_bounds_are_kept_and_nothing_is_payable_where_the_payer_sets_the_amount(
    database: Database,
    region: str,
    authority: str,
    scheme: str,
    kind: str,
    least: int | None,
    most: int,
) -> None:
    uscc = make_uscc(region)
    await take(
        database,
        dossier_changed(uscc, region=region),
        titles_changed(uscc, title(authority=authority)),
    )
    found = await entitlements(database, uscc)
    assert list(found) == [scheme]
    row = found[scheme]
    assert (row["amount_kind"], row["amount_min_cny"], row["amount_max_cny"]) == (kind, least, most)
    assert row["payable_cny"] is None


async def test_title_in_public_notice_gives_nothing_and_its_effective_list_gives_all(
    database: Database,
) -> None:
    uscc = make_uscc()
    notice = title(
        "little_giant", status=TitleStatus.PUBLICIZED, document_no="公示", valid_from=None
    )
    await take(database, dossier_changed(uscc), titles_changed(uscc, notice))
    assert await entitlements(database, uscc) == {}
    effective = title("little_giant")
    await take(database, titles_changed(uscc, notice, effective, version=2))
    assert set(await entitlements(database, uscc)) == {LITTLE_GIANT, OFFERED}


async def test_row_without_an_award_gives_no_entitlement(database: Database) -> None:
    uscc = make_uscc("430104")
    await take(
        database,
        dossier_changed(uscc, region="430104"),
        titles_changed(uscc, title(authority="430000")),
    )
    assert await entitlements(database, uscc) == {}


async def test_same_titles_again_change_nothing(database: Database) -> None:
    uscc = make_uscc()
    await take(database, dossier_changed(uscc), titles_changed(uscc, title()))
    before = await entitlements(database, uscc)
    renewed = title(document_no="复核〔2025〕1号", valid_from=date(2022, 8, 1))
    await take(
        database,
        titles_changed(uscc, title(), version=2),
        titles_changed(uscc, title(), renewed, version=3),
        titles_changed(uscc, version=1),
        dossier_changed(uscc, version=2, own_brand=False),
    )
    assert await entitlements(database, uscc) == before
    assert len(await _told(database, uscc)) == 1


async def test_annulled_title_ends_the_entitlement_and_nothing_is_payable(
    database: Database,
) -> None:
    uscc = make_uscc()
    await take(database, dossier_changed(uscc), titles_changed(uscc, title()))
    await take(database, titles_changed(uscc, title(status=TitleStatus.ANNULLED), version=2))
    row = (await entitlements(database, uscc))[SPECIALIZED]
    assert (row["status"], row["end_reason"], row["payable_cny"]) == (
        "ended",
        "title_annulled",
        None,
    )
    assert row["amount_max_cny"] == Decimal(200_000)
    facts = await _told(database, uscc)
    assert [fact["status"] for fact in facts] == ["appeared", "ended"]
    assert len({fact["entitlement_id"] for fact in facts}) == 1


async def test_later_title_revives_what_an_annulled_one_ended_under_the_same_id(
    database: Database,
) -> None:
    uscc = make_uscc()
    annulled = title(status=TitleStatus.ANNULLED)
    anew = title(document_no="示例〔2022〕2号", valid_from=date(2022, 9, 1))
    await take(
        database,
        dossier_changed(uscc),
        titles_changed(uscc, title()),
        titles_changed(uscc, annulled, version=2),
        titles_changed(uscc, annulled, anew, version=3),
    )
    row = (await entitlements(database, uscc))[SPECIALIZED]
    assert (row["status"], row["document_no"]) == ("appeared", "示例〔2022〕2号")
    assert row["payable_cny"] == Decimal(200_000)
    facts = await _told(database, uscc)
    assert [fact["status"] for fact in facts] == ["appeared", "ended", "appeared"]
    assert len({fact["entitlement_id"] for fact in facts}) == 1


async def test_revoked_title_ends_the_entitlement_and_takes_nothing_back(
    database: Database,
) -> None:
    uscc = make_uscc()
    revoked = title(status=TitleStatus.REVOKED)
    anew = title(document_no="示例〔2022〕2号", valid_from=date(2022, 9, 1))
    await take(
        database,
        dossier_changed(uscc),
        titles_changed(uscc, title()),
        titles_changed(uscc, revoked, version=2),
        titles_changed(uscc, revoked, anew, version=3),
    )
    row = (await entitlements(database, uscc))[SPECIALIZED]
    assert (row["status"], row["end_reason"]) == ("ended", "title_revoked")
    assert row["payable_cny"] == Decimal(200_000)


async def test_title_that_merely_expires_takes_nothing_back(
    database: Database, domain_day: MoveTo
) -> None:
    uscc = make_uscc()
    await take(database, dossier_changed(uscc), titles_changed(uscc, title()))
    domain_day(date(2025, 7, 1))
    expired = title(status=TitleStatus.EXPIRED)
    await take(
        database,
        dossier_changed(uscc, version=2),
        titles_changed(uscc, expired, version=2),
    )
    row = (await entitlements(database, uscc))[SPECIALIZED]
    assert (row["status"], row["payable_cny"]) == ("appeared", Decimal(200_000))
    assert len(await _told(database, uscc)) == 1


async def test_title_out_of_its_term_gives_nothing(database: Database) -> None:
    uscc = make_uscc()
    over = title(valid_from=date(2019, 7, 1), valid_to=date(2022, 6, 30))
    future = title("little_giant", valid_from=date(2022, 10, 1))
    await take(database, dossier_changed(uscc), titles_changed(uscc, over, future))
    assert await entitlements(database, uscc) == {}


async def test_moved_in_little_giant_is_awarded_and_moved_in_specialized_sme_is_not(
    database: Database,
) -> None:
    uscc = make_uscc("440305")
    held = (title(authority="440300"), title("little_giant"))
    await take(database, dossier_changed(uscc, region="440305"), titles_changed(uscc, *held))
    assert await entitlements(database, uscc) == {}
    await take(database, dossier_changed(uscc, version=2, region="440112"))
    assert set(await entitlements(database, uscc)) == {LITTLE_GIANT, OFFERED}


async def test_titles_of_an_enterprise_without_dossier_wait_for_it(database: Database) -> None:
    uscc = make_uscc()
    await take(database, titles_changed(uscc, title()))
    assert await entitlements(database, uscc) == {}
    await take(database, dossier_changed(uscc))
    assert set(await entitlements(database, uscc)) == {SPECIALIZED}


async def test_enterprise_that_left_the_register_gets_no_new_entitlement(
    database: Database,
) -> None:
    uscc = make_uscc()
    await take(
        database,
        dossier_changed(uscc, status=DossierStatus.DEREGISTERED),
        titles_changed(uscc, title()),
    )
    assert await entitlements(database, uscc) == {}


async def test_facts_that_arrive_at_once_bring_one_entitlement(database: Database) -> None:
    uscc = make_uscc()
    await asyncio.gather(
        *(take(database, dossier_changed(uscc, version)) for version in (1, 2, 3)),
        *(take(database, titles_changed(uscc, title(), version=version)) for version in (1, 2, 3)),
    )
    assert set(await entitlements(database, uscc)) == {SPECIALIZED}
    assert len(await _told(database, uscc)) == 1


async def test_database_refuses_a_second_entitlement_of_one_scheme_and_period(
    database: Database,
) -> None:
    uscc = make_uscc()
    await take(database, dossier_changed(uscc))

    async def insert() -> None:
        """Past the lock, as a broken writer would."""
        async with database.transaction() as session:
            session.add(
                Entitlement(
                    entitlement_id=uuid4(),
                    uscc=uscc,
                    payee_kind="enterprise",
                    origin="title",
                    budget_year=2022,
                    scheme=SPECIALIZED,
                    period="once",
                    status="appeared",
                    automatic=True,
                    payer="440100",
                    amount_kind="fixed",
                    amount_min_cny=Decimal(200_000),
                    amount_max_cny=Decimal(200_000),
                    payable_cny=Decimal(200_000),
                    title_kind="specialized_sme",
                    title_authority="440000",
                    document_no="示例",
                    effective_on=date(2022, 7, 1),
                    appeared_at=datetime(2022, 9, 30, tzinfo=UTC),
                    ended_at=None,
                    end_reason=None,
                )
            )

    outcomes = await asyncio.gather(insert(), insert(), return_exceptions=True)
    refused = [error for error in outcomes if error is not None]
    assert len(refused) == 1
    assert isinstance(refused[0], exc.IntegrityError)
    assert "entitlement_once" in str(refused[0])


async def test_totals_count_payable_amounts_only_and_only_within_the_authority(
    own_database: Database,
) -> None:
    regions = {make_uscc(region): region for region in ("440106", "440112", "440605")}
    for uscc, region in regions.items():
        await take(
            own_database,
            dossier_changed(uscc, region=region),
            titles_changed(uscc, title(), title("little_giant")),
        )
    async with own_database.transaction() as session:
        city = {total.scheme: total for total in await sum_entitlements(session, "440100")}
        province = {total.scheme: total for total in await sum_entitlements(session, "440000")}
        nobody = await sum_entitlements(session, "370000") + await sum_entitlements(session, None)
    assert city[SPECIALIZED].payable_cny == Decimal(400_000)
    assert city[LITTLE_GIANT].payable_cny == Decimal(2_000_000)
    assert (city[OFFERED].count, city[OFFERED].to_be_set) == (2, 2)
    assert city[OFFERED].payable_cny == Decimal(0)
    assert (province[OFFERED].count, province[LITTLE_GIANT].count) == (3, 2)
    assert nobody == []
