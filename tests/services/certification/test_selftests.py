"""The self-test: open, limited, useful with half a dossier, and nothing stored."""

import math
from collections.abc import Iterator
from datetime import date
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.certification.errors import TooManyRequests
from services.certification.outlooks.rulebook import LAW
from services.certification.selftests.allowance import (
    CALLERS_MAX,
    OPEN,
    Allowance,
    Rate,
    network_of,
)
from services.certification.selftests.edge import ALLOWANCE
from services.certification.selftests.judging import judge_draft
from services.certification.selftests.schemas import SelfTestCreate
from tests.factories import make_dossier, make_uscc
from tests.services.certification.conftest import Certification, dossier_changed

PATH = "/v1/evaluations"


@pytest.fixture(autouse=True)
def full_buckets() -> Iterator[None]:
    """Each test begins with its allowance whole."""
    ALLOWANCE.forget()
    yield
    ALLOWANCE.forget()


def draft(**changes: Any) -> dict[str, Any]:
    return make_dossier(**changes)


async def ask(
    certification: Certification, *dossiers: dict[str, Any], language: str = "en", **params: Any
) -> httpx.Response:
    return await certification.http.post(
        PATH,
        json={"dossiers": list(dossiers), **params},
        headers={"accept-language": language},
    )


async def verdict(certification: Certification, *dossiers: Any, **params: Any) -> dict[str, Any]:
    answer = await ask(certification, *dossiers, **params)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def tier(result: dict[str, Any], name: str) -> dict[str, Any]:
    return dict(next(found for found in result["tiers"] if found["tier"] == name))


async def test_self_test_says_what_the_outlook_says(certification: Certification) -> None:
    document = draft()
    await certification.hear(dossier_changed(document["uscc"]))
    outlook = await certification.outlook(document["uscc"])
    (result,) = (await verdict(certification, document))["results"]
    for found in result["tiers"]:
        stored = tier(outlook, found["tier"])
        assert found["criteria"] == stored["criteria"]
        assert found["attainment"] == stored["attainment"]
        assert found["chosen_by"] == "filing_date"
    assert {found["tier"] for found in result["tiers"]} == {
        "innovative_sme",
        "specialized_sme",
        "little_giant",
    }


async def test_nothing_of_a_self_test_is_stored(certification: Certification) -> None:
    tables = ("enterprise", "dossier", "evaluation", "outbox", "idempotency", "rulebook")
    answer = await certification.http.post(
        PATH,
        json={"dossiers": [draft()]},
        headers={**certification.operator, "idempotency-key": "once"},
    )
    assert answer.status_code == 200
    assert [await certification.count(table) for table in tables] == [0] * len(tables)


async def test_half_a_dossier_is_judged_as_far_as_it_goes(certification: Certification) -> None:
    (nothing,) = (await verdict(certification, {}))["results"]
    assert nothing["uscc"] is nothing["name"] is nothing["region"] is None
    assert {found["attainment"] for found in nothing["tiers"]} <= {
        "cannot_be_judged",
        "not_reached",
    }
    assert "industry" in nothing["missing"]
    barred = {"compliance": {"on_abnormal_list": True}, "accounts": [{"year": 2021}]}
    (result,) = (await verdict(certification, barred))["results"]
    assert {found["attainment"] for found in result["tiers"]} == {"not_reached"}
    assert "not_on_abnormal_list" in tier(result, "innovative_sme")["unmet"]
    half = draft(headcounts=None, equity_rounds=None, uscc=None, name=None)
    (result,) = (await verdict(certification, half))["results"]
    assert tier(result, "innovative_sme")["attainment"] == "reached"


async def test_law_day_region_and_language_are_parameters(certification: Certification) -> None:
    document = draft()
    by_name = await verdict(certification, document, rule_set="miit-2026", as_of="2022-09-30")
    assert {found["rule_set"] for found in by_name["results"][0]["tiers"]} == {"miit-2026"}
    assert by_name["results"][0]["tiers"][0]["chosen_by"] is None
    by_day = await verdict(certification, document, as_of="2026-05-01")
    assert {found["rule_set"] for found in by_day["results"][0]["tiers"]} == {"miit-2026"}
    elsewhere = await verdict(certification, document, region="510100")
    assert elsewhere["results"][0]["region"] == "510100"
    chinese = await verdict(certification, document, language="zh")
    assert tier(chinese["results"][0], "innovative_sme")["name"] == "创新型中小企业"


async def test_review_and_titles_held_change_the_ladder_only(certification: Certification) -> None:
    document = draft(held_titles=["innovative_sme"])
    (new,) = (await verdict(certification, document))["results"]
    (review,) = (await verdict(certification, document, filing="review"))["results"]
    (unsaid,) = (await verdict(certification, draft()))["results"]
    assert tier(new, "innovative_sme")["ladder"]["may_file"] is False
    assert tier(review, "innovative_sme")["ladder"]["may_file"] is True
    assert tier(unsaid, "innovative_sme")["ladder"]["may_file"] is None
    assert tier(new, "specialized_sme")["ladder"]["requires_held"] is True
    assert tier(new, "specialized_sme")["criteria"] == tier(unsaid, "specialized_sme")["criteria"]


async def test_open_criteria_are_those_left_to_do(certification: Certification) -> None:
    (result,) = (await verdict(certification, draft(rd_bodies=None), criteria="open"))["results"]
    found = tier(result, "innovative_sme")
    assert all(
        line["met"] is not True or line["points"] < line["points_full"]
        for line in found["criteria"]
    )


async def test_single_dossier_comes_with_its_gap(certification: Certification) -> None:
    (result,) = (await verdict(certification, draft(), language="zh"))["results"]
    assert tier(result, "innovative_sme")["gap"]["paths"][0]["changes"] == []
    missing = tier(result, "little_giant")["gap"]
    assert missing["met"] is not True
    for path in missing["paths"]:
        assert path["changes"]
    assert missing["deadline_on"] == "2026-03-31"
    several = (await verdict(certification, draft(), draft()))["results"]
    assert {found["gap"] for result in several for found in result["tiers"]} == {None}
    both = (await verdict(certification, {}, draft(), gap=True))["results"]
    assert all(found["gap"] is not None for result in both for found in result["tiers"])


async def test_a_thousand_dossiers_come_back_in_order(certification: Certification) -> None:
    codes = [make_uscc() for _ in range(1000)]
    answers = await verdict(
        certification, *({"uscc": code, "industry": "3484"} for code in codes), criteria="open"
    )
    assert [result["uscc"] for result in answers["results"]] == codes
    assert [result["index"] for result in answers["results"]] == list(range(1000))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"dossiers": []}, "dossiers"),
        ({"dossiers": [{}] * 1001}, "dossiers"),
        ({}, "dossiers"),
        ({"dossiers": [{"colour": "red"}]}, "dossiers.0.colour"),
        ({"dossiers": [{"accounts": [{"year": 2021, "profit": "1"}]}]}, "profit"),
        ({"dossiers": [{"accounts": [{"revenue_cny": "1"}]}]}, "year"),
        ({"dossiers": [{"accounts": [{"year": 2021}, {"year": 2021}]}]}, "twice"),
        ({"dossiers": [{"accounts": [{"year": 2021, "revenue_cny": 5}]}]}, "revenue_cny"),
        ({"dossiers": [{"uscc": "1"}]}, "uscc"),
        ({"dossiers": [{"held_titles": ["unicorn"]}]}, "/v1/dictionaries/titles"),
        ({"dossiers": [{}], "rule_set": "miit-1999"}, "miit-2022-63"),
        ({"dossiers": [{}], "rule_set": "bse-listing"}, "miit-2022-63"),
        ({"dossiers": [{}], "as_of": "2001-01-01"}, "in force"),
        ({"dossiers": [{}], "as_of": "9999-12-31"}, "2100"),
        ({"dossiers": [{}], "as_of": 20220930}, "as_of"),
        ({"dossiers": [{}], "region": "9"}, "region"),
        ({"dossiers": [{}], "filing": "old"}, "filing"),
        ({"dossiers": [{}], "surprise": 1}, "surprise"),
        ({"dossiers": [{}] * 21, "gap": True}, "at most 20"),
        ({"dossiers": [{}], "criteria": "some"}, "criteria"),
        ([], "body"),
    ],
)
async def test_bad_input_is_refused(certification: Certification, body: Any, says: str) -> None:
    answer = await certification.http.post(PATH, json=body)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in answer.text


async def test_unreadable_bodies_are_refused(certification: Certification) -> None:
    for content, media, status in (
        (b"{", "application/json", 422),
        (b"\xff", "application/json", 400),
        (b"{}", "text/plain", 415),
        (b'{"dossiers": [{"name": "a\\u0000b"}]}', "application/json", 422),
        (b"x" * 9_000_000, "application/json", 413),
    ):
        answer = await certification.http.post(
            PATH, content=content, headers={"content-type": media}
        )
        assert answer.status_code == status, answer.text


async def test_caller_over_its_allowance_is_told_when_to_return(
    certification: Certification,
) -> None:
    assert (await ask(certification, *([{}] * 1000))).status_code == 200
    refused = await ask(certification, *([{}] * 1000), language="zh")
    assert refused.status_code == 429
    assert refused.headers["content-type"] == "application/problem+json"
    assert 1 <= int(refused.headers["retry-after"]) <= math.ceil(OPEN.burst / OPEN.per_s)
    assert "自评" in refused.json()["detail"]
    with_token = await certification.http.post(
        PATH, json={"dossiers": [{}] * 1000}, headers=certification.operator
    )
    assert with_token.status_code == 200


async def test_bad_token_is_refused_although_none_is_needed(certification: Certification) -> None:
    answer = await certification.http.post(
        PATH, json={"dossiers": [{}]}, headers={"authorization": "Bearer nonsense"}
    )
    assert answer.status_code == 401


def test_bucket_fills_again_with_time() -> None:
    now = 0.0
    allowance, rate = Allowance(lambda: now), Rate(burst=10, per_s=2)
    allowance.take("a", rate, 10)
    with pytest.raises(TooManyRequests) as refused:
        allowance.take("a", rate, 5)
    assert refused.value.headers == {"Retry-After": "3"}
    allowance.take("b", rate, 10)
    now = 2.5
    allowance.take("a", rate, 5)
    with pytest.raises(TooManyRequests):
        allowance.take("a", rate)
    now = 1e9
    allowance.take("a", rate, 10)


def test_table_of_callers_is_bounded() -> None:
    allowance = Allowance(lambda: 0.0)
    for number in range(CALLERS_MAX + 100):
        allowance.take(str(number), OPEN)
    assert len(allowance) == CALLERS_MAX


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("10.0.0.1", "10.0.0.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        (None, "testclient", True),
    ],
)
def test_one_customer_is_one_caller(one: str | None, other: str | None, same: bool) -> None:
    assert (network_of(one) == network_of(other)) is same


FULL = draft(
    digital_level={"level": 2},
    provincial_points=5,
    development_scores=[{"year": 2022, "score_bp": 6000}],
    credit={
        "checked_on": "2022-01-01",
        "other_loans_cny": "0.00",
        "lender_count": 0,
        "overdue_2y_count": 0,
        "inquiries_6m": 0,
    },
)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_any_part_of_a_dossier_can_be_judged(data: st.DataObject) -> None:
    """Whatever is left out, each edition says reached, not reached, or what it needs."""
    kept = data.draw(st.sets(st.sampled_from(sorted(FULL))))
    document = {name: FULL[name] for name in kept}
    for year in document.get("accounts", []):
        fields = data.draw(st.sets(st.sampled_from(sorted(set(year) - {"year"}))))
        document["accounts"] = [{"year": year["year"], **{f: year[f] for f in fields}}]
    rule_set = data.draw(st.sampled_from(sorted(LAW.book.editions)))
    asked = SelfTestCreate.model_validate(
        {"dossiers": [document], "rule_set": rule_set, "gap": False}
    )
    day = data.draw(st.dates(min_value=date(1990, 1, 1), max_value=date(2100, 12, 31)))
    result = judge_draft(LAW.book, asked, 0, day, chinese=False)
    for found in result.tiers:
        assert (found.attainment == "cannot_be_judged") == bool(found.missing)


async def test_openapi_shows_the_field_names_and_official_titles(
    certification: Certification,
) -> None:
    document = (await certification.http.get("/openapi.json")).json()
    operation = document["paths"][PATH]["post"]
    assert "security" not in operation
    half = document["components"]["schemas"]["SelfTestDossier"]
    assert "required" not in half
    assert half["properties"]["held_titles"]["title"] == "已持有称号"
