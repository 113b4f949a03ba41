"""Who may receive what: never more than the owner's token reads over HTTP."""

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events.catalog import CaseMoved
from contracts.events.certification import OutlookChanged
from contracts.events.enterprise import ConsentsChanged
from contracts.events.funding import EntitlementChanged, LoanEligibilityChanged
from contracts.fact import FACTS, Fact
from contracts.generation.examples import example_of
from contracts.generation.services import describe
from services.webhook.readers import (
    Owner,
    about,
    could_read,
    deliverable,
    known_audiences,
    may_read,
)
from shared.auth import Role, Subject
from shared.authorities import authorities
from tests.factories import make_uscc
from tests.services.webhook.support import Webhooks, dossier_changed, eventually, titles_changed

SHOWN_BY = {
    "enterprise.dossier-changed.v1": ("enterprise", "/v1/enterprises/{uscc}"),
    "enterprise.needs-changed.v1": ("enterprise", "/v1/enterprises/{uscc}/needs"),
    "certification.outlook-changed.v1": ("certification", "/v1/enterprises/{uscc}/outlook"),
    "certification.titles-changed.v1": ("certification", "/v1/enterprises/{uscc}/titles"),
    "funding.entitlement-changed.v1": ("funding", "/v1/enterprises/{uscc}/entitlements"),
    "funding.payment-changed.v1": ("funding", "/v1/payees/{uscc}/payments"),
    "catalog.provider-changed.v1": ("catalog", "/v1/service-providers/{provider}"),
    "catalog.offering-changed.v1": ("catalog", "/v1/service-offerings/{offering_id}"),
    "catalog.case-moved.v1": ("catalog", "/v1/service-cases/{case_id}"),
    "catalog.case-accepted.v1": ("catalog", "/v1/service-cases/{case_id}"),
    "talent.position-changed.v1": ("talent", "/v1/positions/{position_id}"),
    "talent.placement-changed.v1": ("talent", "/v1/secondments"),
}
"""Where each fact can be read over HTTP."""
NOT_SHOWN = {"catalog.voucher-moved.v1", "webhook.endpoint-disabled.v1"} | {
    "webhook.endpoint-recovered.v1"
}
"""Shown by no route of their own; the first by audience alone, the others by their owner's."""
SAME_AS_ROUTES = {
    name for name in SHOWN_BY if not name.startswith(("catalog", "funding", "talent"))
}
PERSONS = {Role.TALENT, Role.REVIEWER}
"""They have no endpoints."""
_paths = count(1)


@pytest.fixture
def path() -> str:
    return f"/readers-{next(_paths)}"


def fact_of(declared: type[Fact], **values: object) -> Fact:
    return declared.model_validate({**example_of(declared), **values})


@pytest.mark.parametrize("service", sorted({service for service, _ in SHOWN_BY.values()}))
def test_roles_are_those_the_services_own_routes_admit(service: str) -> None:
    paths = describe(service).openapi["paths"]
    for name, (shown_by, path) in SHOWN_BY.items():
        if shown_by == service:
            security = paths[path]["get"].get("security")
            admitted = set(security[0]["bearer"]) if security else set(Role)
            receiving = {role for role in Role if could_read(role, FACTS[name])}
            assert receiving <= admitted, name
            if name in SAME_AS_ROUTES:
                assert receiving - PERSONS == admitted - PERSONS, name


def test_every_audience_has_rules_and_every_fact_is_checked_here() -> None:
    assert {name for fact in FACTS.values() for name in fact.contract.audience} - {
        "bank"
    } <= known_audiences()
    unchecked = deliverable().keys() - SHOWN_BY.keys() - NOT_SHOWN
    assert not unchecked, "say in SHOWN_BY which route shows these facts"


def test_banks_topics_and_consents_are_never_deliverable() -> None:
    names = deliverable().keys()
    assert LoanEligibilityChanged.contract.name not in names
    assert ConsentsChanged.contract.name not in names
    assert not any(fact.contract.topic.name.startswith("bank.") for fact in deliverable().values())
    assert all(fact.contract.audience for fact in deliverable().values())


uscc_pairs = st.tuples(st.sampled_from(["A", "B"]), st.sampled_from(["A", "B"]))
regions = st.sampled_from(["440106", "440305", "110101", "650102", "310000"])


@given(st.sampled_from(list(Role)), uscc_pairs, st.sampled_from([*authorities(), "x"]), regions)
def test_facts_of_an_enterprise_go_where_the_token_may_see_it(
    role: Role, usccs: tuple[str, str], authority: str, region: str
) -> None:
    subject = Subject("someone", role, authority=authority, uscc=usccs[0])
    owner = Owner(role, usccs[0] if role is Role.ENTERPRISE else authority)
    read = may_read(owner, "any.v1", {"enterprise"}, {"uscc": usccs[1]}, region)
    assert read == subject.may_see(usccs[1], region)


@given(st.sampled_from(list(Role)), st.text(max_size=20))
def test_nobody_reads_what_has_no_audience_or_an_unknown_one(role: Role, owner: str) -> None:
    assert not may_read(Owner(role, owner), "any.v1", [], {"uscc": owner}, "440106")
    assert not may_read(Owner(role, owner), "any.v1", ["tomorrow"], {"uscc": owner}, "440106")
    assert not may_read(Owner(role, owner), "any.v1", ["enterprise"], {}, "440106")


def test_the_deciding_fields_of_every_deliverable_fact_are_found() -> None:
    for fact in deliverable().values():
        made = fact_of(fact)
        assert set(about(made)) or fact.contract.audience == {"public"}, fact
        assert all(isinstance(value, str) for value in about(made).values())


async def test_provider_that_takes_everything_gets_only_what_it_may_read(
    webhooks: Webhooks, path: str
) -> None:
    uscc = make_uscc()
    owner = webhooks.bearer("provider", org=f"reads{path}")
    everything = await webhooks.add(path, owner)
    own = webhooks.bearer("enterprise", uscc=uscc)
    await webhooks.add(f"{path}-own", own)
    await webhooks.give(
        dossier_changed(uscc),
        fact_of(OutlookChanged, uscc=uscc),
        fact_of(EntitlementChanged, uscc=uscc),
        titles_changed(uscc),
    )
    messages = await webhooks.receiver.has(f"{path}-own", 4)
    assert len({message.event["type"] for message in messages}) == 4
    await webhooks.becomes(everything, owner, waiting=0)
    received = webhooks.receiver.received(path)
    assert {m.event["type"] for m in received} == {"certification.titles-changed.v1"}
    listed = await webhooks.read(everything, owner, "/deliveries")
    assert {delivery["type"] for delivery in listed["deliveries"]} == {
        "certification.titles-changed.v1"
    }
    types = await webhooks.http.get("/v1/webhook-event-types", headers=owner)
    readable = {entry["type"] for entry in types.json()["types"]}
    assert "certification.titles-changed.v1" in readable
    assert not readable & {"enterprise.dossier-changed.v1", "funding.entitlement-changed.v1"}
    named = await webhooks.http.post(
        "/v1/webhook-endpoints",
        json={"url": webhooks.receiver.url, "types": ["enterprise.dossier-changed.v1"]},
        headers=owner,
    )
    assert named.status_code == 422


async def test_provider_gets_its_own_cases_and_no_other_providers(
    webhooks: Webhooks, path: str
) -> None:
    uscc, mine = make_uscc(), f"mine{path.strip('/')}"
    owner = webhooks.bearer("provider", org=mine)
    endpoint = await webhooks.add(path, owner, enterprises=[uscc])
    await webhooks.give(
        fact_of(CaseMoved, uscc=uscc, provider="somebody-else"),
        fact_of(CaseMoved, uscc=uscc, provider=mine),
    )
    await webhooks.receiver.has(path, 1)
    await webhooks.becomes(endpoint, owner, waiting=0)
    [message] = webhooks.receiver.received(path)
    assert message.event["data"]["provider"] == mine


async def test_authority_gets_its_own_enterprises_only_and_waits_to_know_the_region(
    webhooks: Webhooks, path: str
) -> None:
    inside, outside = make_uscc("440106"), make_uscc("440305")
    city = webhooks.bearer("regulator", authority="440100")
    endpoint = await webhooks.add(path, city, enterprises=[inside, outside])
    await webhooks.give(fact_of(OutlookChanged, uscc=inside), fact_of(OutlookChanged, uscc=outside))
    assert (await webhooks.read(endpoint, city))["waiting"] == 0
    await webhooks.give(dossier_changed(outside, region="440305"), dossier_changed(inside))
    messages = await webhooks.receiver.has(path, 2)
    assert [(m.event["type"], m.event["subject"]) for m in messages] == [
        ("certification.outlook-changed.v1", inside),
        ("enterprise.dossier-changed.v1", inside),
    ]
    await webhooks.becomes(endpoint, city, waiting=0)
    assert len(webhooks.receiver.received(path)) == 2


async def test_audience_is_checked_again_when_it_is_sent(webhooks: Webhooks, path: str) -> None:
    uscc = make_uscc()
    city = webhooks.bearer("regulator", authority="440100")
    endpoint = await webhooks.add(path, city, enterprises=[uscc])
    await webhooks.receiver.behave(path, "410", times=1)
    await webhooks.give(dossier_changed(uscc, 1))
    await webhooks.becomes(endpoint, city, status="disabled")
    await webhooks.give(dossier_changed(uscc, 2))
    await webhooks.give(dossier_changed(uscc, 3, region="310101"))
    await webhooks.act(endpoint, "activation", city)
    await webhooks.becomes(endpoint, city, waiting=0)
    assert [message.note[1] for message in webhooks.receiver.received(path)] == [1]
    listed = await webhooks.read(endpoint, city, "/deliveries")
    assert [delivery["status"] for delivery in listed["deliveries"]] == ["withheld", "withheld"]


async def test_region_filter_and_type_filter(webhooks: Webhooks, path: str) -> None:
    inside, outside = make_uscc("440106"), make_uscc("440305")
    owner = webhooks.bearer("provider", org=f"filters{path}")
    endpoint = await webhooks.add(
        path, owner, regions=["4401"], types=["certification.titles-changed.v1"]
    )
    await webhooks.give(titles_changed(inside), titles_changed(outside))
    await webhooks.give(dossier_changed(outside, region="440305"), dossier_changed(inside))

    async def arrived() -> bool:
        return bool(webhooks.receiver.received(path))

    await eventually(arrived, "the event inside the region")
    await webhooks.becomes(endpoint, owner, waiting=0)
    assert {m.event["subject"] for m in webhooks.receiver.received(path)} == {inside}
