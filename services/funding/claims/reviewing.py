"""The review of a claim (审核): approved in whole or in part, returned, or rejected, with reasons.

An approval makes the entitlement; payments know no claims.
"""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID, uuid4

from contracts.events.certification import Title
from contracts.events.funding import AmountKind, EntitlementStatus
from services.funding.awards.deciding import END_REASONS
from services.funding.awards.models import Entitlement
from services.funding.awards.schemes import Offer, schemes
from services.funding.awards.service import fact_of
from services.funding.claims.aid import aid_of, cap_of
from services.funding.claims.errors import ReviewIncomplete, TitleFellAway
from services.funding.claims.machine import ClaimMove, ClaimState
from services.funding.claims.models import Claim, ClaimItem
from services.funding.claims.schemas import ReviewOutcome, ReviewWrite
from services.funding.claims.service import (
    add_step,
    items_of,
    lock_claim,
    release_documents,
    require_move,
)
from services.funding.claims.shares import share_on
from services.funding.ledger.service import require_payer
from services.funding.models import Enterprise
from shared import clock
from shared.auth import Subject
from shared.bus import outbox
from shared.db import Session
from shared.errors import ProblemField


async def review_claim(session: Session, claim_id: UUID, wanted: ReviewWrite, by: Subject) -> Claim:
    """Decide a filed claim.

    Raises ClaimNotFound, NotThePayer, IllegalClaimMove, ReviewIncomplete, ShareNotSet,
    TitleFellAway.
    """
    claim = await lock_claim(session, claim_id)
    require_payer(by, claim.payer)
    move = ClaimMove(wanted.outcome)
    before = require_move(claim, move)
    if wanted.outcome is ReviewOutcome.APPROVE:
        await _approve(session, claim, wanted)
    else:
        if wanted.note is None or wanted.items or wanted.amount_cny is not None:
            raise _incomplete("note", "given, and nothing else: say why", "填写理由,其余不填")
        if wanted.outcome is ReviewOutcome.REJECT:
            await release_documents(session, claim)
    await add_step(session, claim, move, before, by, wanted.note)
    return claim


async def _approve(session: Session, claim: Claim, wanted: ReviewWrite) -> None:
    await _require_title(session, claim)
    claim.eligible_cny = _accept(await items_of(session, claim), wanted)
    scheme = schemes()[claim.scheme]
    offer = scheme.amount_on(claim.filed_on)
    assert offer is not None  # it was filed under this offer, and offers are never taken out
    if offer.share is None:
        claim.approved_cny = _granted(offer, wanted)
    else:
        if wanted.amount_cny is not None:
            raise _incomplete("amount_cny", "left out; the share gives it", "不填,按比例计算")
        claim.percent = await share_on(session, scheme, claim.filed_on)
        claim.approved_cny = aid_of(claim.eligible_cny, claim.percent, cap_of(offer))
    if not claim.approved_cny:
        raise _incomplete("outcome", "reject, where nothing is accepted", "为 reject(认可金额为零)")
    entitlement = _entitlement(claim, claim.approved_cny)
    session.add(entitlement)
    await session.flush()  # the claim refers to it
    claim.entitlement_id, claim.state = entitlement.entitlement_id, ClaimState.APPROVED
    await outbox.add(session, fact_of(entitlement))


async def _require_title(session: Session, claim: Claim) -> None:
    """Raises TitleFellAway when the title the claim rests on does not stand any more."""
    if claim.title_kind is None:
        return
    enterprise = await session.get(Enterprise, claim.uscc)
    rows = enterprise.titles if enterprise is not None else []
    for title in (Title.model_validate(row, extra="ignore") for row in rows):
        same = (title.kind, title.authority, title.document_no) == (
            claim.title_kind,
            claim.title_authority,
            claim.document_no,
        )
        if same and title.status in END_REASONS:
            raise TitleFellAway(
                f"The title of the claim ({title.document_no}) is {title.status}. Reject it.",
                f"申报所依据的称号({title.document_no})已{title.status},请不予支持。",
            )


def _accept(items: Sequence[ClaimItem], wanted: ReviewWrite) -> Decimal:
    """Note what is accepted of each document; returns the sum. Raises ReviewIncomplete."""
    reviews = {review.number: review for review in wanted.items}
    numbers = [item.number for item in items]
    if len(reviews) != len(wanted.items) or sorted(reviews) != numbers:
        listed = ", ".join(map(str, numbers))
        raise _incomplete("items", f"one review for each of: {listed}", f"逐项审核:{listed}")
    for item in items:
        review = reviews[item.number]
        if review.accepted_cny > item.amount_cny:
            raise _incomplete(
                f"items.{item.number}.accepted_cny",
                f"at most {item.amount_cny}",
                f"不得超过 {item.amount_cny} 元",
            )
        if review.accepted_cny < item.amount_cny and review.reason is None:
            raise _incomplete(f"items.{item.number}.reason", "given: say why less", "填写核减理由")
        item.accepted_cny, item.reason = review.accepted_cny, review.reason
    return sum((review.accepted_cny for review in wanted.items), Decimal(0))


def _granted(offer: Offer, wanted: ReviewWrite) -> Decimal:
    """The amount the payer grants where it is no share. Raises ReviewIncomplete."""
    cap = cap_of(offer)
    if wanted.amount_cny is None or (cap is not None and wanted.amount_cny > cap):
        most, most_zh = ("", "") if cap is None else (f", at most {cap}", f",不超过 {cap} 元")
        raise _incomplete("amount_cny", f"given{most}", f"填写{most_zh}")
    return wanted.amount_cny


def _entitlement(claim: Claim, amount: Decimal) -> Entitlement:
    today = clock.today()
    return Entitlement(
        entitlement_id=uuid4(),
        uscc=claim.uscc,
        payee_kind=claim.payee_kind,
        scheme=claim.scheme,
        period=claim.period,
        origin="claim",
        status=EntitlementStatus.APPEARED,
        automatic=False,
        payer=claim.payer,
        budget_year=today.year,
        amount_kind=AmountKind.FIXED,
        amount_min_cny=amount,
        amount_max_cny=amount,
        granted_cny=amount,
        payable_cny=amount,
        title_kind=claim.title_kind,
        title_authority=claim.title_authority,
        document_no=claim.document_no,
        effective_on=today,
        appeared_at=clock.now(),
    )


def _incomplete(field: str, needed: str, needed_zh: str) -> ReviewIncomplete:
    return ReviewIncomplete(
        f"{field} must be {needed}.",
        f"{field} 应{needed_zh}。",
        [ProblemField(field=f"body.{field}", message=needed)],
    )
