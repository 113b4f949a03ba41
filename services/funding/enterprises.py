"""What funding keeps of enterprises: the latest dossier, titles and consents, each by its version.

Owns the `enterprise` table. A fact that is not newer than the one kept is ignored, so the three
topics may arrive in any order and more than once. Judges nothing.
"""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from contracts.events.certification import Title, TitlesChanged
from contracts.events.enterprise import Consent, ConsentsChanged, DossierChanged, DossierStatus
from contracts.facts import EnterpriseFacts
from services.funding.models import Enterprise
from shared.auth import Subject
from shared.db import Session
from shared.followed import newer
from shared.scope import enterprise_not_found, require_itself, require_scope


@dataclass(frozen=True)
class Standing:
    """Everything known of one enterprise at an instant; parts are read when first asked for."""

    enterprise: Enterprise
    at: datetime
    fresh_facts: EnterpriseFacts | None = None

    @property
    def uscc(self) -> str:
        return self.enterprise.uscc

    @property
    def region(self) -> str:
        return self.enterprise.region or ""

    @property
    def name(self) -> str:
        return self.enterprise.name or ""

    @property
    def on(self) -> date:
        """The day of the law."""
        return self.at.date()

    @property
    def registered(self) -> bool:
        """Whether the enterprise stands in the register."""
        return self.enterprise.status == DossierStatus.REGISTERED

    @cached_property
    def facts(self) -> EnterpriseFacts:
        """The facts of the latest dossier; fields that a later version added are left out."""
        if self.fresh_facts is not None:
            return self.fresh_facts
        return EnterpriseFacts.model_validate(self.enterprise.facts, extra="ignore")

    @cached_property
    def titles(self) -> tuple[Title, ...]:
        return tuple(Title.model_validate(row, extra="ignore") for row in self.enterprise.titles)

    @cached_property
    def consents(self) -> tuple[Consent, ...]:
        return tuple(
            Consent.model_validate(row, extra="ignore") for row in self.enterprise.consents
        )


async def keep_dossier(session: Session, fact: DossierChanged) -> Enterprise | None:
    """Keep the dossier; None when a newer one is kept already."""
    enterprise = await newer(session, Enterprise, fact, "dossier_version")
    if enterprise is not None:
        enterprise.name = fact.name
        enterprise.region = fact.facts.region
        enterprise.status = fact.status
        enterprise.facts = fact.facts.model_dump(mode="json", exclude_none=True)
    return enterprise


async def keep_titles(session: Session, fact: TitlesChanged) -> Enterprise | None:
    """Keep the titles; None when newer ones are kept already."""
    enterprise = await newer(session, Enterprise, fact, "titles_version")
    if enterprise is not None:
        enterprise.titles = [title.model_dump(mode="json") for title in fact.titles]
    return enterprise


async def keep_consents(session: Session, fact: ConsentsChanged) -> Enterprise | None:
    """Keep the consents; None when newer ones are kept already."""
    enterprise = await newer(session, Enterprise, fact, "consents_version")
    if enterprise is not None:
        enterprise.consents = [consent.model_dump(mode="json") for consent in fact.consents]
    return enterprise


async def find_enterprise(session: Session, uscc: str, by: Subject) -> Enterprise:
    """The enterprise, when this caller may see it. Raises OutOfScope, EnterpriseNotFound."""
    require_itself(by, uscc)
    enterprise = await session.get(Enterprise, uscc)
    if enterprise is None or enterprise.dossier_version == 0:
        raise enterprise_not_found(uscc)
    require_scope(by, uscc, enterprise.region or "")
    return enterprise
