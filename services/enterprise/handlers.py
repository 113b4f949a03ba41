"""Facts from other services; each is one use case."""

from contracts.events.catalog import CaseAccepted
from services.enterprise.evidence import take_evidence
from shared.db import Session


async def on_case_accepted(fact: CaseAccepted, session: Session) -> None:
    """A service case proved something of the enterprise."""
    await take_evidence(session, fact)
