"""Use cases of the claims on the payee's side: file, resubmit, withdraw; and what time does.

One claim per payee, scheme and period; a document stands in one open or approved claim. A claim
stays on the offer and the titles of the day it was filed.
"""

import unicodedata
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid4

from sqlalchemy import Text, cast, func
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from services.funding.awards.service import find_scheme
from services.funding.claims.eligibility import incomplete, payee_code, payee_of, period_of
from services.funding.claims.errors import (
    ClaimExists,
    ClaimNotFound,
    DocumentUsed,
    NotClaimable,
)
from services.funding.claims.machine import (
    MOVES,
    ClaimMove,
    ClaimState,
    due_from,
    procedure,
    require_allowed,
)
from services.funding.claims.models import Claim, ClaimItem, ClaimStep
from services.funding.claims.schemas import (
    ClaimItemWrite,
    ClaimWrite,
    ResubmissionWrite,
    WithdrawalWrite,
)
from shared import clock
from shared.auth import Role, Subject
from shared.authorities import covers
from shared.db import Session, lock_keys

PLATFORM = "platform"


async def file_claim(session: Session, wanted: ClaimWrite, by: Subject) -> Claim:
    """File a claim; one that was withdrawn or lapsed is filed anew under its old number.

    Raises AwardSchemeNotFound, NotClaimable, EnterpriseNotFound, NotEligible, ClaimIncomplete,
    ClaimExists, DocumentUsed.
    """
    scheme = find_scheme(wanted.scheme_id)
    uscc = payee_code(scheme, by)
    await lock_keys(session, [uscc])
    today = clock.today()
    if scheme.amount_on(today) is None:
        raise NotClaimable(
            f"{scheme.id} offers nothing on {today}; see GET /v1/award-schemes/{scheme.id}.",
            f"{scheme.zh}在 {today} 未施行,请查看 GET /v1/award-schemes/{scheme.id}。",
        )
    name, title = await payee_of(session, scheme, wanted, by, uscc)
    period = period_of(scheme, wanted.project)
    claim = await _claim_of(session, uscc, scheme.id, period)
    if claim is None:
        claim = Claim(
            claim_id=uuid4(),
            uscc=uscc,
            payee_kind=scheme.payee,
            payee_name=name,
            scheme=scheme.id,
            payer=scheme.payer.code,
            period=period,
            state=ClaimState.FILED,
            filed_on=today,
            changed_at=clock.now(),
            claimed_cny=_sum(wanted.items),
        )
        session.add(claim)
        before = None
    elif claim.state in MOVES[ClaimMove.FILE][0]:
        before = ClaimState(claim.state)
    else:
        raise ClaimExists(
            f"There is a claim under {scheme.id} for {period}: {claim.claim_id}, {claim.state}.",
            f"该项目 {period} 期间已有申报 {claim.claim_id},状态 {claim.state}。",
        )
    claim.payee_name, claim.filed_on = name, today
    if title is not None:
        claim.title_kind, claim.title_authority = title.kind, title.authority
        claim.document_no = title.document_no
    await _put_items(session, claim, wanted.items)
    await add_step(session, claim, ClaimMove.FILE, before, by, None)
    return claim


async def resubmit_claim(
    session: Session, claim_id: UUID, wanted: ResubmissionWrite, by: Subject
) -> Claim:
    """Send the whole evidence anew after a return (补正).

    Raises ClaimNotFound, IllegalClaimMove, ClaimIncomplete, DocumentUsed.
    """
    claim = await _lock_own(session, claim_id, by)
    before = require_move(claim, ClaimMove.RESUBMIT)
    await _put_items(session, claim, wanted.items)
    await add_step(session, claim, ClaimMove.RESUBMIT, before, by, wanted.note)
    return claim


async def withdraw_claim(
    session: Session, claim_id: UUID, wanted: WithdrawalWrite, by: Subject
) -> Claim:
    """Withdraw a claim that is not decided; withdrawing twice is once (撤回).

    Raises ClaimNotFound, IllegalClaimMove.
    """
    claim = await _lock_own(session, claim_id, by)
    if claim.state == ClaimState.WITHDRAWN:
        return claim
    before = require_move(claim, ClaimMove.WITHDRAW)
    await release_documents(session, claim)
    await add_step(session, claim, ClaimMove.WITHDRAW, before, by, wanted.note)
    return claim


async def find_due(session: Session, now: datetime, after: str, limit: int) -> Sequence[str]:
    """Claims, after this one, whose state has lasted too long."""
    key = cast(col(Claim.claim_id), Text)
    statement = select(key).where(col(Claim.due_at) <= now, key > after)
    return (await session.exec(statement.order_by(key).limit(limit))).all()


async def fire_deadlines(session: Session, keys: Sequence[str], now: datetime) -> None:
    """Let the deadlines of these claims fire, once each; none for a claim that has moved on."""
    ids = [UUID(key) for key in keys]
    found = await session.exec(select(Claim.uscc).where(col(Claim.claim_id).in_(ids)))
    await lock_keys(session, found.all())
    statement = select(Claim).where(col(Claim.claim_id).in_(ids), col(Claim.due_at) <= now)
    due = (await session.exec(statement.order_by(col(Claim.claim_id)))).all()
    for claim in due:
        then = procedure().deadlines[ClaimState(claim.state)].then
        if then is None:
            claim.overdue_at, claim.due_at = now, None
            continue
        before = require_move(claim, then)
        await release_documents(session, claim)
        await add_step(session, claim, then, before, None, None)


async def find_claim(session: Session, claim_id: UUID, by: Subject) -> Claim:
    """The claim, for its payee and those who oversee its payer. Raises ClaimNotFound."""
    claim = await session.get(Claim, claim_id)
    if claim is None or not (is_payee(by, claim) or _oversees(by, claim)):
        raise _not_found(claim_id)
    return claim


async def lock_claim(session: Session, claim_id: UUID) -> Claim:
    """The claim, its payee's key locked before it is read. Raises ClaimNotFound."""
    uscc = await session.scalar(select(Claim.uscc).where(Claim.claim_id == claim_id))
    if uscc is None:
        raise _not_found(claim_id)
    await lock_keys(session, [str(uscc)])
    claim = await session.get(Claim, claim_id, populate_existing=True)
    assert claim is not None  # claims are never deleted
    return claim


async def claims_of(session: Session, uscc: str) -> Sequence[Claim]:
    """Every claim of a payee."""
    return (await session.exec(select(Claim).where(Claim.uscc == uscc))).all()


async def items_of(session: Session, claim: Claim) -> Sequence[ClaimItem]:
    """The documents of the last round, in order."""
    statement = select(ClaimItem).where(
        ClaimItem.claim_id == claim.claim_id, ClaimItem.round == claim.round
    )
    return (await session.exec(statement.order_by(col(ClaimItem.number)))).all()


async def steps_of(session: Session, claim_id: UUID) -> Sequence[ClaimStep]:
    """Every move of the claim, oldest first."""
    statement = select(ClaimStep).where(ClaimStep.claim_id == claim_id)
    return (await session.exec(statement.order_by(col(ClaimStep.number)))).all()


def require_move(claim: Claim, move: ClaimMove) -> ClaimState:
    """The state of the claim, which allows the move. Raises IllegalClaimMove."""
    before = ClaimState(claim.state)
    require_allowed(before, move)
    return before


async def add_step(
    session: Session,
    claim: Claim,
    move: ClaimMove,
    before: ClaimState | None,
    by: Subject | None,
    note: str | None,
) -> None:
    """Make the move, the platform's own without a caller, and begin the new deadline."""
    now, state = clock.now(), MOVES[move][1]
    claim.state, claim.changed_at = state, now
    claim.due_at, claim.overdue_at = due_from(state, now), None
    last = await session.scalar(
        select(func.max(ClaimStep.number)).where(ClaimStep.claim_id == claim.claim_id)
    )
    session.add(
        ClaimStep(
            claim_id=claim.claim_id,
            number=int(last or 0) + 1,
            move=move,
            before=before,
            after=state,
            role=PLATFORM if by is None else by.role,
            moved_by=PLATFORM if by is None else by.sub,
            moved_at=now,
            note=note,
        )
    )


async def release_documents(session: Session, claim: Claim) -> None:
    """Let the documents of a claim that came to nothing be used elsewhere."""
    for item in await items_of(session, claim):
        item.counts = False


def is_payee(by: Subject, claim: Claim) -> bool:
    """Whether the caller filed the claim."""
    return by.role in (Role.ENTERPRISE, Role.INSTITUTION) and by.uscc == claim.uscc


def _oversees(by: Subject, claim: Claim) -> bool:
    staff = by.role not in (Role.ENTERPRISE, Role.INSTITUTION)
    return staff and covers(by.authority, claim.payer)


async def _claim_of(session: Session, uscc: str, scheme: str, period: str) -> Claim | None:
    statement = select(Claim).where(
        Claim.uscc == uscc, Claim.scheme == scheme, Claim.period == period
    )
    return (await session.exec(statement)).one_or_none()


async def _put_items(session: Session, claim: Claim, items: Sequence[ClaimItemWrite]) -> None:
    """The documents of a new round. Raises ClaimIncomplete, DocumentUsed."""
    late = [n for n, item in enumerate(items, 1) if item.issued_on > clock.today()]
    if late:
        raise incomplete(f"items.{late[0] - 1}.issued_on", "not in the future", "不得晚于今日")
    await release_documents(session, claim)
    await session.flush()  # the items refer to the claim row, and the last round lets go first
    claim.round += 1
    claim.claimed_cny = _sum(items)
    session.add_all(
        ClaimItem(
            claim_id=claim.claim_id,
            round=claim.round,
            number=number,
            **item.model_dump(exclude={"issuer", "document_no"}),
            issuer=_plain(item.issuer),
            document_no=_plain(item.document_no),
        )
        for number, item in enumerate(items, 1)
    )
    try:
        await session.flush()
    except IntegrityError as error:
        if "claim_item_document_once" not in str(error.orig):
            raise
        raise DocumentUsed(
            "A document of this claim, by kind, issuer and number, is in it twice or stands in"
            " another claim that is open or approved. A cost is aided once.",
            "凭证(类型、开具方、号码)在本申报中重复,或已用于其他在办、已核定的申报;同一费用不得重复补助。",
        ) from None


def _plain(text: str) -> str:
    """Half width, upper case, no spaces: a document is the same however its number is typed."""
    return "".join(unicodedata.normalize("NFKC", text).upper().split())


def _sum(items: Sequence[ClaimItemWrite]) -> Decimal:
    return sum((item.amount_cny for item in items), Decimal(0))


async def _lock_own(session: Session, claim_id: UUID, by: Subject) -> Claim:
    """The caller's own claim, locked. Raises ClaimNotFound."""
    claim = await lock_claim(session, claim_id)
    if not is_payee(by, claim):
        raise _not_found(claim_id)
    return claim


def _not_found(claim_id: UUID) -> ClaimNotFound:
    return ClaimNotFound(
        f"There is no claim {claim_id} for you. GET /v1/claims lists yours.",
        f"没有您可办理的申报 {claim_id},请查看 GET /v1/claims。",
    )
