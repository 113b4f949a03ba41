"""Needs: stated by the firm, changed, closed; one snapshot per change; the library by scope."""

import asyncio
import json
import time
from collections import Counter
from typing import Any
from uuid import uuid4

import httpx
import pytest
from confluent_kafka import Consumer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.events.enterprise import NEED, NeedsChanged
from services.enterprise.needs.snapshot import CLOSED_MAX
from tests.conftest import Broker
from tests.services.enterprise.conftest import Enterprises

DEADLINE_S = 60
MONEY = {
    "amount_cny": "5000000.00",
    "tenor_months": 12,
    "purpose": "采购原材料",
    "open_to_all_banks": False,
    "banks": ["icbc"],
}


def make_need(**changes: Any) -> dict[str, Any]:
    return {"kind": "digital", "text": "车间设备联网与数据采集", **changes}


async def state(
    enterprises: Enterprises, uscc: str, by: dict[str, str] | None = None, **changes: Any
) -> httpx.Response:
    return await enterprises.http.post(
        f"/v1/enterprises/{uscc}/needs",
        json=make_need(**changes),
        headers=by or enterprises.bearer("enterprise", uscc=uscc),
    )


async def close(
    enterprises: Enterprises, uscc: str, need_id: str, outcome: str = "met"
) -> httpx.Response:
    return await enterprises.http.post(
        f"/v1/enterprises/{uscc}/needs/{need_id}/closure",
        json={"outcome": outcome},
        headers=enterprises.bearer("enterprise", uscc=uscc),
    )


async def snapshots(enterprises: Enterprises, uscc: str) -> list[NeedsChanged]:
    facts = await enterprises.facts(uscc)
    return [
        NeedsChanged.model_validate({k: v for k, v in fact.items() if k != "type"})
        for fact in facts
        if fact["type"] == NeedsChanged.contract.name
    ]


async def test_every_change_publishes_all_needs_of_the_enterprise(
    enterprises: Enterprises,
) -> None:
    uscc = (await enterprises.register())["uscc"]
    first = (await state(enterprises, uscc)).json()
    answer = await state(enterprises, uscc, kind="financing", financing=MONEY)
    assert answer.status_code == 201, answer.text
    assert (await close(enterprises, uscc, first["need_id"])).json()["status"] == "met"
    told = await snapshots(enterprises, uscc)
    assert [fact.version for fact in told] == [1, 2, 3]
    assert [need.status for need in told[-1].needs] == ["open", "met"]
    asked = told[-1].needs[0].financing
    assert asked is not None
    assert (asked.tenor_months, asked.banks, asked.open_to_all_banks) == (12, ("icbc",), False)


async def test_a_need_is_changed_while_it_is_open_and_closed_once(
    enterprises: Enterprises,
) -> None:
    uscc = (await enterprises.register())["uscc"]
    need = (await state(enterprises, uscc)).json()
    path = f"/v1/enterprises/{uscc}/needs/{need['need_id']}"
    owner = enterprises.bearer("enterprise", uscc=uscc)
    body = make_need(kind="service", service="training", segment="servo-drive")
    for _ in range(2):  # the second changes nothing
        changed = await enterprises.http.put(path, json=body, headers=owner)
        assert changed.json()["service"] == "training"
    for _ in range(2):
        assert (await close(enterprises, uscc, need["need_id"])).status_code == 200
    assert (await close(enterprises, uscc, need["need_id"], "withdrawn")).status_code == 409
    assert (await enterprises.http.put(path, json=body, headers=owner)).status_code == 409
    assert len(await snapshots(enterprises, uscc)) == 3
    listed = await enterprises.http.get(f"/v1/enterprises/{uscc}/needs", headers=owner)
    assert [row["status"] for row in listed.json()["needs"]] == ["met"]


async def test_a_firm_that_leaves_the_register_asks_for_nothing_any_more(
    enterprises: Enterprises,
) -> None:
    uscc = (await enterprises.register())["uscc"]
    await state(enterprises, uscc)
    await enterprises.http.post(
        f"/v1/enterprises/{uscc}/deregistration", headers=enterprises.operator
    )
    assert [need.status for need in (await snapshots(enterprises, uscc))[-1].needs] == ["withdrawn"]
    refused = await state(enterprises, uscc)
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("already-deregistered")


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "no-such-kind"},
        {"kind": "service"},
        {"service": "training"},
        {"kind": "financing"},
        {"financing": MONEY},
        {"kind": "financing", "financing": {**MONEY, "banks": []}},
        {"kind": "financing", "financing": {**MONEY, "open_to_all_banks": True}},
        {"kind": "financing", "financing": {**MONEY, "banks": ["icbk"]}},
        {"kind": "financing", "financing": {**MONEY, "amount_cny": "0.00"}},
        {"kind": "financing", "financing": {**MONEY, "amount_cny": 5000000}},
        {"kind": "financing", "financing": {**MONEY, "tenor_months": "12"}},
        {"text": ""},
        {"text": "长" * 501},
        {"segment": "no-such-segment"},
        {"wanted_by_on": "2001-01-01"},
        {"status": "met"},
    ],
)
async def test_wrong_need_is_refused_and_nothing_stored(
    enterprises: Enterprises, changes: dict[str, Any]
) -> None:
    uscc = (await enterprises.register())["uscc"]
    before = await enterprises.stored()
    answer = await state(enterprises, uscc, **changes)
    assert answer.status_code == 422, answer.text
    assert await enterprises.stored() == before


async def test_only_the_enterprise_and_its_operator_state_needs(enterprises: Enterprises) -> None:
    uscc, other = [(await enterprises.register())["uscc"] for _ in range(2)]
    need = (await state(enterprises, uscc, enterprises.operator)).json()
    thief = enterprises.bearer("enterprise", uscc=other)
    for by in (
        thief,
        enterprises.bearer("operator", authority="320000"),
        enterprises.bearer("bank", org="icbc"),
    ):
        assert (await state(enterprises, uscc, by)).status_code == 403
        path = f"/v1/enterprises/{uscc}/needs"
        assert (await enterprises.http.get(path, headers=by)).status_code == 403
    path = f"/v1/enterprises/{other}/needs/{need['need_id']}/closure"
    answer = await enterprises.http.post(path, json={"outcome": "met"}, headers=thief)
    assert answer.status_code == 404


async def test_the_number_of_open_needs_is_bounded_also_when_filed_at_once(
    enterprises: Enterprises,
) -> None:
    uscc = (await enterprises.register())["uscc"]
    answers = await asyncio.gather(*(state(enterprises, uscc) for _ in range(53)))
    assert Counter(answer.status_code for answer in answers) == {201: 50, 409: 3}
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.json()["type"].endswith("too-many-needs")
    assert [fact.version for fact in await snapshots(enterprises, uscc)] == list(range(1, 51))


async def test_the_library_shows_an_authority_its_region_newest_first(
    enterprises: Enterprises,
) -> None:
    segment = f"s-{uuid4().hex[:8]}"
    await enterprises.http.put(
        f"/v1/dictionaries/segments/{segment}",
        json={"name": "示例领域", "chain": "示例链", "positions": ["component"]},
        headers=enterprises.operator,
    )
    here = (await enterprises.register(segment=segment))["uscc"]
    wanted = [(await state(enterprises, here, kind=kind)).json() for kind in ("market", "talent")]
    closed = (await state(enterprises, here)).json()
    await close(enterprises, here, closed["need_id"], "withdrawn")
    found, path = [], f"/v1/needs?segment={segment}&region=4401&limit=1"
    while path:
        page = await enterprises.http.get(path, headers=enterprises.operator)
        found += page.json()["needs"]
        path = page.links.get("next", {}).get("url", "")
    assert [row["need_id"] for row in found] == [need["need_id"] for need in reversed(wanted)]
    assert {row["uscc"] for row in found} == {here}
    query = {"segment": segment, "kind": "market"}
    for authority, size in (("440100", 1), ("440000", 1), ("440300", 0), ("320000", 0)):
        by = enterprises.bearer("regulator", authority=authority)
        page = await enterprises.http.get("/v1/needs", params=query, headers=by)
        assert len(page.json()["needs"]) == size, authority
    counted = await enterprises.http.get("/v1/needs/counts", headers=enterprises.operator)
    rows = [row for row in counted.json()["counts"] if row["segment"] == segment]
    assert [(row["kind"], row["open"]) for row in rows] == [("market", 1), ("talent", 1)]
    own = enterprises.bearer("enterprise", uscc=here)
    assert (await enterprises.http.get("/v1/needs", headers=own)).status_code == 403


STEPS = st.lists(
    st.tuples(st.sampled_from(["state", "met", "withdrawn"]), st.integers(0, 5)), max_size=12
)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
async def test_the_last_snapshot_alone_says_what_every_step_came_to(
    enterprises: Enterprises, steps: list[tuple[str, int]]
) -> None:
    uscc = (await enterprises.register())["uscc"]
    expected: dict[str, str] = {}
    for step, which in steps:
        if step == "state":
            need = (await state(enterprises, uscc)).json()
            expected[need["need_id"]] = "open"
        elif expected:
            need_id = list(expected)[which % len(expected)]
            answer = await close(enterprises, uscc, need_id, step)
            assert (answer.status_code == 200) == (expected[need_id] in ("open", step))
            if answer.status_code == 200:
                expected[need_id] = step
    told = await snapshots(enterprises, uscc)
    assert [fact.version for fact in told] == list(range(1, len(told) + 1))
    last = {need.need_id: need.status for need in told[-1].needs} if told else {}
    assert last == expected
    assert len(expected) <= CLOSED_MAX


async def test_the_snapshot_reaches_kafka_under_the_code_of_the_enterprise(
    enterprises: Enterprises, kafka_broker: Broker
) -> None:
    uscc = (await enterprises.register())["uscc"]
    await state(enterprises, uscc, kind="innovation", text="与高校联合攻关伺服控制算法")
    headers, fact = await asyncio.to_thread(_read_need, kafka_broker, uscc)
    assert headers["ce_type"] == b"enterprise.needs-changed.v1"
    assert headers["ce_source"] == NEED.source.encode()
    assert [need["kind"] for need in fact["needs"]] == ["innovation"]


def _read_need(broker: Broker, uscc: str) -> tuple[dict[str, Any], dict[str, Any]]:
    consumer = Consumer(
        {
            "bootstrap.servers": broker.bootstrap,
            "group.id": f"outsider-{uuid4().hex}",
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([NEED.name])
    end = time.monotonic() + DEADLINE_S
    try:
        while time.monotonic() < end:
            message = consumer.poll(1.0)
            if message is None or message.error() or message.key() != uscc.encode():
                continue
            headers: Any = message.headers()
            return dict(headers), json.loads(message.value() or b"")
    finally:
        consumer.close()
    raise AssertionError(f"no needs of {uscc} within {DEADLINE_S} s")
