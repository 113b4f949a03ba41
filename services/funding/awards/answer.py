"""One answer for the enterprise: what it gets, and what separates it from the rest (我的奖补).

Pure: it reads what the use cases found. The largest comes first. What may be had together is said
for awards of several payers for one title, as far as their clauses are known.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from services.funding.awards.deciding import Holder
from services.funding.awards.models import Entitlement
from services.funding.awards.schemas import (
    AwardAnswer,
    AwardRead,
    Combination,
    NotYetRead,
    PaymentBrief,
    UnmetRead,
)
from services.funding.awards.schemes import Offer, Scheme, schemes
from services.funding.awards.showing import largest_first, name_of, show_entitlement, show_offer
from services.funding.awards.unmet import unmet_of
from services.funding.claims.machine import MOVES, ClaimMove, ClaimState
from services.funding.claims.models import Claim
from services.funding.rule_files import Texts
from shared.rules.metric import Reading

COMES_BY_ITSELF = Texts(
    zh="满足条件后自动产生,无需申请。", en="It comes by itself once everything is met."
)
FILE_A_CLAIM = Texts(
    zh="满足条件后通过 POST /v1/claims 申报。",
    en="File a claim with POST /v1/claims once everything is met.",
)
CLAUSES = {
    "add": Texts(zh="可与其他奖补同时享受。", en="Paid in full beside the other."),
    "fill_up": Texts(
        zh="就高补差:仅补足至本项标准。", en="Pays only what the other leaves to its own amount."
    ),
    "exclude": Texts(zh="不重复享受:已有其他奖补的不再发放。", en="Pays nothing beside the other."),
    "unknown": Texts(
        zh="来源未载明能否叠加,请向奖补主体核实。",
        en="The source does not say whether both are paid; ask the payers.",
    ),
}


@dataclass(frozen=True)
class Facts:
    """What is known of one enterprise on a day."""

    offered: Sequence[Scheme]
    """The schemes of its region."""
    holder: Holder
    reading: Reading
    rows: Sequence[Entitlement]
    claims: Sequence[Claim]
    payments: Mapping[UUID, PaymentBrief]
    """The latest payment by entitlement."""
    shares: Mapping[str, Decimal]
    """The share of the cost that the payer set, by scheme."""


def answer_for(uscc: str, facts: Facts) -> AwardAnswer:
    """The whole answer on a day."""
    on = facts.holder.on
    held = {(row.scheme, row.period): row for row in facts.rows}
    known = [scheme for scheme in facts.offered if scheme.amount_on(on) is not None]
    rows = sorted(facts.rows, key=largest_first)
    running = [row for row in rows if not row.ended]
    return AwardAnswer(
        uscc=uscc,
        judged_on=on,
        payable_cny=sum((row.payable_cny or Decimal(0) for row in running), Decimal(0)),
        to_be_set=sum(row.is_money and row.payable_cny is None for row in running),
        awards=[
            AwardRead(
                **show_entitlement(row).model_dump(),
                payment=facts.payments.get(row.entitlement_id),
                combinations=combinations(schemes()[row.scheme], known),
            )
            for row in rows
        ],
        not_yet=sorted(
            (
                _not_yet(scheme, known, facts)
                for scheme in known
                if scheme.payee == "enterprise" and not _is_had(scheme, facts.holder, held)
            ),
            key=_most_first,
        ),
    )


def combinations(scheme: Scheme, known: Iterable[Scheme]) -> list[Combination]:
    """Other payers' awards for the same title, and whether both can be had."""
    if not scheme.is_money or scheme.origin != "title":
        return []
    return [
        Combination(
            scheme_id=other.id,
            name=name_of(other),
            payer=other.payer.code,
            clause=scheme.stacking,
            combinable=_together(scheme, other),
            text=CLAUSES[scheme.stacking],
        )
        for other in known
        if other.is_money
        and other.origin == "title"
        and other.payer.code != scheme.payer.code
        and set(other.titles) & set(scheme.titles)
    ]


def _together(one: Scheme, other: Scheme) -> bool | None:
    """Whether both pay; None where a clause is not known."""
    clauses = {one.stacking, other.stacking}
    if "exclude" in clauses:
        return False
    return None if "unknown" in clauses else True


def _is_had(scheme: Scheme, holder: Holder, held: Mapping[tuple[str, str], Entitlement]) -> bool:
    """Whether this period's entitlement runs, or was paid for and cannot come again."""
    row = held.get((scheme.id, scheme.period_of(holder.on)))
    return row is not None and (not row.ended or row.payable_cny is not None)


def _not_yet(scheme: Scheme, known: Iterable[Scheme], facts: Facts) -> NotYetRead:
    on = facts.holder.on
    offer = scheme.amount_on(on)
    assert offer is not None  # only schemes with an offer on the day are asked
    unmet = unmet_of(scheme, facts.holder, facts.reading)
    key = scheme.id, scheme.period_of(on)
    claim = next((one for one in facts.claims if (one.scheme, one.period) == key), None)
    free = claim is None or claim.state in MOVES[ClaimMove.FILE][0]
    return NotYetRead(
        scheme_id=scheme.id,
        name=name_of(scheme),
        benefit=scheme.benefit,
        payer=scheme.payer.code,
        payer_name=scheme.payer.name,
        offer=show_offer(offer),
        share_percent=facts.shares.get(scheme.id, _stated_share(offer)),
        origin=scheme.origin,
        how=FILE_A_CLAIM if scheme.origin == "claim" else COMES_BY_ITSELF,
        claimable=scheme.origin == "claim" and not unmet and free,
        claim_id=None if claim is None else claim.claim_id,
        claim_state=None if claim is None else ClaimState(claim.state),
        unmet=[UnmetRead.model_validate(one, from_attributes=True) for one in unmet],
        also_checked=list(scheme.also_checked),
        notes=list(scheme.notes),
        combinations=combinations(scheme, known),
        contact=scheme.contact,
    )


def _stated_share(offer: Offer) -> Decimal | None:
    stated = None if offer.share is None else offer.share.percent
    return None if stated is None else Decimal(stated)


def _most_first(scheme: NotYetRead) -> tuple[Decimal, int, str]:
    return -(scheme.offer.max_cny or Decimal(0)), len(scheme.unmet), scheme.scheme_id
