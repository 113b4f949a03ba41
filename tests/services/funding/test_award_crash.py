"""SIGKILL at every labelled point, from 1,000 titles taking effect to the claw-back.

Each payee has one entitlement and one payment line, hears of each happening once, and the ledger
balances, whatever died and however often the same step was asked for again.
"""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from contracts.events.enterprise import DossierChanged
from services.funding import service
from shared.db import Database, Session
from tests.factories import make_uscc
from tests.services.funding.makers import dossier_changed
from tests.services.funding.payment_desk import AWARD, SPECIALIZED, Desk, check_books
from tests.services.funding.payment_process import ANNULLED, OBJECTED, POINTS, REFUSED

ROOT = Path(__file__).parents[3]
TITLES = 1_000
STEPS = (
    "titles 1",
    "titles 6",
    "titles 10",
    "budget",
    "list",
    "notice",
    "objection",
    "decision",
    "signature 1",
    "signature 4",
    "export",
    "return",
    "reversal",
    "annulment 1",
    "appeal",
    "appeal decision",
    "repayment",
)
LABELS = [f"{step}: {point}" for step in STEPS for point in POINTS]


async def file_dossiers(database: Database, usccs: list[str]) -> None:
    model = dossier_changed(usccs[0])

    async def take(session: Session, fact: DossierChanged) -> None:
        await service.take_dossier(session, fact)

    for first in range(0, len(usccs), 100):
        async with database.transaction() as session:
            for uscc in usccs[first : first + 100]:
                facts = model.facts.model_copy(update={"uscc": uscc})
                await take(session, model.model_copy(update={"uscc": uscc, "facts": facts}))


def run_and_kill(database_url: str, directory: Path) -> list[str]:
    """How each process ended: one per label, and a last one that is left in peace."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.services.funding.payment_process"),
            *(database_url, str(directory)),
        ],
        cwd=ROOT,
        input="".join(f"{label}\n" for label in [*LABELS, ""]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "ended" not in done.stdout.replace("ended 0", ""), done.stderr[-2000:]
    return done.stdout.splitlines()


async def statuses_heard(desk: Desk, topic: str) -> Counter[tuple[str, str]]:
    rows = await desk.rows(
        "SELECT key, convert_from(payload, 'UTF8') AS fact FROM outbox WHERE topic = :topic",
        topic=topic,
    )
    facts: list[dict[str, Any]] = [json.loads(row.fact) for row in rows]
    return Counter(
        (fact["uscc"], fact["status"]) for fact in facts if fact["scheme"] == SPECIALIZED
    )


@pytest.mark.timeout(600)
async def test_one_entitlement_and_one_payment_line_each_whatever_dies(
    own_database: Database, tmp_path: Path
) -> None:
    desk = Desk(own_database)
    usccs = [make_uscc() for _ in range(TITLES)]
    (tmp_path / "usccs.json").write_text(json.dumps(usccs))
    await file_dossiers(own_database, usccs)
    ends = run_and_kill(own_database.url, tmp_path)
    assert ends == ["killed"] * len(LABELS) + ["ended 0"]

    held = await desk.rows("SELECT uscc, scheme, period FROM entitlement")
    assert set(Counter(held).values()) == {1}
    assert {row.uscc for row in held if row.scheme == SPECIALIZED} == set(usccs)
    lines = await desk.rows("SELECT uscc, state FROM payment_line WHERE kind = 'payment'")
    assert Counter(row.uscc for row in lines) == dict.fromkeys(usccs, 1)
    states = {row.uscc: row.state for row in lines}
    assert states.pop(usccs[OBJECTED]) == "withdrawn"
    assert states.pop(usccs[REFUSED]) == "reversed"
    assert states.pop(usccs[ANNULLED[1]]) == "clawed_back"
    assert set(states.values()) == {"paid"}

    heard = await statuses_heard(desk, "funding.payment")
    assert set(heard.values()) == {1}
    assert Counter(status for _, status in heard) == {
        "paid": TITLES - 2,
        "refused": 1,
        "reversed": 1,
        "claw_back_ordered": len(ANNULLED),
        "claw_back_cancelled": 1,
        "clawed_back": 1,
    }
    appeared = await statuses_heard(desk, "funding.entitlement")
    assert Counter(appeared.values()) == {1: TITLES + len(ANNULLED)}
    assert await desk.balances() == {
        "appropriated": -AWARD * TITLES,
        "available": AWARD * 2,
        "paid": AWARD * (TITLES - 3),
        "clawed_back": AWARD,
    }
    await check_books(desk)
