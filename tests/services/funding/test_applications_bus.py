"""Decisions from Kafka: what a bank writes counts once, and what is wrong stops nothing."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from confluent_kafka import Producer

from contracts.events.bank import LoanDecided
from shared.banks import banks
from shared.settings import Settings
from tests.conftest import Broker
from tests.services.funding.bank_side import anew, decided, drawn, file, make_applicant
from tests.services.funding.conftest import Funding

DEADLINE_S = 60
TOPIC = "bank.icbc.loan-decision"
HEADERS = {
    "ce_specversion": "1.0",
    "ce_source": f"/terrace/bank/{TOPIC}",
    "ce_type": "bank.loan-decided.v1",
}


class WritingBank:
    """A bank's own client: plain JSON and a few headers."""

    def __init__(self, broker: Broker) -> None:
        self._producer = Producer({"bootstrap.servers": broker.bootstrap, "acks": "all"})

    def write(self, decision: LoanDecided, **headers: Any) -> None:
        content = decision.model_dump_json(exclude_none=True).encode()
        self.put(decision.application_id, content, {"ce_id": str(uuid4()), **HEADERS, **headers})

    def put(self, key: str | bytes, value: bytes, headers: dict[str, Any] | None = None) -> None:
        failed = []
        self._producer.produce(
            TOPIC,
            key=key,
            value=value,
            headers=headers or {},
            on_delivery=lambda error, _: failed.append(error) if error else None,
        )
        assert self._producer.flush(DEADLINE_S) == 0
        assert not failed


async def _until(read: Callable[[], Awaitable[Any]], holds: Callable[[Any], bool]) -> Any:
    end = time.monotonic() + DEADLINE_S
    while not holds(found := await read()):
        assert time.monotonic() < end, f"not in {DEADLINE_S} s: {found}"
        await asyncio.sleep(0.05)
    return found


async def _application(funding: Funding, id_: object) -> dict[str, Any]:
    answer = await funding.get(f"/v1/loan-applications/{id_}", "bank", org="icbc")
    return dict(answer.json())


async def _letters(funding: Funding, status: str) -> list[dict[str, Any]]:
    path = f"/v1/operations/dead-letters?status={status}&limit=200"
    answer = await funding.get(path, "operator", authority="440100")
    return [letter for letter in answer.json() if letter["topic"] == TOPIC]


async def test_decision_written_to_kafka_counts_once_and_corrections_follow(
    funding: Funding, kafka_broker: Broker
) -> None:
    bank = WritingBank(kafka_broker)
    uscc = await make_applicant(funding.database)
    id_ = (await file(funding.database, uscc)).application_id
    first = decided(id_, 1, **drawn("1500000.00"))
    for _ in range(2):
        bank.write(first, ce_id="the-same-record")
    bank.write(first)
    bank.write(decided(id_, 2, **drawn("1500000.00", "500000.00")))
    application = await _until(
        lambda: _application(funding, id_), lambda found: found["decision_version"] == 2
    )
    assert application["drawn_cny"] == "2000000.00"
    assert [decision["version"] for decision in application["decisions"]] == [2, 1]


async def test_what_a_bank_writes_wrong_is_kept_apart_and_stops_nothing(
    funding: Funding, kafka_broker: Broker
) -> None:
    bank = WritingBank(kafka_broker)
    uscc = await make_applicant(funding.database)
    id_ = str((await file(funding.database, uscc)).application_id)
    elsewhere = await make_applicant(funding.database, "ccb")
    ccb = str((await file(funding.database, elsewhere, None, bank="ccb")).application_id)
    whole = decided(id_, 1).model_dump_json().encode()
    before = len(await _letters(funding, "failed"))
    bank.put(id_, whole)  # no headers at all
    bank.put(id_, b"{]", {"ce_id": "1", **HEADERS})
    bank.put(b"\xff\xfe", whole, {"ce_id": "2", **HEADERS})
    bank.put(anew(), whole, {"ce_id": "3", **HEADERS})  # the key is another's
    bank.put(id_, whole, {**HEADERS, "ce_id": b"\xff\x00"})
    bank.put(id_, whole, {**HEADERS, "ce_id": "4", "ce_source": "/terrace/funding/anything"})
    bank.put(id_, json.dumps({"bank": "icbc"}).encode(), {**HEADERS, "ce_id": "5"})
    bank.write(decided(ccb, 1))
    bank.write(decided(ccb, 2, bank="ccb"))
    bank.write(decided(id_, 9, **drawn("4000000.01")))
    wrong = Settings(environment="test").dead_letters_in_row_max + 1
    for number in range(wrong):
        bank.put(anew(), b"\x00" * 9, {**HEADERS, "ce_id": f"noise-{number}"})
    bank.write(decided(id_, 10))
    application = await _until(
        lambda: _application(funding, id_), lambda found: found["decision_version"] == 10
    )
    assert application["state"] == "approved"
    failed = await _letters(funding, "failed")
    superseded = [row for row in await _letters(funding, "superseded") if row["key"] == id_]
    assert (len(failed), len(superseded)) == (before + 4 + wrong, 6)
    reasons = " ".join(letter["reason"] for letter in (*failed, *superseded))
    for said in ("ce_type is missing", "may not publish", "no loan application", "add up to"):
        assert said in reasons
    untouched = await funding.get(f"/v1/loan-applications/{ccb}", "bank", org="ccb")
    assert untouched.json()["state"] == "filed"
    ready = await funding.http.get("/readyz")
    assert not [why for why in ready.json()["problems"] if TOPIC in why]


async def test_topic_of_every_known_bank_is_there_before_the_bank_writes(
    funding: Funding, kafka_broker: Broker
) -> None:
    producer = Producer({"bootstrap.servers": kafka_broker.bootstrap})
    wanted = {f"bank.{code}.loan-decision" for code in banks()}

    async def topics() -> set[str]:
        return set((await asyncio.to_thread(producer.list_topics, timeout=10)).topics)

    assert wanted <= await _until(topics, lambda found: wanted <= found)
