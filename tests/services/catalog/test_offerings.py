"""Offerings: versions, Chinese search, the own segment first, packs, recommendations, carriers."""

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.catalog.search import query_terms, runs, terms_of
from tests.services.catalog.conftest import OFFICE, Catalog, firm, provider_of

CHINESE = st.text(alphabet="数字化转型诊断服务平台知识产权专利培训", min_size=1, max_size=30)


@given(CHINESE, st.data())
def test_every_stretch_of_a_text_is_found_by_its_terms(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    assert set(query_terms(runs(text[start:end]))) <= set(terms_of(text))


def test_width_case_and_marks_do_not_matter() -> None:
    assert query_terms(runs("５Ｇ＋ＡＩｏＴ，网关")) == ["5g", "aiot", "网关"]
    assert {"5g", "aiot", "网关"} <= set(terms_of("5G+AIoT网关"))


async def search(catalog: Catalog, q: str, **query: Any) -> Any:
    answer = await catalog.http.get("/v1/service-offerings/search", params={"q": q, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


def names(found: Any) -> list[str]:
    return [hit["offering"]["name"] for hit in found["hits"]]


async def test_search_finds_words_inside_and_names_come_first(catalog: Catalog) -> None:
    code, mark = await catalog.provider(), uuid4().hex[:6]
    await catalog.offering(code, name="综合服务", description=f"含高价值专利培育 {mark}")
    await catalog.offering(code, name=f"高价值专利培育 {mark}", description="专利导航")
    await catalog.offering(code, name=f"专利价值高 {mark}", description="顺序不同")
    found = await search(catalog, f"价值专利 {mark}")
    assert found["exact"] is True
    assert names(found) == [f"高价值专利培育 {mark}", "综合服务"]


async def test_when_nothing_contains_the_words_the_nearest_are_said_to_be_inexact(
    catalog: Catalog,
) -> None:
    code = await catalog.provider()
    await catalog.offering(code, name="海外仓选址咨询", description="跨境电商海外仓")
    found = await search(catalog, "跨境海外仓咨询")
    assert found["exact"] is False
    assert "海外仓选址咨询" in names(found)


async def test_the_own_segment_goes_before_the_industry_and_both_before_the_rest(
    catalog: Catalog,
) -> None:
    code, word = await catalog.provider(), f"提质{uuid4().hex[:6]}"
    await catalog.offering(code, name=f"通用 {word}")
    await catalog.offering(code, name=f"行业 {word}", industries=["34"])
    await catalog.offering(code, name=f"领域 {word}", segments=["elevator-maintenance"])
    await catalog.offering(code, name=f"别的领域 {word}", segments=["medical-device"])
    found = await search(catalog, word, segment="elevator-maintenance", industry="3484")
    assert [hit["fit"] for hit in found["hits"]] == ["segment", "industry", "general", "other"]
    assert names(found)[0] == f"领域 {word}"
    anywhere = await search(catalog, word)
    assert {hit["fit"] for hit in anywhere["hits"]} == {"general"}
    assert len(anywhere["hits"]) == 4


async def test_what_is_inexact_shares_more_than_half_and_the_most_comes_first(
    catalog: Catalog,
) -> None:
    code = await catalog.provider()
    for name in ("高端轴承钢热处理", "高端轴承钢热处理检测", "高端白酒品鉴"):
        await catalog.offering(code, name=name, description="示例")
    found = await search(catalog, "高端轴承钢热处理与检测")
    assert found["exact"] is False
    assert names(found) == ["高端轴承钢热处理检测", "高端轴承钢热处理"]


async def test_a_kind_of_service_narrows_the_search(catalog: Catalog) -> None:
    code, word = await catalog.provider(), f"w{uuid4().hex[:8]}"
    await catalog.offering(code, name=f"课程 {word}", service="training")
    await catalog.offering(code, name=f"方案 {word}", service="technology")
    assert names(await search(catalog, word, service="training")) == [f"课程 {word}"]
    assert names(await search(catalog, word, service="entrepreneurship")) == []


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(texts=st.lists(CHINESE.filter(lambda t: len(t) > 1), min_size=1, max_size=4), data=st.data())
async def test_a_search_finds_exactly_the_offerings_that_contain_the_words(
    catalog: Catalog, texts: list[str], data: st.DataObject
) -> None:
    code, own = await catalog.provider(), f"x{uuid4().hex[:8]}"
    for text in texts:
        await catalog.offering(code, name=f"{own}{text}", description="另行约定")
    source = data.draw(st.sampled_from(texts))
    start = data.draw(st.integers(0, len(source) - 1))
    asked = source[start : data.draw(st.integers(start + 1, len(source)))]
    found = await search(catalog, f"{asked} {own}", limit=50)
    assert found["exact"] is True
    expected = [f"{own}{text}" for text in texts if asked in text or asked in "示例服务机构"]
    assert sorted(names(found)) == sorted(expected)


async def test_only_offers_for_the_region_by_listed_providers_are_found(catalog: Catalog) -> None:
    code, word = await catalog.provider(), f"u{uuid4().hex[:8]}"
    await catalog.offering(code, name=f"本市 {word}", regions=["440100"])
    await catalog.offering(code, name=f"外省 {word}", regions=["320000"])
    assert names(await search(catalog, word, region="440106")) == [f"本市 {word}"]
    listed = await catalog.http.get(f"/v1/service-offerings?provider={code}")
    assert len(listed.json()["offerings"]) == 2
    await catalog.review(code, "suspend")
    assert names(await search(catalog, word)) == []
    listed = await catalog.http.get(f"/v1/service-offerings?provider={code}")
    assert listed.json()["offerings"] == []


async def test_a_change_is_a_version_and_a_stale_one_is_refused(catalog: Catalog) -> None:
    code = await catalog.provider()
    offering = await catalog.offering(code)
    path = f"/v1/service-offerings/{offering['offering_id']}"
    body = {"service": "training", "name": "低代码培训", "description": "线下培训"}
    by = provider_of(code)
    changed = await catalog.call("PUT", path, by, body, headers={"if-match": '"1"'})
    assert changed.json()["version"] == 2
    stale = await catalog.call("PUT", path, by, body, headers={"if-match": '"1"'})
    assert stale.status_code == 412
    assert (await catalog.done("POST", f"{path}/withdrawal", by))["status"] == "withdrawn"
    again = await catalog.done("POST", f"{path}/withdrawal", by)
    assert again["version"] == 3
    versions = (await catalog.http.get(f"{path}/versions")).json()["versions"]
    assert [(row["version"], row["name"]) for row in versions] == [
        (3, "低代码培训"),
        (2, "低代码培训"),
        (1, "数字化水平诊断"),
    ]


async def test_a_candidate_offers_nothing_and_nobody_offers_for_another(catalog: Catalog) -> None:
    candidate, listed = await catalog.candidate(), await catalog.provider()
    body = {"service": "training", "name": "培训", "description": "培训"}
    path = "/v1/service-providers/{}/offerings"
    by = provider_of(candidate)
    assert (await catalog.call("POST", path.format(candidate), by, body)).status_code == 409
    assert (await catalog.call("POST", path.format(listed), by, body)).status_code == 403


@pytest.mark.parametrize(
    ("titles", "pack", "decided"),
    [
        ((), "普惠包", None),
        (("innovative_sme",), "普惠包", None),
        (("specialized_sme",), "加速包", "specialized_sme"),
        (("municipal_specialized_sme",), "加速包", "municipal_specialized_sme"),
        (("specialized_sme", "little_giant"), "小巨人包", "little_giant"),
    ],
)
async def test_the_highest_valid_title_chooses_the_pack(
    catalog: Catalog, titles: tuple[str, ...], pack: str, decided: str | None
) -> None:
    uscc = await catalog.enterprise()
    await catalog.hears_titles(uscc, *titles)
    chosen = await catalog.done("GET", f"/v1/enterprises/{uscc}/tier-packs", firm(uscc))
    assert [row["zh"] for row in chosen["packs"]] == [pack]
    assert chosen["decided_by"] == decided
    assert all(row["verification"] == "seed" for row in chosen["packs"])


async def test_an_unmet_criterion_leads_to_what_closes_it_own_segment_first(
    catalog: Catalog,
) -> None:
    code, uscc = await catalog.provider(), await catalog.enterprise(segment="machine-vision")
    criterion = f"c-{uuid4().hex[:8]}"
    await catalog.offering(code, name="通用方案", closes=[criterion])
    await catalog.offering(code, name="本领域方案", closes=[criterion], segments=["machine-vision"])
    await catalog.offering(code, name="外省方案", closes=[criterion], regions=["320000"])
    await catalog.offering(code, name="别的领域", closes=[criterion], industries=["27"])
    await catalog.offering(code, name="别的梯度", closes=[criterion], tiers=["little_giant"])
    await catalog.hears_outlook(
        uscc, innovative_sme="reached", specialized_sme=[criterion, "nobody_closes_this"]
    )
    path = f"/v1/enterprises/{uscc}/service-recommendations"
    found = await catalog.done("GET", path, firm(uscc))
    assert found["next_tier"] == "specialized_sme"
    (advice,) = found["recommendations"]
    assert advice["criterion"] == criterion
    assert names(advice) == ["本领域方案", "通用方案"]
    assert found["without_offer"] == ["nobody_closes_this"]


async def test_a_category_that_is_too_low_leads_to_what_raises_its_indicators(
    catalog: Catalog,
) -> None:
    code, uscc = await catalog.provider(), await catalog.enterprise(segment="fine-chemicals")
    made = await catalog.offering(
        code, name="专利培育", closes=["ip_level"], segments=["fine-chemicals"]
    )
    await catalog.hears_outlook(uscc, innovative_sme=["innovation"])
    path = f"/v1/enterprises/{uscc}/service-recommendations"
    found = await catalog.done("GET", path, firm(uscc))
    assert found["recommendations"][0]["hits"][0]["offering"]["offering_id"] == made["offering_id"]
    assert "创新能力" in found["recommendations"][0]["reason_zh"]


async def test_a_need_leads_to_offers(catalog: Catalog) -> None:
    code, uscc = await catalog.provider(), await catalog.enterprise()
    await catalog.offering(code, name="低空经济场景对接", description="场景")
    path = f"/v1/enterprises/{uscc}/service-recommendations?need=低空经济"
    found = await catalog.done("GET", path, firm(uscc))
    assert found["recommendations"][0]["need"] == "低空经济"
    assert names(found["recommendations"][0]) == ["低空经济场景对接"]
    other = await catalog.enterprise()
    assert (await catalog.call("GET", path, firm(other))).status_code == 403


async def test_carriers_are_linked_by_the_office_of_their_region(catalog: Catalog) -> None:
    carrier = f"base-{uuid4().hex[:8]}"
    body = {
        "kind": "demonstration_base",
        "name": "示例小微企业创业创新示范基地",
        "level": "national",
        "region": "440106",
        "fields": ["智能装备"],
    }
    assert (await catalog.done("PUT", f"/v1/carriers/{carrier}", OFFICE, body))["fields"]
    elsewhere = {**body, "region": "320100"}
    refused = await catalog.call("PUT", f"/v1/carriers/{carrier}-2", OFFICE, elsewhere)
    assert refused.status_code == 403
    listed = (await catalog.http.get("/v1/carriers?region=4401")).json()["carriers"]
    assert carrier in [row["carrier_id"] for row in listed]


async def test_an_offering_names_linked_carriers_and_a_firm_is_shown_those_near_it(
    catalog: Catalog,
) -> None:
    code, city = await catalog.provider(), {"role": "operator", "authority": "441900"}
    near, far = f"near-{uuid4().hex[:8]}", f"far-{uuid4().hex[:8]}"
    for carrier, region in ((far, "441901"), (near, "441999")):
        body = {
            "kind": "public_service_platform",
            "name": "示例公共服务示范平台",
            "level": "provincial",
            "region": region,
            "source": "示例数据",
            "sample": True,
        }
        await catalog.done("PUT", f"/v1/carriers/{carrier}", city, body)
    offering = await catalog.offering(code, carriers=[near])
    assert offering["carriers"] == [near]
    unknown = {"service": "training", "name": "培训", "description": "培训", "carriers": ["nope"]}
    path = f"/v1/service-providers/{code}/offerings"
    refused = await catalog.call("POST", path, provider_of(code), unknown)
    assert refused.json()["type"].endswith("carrier-unknown")
    uscc = await catalog.enterprise(region="441999")
    path = f"/v1/enterprises/{uscc}/service-recommendations"
    found = await catalog.done("GET", path, firm(uscc))
    assert [row["carrier_id"] for row in found["carriers"]] == [near, far]
    assert found["carriers"][0]["sample"] is True
