"""Facts from other services; each is one call into `service.py`."""

from contracts.events.bank import LoanDecided
from contracts.events.certification import TitlesChanged
from contracts.events.enterprise import ConsentsChanged, DossierChanged, NeedsChanged
from services.funding import service
from services.funding.applications.decisions import take_decision
from services.funding.needs.service import take_needs
from shared.bus.subscriptions import reads_ahead
from shared.db import Session


@reads_ahead(service.read_ahead)
async def on_dossier_changed(fact: DossierChanged, session: Session) -> None:
    """The facts that conditions read, or the region, may have changed."""
    await service.take_dossier(session, fact)


@reads_ahead(service.read_ahead)
async def on_titles_changed(fact: TitlesChanged, session: Session) -> None:
    """A title may have taken effect or ended."""
    await service.take_titles(session, fact)


@reads_ahead(service.read_ahead)
async def on_consents_changed(fact: ConsentsChanged, session: Session) -> None:
    """A bank may hear more, less or nothing."""
    await service.take_consents(session, fact)


async def on_loan_decided(fact: LoanDecided, session: Session) -> None:
    """A bank says where an application stands."""
    await take_decision(session, fact)


async def on_needs_changed(fact: NeedsChanged, session: Session) -> None:
    """An enterprise states, changes or closes a financing need."""
    await take_needs(session, fact)
