"""The award desk in a process of its own, for tests that kill it at a labelled point.

python -m tests.services.funding.payment_process DATABASE_URL DIRECTORY < labels

For each label that it reads, a forked process goes through everything that happens to the awards
of `usccs.json`, from the titles to the repaid claw-back, as far as that was not done before. At the
label it kills itself with SIGKILL. A label names a step and a point of its transaction: after its
first write, before its commit, after its commit. Without a label it goes to the end.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlmodel import select

from contracts.events.certification import TitlesChanged
from contracts.fact import Fact
from services.funding import handlers
from services.funding.ledger import service as ledger
from services.funding.ledger.schemas import AppropriationWrite
from services.funding.payments import appeals, claw_backs, notices, runs, settling
from services.funding.payments.bank_files import read_return
from services.funding.payments.claw_back_schemas import RepaymentWrite
from services.funding.payments.lines import lines_of
from services.funding.payments.models import PaymentLine
from services.funding.payments.notice_schemas import ObjectionWrite
from services.funding.payments.run_schemas import ReversalWrite, RunWrite
from shared import clock
from shared.auth import Role, Subject
from shared.bus.cloud_events import encoded, headers_of, source_of
from shared.bus.delivery import deliver
from shared.bus.incoming import Event, Received, decode
from shared.bus.subscriptions import Subscriptions
from shared.db import Database, Session
from shared.uploaded_table import CSV
from tests.services.funding.makers import LAW_DAY, title, titles_changed
from tests.services.funding.payment_desk import (
    AFTER_NOTICE,
    AWARD,
    CITY,
    DEPUTY,
    FINANCE,
    HEAD,
    MAKER,
    SPECIALIZED,
    TREASURER,
    return_file,
)

BATCH = 100
FIRST_WRITE, BEFORE_COMMIT, AFTER_COMMIT = POINTS = (
    "after its first write",
    "before its commit",
    "after its commit",
)
ANNULLED = range(10, 20)
"""Payees, by their place, whose titles are annulled after they were paid."""
OBJECTED, REFUSED = 3, 5


class Desk:
    """Goes through the steps; each is one transaction and is done again after a kill."""

    def __init__(self, database_url: str, directory: Path, label: str) -> None:
        self._database = Database(database_url, 2)
        self._directory = directory
        self._label = label
        self._step = ""
        self._usccs: list[str] = json.loads((directory / "usccs.json").read_text())
        self._subscriptions = Subscriptions([handlers.on_titles_changed])
        engine = self._database.engine.sync_engine
        event.listen(engine, "after_cursor_execute", self._wrote)
        event.listen(engine, "commit", lambda _connection: self._at(BEFORE_COMMIT))

    async def go(self) -> None:
        """Everything, in its order."""
        self._day(LAW_DAY)
        await self._titles("titles", [titles_changed(uscc, title()) for uscc in self._usccs])
        total = AWARD * len(self._usccs)
        wanted = AppropriationWrite(
            scheme=SPECIALIZED, year=2022, change_cny=f"{total:.2f}", document_no="穗财〔2022〕1号"
        )
        await self._do("budget", ledger.appropriate, wanted, FINANCE)
        wanted_list = RunWrite(payer=CITY, list_no="名单1")
        run, _ = await self._do("list", runs.make_list, wanted_list, MAKER)
        await self._do("notice", notices.open_notice, run.run_id, MAKER)
        every = "listed", "withdrawn", "paid", "refused", "reversed", "clawed_back"
        lines = await self._read(lines_of, run.run_id, *every)
        if run.state in ("listed", "on_notice"):
            await self._object(run.run_id, lines)
        self._day(AFTER_NOTICE)
        listed = [line for line in lines if line.uscc != self._usccs[OBJECTED]]
        for number, signer in enumerate((HEAD, DEPUTY, FINANCE, TREASURER), 1):
            await self._do(f"signature {number}", notices.sign, run.run_id, 2, None, signer)
        await self._do("export", settling.export_run, run.run_id, FINANCE)
        answers = read_return(return_file(listed, [self._usccs[REFUSED]]), CSV)
        await self._do("return", settling.take_return, run.run_id, answers, FINANCE)
        refused = next(line for line in lines if line.uscc == self._usccs[REFUSED])
        wanted_reversal = ReversalWrite(reason="户名已更正", document_no="更正1号")
        await self._do("reversal", settling.reverse_line, refused.line_id, wanted_reversal, FINANCE)
        await self._claw_back()
        await self._database.close()

    async def _object(self, run_id: Any, lines: Sequence[PaymentLine]) -> None:
        line = next(line for line in lines if line.uscc == self._usccs[OBJECTED])
        by = Subject(sub="neighbour", role=Role.ENTERPRISE, uscc=self._usccs[0])
        wanted = ObjectionWrite(line_id=line.line_id, reason="企业已迁出")
        if line.state == "listed":
            raised = await self._do("objection", notices.raise_objection, run_id, wanted, by)
            decided = raised.objection_id, "upheld", "属实", HEAD
            await self._do("decision", notices.decide_objection, *decided)

    async def _claw_back(self) -> None:
        usccs = [self._usccs[place] for place in ANNULLED]
        void = title(status="annulled")
        await self._titles("annulment", [titles_changed(u, void, version=2) for u in usccs])
        orders = {one.uscc: one for one in await self._read(_claw_backs)}
        first = orders[usccs[0]].claw_back_id
        clerk = Subject(sub="clerk", role=Role.ENTERPRISE, uscc=usccs[0])
        if orders[usccs[0]].state in ("ordered", "appealed"):
            await self._do("appeal", appeals.file_appeal, first, "称号并未撤销", clerk)
        decided = first, "upheld", "经查属实", DEPUTY
        await self._do("appeal decision", appeals.decide_appeal, *decided)
        money = RepaymentWrite(
            amount_cny=f"{AWARD:.2f}", bank_reference="退-1", repaid_on=AFTER_NOTICE
        )
        second = orders[usccs[1]].claw_back_id
        await self._do("repayment", claw_backs.book_repayment, second, money, FINANCE)

    async def _titles(self, step: str, facts: Sequence[TitlesChanged]) -> None:
        """Hand the facts over as the consumer does, in batches, under the same ids every time."""
        events = [self._event(fact) for fact in facts]
        for number in range(0, len(events), BATCH):
            batch = events[number : number + BATCH]

            async def hand_over(session: Session, batch: list[Event] = batch) -> None:
                await deliver(session, "funding", batch)

            await self._do(f"{step} {number // BATCH + 1}", hand_over)

    def _event(self, fact: Fact) -> Event:
        headers = headers_of(
            event_id=f"crash-{fact.key}-{getattr(fact, 'version', 0)}",
            source=source_of(fact.contract.topic, fact.topic),
            type_=fact.contract.name,
            key=fact.key,
            occurred_at=clock.now(),
            correlation_id="crash",
            traceparent=None,
        )
        received = Received(
            topic=fact.topic,
            partition=0,
            offset=0,
            recorded_at=clock.now(),
            raw_key=fact.key.encode(),
            payload=fact.model_dump_json(exclude_none=True).encode(),
            headers=tuple(encoded(headers)),
        )
        found = decode(received, self._subscriptions)
        assert isinstance(found, Event)
        return found

    async def _do(self, step: str, use_case: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        self._step = step
        done = await self._database.run(lambda session: use_case(session, *args))
        self._at(AFTER_COMMIT)
        self._step = ""
        return done

    async def _read(self, query: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        return await self._database.run(lambda session: query(session, *args))

    def _wrote(self, _connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.lstrip().startswith(("INSERT", "UPDATE")):
            self._at(FIRST_WRITE)

    def _at(self, point: str) -> None:
        if self._step and self._label == f"{self._step}: {point}":
            os.kill(os.getpid(), signal.SIGKILL)

    def _day(self, day: date) -> None:
        path = self._directory / f"{day}.json"
        now = datetime.now(UTC).isoformat()
        path.write_text(json.dumps({"domain_at": f"{day}T12:00:00+08:00", "machine_at": now}))
        clock.follow(str(path))


async def _claw_backs(session: Session) -> Any:
    return (await session.exec(select(claw_backs.ClawBack))).all()


def main(database_url: str, directory: str) -> None:
    """Fork a desk for each label that comes in, and say how it ended."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            asyncio.run(Desk(database_url, Path(directory), line.strip()).go())
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        print("killed" if killed else f"ended {os.waitstatus_to_exitcode(status)}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
