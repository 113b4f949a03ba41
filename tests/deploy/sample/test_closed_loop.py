"""The sample's closed loop: its entries are what the catalogue takes, its steps what it allows."""

from collections.abc import Iterable

from deploy.local.sample.calls import Caller
from deploy.local.sample.closed_loop import ClosedLoop, Loop
from deploy.local.sample.providers import CRITERIA, OFFERINGS, PATENTS, PROVIDERS, REPORT
from deploy.local.sample.region import build_region
from services.catalog.cases.schemas import CaseMoveWrite
from services.catalog.cases.service import machine
from services.catalog.offerings.schemas import OfferingWrite
from services.catalog.providers.schemas import ProviderWrite
from services.catalog.providers.service import criteria


def test_the_three_providers_are_labelled_as_taken_from_the_report() -> None:
    for entry in PROVIDERS:
        body = {**entry, "authority": "440100", "source": REPORT, "sample": True}
        assert ProviderWrite.model_validate(body).source == REPORT
        assert OfferingWrite.model_validate(OFFERINGS[entry["provider"]])
    assert [entry["name"] for entry in PROVIDERS] == ["阿里云", "鲁邦通", "立方匯"]
    assert list(CRITERIA) == [row["id"] for row in criteria()]


def test_every_step_is_a_legal_move_and_the_last_is_the_acceptance() -> None:
    def mint(role: str, **claims: str) -> str:
        return role

    caller = Caller("http://127.0.0.1:9", mint)
    loop = ClosedLoop(caller, build_region(), ())
    loop._offerings = {PATENTS: "5a4b1f7e-0f0e-4c6b-9f7a-2f1f6f0f3c11"}
    one = Loop("91440101MA5CY2T72B", PATENTS, "innovative_sme", {}, {})
    sides = {"enterprise": "enterprise", "provider": "provider", "operator": "authority"}
    state, made = "assigned", []
    while (step := loop._next(one, state)) is not None:
        role, form = step
        move = machine().require(state, CaseMoveWrite.model_validate(form).move, [sides[role]])
        state = move.target
        made.append(move.name)
    assert state == "accepted"
    assert made[-1] == "accept"


def labelled(keys: Iterable[str]) -> dict[str, int]:
    found = [e.archetype.key for e in build_region() if e.archetype.key in keys]
    return {key: found.count(key) for key in keys}


def test_two_enterprises_carry_the_label_of_what_the_service_brings() -> None:
    assert labelled(("po-served", "po-minimum")) == {"po-served": 2, "po-minimum": 38}
    served = [e for e in build_region() if e.archetype.key == "po-served"]
    assert {e.attainment for e in served} == {"reached"}
