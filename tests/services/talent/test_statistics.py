"""Demand against supply, and the facts it is counted by, from the real bus."""

from typing import Any

import pytest
from confluent_kafka import Producer

from contracts.dossier import Dossier
from contracts.events.certification import TITLE
from contracts.events.enterprise import DOSSIER
from contracts.fact import Fact
from contracts.values import Tier
from services.talent.enterprises import keep_dossier
from shared import clock
from shared.bus.cloud_events import encoded, headers_of, new_event_id, source_of
from shared.bus.topics import ensure_topics
from tests.conftest import Broker
from tests.factories import make_dossier, make_uscc
from tests.services.talent.conftest import Talent, dossier_changed, titles_changed, until


async def row(talent: Talent, by: str, value: str, authority: str = "440100") -> dict[str, Any]:
    caller = talent.bearer("regulator", authority=authority)
    rows = (await talent.done("GET", f"/v1/talent-statistics?by={by}", caller))["rows"]
    empty = {"value": value, "wanted": 0, "filled": 0, "open": 0, "candidates": 0}
    return next((found for found in rows if found["value"] == value), empty)


@pytest.mark.parametrize(
    ("by", "value"),
    [
        ("kind", "skilled"),
        ("discipline", "72"),
        ("region", "440100"),
        ("segment", "statistics-segment"),
        ("tier", "little_giant"),
    ],
)
async def test_demand_and_supply_are_counted_by_each_dimension(
    talent: Talent, by: str, value: str
) -> None:
    uscc = await talent.enterprise(segment="statistics-segment")
    await talent.hear(titles_changed(uscc, Tier.LITTLE_GIANT))
    before = await row(talent, by, value)
    await talent.position(uscc, kind="skilled", discipline=72, headcount=3)
    await talent.candidate(
        talent.person(f"stat-{by}"), kinds=["skilled"], discipline=72, segment="statistics-segment"
    )
    after = await row(talent, by, value)
    assert after["open"] == before["open"] + 3
    if by == "tier":
        assert after["candidates"] is None
    else:
        assert after["candidates"] == before["candidates"] + 1


async def test_an_authority_counts_its_own_regions_only(talent: Talent) -> None:
    before = await row(talent, "kind", "managerial", authority="310000")
    await talent.position(await talent.enterprise(), kind="managerial")
    assert await row(talent, "kind", "managerial", authority="310000") == before


async def test_an_older_dossier_changes_nothing(talent: Talent) -> None:
    uscc = make_uscc()
    new = Dossier.model_validate(make_dossier(uscc, segment="servo-drive"))
    old = Dossier.model_validate(make_dossier(uscc, segment="machine-vision"))
    async with talent.database.transaction() as session:
        assert await keep_dossier(session, dossier_changed(new, 2)) is not None
        assert await keep_dossier(session, dossier_changed(old, 1)) is None
    rows = await talent.rows("SELECT segment FROM enterprise WHERE uscc = :uscc", uscc=uscc)
    assert rows[0].segment == "servo-drive"


def publish(broker: Broker, *facts: Fact) -> None:
    producer = Producer({"bootstrap.servers": broker.bootstrap, "acks": "all"})
    for fact in facts:
        headers = headers_of(
            event_id=new_event_id(),
            source=source_of(fact.contract.topic, fact.topic),
            type_=fact.contract.name,
            key=fact.key,
            occurred_at=clock.now(),
            correlation_id="talent-test",
            traceparent=None,
        )
        producer.produce(
            fact.topic,
            key=fact.key,
            value=fact.model_dump_json(exclude_none=True).encode(),
            headers=dict(encoded(headers)),
        )
    assert producer.flush(60) == 0


async def test_facts_arrive_over_the_bus_in_any_order(talent: Talent, kafka_broker: Broker) -> None:
    uscc = make_uscc()
    await ensure_topics(kafka_broker.bootstrap, {t.name: t for t in (DOSSIER, TITLE)})
    dossier = Dossier.model_validate(make_dossier(uscc))
    publish(kafka_broker, titles_changed(uscc, Tier.SPECIALIZED_SME), dossier_changed(dossier))

    async def arrived() -> bool:
        rows = await talent.rows(
            "SELECT 1 FROM enterprise WHERE uscc = :uscc AND dossier_version = 1"
            " AND titles_version = 1",
            uscc=uscc,
        )
        return bool(rows)

    await until(arrived)
