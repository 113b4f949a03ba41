"""Use cases of the providers: apply, be reviewed, enter and leave the database (遴选)."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from sqlmodel import col, func, select

from contracts.events.catalog import PROVIDER, ProviderChanged, ProviderKind, ProviderStatus
from services.catalog.errors import NotListed, NotQualified, ProviderExists, ProviderNotFound
from services.catalog.machine import Machine, Move, load_machine
from services.catalog.providers.models import Provider, ProviderReview
from services.catalog.providers.schemas import FindingWrite, ProviderWrite, ReviewWrite
from services.catalog.scope import oversees, require_offeror
from shared import clock
from shared.auth import Role, Subject
from shared.bus import outbox
from shared.db import Session, lock_keys
from shared.errors import ProblemField
from shared.rules.lined_yaml import read_tree

RULES = Path(__file__).parent.parent / "rules" / "provider.yaml"
PLATFORM = Subject(sub="platform", role=Role.OPERATOR)
"""The platform itself, where a rule and no person decides."""


@cache
def machine() -> Machine:
    """The states of a provider and who moves it."""
    return load_machine(RULES)


@cache
def criteria() -> tuple[dict[str, Any], ...]:
    """What a review must find before a provider enters."""
    return tuple(dict(row) for row in read_tree(RULES)["criteria"])


def actors_of(by: Subject, provider: Provider) -> frozenset[str]:
    """On which sides of this provider the caller stands."""
    if by == PLATFORM:
        return frozenset({"platform"})
    if by.role is Role.PROVIDER and by.org == provider.provider:
        return frozenset({"provider"})
    return frozenset({"authority"}) if oversees(by, provider.authority) else frozenset()


async def register_provider(session: Session, wanted: ProviderWrite, by: Subject) -> Provider:
    """A provider applies (申请入库) and waits as a candidate.

    Raises OutsideDatabase, ProviderExists.
    """
    require_offeror(by, wanted.provider, wanted.authority)
    await lock_keys(session, [wanted.provider])
    if await session.get(Provider, wanted.provider) is not None:
        raise ProviderExists(
            f"The code {wanted.provider} is taken. Read the entry, or choose another code.",
            f"服务商编号 {wanted.provider} 已存在,请更换编号。",
        )
    now = clock.now()
    provider = Provider(
        status=ProviderStatus.CANDIDATE, registered_at=now, changed_at=now, **wanted.model_dump()
    )
    session.add(provider)
    return provider


async def review_provider(
    session: Session, code: str, review: ReviewWrite, by: Subject
) -> Provider:
    """Decide about a provider, with a reason; from the first listing on the change is published.

    Raises ProviderNotFound, OutsideDatabase, IllegalMove, MoveNotYours, NotQualified.
    """
    await lock_keys(session, [code])
    provider = await find_provider(session, code)
    if by != PLATFORM:
        require_offeror(by, code, provider.authority)
    move = machine().require(provider.status, review.move, actors_of(by, provider))
    if "findings" in move.needs:
        _require_qualified(review.findings)
    return await _move(session, provider, move, review, by)


async def find_provider(session: Session, code: str) -> Provider:
    """The provider. Raises ProviderNotFound."""
    provider = await session.get(Provider, code)
    if provider is None:
        raise ProviderNotFound(
            f"There is no provider {code[:40]}. GET /v1/service-providers lists them.",
            f"没有编号为 {code[:40]} 的服务商。",
        )
    return provider


async def find_listed(session: Session, code: str) -> Provider:
    """The provider, when it is in the database now. Raises ProviderNotFound, NotListed."""
    provider = await find_provider(session, code)
    if provider.status != ProviderStatus.LISTED:
        raise NotListed(
            f"{code} is {provider.status}. Choose a provider that is listed.",
            f"服务商 {code} 当前状态为“{machine().states[provider.status]}”,请选择入库服务商。",
        )
    return provider


async def reviews_of(session: Session, code: str) -> Sequence[ProviderReview]:
    """Every decision about the provider, oldest first."""
    statement = select(ProviderReview).where(ProviderReview.provider == code)
    return (await session.exec(statement.order_by(col(ProviderReview.number)))).all()


def _require_qualified(findings: Sequence[FindingWrite]) -> None:
    met = {finding.criterion for finding in findings if finding.met}
    open_ = [row for row in criteria() if row["id"] not in met]
    if open_:
        names = ", ".join(row["id"] for row in open_)
        raise NotQualified(
            f"To list a provider, every criterion must be found met; open: {names}.",
            f"入库须满足全部遴选条件,尚缺:{'、'.join(row['zh'] for row in open_)}。",
            [ProblemField(field=f"findings.{row['id']}", message=row["en"]) for row in open_],
        )


async def _move(
    session: Session, provider: Provider, move: Move, review: ReviewWrite, by: Subject
) -> Provider:
    now, code = clock.now(), provider.provider
    provider.status, provider.status_reason = move.target, review.reason
    provider.changed_at = now
    if move.name in ("restore", "list"):
        provider.warnings = 0
    count = await session.scalar(
        select(func.count()).select_from(ProviderReview).where(ProviderReview.provider == code)
    )
    session.add(
        ProviderReview(
            provider=code,
            number=int(count or 0) + 1,
            move=move.name,
            status=move.target,
            reason=review.reason,
            findings=[finding.model_dump() for finding in review.findings],
            reviewed_by=by.sub,
            reviewed_at=now,
        )
    )
    if provider.version or move.target == ProviderStatus.LISTED:
        await _publish(session, provider)
    return provider


async def _publish(session: Session, provider: Provider) -> None:
    provider.version = await outbox.next_version(session, PROVIDER, provider.provider)
    await outbox.add(
        session,
        ProviderChanged(
            provider=provider.provider,
            version=provider.version,
            status=ProviderStatus(provider.status),
            kind=ProviderKind(provider.kind),
            name=provider.name,
            authority=provider.authority,
            reason=provider.status_reason,
        ),
    )
