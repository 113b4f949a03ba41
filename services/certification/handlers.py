"""Facts from other services; each is one call into a use case."""

from contracts.events.enterprise import DossierChanged
from services.certification.outlooks import service as outlooks
from services.certification.titles import service as titles
from shared import clock
from shared.bus.subscriptions import reads_ahead
from shared.db import Session


@reads_ahead(outlooks.read_ahead)
async def on_dossier_changed(fact: DossierChanged, session: Session) -> None:
    """Judge the enterprise again; tell of a new one the titles that lists already gave it."""
    kept = await outlooks.keep_dossier(session, fact)
    if kept is None:
        return
    enterprise, is_first = kept
    if is_first:
        await titles.publish_titles(session, [fact.uscc])
    await outlooks.judge_enterprise(session, enterprise, clock.today(), fact.facts)
