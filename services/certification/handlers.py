"""Facts from other services; each is one call into a use case."""

from contracts.events.enterprise import DossierChanged
from services.certification.outlooks import service as outlooks
from services.certification.titles import service as titles
from shared.db import Session


async def on_dossier_changed(fact: DossierChanged, session: Session) -> None:
    """Judge the enterprise again; tell of a new one the titles that lists already gave it."""
    if await outlooks.take_dossier(session, fact):
        await titles.publish_titles(session, [fact.uscc])
