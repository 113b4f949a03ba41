"""From a dossier at the gateway to a bank that is not us."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from confluent_kafka import Consumer

from deploy.local.stack import Stack
from tests.factories import make_dossier
from tests.flows.waiting import until

BANK = "icbc"


class Bank:
    """A bank: any Kafka client, the topic's name, and the latest version of each key."""

    def __init__(self, bootstrap: str) -> None:
        self.latest: dict[str, dict[str, Any] | None] = {}
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": "flow-test-bank",
                "auto.offset.reset": "earliest",
                "allow.auto.create.topics": False,
                "topic.metadata.refresh.interval.ms": 500,
            }
        )
        self._consumer.subscribe([f"bank.{BANK}.loan-eligibility"])

    async def read(self) -> dict[str, dict[str, Any] | None]:
        """Take in what has arrived."""
        while (message := await asyncio.to_thread(self._consumer.poll, 0.1)) is not None:
            if message.error() is None and (key := message.key()) is not None:
                value = message.value()
                self.latest[key.decode()] = json.loads(value) if value else None
        return self.latest

    def close(self) -> None:
        self._consumer.close()


@pytest.fixture
async def bank(stack: Stack) -> AsyncIterator[Bank]:
    bank = Bank(stack.bootstrap)
    yield bank
    bank.close()


async def _list_titles(stack: Stack, kind: str, authority: str, uscc: str) -> None:
    async with httpx.AsyncClient(base_url=stack.gateway_url, timeout=30) as client:
        answer = await client.post(
            "/v1/official-lists",
            params={
                "kind": kind,
                "status": "effective",
                "document_no": f"示例〔2022〕{uscc[-6:]}号",
                "document_on": "2022-09-01",
                "authority": authority,
                "valid_from": "2022-09-01",
            },
            content=f"uscc,name\n{uscc},广州示例精密科技有限公司\n".encode(),
            headers={
                "authorization": f"Bearer {stack.token('regulator', authority=authority)}",
                "content-type": "text/csv",
            },
        )
    assert answer.status_code == 201, answer.text


async def test_title_brings_an_award_and_a_loan_the_bank_hears_of_until_consent_is_withdrawn(
    stack: Stack, gateway: httpx.AsyncClient, bank: Bank
) -> None:
    dossier = make_dossier()
    uscc = dossier["uscc"]
    assert (await gateway.post("/v1/enterprises", json=dossier)).status_code == 201

    async def read(part: str) -> dict[str, Any]:
        answer = await gateway.get(f"/v1/enterprises/{uscc}/{part}")
        return dict(answer.json()) if answer.status_code == 200 else {}

    outlook = await until(lambda: read("outlook"), bool)
    assert outlook["tiers"][0]["attainment"] == "reached"

    await _list_titles(stack, "specialized_sme", "440000", uscc)
    entitlements = await until(
        lambda: read("entitlements"), lambda answer: bool(answer.get("entitlements"))
    )
    automatic = [row for row in entitlements["entitlements"] if row["automatic"]]
    assert [row["payable_cny"] for row in automatic] == ["200000.00"]

    consent = await gateway.post(
        f"/v1/enterprises/{uscc}/consents",
        json={
            "bank": BANK,
            "purpose": "贷款资格预审",
            "fields": ["name", "revenue"],
            "expires_on": "2023-09-30",
            "evidence": {"section": "consent", "title": "授权书", "reference": "SQ-1"},
        },
    )
    heard = await until(bank.read, lambda latest: uscc in latest)
    snapshot = heard[uscc]
    assert snapshot is not None
    assert snapshot["status"] == "eligible"
    assert snapshot["profile"]["revenue_cny"] == "45000000.00"
    assert "employees" not in snapshot["profile"]
    assert snapshot["products"]

    withdrawal = f"/v1/enterprises/{uscc}/consents/{consent.json()['consent_id']}/withdrawal"
    assert (await gateway.post(withdrawal)).status_code == 200
    latest = await until(
        bank.read, lambda states: (states[uscc] or {}).get("status") == "withdrawn"
    )
    withdrawn = latest[uscc]
    assert withdrawn is not None
    assert withdrawn["reason"] == "consent_withdrawn"
    assert not {"profile", "purpose"} & withdrawn.keys()
    assert not withdrawn.get("products")
    assert withdrawn["version"] == snapshot["version"] + 1
