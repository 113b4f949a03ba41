"""Facts as other services publish them, for one enterprise."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeAlias

from sqlalchemy import text

from contracts.dossier import Dossier
from contracts.events.certification import Title, TitlesChanged, TitleStatus
from contracts.events.enterprise import (
    Consent,
    ConsentedField,
    ConsentsChanged,
    DossierChanged,
    DossierStatus,
)
from contracts.values import Tier
from services.funding import service
from services.funding.awards.deciding import Holder
from shared.db import Database, Session, lock_keys
from tests.factories import make_dossier

AnyFact: TypeAlias = DossierChanged | TitlesChanged | ConsentsChanged
LAW_DAY = date(2022, 9, 30)
EARLIER = datetime(2022, 9, 1, tzinfo=UTC)
CREDIT = {
    "checked_on": "2022-09-01",
    "other_loans_cny": "3000000.00",
    "lender_count": 2,
    "overdue_2y_count": 0,
    "inquiries_6m": 3,
}


def dossier_changed(
    uscc: str,
    version: int = 1,
    status: DossierStatus = DossierStatus.REGISTERED,
    **changes: Any,
) -> DossierChanged:
    """A dossier of Guangzhou, with the changes."""
    dossier = Dossier.model_validate(make_dossier(uscc, **changes))
    return DossierChanged(
        uscc=uscc,
        version=version,
        status=status,
        name=dossier.name,
        changed_at=EARLIER,
        facts=dossier.facts(),
    )


def title(kind: str = "specialized_sme", **changes: Any) -> Title:
    """An effective title of three years."""
    national = kind == "little_giant"
    values: dict[str, Any] = {
        "kind": kind,
        "tier": Tier(kind) if kind in set(Tier) else None,
        "status": TitleStatus.EFFECTIVE,
        "authority": "000000" if national else "440000",
        "document_no": f"示例{kind}〔2022〕1号",
        "document_on": date(2022, 6, 20),
        "batch": "1",
        "valid_from": date(2022, 7, 1),
        "valid_to": date(2025, 6, 30),
    }
    return Title.model_validate({**values, **changes})


def holder(*titles: Title, **changes: Any) -> Holder:
    """A registered enterprise of Guangzhou that meets every condition."""
    values: dict[str, Any] = {
        "titles": titles,
        "region": "440106",
        "on": LAW_DAY,
        "registered": True,
        "meets": lambda _condition: True,
    }
    return Holder(**{**values, **changes})


def titles_changed(uscc: str, *titles: Title, version: int = 1) -> TitlesChanged:
    return TitlesChanged(uscc=uscc, version=version, titles=titles)


def consent(bank: str = "icbc", **changes: Any) -> Consent:
    """A consent of a year to see the name and the revenue."""
    values: dict[str, Any] = {
        "consent_id": f"consent-{bank}",
        "bank": bank,
        "purpose": "贷款资格预审",
        "fields": (ConsentedField.NAME, ConsentedField.REVENUE),
        "granted_at": EARLIER,
        "expires_on": date(2023, 8, 31),
        "withdrawn_at": None,
    }
    return Consent.model_validate({**values, **changes})


def consents_changed(uscc: str, *consents: Consent, version: int = 1) -> ConsentsChanged:
    return ConsentsChanged(uscc=uscc, version=version, consents=consents)


async def take(database: Database, *facts: AnyFact) -> None:
    """Hand the facts over, each in its own transaction."""
    for fact in facts:
        async with database.transaction() as session:
            await _take(session, fact)


async def take_batch(database: Database, *facts: AnyFact) -> None:
    """Hand the facts over in one transaction, as the consumer does with those of a partition."""
    usccs = sorted({fact.uscc for fact in facts})
    async with database.transaction() as session:
        await lock_keys(session, usccs)
        await service.read_ahead(session, usccs)
        for fact in facts:
            await _take(session, fact)


async def _take(session: Session, fact: AnyFact) -> None:
    if isinstance(fact, DossierChanged):
        await service.take_dossier(session, fact)
    elif isinstance(fact, TitlesChanged):
        await service.take_titles(session, fact)
    else:
        await service.take_consents(session, fact)


async def published(database: Database, uscc: str, topic: str) -> list[dict[str, Any] | None]:
    """What was published of the enterprise on a topic, oldest first; None is a tombstone."""
    async with database.transaction() as session:
        rows = await (await session.connection()).execute(
            text(
                "SELECT payload FROM outbox WHERE key = :uscc AND topic = :topic ORDER BY id"
            ).bindparams(uscc=uscc, topic=topic)
        )
        payloads: Sequence[bytes | None] = rows.scalars().all()
    return [None if payload is None else json.loads(payload) for payload in payloads]


async def heard_by(
    database: Database, uscc: str, bank: str = "icbc"
) -> list[dict[str, Any] | None]:
    """What the bank's topic says of the enterprise, oldest first."""
    return await published(database, uscc, f"bank.{bank}.loan-eligibility")


async def entitlements(database: Database, uscc: str) -> dict[str, dict[str, Any]]:
    """The payee's entitlements of money by scheme."""
    return {row["scheme"]: row for row in await _rows(database, uscc) if row["unit"] is None}


async def benefits(database: Database, uscc: str) -> dict[tuple[str, str], dict[str, Any]]:
    """The enterprise's benefits without money by scheme and period."""
    found = [row for row in await _rows(database, uscc) if row["unit"] is not None]
    return {(row["scheme"], row["period"]): row for row in found}


async def _rows(database: Database, uscc: str) -> list[dict[str, Any]]:
    async with database.transaction() as session:
        rows = await (await session.connection()).execute(
            text("SELECT * FROM entitlement WHERE uscc = :uscc").bindparams(uscc=uscc)
        )
        return [dict(row._mapping) for row in rows]
