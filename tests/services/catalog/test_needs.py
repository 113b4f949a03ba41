"""Needs: heard by version, answered by offerings, shown to providers that could meet them."""

from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.events.catalog import ProductKind
from contracts.events.enterprise import NeedKind, NeedsChanged
from services.catalog import handlers
from services.catalog.needs.service import PRODUCTS
from services.catalog.search import mark
from tests.services.catalog.conftest import OFFICE, Catalog, firm, provider_of

_versions = count(1)
FINANCING = {
    "amount_cny": "5000000.00",
    "tenor_months": 12,
    "purpose": "采购原材料",
    "open_to_all_banks": True,
}


def need(**changes: Any) -> dict[str, Any]:
    return {
        "need_id": str(uuid4()),
        "kind": "digital",
        "text": "车间设备联网与数据采集",
        "status": "open",
        "opened_at": "2022-09-30T10:00:00+08:00",
        **changes,
    }


async def hear(
    catalog: Catalog, uscc: str, *needs: dict[str, Any], version: int | None = None
) -> None:
    fact = NeedsChanged.model_validate(
        {"uscc": uscc, "version": version or next(_versions), "needs": needs}
    )
    await catalog.database.run(lambda session: handlers.on_needs_changed(fact, session))


async def recommended(catalog: Catalog, uscc: str) -> Any:
    path = f"/v1/enterprises/{uscc}/service-recommendations"
    return await catalog.done("GET", path, firm(uscc))


async def answers(catalog: Catalog, uscc: str, need_id: str, limit: int = 50) -> list[str]:
    path = f"/v1/enterprises/{uscc}/needs/{need_id}/service-offerings?limit={limit}"
    found = await catalog.done("GET", path, firm(uscc))
    return [hit["offering"]["offering_id"] for hit in found["hits"]]


async def shown_to(catalog: Catalog, provider: str, limit: int = 200) -> list[dict[str, Any]]:
    """Every need the provider sees, page by page."""
    path, found = f"/v1/service-providers/{provider}/needs?limit={limit}", []
    while path:
        page = await catalog.call("GET", path, provider_of(provider))
        assert page.status_code == 200, page.text
        found += page.json()["needs"]
        path = page.links.get("next", {}).get("url", "")
    return found


async def test_a_need_on_file_leads_to_offers_of_its_kind_own_segment_and_words_first(
    catalog: Catalog,
) -> None:
    segment = f"s-{uuid4().hex[:8]}"
    code, uscc = await catalog.provider(), await catalog.enterprise(segment=segment)
    kind = {"product": "digital", "regions": ["440106"]}
    plain = await catalog.offering(code, name="通用数字化", **kind)
    own = await catalog.offering(code, name="本领域数字化", segments=[segment], **kind)
    words = await catalog.offering(code, name="设备联网改造", segments=[segment], **kind)
    for other in (
        {"segments": ["another-segment"], **kind},
        {"product": "marketing", "segments": [segment]},
        {"product": "digital", "segments": [segment], "regions": ["320000"]},
    ):
        await catalog.offering(code, name="不应推荐", **other)
    asked = need()
    await hear(catalog, uscc, asked)
    found = await answers(catalog, uscc, asked["need_id"])
    ours = [words["offering_id"], own["offering_id"], plain["offering_id"]]
    assert found[:2] == ours[:2]
    assert ours[2] in found[2:]
    (advice,) = (await recommended(catalog, uscc))["recommendations"]
    assert advice["need_id"] == asked["need_id"]
    assert advice["reason_en"] == "Answers the need “车间设备联网与数据采集”."
    assert [hit["fit"] for hit in advice["hits"][:3]] == ["segment", "segment", "general"]


async def test_older_needs_are_ignored_and_closed_ones_are_answered_no_more(
    catalog: Catalog,
) -> None:
    code, uscc = await catalog.provider(), await catalog.enterprise(region="440117")
    await catalog.offering(code, name="管理培训", service="training", regions=["440117"])
    asked = need(kind="service", service="training")
    await hear(catalog, uscc, asked, version=2)
    await hear(catalog, uscc, version=1)
    assert len(await answers(catalog, uscc, asked["need_id"])) >= 1
    await hear(catalog, uscc, need(**asked | {"status": "met"}), version=3)
    assert (await recommended(catalog, uscc))["recommendations"] == []
    path = f"/v1/enterprises/{uscc}/needs/{asked['need_id']}/service-offerings"
    assert (await catalog.call("GET", path, firm(uscc))).status_code == 404


async def test_a_need_that_nothing_answers_is_named(catalog: Catalog) -> None:
    uscc = await catalog.enterprise(region="460105")  # no provider serves this province
    asked = need(kind="service", service="entrepreneurship")
    await hear(catalog, uscc, asked)
    found = await recommended(catalog, uscc)
    assert found["needs_without_offer"] == [asked["need_id"]]


async def test_a_provider_sees_the_needs_it_could_meet_and_no_accounts(catalog: Catalog) -> None:
    code, region = await catalog.provider(), "440112"
    offered = await catalog.offering(code, product="cooperation", regions=["440100"])
    uscc = await catalog.enterprise(region=region)
    await catalog.hears_titles(uscc, "specialized_sme")
    wanted, money = need(kind="innovation"), need(kind="financing", financing=FINANCING)
    await hear(catalog, uscc, wanted, need(kind="market"), money)
    (row,) = [row for row in await shown_to(catalog, code) if row["uscc"] == uscc]
    assert row["need_id"] == wanted["need_id"]
    assert row["offerings"] == [offered["offering_id"]]
    assert row["titles"] == ["specialized_sme"]
    assert not {"accounts", "outlook", "financing", "revenue_cny"} & row.keys()
    await catalog.done(
        "POST", f"/v1/service-offerings/{offered['offering_id']}/withdrawal", provider_of(code)
    )
    assert await shown_to(catalog, code) == []


async def test_needs_of_money_are_answered_to_the_firm_and_shown_to_no_provider(
    catalog: Catalog,
) -> None:
    code, uscc = await catalog.provider(), await catalog.enterprise(region="440118")
    made = await catalog.offering(code, name="订单贷", product="credit", regions=["440118"])
    money = need(kind="financing", financing=FINANCING)
    await hear(catalog, uscc, money)
    assert made["offering_id"] in await answers(catalog, uscc, money["need_id"])
    assert await shown_to(catalog, code) == []


async def test_needs_come_newest_first_page_by_page(catalog: Catalog) -> None:
    code, region = await catalog.provider(), "440115"
    await catalog.offering(code, product="policy", regions=[region])
    wanted = []
    for day in (3, 1, 2):
        uscc = await catalog.enterprise(region=region)
        asked = [need(kind="policy", opened_at=f"2022-09-0{day}T10:00:00+08:00") for _ in range(2)]
        wanted += [(day, row["need_id"]) for row in asked]
        await hear(catalog, uscc, *asked)
    told = [row["need_id"] for row in await shown_to(catalog, code, limit=1)]
    assert told == [need_id for _, need_id in sorted(wanted, reverse=True)]


@pytest.mark.parametrize("cursor", ["W10", "WyJub3cgIiwgIngiXQ", "WyIwMDAxLTAxLTAxIiwgIngiXQ"])
async def test_a_wrong_cursor_is_never_a_server_error(catalog: Catalog, cursor: str) -> None:
    code = await catalog.provider()
    path = f"/v1/service-providers/{code}/needs?cursor={cursor}"
    assert (await catalog.call("GET", path, provider_of(code))).status_code in (200, 422)


async def test_needs_are_for_listed_providers_and_their_office_alone(catalog: Catalog) -> None:
    code, candidate = await catalog.provider(), await catalog.candidate()
    path = f"/v1/service-providers/{code}/needs"
    assert (await catalog.call("GET", path, OFFICE)).status_code == 200
    for by in (provider_of(candidate), {"role": "operator", "authority": "320000"}):
        assert (await catalog.call("GET", path, by)).status_code == 403
    path = f"/v1/service-providers/{candidate}/needs"
    assert (await catalog.call("GET", path, provider_of(candidate))).status_code == 409


REGIONS = ("440106", "440305", "320106")
SEGMENTS = ("servo-drive", "laser-equipment", None)
OFFERED = st.fixed_dictionaries(
    {
        "product": st.sampled_from(["digital", "marketing"]),
        "regions": st.lists(st.sampled_from(["440106", "440100", "440000", "320000"]), max_size=2),
        "segments": st.lists(st.sampled_from(["servo-drive", "laser-equipment"]), max_size=2),
        "industries": st.lists(st.sampled_from(["34", "3484", "39"]), max_size=2),
    }
)
WANTED = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["digital", "market"]),
        "segment": st.sampled_from([*SEGMENTS]),
    }
)


def meets(offered: dict[str, Any], wanted: dict[str, Any], where: tuple[str, str | None]) -> bool:
    """The rule in plain words: kind, region, and field, each named or left open."""
    region, own = where
    products = {"digital": "digital", "market": "marketing"}
    regions = {region, f"{region[:4]}00", f"{region[:2]}0000"}
    fields = {*offered["segments"], *offered["industries"]}
    mine = {wanted["segment"] or own, "34", "348", "3484"}
    return (
        offered["product"] == products[wanted["kind"]]
        and (not offered["regions"] or bool(regions & set(offered["regions"])))
        and (not fields or bool(fields & mine))
    )


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    offered=st.lists(OFFERED, min_size=1, max_size=3),
    wanted=WANTED,
    region=st.sampled_from(REGIONS),
    segment=st.sampled_from(SEGMENTS),
)
async def test_a_provider_sees_exactly_the_needs_its_offerings_are_recommended_for(
    catalog: Catalog,
    offered: list[dict[str, Any]],
    wanted: dict[str, Any],
    region: str,
    segment: str | None,
) -> None:
    code = await catalog.provider()
    uscc = await catalog.enterprise(segment=segment, region=region)
    made = [await catalog.offering(code, **parts) for parts in offered]
    expected = {
        row["offering_id"]
        for row, parts in zip(made, offered, strict=True)
        if meets(parts, wanted, (region, segment))
    }
    asked = need(**wanted)
    await hear(catalog, uscc, asked)
    seen = [row for row in await shown_to(catalog, code) if row["uscc"] == uscc]
    assert {found for row in seen for found in row["offerings"]} == expected
    path = f"/v1/service-providers/{code}/reviews"
    answered = set(await answers(catalog, uscc, asked["need_id"]))
    assert answered & {row["offering_id"] for row in made} == expected
    delisted = {"move": "delist", "reason": "测试结束,不再参与推荐"}
    await catalog.done("POST", path, OFFICE, delisted)


def test_every_kind_of_need_has_a_kind_of_offering() -> None:
    assert set(PRODUCTS) == set(NeedKind) - {NeedKind.SERVICE}
    assert set(PRODUCTS.values()) == set(ProductKind)
    assert mark("product", PRODUCTS[NeedKind.MARKET]) == "product:marketing"
