"""Banks that are not us live through everything and end in the state the labels say."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.domain_clock import domain_now, move_clock
from deploy.local.run import remove_state
from deploy.local.sample.bank_process import BankProcess
from deploy.local.sample.calls import Caller, for_each
from deploy.local.sample.filing import Filing
from deploy.local.sample.journeys import (
    BANKS,
    Expected,
    Traveller,
    expected_before_changes,
    expected_in_the_end,
    travellers,
)
from deploy.local.sample.journeys import States as Labels
from deploy.local.sample.region import build_region
from deploy.local.settings import SAMPLE_DOMAIN_START, StackSettings
from deploy.local.stack import Stack
from deploy.local.topology import SERVICES
from tests.factories import make_dossier
from tests.flows.outside_banks import (
    KafkajsBank,
    PullingBanks,
    States,
    read_daily_files,
    states_of,
)
from tests.flows.waiting import until

DEADLINE_S = 180
ON_THE_WAY = {"enterprise", "certification", "funding", "gateway"}


@pytest.fixture
async def own_stack(session_dir: Path) -> AsyncIterator[Stack]:
    """A stack of this test alone: its processes are killed and its time is moved."""
    settings = StackSettings(
        state_dir=session_dir / "banks",
        domain_start=SAMPLE_DOMAIN_START,
        services=tuple(entry for entry in SERVICES if entry.name in ON_THE_WAY),
    )
    async with Stack(settings) as running:
        yield running
    remove_state(settings.state_dir)


@dataclass
class Outsiders:
    """The three banks, each with a seat at every sample bank."""

    confluent: BankProcess
    kafkajs: KafkajsBank
    pulling: PullingBanks

    def held(self) -> dict[str, States]:
        """What each holds now."""
        self.confluent.read_new()
        return {
            "confluent-kafka": states_of(self.confluent.records),
            "kafkajs": self.kafkajs.states(),
            "pull": dict(self.pulling.held),
        }


@asynccontextmanager
async def _outsiders(stack: Stack) -> AsyncIterator[Outsiders]:
    """All three, from the beginning."""
    pulling = PullingBanks(stack, BANKS)
    with BankProcess(stack.state_dir, stack.bootstrap, BANKS) as confluent, _kafkajs(stack) as node:
        task = asyncio.create_task(pulling.run())
        try:
            yield Outsiders(confluent, node, pulling)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@contextmanager
def _kafkajs(stack: Stack) -> Iterator[KafkajsBank]:
    bank = KafkajsBank(stack, BANKS)
    bank.start()
    try:
        yield bank
    finally:
        bank.stop()


def _one_of_each_journey() -> tuple[Traveller, ...]:
    """The first enterprise of every journey of the sample region."""
    first: dict[Any, Traveller] = {}
    for traveller in travellers(build_region()):
        first.setdefault(traveller.journey, traveller)
    return tuple(first.values())


def _difference(label: Expected | None, held: tuple[int, dict[str, Any] | None] | None) -> str:
    if label is None or held is None:
        return "" if label is held else f"the label says {label}, the bank holds {held}"
    data = held[1]
    if label.status == "withdrawn" or data is None:
        same = label.status == "withdrawn" and data is None
        return "" if same else f"the label says {label.status}, the bank holds {data}"
    profile = {name: value for name, value in data["profile"].items() if name != "fiscal_year"}
    products = {product["product"] for product in data["products"]}
    if profile != dict(label.profile) or products != label.products:
        return f"the label says {label}, the bank holds {products} {profile}"
    return ""


async def _agree(outsiders: Outsiders, labels: Labels) -> States:
    """Wait until all three banks hold exactly what the labels say, and the same."""
    end = time.monotonic() + DEADLINE_S
    while True:
        found = await asyncio.to_thread(outsiders.held)
        wrong = [
            f"{bank} {key}: {said}"
            for bank, held in found.items()
            for key in labels.keys() | held.keys()
            if (said := _difference(labels.get(key), held.get(key)))
        ]
        first, *others = found.values()
        if not wrong and all(held == first for held in others):
            return first
        assert time.monotonic() < end, f"{len(wrong)} differences: {wrong[:5]}"
        await asyncio.sleep(0.2)


async def _kill_each(stack: Stack) -> None:
    for name in stack.process_names():
        await asyncio.to_thread(stack.kill, name)
        await stack.wait_ready()


async def _replay(stack: Stack, since: datetime) -> None:
    token = stack.token("operator", authority="440100")
    async with httpx.AsyncClient(base_url=stack.url_of("funding"), timeout=30) as client:
        answer = await client.post(
            "/v1/operations/replays",
            json={"since": since.isoformat()},
            headers={"authorization": f"Bearer {token}"},
        )
    assert answer.status_code == 202, answer.text
    assert answer.json()["records"] > 0


def _deleted(outsiders: Outsiders) -> set[tuple[str, str]]:
    """The keys whose tombstone the confluent bank has seen."""
    outsiders.confluent.read_new()
    records = outsiders.confluent.records
    return {(record.bank, record.key) for record in records if record.value is None}


async def _until(holds: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < end, f"not within {DEADLINE_S} s: {what}"
        await asyncio.sleep(0.2)


async def _withdraw_change_and_raise(filing: Filing, found: tuple[Traveller, ...]) -> None:
    """Everything that changes, and for a while the revenue of those a bank sees it of."""
    await filing.make_changes()
    steady = [traveller.uscc for traveller in found if traveller.shows_revenue_steadily]
    for turn in range(3):
        raise_in = partial(_raise_revenue, filing, turn)
        await for_each(steady, raise_in)


async def _raise_revenue(filing: Filing, turn: int, uscc: str) -> None:
    await filing.raise_revenue(uscc, f"turn-{turn}-{uscc}")


@pytest.mark.timeout(900)
async def test_confluent_kafkajs_and_the_pull_twin_end_as_the_labels_say(
    own_stack: Stack,
) -> None:
    stack, began = own_stack, datetime.now(UTC) - timedelta(minutes=1)
    found = _one_of_each_journey()
    region = [traveller.enterprise for traveller in found]
    mint = partial(stack.token, ttl_s=3600)
    async with Caller(stack.gateway_url, mint) as caller, _outsiders(stack) as outsiders:
        filing = Filing(caller, region, found)
        await filing.file_dossiers_and_consents()
        await filing.import_lists()
        await filing.file_late_consents()
        await _agree(outsiders, expected_before_changes(found))

        await asyncio.gather(_withdraw_change_and_raise(filing, found), _kill_each(stack))
        labels = expected_in_the_end(found, filing.dossiers)
        gone = {key for key, label in labels.items() if label.status == "withdrawn"}
        await _agree(outsiders, labels)

        move_clock(stack.state_dir, domain_now(stack.state_dir) + timedelta(days=8))
        await _until(lambda: gone <= _deleted(outsiders), "tombstones seven days later")
        await _replay(stack, began)
        outsiders.kafkajs.kill()
        outsiders.kafkajs.start()
        held = await _agree(outsiders, labels)

    async with _outsiders(stack) as newcomers:
        assert await _agree(newcomers, labels) == held
    assert await read_daily_files(stack, BANKS) == held
    assert gone
    assert {key for key, (_, data) in held.items() if data is None} == gone


async def test_an_outside_bank_hears_of_an_application_and_its_word_comes_back(
    stack: Stack, gateway: httpx.AsyncClient
) -> None:
    dossier = make_dossier()
    path = f"/v1/enterprises/{dossier['uscc']}"
    assert (await gateway.post("/v1/enterprises", json=dossier)).status_code == 201
    consent = await gateway.post(
        f"{path}/consents",
        json={
            "bank": "boc",
            "purpose": "贷款申请",
            "fields": ["name"],
            "expires_on": "2023-09-30",
            "evidence": {"section": "consent", "title": "授权书", "reference": "SQ-2"},
        },
    )
    itself = {"authorization": f"Bearer {stack.token('enterprise', uscc=dossier['uscc'])}"}

    async def apply() -> httpx.Response:
        return await gateway.post(
            f"{path}/loan-applications",
            json={
                "bank": "boc",
                "amount_cny": "2000000.00",
                "tenor_months": 12,
                "purpose": "采购伺服电机原材料",
                "consent_id": consent.json()["consent_id"],
            },
            headers=itself,
        )

    with _kafkajs(stack):
        applied = await until(apply, lambda answer: answer.status_code == 201)
        id_ = applied.json()["application_id"]

        async def read() -> dict[str, Any]:
            return dict((await gateway.get(f"/v1/loan-applications/{id_}")).json())

        application = await until(read, lambda found: found["state"] == "received")
    assert (application["bank"], application["decision_version"]) == ("boc", 1)
    assert application["decision_id"] == f"boc-{id_[-6:]}"
