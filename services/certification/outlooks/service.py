"""Use cases of the outlook: judge on every dossier and on every new day, publish what changed."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import true
from sqlmodel import col, func, select

from contracts.events.certification import OUTLOOK, OutlookChanged, Title
from contracts.events.enterprise import DossierChanged
from contracts.facts import EnterpriseFacts
from contracts.values import SHANGHAI, Tier
from services.certification.canonical import canonical
from services.certification.errors import MomentUnusable
from services.certification.evaluations.keeping import keep_evaluation
from services.certification.history import dossier_known_at, titles_listed_by
from services.certification.models import Enterprise, KnownDossier
from services.certification.outlooks.gaps import GapRead, gap_read
from services.certification.outlooks.judging import judge_facts, outlook_of, reading_of
from services.certification.outlooks.ladder import (
    appeared,
    held_tiers,
    signals_of,
    titles_in,
    vanished,
)
from services.certification.outlooks.rulebook import LAW
from shared import clock
from shared.auth import Subject
from shared.bus import outbox
from shared.db import Session, lock_keys, read_rows
from shared.rules.evaluate import Verdict
from shared.scope import covered_by

FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2100, 12, 31)


async def read_ahead(session: Session, usccs: Sequence[str]) -> None:
    """Read at once what `keep_dossier` reads of each of these enterprises; their keys are held."""
    await read_rows(session, Enterprise, usccs)


async def keep_dossier(session: Session, fact: DossierChanged) -> tuple[Enterprise, bool] | None:
    """Keep this version of the dossier; None when it is not newer than the one kept.

    True: it is the first one of this enterprise. It is not judged yet.
    """
    await lock_keys(session, [fact.uscc])
    found = await session.get(Enterprise, fact.uscc)
    if found is not None and fact.version <= found.dossier_version:
        return None
    facts = fact.facts.model_dump(mode="json", exclude_none=True)
    columns: dict[str, Any] = {
        "name": fact.name,
        "region": fact.facts.region,
        "status": fact.status,
        "facts": facts,
        "dossier_version": fact.version,
    }
    enterprise = found or Enterprise(uscc=fact.uscc, judged_on=clock.today(), **columns)
    enterprise.sqlmodel_update(columns)
    session.add(enterprise)
    session.add(
        KnownDossier(
            uscc=fact.uscc,
            version=fact.version,
            name=fact.name,
            status=fact.status,
            facts=canonical(facts),
            known_at=fact.changed_at,
        )
    )
    return enterprise, found is None


async def judge_enterprise(
    session: Session, enterprise: Enterprise, day: date, facts: EnterpriseFacts | None = None
) -> None:
    """Judge by the law of the day; keep the evaluation and publish when the outlook changed.

    The caller holds the enterprise's key.
    """
    verdicts = verdicts_of(enterprise, day, facts)
    outlook = outlook_of(verdicts)
    held = held_tiers(titles_in(enterprise.titles), day)
    signals = signals_of(verdicts, held)
    snapshot = {
        "outlook": [tier.model_dump(mode="json") for tier in outlook],
        "eligible": list(signals.eligible),
        "at_risk": list(signals.at_risk),
    }
    enterprise.judged_on = day
    if all(getattr(enterprise, name) == value for name, value in snapshot.items()):
        return
    before = enterprise.eligible
    enterprise.sqlmodel_update(snapshot)
    version = await outbox.next_version(session, OUTLOOK, enterprise.uscc)
    await keep_evaluation(session, enterprise, verdicts, day, version)
    await outbox.add(
        session,
        OutlookChanged(
            uscc=enterprise.uscc,
            version=version,
            judged_on=day,
            tiers=outlook,
            eligible=signals.eligible,
            newly_eligible=appeared(before, signals),
            at_risk=signals.at_risk,
            lost=vanished(before, signals, held),
        ),
    )


def verdicts_of(
    enterprise: Enterprise, day: date, facts: EnterpriseFacts | None = None
) -> tuple[Verdict, ...]:
    """The whole verdict on a day; facts that this version of the code does not know are left."""
    known = facts or EnterpriseFacts.model_validate(enterprise.facts, extra="ignore")
    return judge_facts(known, day, registered=enterprise.registered)


def gaps_of(enterprise: Enterprise, day: date, chinese: bool) -> list[GapRead]:
    """What separates the enterprise from each tier, by the editions in force on a day."""
    facts = EnterpriseFacts.model_validate(enterprise.facts, extra="ignore")
    reading = reading_of(facts, day, registered=enterprise.registered)
    return [
        gap_read(rules, tier.tier, reading, chinese)
        for rules in LAW.book.in_force(facts.region, day)
        for tier in rules.tiers
        if isinstance(tier.tier, Tier)
    ]


def day_of_law(as_of: date | None, known_at: datetime | None) -> date:
    """The day whose law judges: as asked, else that of the moment. Raises MomentUnusable."""
    now = clock.now()
    if known_at is not None and known_at > now:
        raise MomentUnusable(
            f"known_at {known_at.isoformat()} has not come yet; it is {now.isoformat()} now.",
            f"known_at {known_at.isoformat()} 尚未到来。",
        )
    # The calendar ends before a zone can shift its first day, so the year is looked at first.
    too_early = known_at is not None and known_at.year < FIRST_DAY.year
    day = as_of or (now if too_early else known_at or now).astimezone(SHANGHAI).date()
    if too_early or not FIRST_DAY <= day <= LAST_DAY:
        raise MomentUnusable(
            f"Give a day from {FIRST_DAY} to {LAST_DAY}.",
            f"日期应在 {FIRST_DAY} 至 {LAST_DAY} 之间。",
        )
    return day


async def known_at(
    session: Session, enterprise: Enterprise, at: datetime | None
) -> tuple[KnownDossier, tuple[Title, ...]]:
    """The dossier and the titles as they were known at a moment; without one, as they are now.

    Raises DossierNotKnownThen.
    """
    if at is None:
        key = (enterprise.uscc, enterprise.dossier_version)
        return await session.get_one(KnownDossier, key), titles_in(enterprise.titles)
    dossier = await dossier_known_at(session, enterprise.uscc, at)
    return dossier, await titles_listed_by(session, enterprise.uscc, at)


def verdicts_known(dossier: KnownDossier, day: date) -> tuple[Verdict, ...]:
    """The whole verdict on a version of a dossier by the law of a day."""
    facts = EnterpriseFacts.model_validate_json(dossier.facts, extra="ignore")
    return judge_facts(facts, day, registered=dossier.registered)


async def find_due(session: Session, now: datetime, after: str, limit: int) -> Sequence[str]:
    """Enterprises, after this code, that were last judged on an earlier day."""
    statement = select(Enterprise.uscc).where(
        col(Enterprise.judged_on) < now.date(), col(Enterprise.uscc) > after
    )
    return (await session.exec(statement.order_by(col(Enterprise.uscc)).limit(limit))).all()


async def judge_due(session: Session, usccs: Sequence[str], now: datetime) -> None:
    """Judge those of the enterprises that were last judged on an earlier day.

    An award leaves its window, a fiscal year closes, an edition comes into force by the calendar
    alone, with no event.
    """
    await lock_keys(session, usccs)
    rows = await session.exec(
        select(Enterprise)
        .where(col(Enterprise.uscc).in_(usccs), col(Enterprise.judged_on) < now.date())
        .order_by(col(Enterprise.uscc))
    )
    for enterprise in rows.all():
        await judge_enterprise(session, enterprise, now.date())


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
