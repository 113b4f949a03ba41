"""Facts from other services; each is one call into this service."""

from contracts.events.certification import TitlesChanged
from contracts.events.enterprise import DossierChanged, DossierStatus
from services.talent import enterprises
from services.talent.positions import service as positions
from shared.bus.subscriptions import reads_ahead
from shared.db import Session


@reads_ahead(enterprises.read_ahead)
async def on_dossier_changed(fact: DossierChanged, session: Session) -> None:
    """Name, region and segment may have changed; a firm that left has no open positions."""
    enterprise = await enterprises.keep_dossier(session, fact)
    if enterprise is not None and fact.status is DossierStatus.DEREGISTERED:
        await positions.close_all(session, fact.uscc)


@reads_ahead(enterprises.read_ahead)
async def on_titles_changed(fact: TitlesChanged, session: Session) -> None:
    """The tier that demand is counted by may have changed."""
    await enterprises.keep_titles(session, fact)
