"""Use cases of the funding service across its two aggregates: take a fact, judge the enterprise.

Every fact and every new day leads to the same judgement: entitlements are settled, then each bank
hears what changed. Nothing is judged before the dossier is known.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import col, select

from contracts.events.certification import TitlesChanged
from contracts.events.enterprise import ConsentsChanged, DossierChanged
from services.funding import enterprises
from services.funding.applications.disclosing import end_withdrawn
from services.funding.awards.service import settle_entitlements
from services.funding.enterprises import Standing
from services.funding.models import Enterprise
from services.funding.payments.service import open_claw_backs
from services.funding.products.service import publish_eligibility, read_told_ahead
from shared import clock
from shared.db import Session, lock_keys, read_rows


async def read_ahead(session: Session, usccs: Sequence[str]) -> None:
    """Read at once what the judgement reads of each of these enterprises; their keys are held."""
    await read_rows(session, Enterprise, usccs)
    await read_told_ahead(session, usccs)


async def take_dossier(session: Session, fact: DossierChanged) -> None:
    """Keep the dossier and judge again. An older version than the one kept changes nothing."""
    enterprise = await enterprises.keep_dossier(session, fact)
    if enterprise is not None:
        await judge_enterprise(session, Standing(enterprise, clock.now(), fact.facts))


async def take_titles(session: Session, fact: TitlesChanged) -> None:
    """Keep the titles and judge again. An older version than the one kept changes nothing."""
    enterprise = await enterprises.keep_titles(session, fact)
    if enterprise is not None:
        await judge_enterprise(session, Standing(enterprise, clock.now()))


async def take_consents(session: Session, fact: ConsentsChanged) -> None:
    """Keep the consents and judge again. An older version than the one kept changes nothing."""
    enterprise = await enterprises.keep_consents(session, fact)
    if enterprise is not None:
        standing = Standing(enterprise, clock.now())
        await judge_enterprise(session, standing)
        await end_withdrawn(session, standing)


async def judge_enterprise(session: Session, standing: Standing) -> None:
    """Settle entitlements and tell the banks, as the facts, titles and consents of the day say."""
    if standing.enterprise.dossier_version == 0:
        return
    settled = await settle_entitlements(session, standing)
    await open_claw_backs(session, [row for row in settled if row.ended])
    await publish_eligibility(session, standing)
    standing.enterprise.judged_on = standing.on


async def find_due(session: Session, now: datetime, after: str, limit: int) -> Sequence[str]:
    """Enterprises, after this code, that were last judged on an earlier day."""
    statement = select(Enterprise.uscc).where(_is_due(now), col(Enterprise.uscc) > after)
    return (await session.exec(statement.order_by(col(Enterprise.uscc)).limit(limit))).all()


async def judge_due(session: Session, usccs: Sequence[str], now: datetime) -> None:
    """Judge those of the enterprises that were last judged on an earlier day.

    A title takes effect or expires, a consent runs out, a fiscal year closes by the calendar
    alone, with no event.
    """
    await lock_keys(session, usccs)
    await read_told_ahead(session, usccs)
    rows = await session.exec(
        select(Enterprise)
        .where(col(Enterprise.uscc).in_(usccs), _is_due(now))
        .order_by(col(Enterprise.uscc))
    )
    for enterprise in rows:
        await judge_enterprise(session, Standing(enterprise, now))


def _is_due(now: datetime) -> ColumnElement[bool]:
    return col(Enterprise.judged_on) < now.date()
