"""Evidence of accepted service cases enters the dossier by event, once, and takes nothing back."""

from typing import Any
from uuid import uuid4

import pytest

from contracts.events.catalog import CaseAccepted
from services.enterprise.handlers import on_case_accepted
from shared import clock
from shared.scope import EnterpriseNotFound
from tests.factories import make_uscc
from tests.services.enterprise.conftest import Enterprises


def accepted(uscc: str, **evidence: Any) -> CaseAccepted:
    return CaseAccepted.model_validate(
        {
            "uscc": uscc,
            "case_id": str(uuid4()),
            "provider": "alibaba-cloud",
            "region": "440106",
            "accepted_at": clock.now().isoformat(),
            "evidence": {"report": "示例验收1号", "report_on": "2022-09-30", **evidence},
        }
    )


async def take(enterprises: Enterprises, fact: CaseAccepted) -> dict[str, Any]:
    await enterprises.app.state.database.run(lambda session: on_case_accepted(fact, session))
    path = f"/v1/enterprises/{fact.uscc}"
    return dict((await enterprises.http.get(path, headers=enterprises.operator)).json())


LEVEL_3 = {"level": 3, "edition": 2022, "tested_on": "2022-09-29"}
PATENT = {
    "kind": "invention_patent",
    "granted_on": "2022-09-20",
    "self_developed": True,
    "for_leading_product": True,
}


async def test_evidence_is_a_new_version_that_names_the_case(enterprises: Enterprises) -> None:
    uscc = (await enterprises.register())["uscc"]
    fact = accepted(uscc, digital_level=LEVEL_3, ip_rights=[PATENT])
    read = await take(enterprises, fact)
    assert read["version"] == 2
    assert read["dossier"]["digital_level"]["level"] == 3
    assert [row["granted_on"] for row in read["dossier"]["ip_rights"]] == [
        "2018-03-01",
        "2022-09-20",
    ]
    assert read["dossier"]["documents"][-1]["reference"] == "示例验收1号"
    path = f"/v1/enterprises/{uscc}/versions"
    versions = (await enterprises.http.get(path, headers=enterprises.operator)).json()["versions"]
    assert versions[0]["changed_by"] == f"service-case:{fact.case_id}"
    assert [row["version"] for row in await enterprises.facts(uscc)] == [1, 2]


async def test_the_same_case_twice_is_once(enterprises: Enterprises) -> None:
    fact = accepted((await enterprises.register())["uscc"], digital_level=LEVEL_3)
    await take(enterprises, fact)
    assert (await take(enterprises, fact))["version"] == 2


async def test_a_lower_or_older_level_takes_nothing_back(enterprises: Enterprises) -> None:
    level = {"level": 3, "edition": 2022, "tested_on": "2022-08-01"}
    uscc = (await enterprises.register(digital_level=level))["uscc"]
    read = await take(enterprises, accepted(uscc, digital_level={**LEVEL_3, "level": 2}))
    assert read["dossier"]["digital_level"]["level"] == 3
    older = {**LEVEL_3, "level": 4, "tested_on": "2022-07-01"}
    read = await take(enterprises, accepted(uscc, digital_level=older, core_processes_on_it=2))
    assert read["dossier"]["digital_level"] == level
    assert read["dossier"]["core_processes_on_it"] == 2


async def test_a_closed_dossier_stays_closed(enterprises: Enterprises) -> None:
    uscc = (await enterprises.register())["uscc"]
    await enterprises.http.post(
        f"/v1/enterprises/{uscc}/deregistration", headers=enterprises.operator
    )
    assert (await take(enterprises, accepted(uscc, digital_level=LEVEL_3)))["version"] == 2


async def test_evidence_of_an_unknown_enterprise_is_a_permanent_error(
    enterprises: Enterprises,
) -> None:
    with pytest.raises(EnterpriseNotFound):
        await take(enterprises, accepted(make_uscc(), digital_level=LEVEL_3))
