"""What the catalog keeps of enterprises: standing, titles and outlook, each by its version.

A fact that is not newer than the one kept is ignored, so the topics may arrive in any order.
"""

from collections.abc import Sequence
from datetime import date

from contracts.events.certification import (
    Attainment,
    OutlookChanged,
    TierOutlook,
    Title,
    TitlesChanged,
)
from contracts.events.enterprise import DossierChanged
from services.catalog.models import Enterprise
from shared.auth import Subject
from shared.db import Session, read_rows
from shared.followed import newer
from shared.scope import enterprise_not_found, require_itself, require_scope
from shared.titles import effective_titles


async def read_ahead(session: Session, usccs: Sequence[str]) -> None:
    """Read these enterprises at once; their keys are held."""
    await read_rows(session, Enterprise, usccs)


async def keep_dossier(session: Session, fact: DossierChanged) -> Enterprise | None:
    """Keep what the catalog reads of a dossier; None when a newer one is kept already."""
    enterprise = await newer(session, Enterprise, fact, "dossier_version")
    if enterprise is not None:
        enterprise.name, enterprise.status = fact.name, fact.status
        enterprise.region, enterprise.industry = fact.facts.region, fact.facts.industry
        enterprise.segment = fact.facts.segment
    return enterprise


async def keep_titles(session: Session, fact: TitlesChanged) -> Enterprise | None:
    """Keep the titles; None when newer ones are kept already."""
    enterprise = await newer(session, Enterprise, fact, "titles_version")
    if enterprise is not None:
        enterprise.titles = [title.model_dump(mode="json") for title in fact.titles]
    return enterprise


async def keep_outlook(session: Session, fact: OutlookChanged) -> Enterprise | None:
    """Keep the outlook; None when a newer one is kept already."""
    enterprise = await newer(session, Enterprise, fact, "outlook_version")
    if enterprise is not None:
        enterprise.outlook = [tier.model_dump(mode="json") for tier in fact.tiers]
    return enterprise


async def find_enterprise(session: Session, uscc: str, by: Subject) -> Enterprise:
    """The enterprise, when this caller may act for it. Raises OutOfScope, EnterpriseNotFound."""
    require_itself(by, uscc)
    enterprise = await session.get(Enterprise, uscc)
    if enterprise is None or enterprise.dossier_version == 0:
        raise enterprise_not_found(uscc)
    require_scope(by, uscc, enterprise.region or "")
    return enterprise


def outlook_of(enterprise: Enterprise) -> tuple[TierOutlook, ...]:
    """What was last heard of its tiers."""
    return tuple(TierOutlook.model_validate(row, extra="ignore") for row in enterprise.outlook)


def reached_tiers(enterprise: Enterprise) -> list[str]:
    """The tiers it reaches by any edition."""
    return sorted({t.tier for t in outlook_of(enterprise) if t.attainment is Attainment.REACHED})


def valid_titles(enterprise: Enterprise, day: date) -> list[Title]:
    """The titles that are effective and within their term on the day."""
    titles = [Title.model_validate(row, extra="ignore") for row in enterprise.titles]
    return list(effective_titles(titles, day))
