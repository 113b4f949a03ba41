"""What funding keeps of enterprises: the latest dossier, titles and consents, each by its version.

Owns the `enterprise` table. A fact that is not newer than the one kept is ignored, so the three
topics may arrive in any order and more than once. Judges nothing.
"""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from sqlalchemy import ColumnElement, and_, false, not_, or_
from sqlmodel import col

from contracts.events.certification import Title, TitlesChanged
from contracts.events.enterprise import Consent, ConsentsChanged, DossierChanged, DossierStatus
from contracts.facts import EnterpriseFacts
from services.funding.errors import EnterpriseUnknown, OutOfScope
from services.funding.models import Enterprise
from shared.auth import Role, Subject
from shared.authorities import scope_of
from shared.db import Session, lock_keys


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
    enterprise = await _find_or_add(session, fact.uscc)
    if fact.version <= enterprise.dossier_version:
        return None
    enterprise.name = fact.name
    enterprise.region = fact.facts.region
    enterprise.status = fact.status
    enterprise.facts = fact.facts.model_dump(mode="json", exclude_none=True)
    enterprise.dossier_version = fact.version
    return enterprise


async def keep_titles(session: Session, fact: TitlesChanged) -> Enterprise | None:
    """Keep the titles; None when newer ones are kept already."""
    enterprise = await _find_or_add(session, fact.uscc)
    if fact.version <= enterprise.titles_version:
        return None
    enterprise.titles = [title.model_dump(mode="json") for title in fact.titles]
    enterprise.titles_version = fact.version
    return enterprise


async def keep_consents(session: Session, fact: ConsentsChanged) -> Enterprise | None:
    """Keep the consents; None when newer ones are kept already."""
    enterprise = await _find_or_add(session, fact.uscc)
    if fact.version <= enterprise.consents_version:
        return None
    enterprise.consents = [consent.model_dump(mode="json") for consent in fact.consents]
    enterprise.consents_version = fact.version
    return enterprise


async def find_enterprise(session: Session, uscc: str, by: Subject) -> Enterprise:
    """The enterprise, when this caller may see it. Raises OutOfScope, EnterpriseUnknown."""
    if by.role is Role.ENTERPRISE:
        _require_scope(by, uscc, region="")
    enterprise = await session.get(Enterprise, uscc)
    if enterprise is None or enterprise.dossier_version == 0:
        raise EnterpriseUnknown(
            f"Funding knows no dossier of {uscc}. Register it with POST /v1/enterprises; a new"
            " dossier arrives here within seconds.",
            f"{uscc} 尚未建档,请先通过 POST /v1/enterprises 建档;新建档案数秒内同步。",
        )
    _require_scope(by, uscc, enterprise.region or "")
    return enterprise


def covered_by(authority: str | None) -> ColumnElement[bool]:
    """Enterprises within the authority's scope; an unknown authority covers none."""
    scope = scope_of(authority)
    if scope is None:
        return false()
    region = col(Enterprise.region)
    covered = or_(false(), *(region.startswith(prefix) for prefix in scope.covers))
    left_out = or_(false(), *(region.startswith(prefix) for prefix in scope.excludes))
    return and_(covered, not_(left_out))


async def _find_or_add(session: Session, uscc: str) -> Enterprise:
    await lock_keys(session, [uscc])
    enterprise = await session.get(Enterprise, uscc)
    if enterprise is None:
        enterprise = Enterprise(uscc=uscc)
        session.add(enterprise)
        await session.flush()
    return enterprise


def _require_scope(by: Subject, uscc: str, region: str) -> None:
    if by.may_see(uscc, region):
        return
    raise OutOfScope(
        f"{uscc} is outside your scope. An enterprise sees itself; an authority sees the"
        " enterprises of the regions it covers (/v1/dictionaries/authorities).",
        f"{uscc} 不在您的权限范围内:企业仅可查看自身,主管部门仅可查看所辖区域的企业。",
    )
