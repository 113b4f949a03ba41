"""Service cases: the machine as declared, both sides, deadlines, acceptance with evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.catalog.cases.schemas import CaseMoveWrite
from services.catalog.cases.service import machine, move_case
from services.catalog.errors import IllegalMove, MoveNotYours
from services.catalog.jobs import fire_deadlines
from services.catalog.providers.service import PLATFORM
from shared.auth import Role, Subject
from tests.services.catalog.conftest import (
    CITY,
    OFFICE,
    Catalog,
    DomainClock,
    firm,
    provider_of,
)

EVIDENCE = {
    "digital_level": {"level": 3, "edition": 2022, "tested_on": "2022-09-29"},
    "report": "示例验收〔2022〕1号",
    "report_on": "2022-09-30",
}
DIAGNOSIS = {"digital_level": 1, "green_level": 2, "report": "示例诊断〔2022〕1号"}
LIFE = (
    ("enterprise", "pick"),
    ("provider", "start_diagnosis"),
    ("provider", "report_diagnosis"),
    ("enterprise", "agree"),
    ("provider", "complete"),
    ("authority", "accept"),
    ("authority", "follow_up"),
    ("authority", "close"),
)
FORMS: dict[str, dict[str, Any]] = {
    "report_diagnosis": {"diagnosis": DIAGNOSIS},
    "agree": {"contract_cny": "100000.00"},
    "complete": {"settlement_cny": "90000.00", "evidence": EVIDENCE},
    "decline": {"note": "人手不足"},
    "send_back": {"note": "整改"},
    "follow_up": {"note": "回访"},
    "abort": {"note": "终止"},
}


@dataclass
class Sides:
    """A case with its sides."""

    catalog: Catalog
    uscc: str
    provider: str
    offering_id: str
    case_id: str

    def by(self, side: str) -> dict[str, str]:
        return {
            "enterprise": firm(self.uscc),
            "provider": provider_of(self.provider),
            "authority": OFFICE,
        }[side]

    def subject(self, side: str) -> Subject:
        return {
            "enterprise": Subject("e", Role.ENTERPRISE, uscc=self.uscc),
            "provider": Subject("p", Role.PROVIDER, org=self.provider),
            "authority": Subject("a", Role.OPERATOR, authority=CITY),
            "platform": PLATFORM,
        }[side]

    def form(self, move: str) -> dict[str, Any]:
        pick = {"provider": self.provider, "offering_id": self.offering_id}
        return {"move": move, **(pick if move == "pick" else FORMS.get(move, {}))}

    async def move(self, side: str, move: str, **changes: Any) -> Any:
        path = f"/v1/service-cases/{self.case_id}/moves"
        return await self.catalog.call("POST", path, self.by(side), self.form(move) | changes)

    async def live(self, moves: Sequence[tuple[str, str]]) -> Any:
        answer: Any = None
        for side, move in moves:
            answer = await self.move(side, move)
            assert answer.status_code == 200, answer.text
        return answer.json()

    async def read(self) -> Any:
        return await self.catalog.done("GET", f"/v1/service-cases/{self.case_id}", OFFICE)


async def new_case(
    catalog: Catalog, provider: str | None = None, offering_id: str | None = None
) -> Sides:
    provider = provider or await catalog.provider()
    offering_id = offering_id or (await catalog.offering(provider))["offering_id"]
    uscc = await catalog.enterprise()
    body = {"authority": CITY, "kind": "digital", "title": "示例批次", "enterprises": [uscc]}
    batch = await catalog.done("POST", "/v1/service-batches", OFFICE, body)
    return Sides(catalog, uscc, provider, offering_id, batch["cases"][uscc])


async def put_into(catalog: Catalog, sides: Sides, state: str) -> None:
    """The case as if it had come to this state."""
    async with catalog.database.transaction() as session:
        await (await session.connection()).execute(
            text(
                "UPDATE service_case SET state = :state, provider = :provider,"
                " contract_cny = 100000, settlement_cny = 100000, evidence = NULL,"
                " due_at = NULL, overdue_at = NULL WHERE case_id = :id"
            ),
            {"state": state, "provider": sides.provider, "id": UUID(sides.case_id)},
        )


class Undone(Exception):
    """Takes the transaction back after the move was judged."""


async def try_move(catalog: Catalog, sides: Sides, move: str, side: str) -> str | Exception:
    """The state after the move, which is then taken back; or the refusal."""
    reached: list[str] = []

    async def work(session: Any) -> None:
        form = CaseMoveWrite.model_validate(sides.form(move))
        case = await move_case(session, UUID(sides.case_id), form, sides.subject(side))
        await session.flush()
        reached.append(case.state)
        raise Undone

    try:
        await catalog.database.run(work)
    except Undone:
        return reached[-1]
    except (IllegalMove, MoveNotYours) as refused:
        return refused
    raise AssertionError("unreachable: the work raises")


@pytest.mark.parametrize("state", list(machine().states))
async def test_every_move_by_every_side_is_made_or_refused_as_declared(
    catalog: Catalog, state: str
) -> None:
    sides = await new_case(catalog)
    await put_into(catalog, sides, state)
    legal = [move.name for move in machine().legal(state)]
    for move in machine().moves.values():
        for side in ("enterprise", "provider", "authority", "platform"):
            came = await try_move(catalog, sides, move.name, side)
            if state not in move.sources:
                assert isinstance(came, IllegalMove), (move.name, side, came)
                assert all(name in came.detail for name in legal)
            elif side not in move.by:
                assert isinstance(came, MoveNotYours), (move.name, side, came)
            else:
                assert came == move.target, (move.name, side)


def test_every_state_can_be_reached_and_only_the_last_two_are_final() -> None:
    reached, states = {"assigned"}, machine().states.keys()
    for _ in states:
        reached |= {m.target for m in machine().moves.values() if m.sources & reached}
    assert reached == states
    assert [s for s in states if not machine().legal(s)] == ["closed", "aborted"]
    assert machine().deadlines.keys() == states - {"closed", "aborted"}


async def test_a_whole_life_is_told_step_by_step_and_acceptance_carries_the_evidence(
    catalog: Catalog,
) -> None:
    sides = await new_case(catalog)
    await catalog.hears_outlook(sides.uscc, innovative_sme="reached")
    closed = await sides.live(LIFE)
    assert closed["state"] == "closed"
    assert closed["diagnosis"]["green_level"] == 2
    assert [step["move"] for step in closed["steps"]] == ["assign", *(move for _, move in LIFE)]
    assert [step["side"] for step in closed["steps"]] == ["authority", *(side for side, _ in LIFE)]
    facts = await catalog.facts(sides.uscc)
    (accepted,) = [f for f in facts if f["type"] == "catalog.case-accepted.v1"]
    assert accepted["evidence"]["digital_level"]["level"] == 3
    assert accepted["case_id"] == sides.case_id
    assert len(facts) == len(LIFE) + 2
    await catalog.hears_outlook(
        sides.uscc, version=2, innovative_sme="reached", specialized_sme="reached"
    )
    assert (await sides.read())["gained"] == ["specialized_sme"]


async def test_an_illegal_move_is_409_and_names_the_legal_ones(catalog: Catalog) -> None:
    sides = await new_case(catalog)
    answer = await sides.move("authority", "accept")
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("illegal-move")
    assert "pick" in answer.json()["detail"]
    unknown = await sides.move("authority", "no_such_move")
    assert unknown.status_code == 409


async def test_strangers_do_not_learn_that_a_case_exists(catalog: Catalog) -> None:
    sides, other = await new_case(catalog), await catalog.enterprise()
    path = f"/v1/service-cases/{sides.case_id}"
    for by in (
        firm(other),
        provider_of("someone-else"),
        {"role": "operator", "authority": "320000"},
    ):
        assert (await catalog.call("GET", path, by)).status_code == 404
        moved = await catalog.call("POST", f"{path}/moves", by, sides.form("pick"))
        assert moved.status_code == 404
    listed = await catalog.done("GET", "/v1/service-cases", firm(sides.uscc))
    assert [row["case_id"] for row in listed["cases"]] == [sides.case_id]


async def test_a_move_that_lacks_its_form_is_told_what_to_send(catalog: Catalog) -> None:
    sides = await new_case(catalog)
    path = f"/v1/service-cases/{sides.case_id}/moves"
    lacking = await catalog.call("POST", path, sides.by("enterprise"), {"move": "pick"})
    assert lacking.status_code == 422
    assert {row["field"] for row in lacking.json()["errors"]} == {
        "body.provider",
        "body.offering_id",
    }
    surplus = await sides.move("enterprise", "pick", contract_cny="1.00")
    assert surplus.status_code == 422


async def test_only_a_listed_provider_with_an_open_offering_can_be_picked(
    catalog: Catalog,
) -> None:
    sides = await new_case(catalog)
    elsewhere = await catalog.offering(sides.provider, regions=["320000"])
    refused = await sides.move("enterprise", "pick", offering_id=elsewhere["offering_id"])
    assert refused.json()["type"].endswith("not-offered")
    await catalog.review(sides.provider, "suspend")
    assert (await sides.move("enterprise", "pick")).json()["type"].endswith("provider-not-listed")


async def test_money_and_evidence_are_checked(catalog: Catalog) -> None:
    sides = await new_case(catalog)
    await sides.live(LIFE[:4])
    assert (await sides.move("provider", "complete", settlement_cny="100000.01")).status_code == 422
    ahead = {**EVIDENCE, "report_on": "2022-10-01"}
    assert (await sides.move("provider", "complete", evidence=ahead)).status_code == 422
    assert (await sides.move("provider", "complete")).status_code == 200


async def test_a_deadline_fires_once_and_follows_domain_time(
    catalog: Catalog, domain_clock: DomainClock
) -> None:
    sides = await new_case(catalog)
    await sides.live(LIFE[:1])
    await fire_deadlines(catalog.database)
    assert (await sides.read())["overdue"] is False
    domain_clock.move_to("2022-10-16T10:00:00+08:00")
    for _ in range(3):  # a restart runs the job again
        await fire_deadlines(catalog.database)
    assert (await sides.read())["overdue"] is True
    passed = [f for f in await catalog.facts(sides.uscc) if f.get("move") == "deadline_passed"]
    assert len(passed) == 1
    moved = await sides.move("provider", "start_diagnosis")
    assert moved.json()["overdue"] is False


async def test_a_case_that_nobody_picks_lapses(catalog: Catalog, domain_clock: DomainClock) -> None:
    sides = await new_case(catalog)
    domain_clock.move_to("2022-10-30T10:00:01+08:00")
    await fire_deadlines(catalog.database)
    await fire_deadlines(catalog.database)
    case = await sides.read()
    assert case["state"] == "aborted"
    assert [step["side"] for step in case["steps"]] == ["authority", "platform"]
    assert (await sides.move("enterprise", "pick")).status_code == 409


async def test_a_batch_is_all_or_nothing(catalog: Catalog) -> None:
    uscc = await catalog.enterprise()
    body = {
        "authority": CITY,
        "kind": "green",
        "title": "示例批次",
        "enterprises": [uscc, "91440106YY9999990F"],
    }
    assert (await catalog.call("POST", "/v1/service-batches", OFFICE, body)).status_code == 404
    assert (await catalog.done("GET", "/v1/service-cases", firm(uscc)))["cases"] == []
