"""Facts from other services; each is one use case."""

from contracts.events.certification import OutlookChanged, TitlesChanged
from contracts.events.enterprise import DossierChanged, NeedsChanged
from services.catalog import enterprises
from services.catalog.cases.service import record_gains
from services.catalog.needs.service import keep_needs
from shared.bus.subscriptions import reads_ahead
from shared.db import Session


@reads_ahead(enterprises.read_ahead)
async def on_dossier_changed(fact: DossierChanged, session: Session) -> None:
    """Region, industry or segment may have changed."""
    await enterprises.keep_dossier(session, fact)


@reads_ahead(enterprises.read_ahead)
async def on_titles_changed(fact: TitlesChanged, session: Session) -> None:
    """Another tier pack may fit."""
    await enterprises.keep_titles(session, fact)


@reads_ahead(enterprises.read_ahead)
async def on_outlook_changed(fact: OutlookChanged, session: Session) -> None:
    """Other criteria may be unmet, and an accepted case may have brought a tier."""
    enterprise = await enterprises.keep_outlook(session, fact)
    if enterprise is not None:
        await record_gains(session, enterprise)


async def on_needs_changed(fact: NeedsChanged, session: Session) -> None:
    """Other offerings may be wanted."""
    await keep_needs(session, fact)
