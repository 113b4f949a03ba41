"""The three facts come by three topics: every order, with repeats, ends in the same state."""

import itertools
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from contracts.events.certification import TitleStatus
from contracts.events.enterprise import DossierStatus
from shared.db import Database
from tests.factories import make_uscc
from tests.services.funding.makers import (
    CREDIT,
    AnyFact,
    consent,
    consents_changed,
    dossier_changed,
    take,
    title,
    titles_changed,
)

KINDS = ("dossier", "titles", "consents")


async def _state(database: Database, uscc: str) -> dict[str, Any]:
    """What the enterprise has and what each bank was told, without ids, versions and instants."""
    async with database.transaction() as session:
        connection = await session.connection()
        held = await connection.execute(
            text(
                "SELECT scheme, period, status, automatic, payable_cny, document_no, end_reason"
                " FROM entitlement WHERE uscc = :uscc ORDER BY scheme"
            ).bindparams(uscc=uscc)
        )
        told = await connection.execute(
            text(
                "SELECT bank, status, content FROM loan_snapshot WHERE uscc = :uscc ORDER BY bank"
            ).bindparams(uscc=uscc)
        )
        return {"entitlements": held.fetchall(), "banks": told.fetchall()}


def _facts(uscc: str) -> dict[str, AnyFact]:
    return {
        "dossier": dossier_changed(uscc, credit=CREDIT),
        "titles": titles_changed(uscc, title(), title("little_giant")),
        "consents": consents_changed(uscc, consent("icbc"), consent("ccb"), consent("boc")),
    }


@pytest.mark.parametrize("order", list(itertools.permutations(KINDS)), ids="-".join)
async def test_first_facts_in_any_order_end_in_the_same_state(
    database: Database, order: tuple[str, ...]
) -> None:
    uscc = make_uscc()
    await take(database, *(_facts(uscc)[kind] for kind in order))
    state = await _state(database, uscc)
    assert len(state["entitlements"]) == 7
    assert [(row.bank, row.status) for row in state["banks"]] == [
        ("boc", "eligible"),
        ("ccb", "eligible"),
        ("icbc", "eligible"),
    ]


DOSSIERS = st.sampled_from(
    [
        {},
        {"credit": {**CREDIT, "lender_count": 9}},
        {"credit": CREDIT, "region": "440305"},
        {"credit": CREDIT, "headcounts": None},
        {"status": DossierStatus.DEREGISTERED},
    ]
)
TITLES = st.sampled_from(
    [
        (),
        (title(),),
        (title(status=TitleStatus.REVOKED), title("little_giant")),
        (title(valid_to=date(2022, 9, 29)),),
        (title(status=TitleStatus.PUBLICIZED),),
    ]
)
CONSENTS = st.sampled_from(
    [
        (),
        (consent("icbc"), consent("ccb")),
        (consent("icbc", withdrawn_at=datetime(2022, 9, 20, tzinfo=UTC)), consent("boc")),
        (consent("icbc", expires_on=date(2022, 9, 29)),),
    ]
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    dossier=DOSSIERS,
    titles=TITLES,
    consents=CONSENTS,
    order=st.permutations(KINDS),
    repeats=st.lists(st.sampled_from(KINDS), max_size=3),
)
async def test_later_facts_in_any_order_end_in_the_same_state(
    database: Database,
    dossier: dict[str, Any],
    titles: tuple[Any, ...],
    consents: tuple[Any, ...],
    order: list[str],
    repeats: list[str],
) -> None:
    """Two enterprises alike but for the order of their second facts, and for repeated old ones."""
    states = []
    for sequence in (KINDS, [*order, *repeats]):
        uscc = make_uscc()
        first = _facts(uscc)
        later: dict[str, AnyFact] = {
            "dossier": dossier_changed(uscc, 2, **dossier),
            "titles": titles_changed(uscc, *titles, version=2),
            "consents": consents_changed(uscc, *consents, version=2),
        }
        await take(database, *first.values())
        await take(database, *(later[kind] for kind in sequence))
        await take(database, *(first[kind] for kind in repeats))
        states.append(await _state(database, uscc))
    assert states[0] == states[1]
