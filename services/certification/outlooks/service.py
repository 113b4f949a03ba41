"""Use cases of the outlook: judge on every dossier and on every new day, publish what changed."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import true
from sqlmodel import col, func, select

from contracts.events.certification import OUTLOOK, OutlookChanged
from contracts.events.enterprise import DossierChanged
from contracts.facts import EnterpriseFacts
from services.certification.models import Enterprise
from services.certification.outlooks.judging import judge_facts, outlook_of
from shared import clock
from shared.auth import Subject
from shared.bus import outbox
from shared.db import Session, lock_keys
from shared.rules.evaluate import Verdict
from shared.scope import covered_by


async def take_dossier(session: Session, fact: DossierChanged) -> bool:
    """Keep the dossier and judge it, unless a newer one is kept. True when it is the first one."""
    await lock_keys(session, [fact.uscc])
    today = clock.today()
    found = await session.get(Enterprise, fact.uscc)
    if found is not None and fact.version <= found.dossier_version:
        return False
    columns: dict[str, Any] = {
        "name": fact.name,
        "region": fact.facts.region,
        "status": fact.status,
        "facts": fact.facts.model_dump(mode="json", exclude_none=True),
        "dossier_version": fact.version,
    }
    enterprise = found or Enterprise(uscc=fact.uscc, judged_on=today, **columns)
    enterprise.sqlmodel_update(columns)
    session.add(enterprise)
    await judge_enterprise(session, enterprise, today, fact.facts)
    return found is None


async def judge_enterprise(
    session: Session, enterprise: Enterprise, day: date, facts: EnterpriseFacts | None = None
) -> None:
    """Judge by the law of the day; publish OutlookChanged when the outlook changed.

    The caller holds the enterprise's key.
    """
    outlook = outlook_of(verdicts_of(enterprise, day, facts))
    snapshot = [tier.model_dump(mode="json") for tier in outlook]
    enterprise.judged_on = day
    if snapshot == enterprise.outlook:
        return
    enterprise.outlook = snapshot
    version = await outbox.next_version(session, OUTLOOK, enterprise.uscc)
    await outbox.add(
        session,
        OutlookChanged(uscc=enterprise.uscc, version=version, judged_on=day, tiers=outlook),
    )


def verdicts_of(
    enterprise: Enterprise, day: date, facts: EnterpriseFacts | None = None
) -> tuple[Verdict, ...]:
    """The whole verdict on a day; facts that this version of the code does not know are left."""
    known = facts or EnterpriseFacts.model_validate(enterprise.facts, extra="ignore")
    return judge_facts(known, day, registered=enterprise.registered)


async def judge_due(session: Session, today: date, limit: int) -> int:
    """Judge enterprises that were last judged on an earlier day; returns how many were due.

    An award leaves its window, a fiscal year closes, an edition comes into force by the calendar
    alone, with no event.
    """
    due = (
        await session.exec(
            select(Enterprise.uscc)
            .where(col(Enterprise.judged_on) < today)
            .order_by(col(Enterprise.judged_on), col(Enterprise.uscc))
            .limit(limit)
        )
    ).all()
    await lock_keys(session, due)
    rows = await session.exec(
        select(Enterprise)
        .where(col(Enterprise.uscc).in_(due))
        .where(col(Enterprise.judged_on) < today)
        .order_by(col(Enterprise.uscc))
    )
    for enterprise in rows:
        await judge_enterprise(session, enterprise, today)
    return len(due)


async def sum_outlooks(session: Session, by: Subject) -> tuple[int, Sequence[Any]]:
    """Enterprises judged within the caller's authority; and (tier, rule_set, attainment, count)."""
    mine = covered_by(by.authority, col(Enterprise.region))
    evaluated = await session.scalar(select(func.count()).select_from(Enterprise).where(mine))
    scope = select(Enterprise.outlook).where(mine).subquery()
    part = func.jsonb_array_elements(scope.c.outlook).table_valued("value").alias("part")
    tier, rules, attainment = (
        part.c.value.op("->>")(name) for name in ("tier", "rule_set", "attainment")
    )
    statement = (
        select(tier, rules, attainment, func.count())
        .select_from(scope)
        .join(part, true())
        .group_by(tier, rules, attainment)
        .order_by(tier, rules, attainment)
    )
    rows = await (await session.connection()).execute(statement)
    return int(evaluated or 0), rows.all()
