"""Schemes and entitlements as the API shows them, with the words of their rule files."""

from decimal import Decimal

from contracts.events.funding import AmountKind, EntitlementStatus
from services.funding.awards import wording
from services.funding.awards.deciding import EndReason
from services.funding.awards.models import Entitlement
from services.funding.awards.schemas import (
    AwardSchemeRead,
    ConditionRead,
    EntitlementRead,
    OfferRead,
    SubtypeRead,
)
from services.funding.awards.schemes import Offer, Scheme, schemes
from services.funding.awards.service import offer_for
from services.funding.rule_files import Texts
from shared.rules.atoms import leaves_of


def name_of(scheme: Scheme) -> Texts:
    """The scheme's name in both languages."""
    return Texts(zh=scheme.zh, en=scheme.en)


def show_scheme(scheme: Scheme) -> AwardSchemeRead:
    """A scheme with every offer it ever had."""
    return AwardSchemeRead(
        scheme_id=scheme.id,
        name=name_of(scheme),
        titles=list(scheme.titles),
        payee=scheme.payee,
        benefit=scheme.benefit,
        origin=scheme.origin,
        payer=scheme.payer.code,
        payer_name=scheme.payer.name,
        payer_level=scheme.payer.level,
        automatic=scheme.automatic,
        occasions=None if scheme.occasions is None else list(scheme.occasions),
        period=scheme.period,
        stacking=scheme.stacking,
        shortage=scheme.shortage,
        claw_back=list(scheme.claw_back),
        amounts=[show_offer(amount) for amount in scheme.amounts],
        conditions=_conditions(scheme),
        also_checked=list(scheme.also_checked),
        notes=[n for n in (scheme.payer.note, scheme.payer.scope_note, *scheme.notes) if n],
        contact=scheme.contact,
    )


def show_offer(amount: Offer) -> OfferRead:
    """An offer as the source prints it and as it is read."""
    least, most = amount.bounds
    return OfferRead(
        since=amount.since,
        until=amount.until,
        kind=amount.kind,
        min_cny=None if least is None else Decimal(least),
        max_cny=None if most is None else Decimal(most),
        subtypes=[
            SubtypeRead(name=Texts(zh=part.subtype, en=part.en), amount_cny=Decimal(part.amount))
            for part in amount.subtypes
        ],
        share_percent=None if amount.share is None else amount.share.percent,
        quantity=amount.quantity,
        unit=amount.unit,
        printed=amount.printed,
        source=amount.source,
        verification=amount.verification,
    )


def show_entitlement(row: Entitlement) -> EntitlementRead:
    """An entitlement with its scheme's words."""
    scheme = schemes()[row.scheme]
    amount = offer_for(row)
    return EntitlementRead(
        entitlement_id=row.entitlement_id,
        scheme_id=row.scheme,
        name=name_of(scheme),
        payee_kind=row.payee_kind,
        origin=row.origin,
        benefit=scheme.benefit,
        period=row.period,
        status=EntitlementStatus(row.status),
        automatic=row.automatic,
        amount_kind=AmountKind(row.amount_kind),
        amount_min_cny=row.amount_min_cny,
        amount_max_cny=row.amount_max_cny,
        payable_cny=row.payable_cny,
        granted_cny=row.granted_cny,
        quantity=None if row.quantity is None else int(row.quantity),
        unit=row.unit,
        subtype=row.subtype,
        payer=row.payer,
        payer_name=scheme.payer.name,
        payer_level=scheme.payer.level,
        title=row.title_kind,
        document_no=row.document_no,
        effective_on=row.effective_on,
        reason=wording.why(row),
        deadline_on=None,
        when=wording.when(row),
        contact=scheme.contact,
        stacking=scheme.stacking,
        source=amount.source,
        verification=amount.verification,
        appeared_at=row.appeared_at,
        ended_at=row.ended_at,
        end_reason=None if row.end_reason is None else EndReason(row.end_reason),
    )


def _conditions(scheme: Scheme) -> list[ConditionRead]:
    tests = [] if scheme.conditions is None else leaves_of(scheme.conditions)
    return [
        ConditionRead(
            id=test.id,
            text=Texts(zh=test.zh, en=test.en),
            needed=Texts(zh=test.needed_zh, en=test.needed_en),
            source=test.provenance.source,
            verification=test.provenance.verification,
        )
        for test in tests
    ]


def largest_first(row: Entitlement) -> tuple[bool, Decimal, Decimal, str, str]:
    """The order of entitlements: running ones first, the largest first."""
    return (
        row.ended,
        -(row.payable_cny or Decimal(0)),
        -(row.amount_max_cny or Decimal(0)),
        row.scheme,
        row.period,
    )
