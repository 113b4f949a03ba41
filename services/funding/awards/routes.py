"""HTTP of the awards: what a payer offers, what an enterprise may have, the totals."""

from decimal import Decimal

from contracts.events.funding import AmountKind, EntitlementStatus
from services.funding.awards import wording
from services.funding.awards.deciding import EndReason
from services.funding.awards.models import Entitlement
from services.funding.awards.schemas import (
    AmountRead,
    AwardSchemeList,
    AwardSchemeRead,
    EntitlementList,
    EntitlementRead,
    EntitlementSummary,
    SchemeTotal,
    SubtypeRead,
)
from services.funding.awards.schemes import Amount, Scheme, schemes
from services.funding.awards.service import entitlements_of, find_scheme, sum_entitlements
from services.funding.enterprises import find_enterprise
from services.funding.rule_files import Texts
from shared.app import create_router
from shared.auth import open_to_all
from shared.http import Db
from shared.scope import Reader, Staff
from shared.uscc import CheckedUscc

router = create_router("奖补 Awards")


@router.get("/v1/award-schemes", summary="奖补项目列表", dependencies=[open_to_all])
async def list_award_schemes(payer: str | None = None, title: str | None = None) -> AwardSchemeList:
    """What payers offer for titles, as the rule files say, with source and verification."""
    return AwardSchemeList(
        schemes=[
            _scheme(scheme)
            for scheme in schemes().values()
            if payer in (None, scheme.payer.code) and title in (None, scheme.title)
        ]
    )


@router.get("/v1/award-schemes/{scheme_id}", summary="奖补项目", dependencies=[open_to_all])
async def read_award_scheme(scheme_id: str) -> AwardSchemeRead:
    """One scheme with every amount it ever had."""
    return _scheme(find_scheme(scheme_id))


@router.get("/v1/enterprises/{uscc}/entitlements", summary="企业奖补权益")
async def list_entitlements(uscc: CheckedUscc, session: Db, caller: Reader) -> EntitlementList:
    """What the enterprise may have, how much, by when, from whom and why."""
    await find_enterprise(session, uscc, caller)
    rows = sorted(
        await entitlements_of(session, uscc),
        key=lambda row: (
            row.ended,
            -(row.payable_cny or 0),
            -(row.amount_max_cny or 0),
            row.scheme,
        ),
    )
    return EntitlementList(
        uscc=uscc,
        payable_cny=sum((row.payable_cny or Decimal(0) for row in rows), Decimal(0)),
        entitlements=[_entitlement(row) for row in rows],
    )


@router.get("/v1/entitlements/summary", summary="奖补汇总")
async def summarise_entitlements(session: Db, caller: Staff) -> EntitlementSummary:
    """Counts and payable amounts of the enterprises within the caller's authority."""
    totals = await sum_entitlements(session, caller.authority)
    return EntitlementSummary(
        authority=caller.authority or "",
        automatic=sum(total.count for total in totals if total.automatic),
        to_be_set=sum(total.to_be_set for total in totals),
        ended=sum(total.ended for total in totals),
        payable_cny=sum((total.payable_cny for total in totals), Decimal(0)),
        schemes=[
            SchemeTotal(
                scheme_id=total.scheme,
                name=_name(schemes()[total.scheme]),
                automatic=total.automatic,
                count=total.count,
                ended=total.ended,
                payable_cny=total.payable_cny,
            )
            for total in totals
        ],
    )


def _name(scheme: Scheme) -> Texts:
    return Texts(zh=scheme.zh, en=scheme.en)


def _scheme(scheme: Scheme) -> AwardSchemeRead:
    return AwardSchemeRead(
        scheme_id=scheme.id,
        name=_name(scheme),
        title=scheme.title,
        payer=scheme.payer.code,
        payer_name=scheme.payer.name,
        payer_level=scheme.payer.level,
        automatic=scheme.automatic,
        occasions=None if scheme.occasions is None else list(scheme.occasions),
        period=scheme.period,
        stacking=scheme.stacking,
        amounts=[_amount(amount) for amount in scheme.amounts],
        notes=[note for note in (scheme.payer.note, scheme.payer.scope_note) if note],
        contact=scheme.contact,
    )


def _amount(amount: Amount) -> AmountRead:
    least, most = amount.bounds
    subtypes = amount.value if isinstance(amount.value, tuple) else ()
    return AmountRead(
        since=amount.since,
        until=amount.until,
        kind=amount.kind,
        min_cny=None if least is None else Decimal(least),
        max_cny=None if most is None else Decimal(most),
        subtypes=[
            SubtypeRead(name=Texts(zh=part.subtype, en=part.en), amount_cny=Decimal(part.amount))
            for part in subtypes
        ],
        printed=amount.printed,
        source=amount.source,
        verification=amount.verification,
    )


def _entitlement(row: Entitlement) -> EntitlementRead:
    scheme = schemes()[row.scheme]
    amount = scheme.amount_on(row.effective_on) or scheme.amounts[-1]
    return EntitlementRead(
        entitlement_id=row.entitlement_id,
        scheme_id=row.scheme,
        name=_name(scheme),
        period=row.period,
        status=EntitlementStatus(row.status),
        automatic=row.automatic,
        amount_kind=AmountKind(row.amount_kind),
        amount_min_cny=row.amount_min_cny,
        amount_max_cny=row.amount_max_cny,
        payable_cny=row.payable_cny,
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
