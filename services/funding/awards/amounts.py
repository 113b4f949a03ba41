"""The payer sets an amount (核定金额) where the source gives bounds or several amounts.

Until then nothing is payable and the entitlement is in no total. Every decision is kept with its
reason. Once a payment takes the entitlement up, the amount stays; corrections go by reversal.
"""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from sqlmodel import col, select

from contracts.events.funding import AmountKind
from services.funding.awards.errors import AmountNotOpen, AmountOutOfBounds, EntitlementNotFound
from services.funding.awards.models import AmountDecision, Entitlement
from services.funding.awards.schemas import AmountWrite
from services.funding.awards.service import entitlements_of, fact_of, offer_for, share_out
from services.funding.ledger.service import lock_desk, require_payer
from services.funding.payments.lines import LIVE
from services.funding.payments.models import PaymentLine
from shared import clock
from shared.auth import Subject
from shared.bus import outbox
from shared.db import Session
from shared.errors import ProblemField


async def set_amount(
    session: Session, entitlement_id: UUID, wanted: AmountWrite, by: Subject
) -> Entitlement:
    """Set what the payer grants, within the bounds of its scheme. The same again changes nothing.

    What is payable beside other payers' awards follows from it. Raises EntitlementNotFound,
    NotThePayer, AmountNotOpen, AmountOutOfBounds.
    """
    row = await _lock_entitlement(session, entitlement_id)
    require_payer(by, row.payer)
    _require_open(row)
    amount, subtype = _granted(row, wanted)
    if row.granted_cny == amount and row.subtype == subtype:
        return row
    await _require_no_payment(session, row)
    row.granted_cny, row.payable_cny, row.subtype = amount, None, subtype
    changed = share_out(await entitlements_of(session, row.uscc))
    session.add(
        AmountDecision(
            entitlement_id=entitlement_id,
            number=len(await decisions_of(session, entitlement_id)) + 1,
            amount_cny=amount,
            subtype=subtype,
            reason=wanted.reason,
            document_no=wanted.document_no,
            decided_by=by.sub,
            decided_at=clock.now(),
        )
    )
    others = (one for one in changed if one.entitlement_id != entitlement_id)
    await outbox.add(session, fact_of(row), *(fact_of(one) for one in others))
    return row


async def find_entitlement(session: Session, entitlement_id: UUID, by: Subject) -> Entitlement:
    """The entitlement, for its payee and its payer's staff. Raises EntitlementNotFound."""
    row = await session.get(Entitlement, entitlement_id)
    if row is None or not (by.uscc == row.uscc or by.may_see(row.uscc, row.payer)):
        raise _not_found(entitlement_id)
    return row


async def decisions_of(session: Session, entitlement_id: UUID) -> Sequence[AmountDecision]:
    """What the payer set, oldest first."""
    statement = select(AmountDecision).where(AmountDecision.entitlement_id == entitlement_id)
    return (await session.exec(statement.order_by(col(AmountDecision.number)))).all()


async def _lock_entitlement(session: Session, entitlement_id: UUID) -> Entitlement:
    """The entitlement, with its payee and the payer's desk locked before it is read again.

    No payment can take it up meanwhile. Raises EntitlementNotFound.
    """
    row = await session.get(Entitlement, entitlement_id)
    if row is None:
        raise _not_found(entitlement_id)
    await lock_desk(session, row.payer, [row.uscc])
    await session.refresh(row)
    return row


async def _require_no_payment(session: Session, row: Entitlement) -> None:
    """Raises AmountNotOpen when a payment has taken the entitlement up."""
    statement = select(PaymentLine.line_id).where(
        PaymentLine.entitlement_id == row.entitlement_id, col(PaymentLine.state).in_(LIVE)
    )
    if (await session.exec(statement)).first() is not None:
        raise AmountNotOpen(
            "A payment has taken this entitlement up; its amount stays. Correct it by a reversal.",
            "该权益已列入拨付,金额不再变更,请通过冲正更正。",
        )


def _require_open(row: Entitlement) -> None:
    """Raises AmountNotOpen where the source or a claim fixes the amount, or nothing is due."""
    fixed = row.automatic and row.amount_kind == AmountKind.FIXED
    if row.ended or not row.is_money or row.origin == "claim" or fixed:
        raise AmountNotOpen(
            "The payer sets an amount only for a running entitlement of money whose source gives"
            " bounds or several amounts. This one is ended, is no money, was decided with its"
            " claim, or has a fixed amount.",
            "仅可对有效的、来源仅列明范围或多个标准的资金类权益核定金额;本项已终止、非资金、"
            "随申报审定或金额固定。",
        )


def _granted(row: Entitlement, wanted: AmountWrite) -> tuple[Decimal, str | None]:
    """The amount and the kind of title holder. Raises AmountOutOfBounds."""
    amounts = {part.subtype: part.amount for part in offer_for(row).subtypes}
    if amounts:
        if wanted.subtype not in amounts:
            raise _out_of_bounds("subtype", f"one of: {', '.join(amounts)}", "、".join(amounts))
        amount = Decimal(amounts[wanted.subtype])
        if wanted.amount_cny not in (None, amount):
            raise _out_of_bounds("amount_cny", f"{amount} for {wanted.subtype}", f"{amount} 元")
        return amount, wanted.subtype
    least, most = row.amount_min_cny or Decimal("0.01"), row.amount_max_cny
    if wanted.subtype is not None:
        raise _out_of_bounds("subtype", "left out", "不填")
    if wanted.amount_cny is None or not least <= wanted.amount_cny <= (most or wanted.amount_cny):
        bounds = f"{least} to {most}"
        raise _out_of_bounds("amount_cny", f"{bounds} yuan", f"{least} 至 {most} 元")
    return wanted.amount_cny, None


def _out_of_bounds(field: str, needed: str, needed_zh: str) -> AmountOutOfBounds:
    return AmountOutOfBounds(
        f"{field} must be {needed}, as the source of the scheme says.",
        f"{field} 应为:{needed_zh}(依据奖补标准的来源)。",
        [ProblemField(field=f"body.{field}", message=needed)],
    )


def _not_found(entitlement_id: UUID) -> EntitlementNotFound:
    return EntitlementNotFound(
        f"There is no entitlement {entitlement_id} for you. GET /v1/entitlements lists yours.",
        f"没有您可查看的权益 {entitlement_id},请查看 GET /v1/entitlements。",
    )
