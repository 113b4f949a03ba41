"""Use cases of the vouchers: open a budget, issue, redeem, settle, expire (服务券).

The platform moves no money: a settlement records that finance has paid. The budget's sums are
booked by the database; here is only asked whether a step is right.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, func, select

from contracts.events.catalog import VoucherMoved, VoucherState
from services.catalog.cases.models import ServiceCase
from services.catalog.cases.service import lock_case
from services.catalog.enterprises import find_enterprise, valid_titles
from services.catalog.errors import (
    BudgetExhausted,
    BudgetExists,
    BudgetNotFound,
    NotQualified,
    OutsideDatabase,
    VoucherExists,
    VoucherNotFound,
    VoucherNotRedeemable,
)
from services.catalog.models import Enterprise
from services.catalog.providers.service import find_listed
from services.catalog.vouchers.models import Voucher, VoucherBudget
from services.catalog.vouchers.schemas import BudgetWrite, VoucherIssue
from shared import authorities, clock
from shared.auth import AUTHORITY_ROLES, Role, Subject
from shared.bus import outbox
from shared.db import Session, lock_keys
from shared.scope import require_scope

ACCEPTED = ("accepted", "followed_up", "closed")


async def open_budget(session: Session, wanted: BudgetWrite, by: Subject) -> VoucherBudget:
    """Open the budget of a kind and period, once. Raises OutsideDatabase, BudgetExists."""
    _require_payer(by, wanted.authority)
    parts = wanted.authority, wanted.support, wanted.kind, wanted.period
    await lock_keys(session, [":".join(("budget", *parts))])
    same = select(VoucherBudget).where(
        VoucherBudget.authority == wanted.authority,
        VoucherBudget.support == wanted.support,
        VoucherBudget.kind == wanted.kind,
        VoucherBudget.period == wanted.period,
    )
    if (await session.exec(same)).first() is not None:
        raise BudgetExists(
            f"{wanted.authority} has this budget for {wanted.period}.",
            f"{wanted.authority} 已有 {wanted.period} 期间的该项预算。",
        )
    budget = VoucherBudget(
        budget_id=uuid4(), opened_by=by.sub, opened_at=clock.now(), **wanted.model_dump()
    )
    session.add(budget)
    return budget


async def issue_voucher(session: Session, wanted: VoucherIssue, by: Subject) -> Voucher:
    """Give an enterprise its voucher, if the budget still covers it (发放).

    Raises BudgetNotFound, EnterpriseNotFound, OutOfScope, NotQualified, VoucherExists,
    BudgetExhausted.
    """
    await lock_keys(session, [wanted.uscc])
    budget = await find_budget(session, wanted.budget_id)
    enterprise = await find_enterprise(session, wanted.uscc, by)
    today = clock.today()
    held = {title.kind for title in valid_titles(enterprise, today)}
    covered = authorities.covers(budget.authority, enterprise.region or "")
    if (
        not enterprise.registered
        or not covered
        or (budget.titles and not held & set(budget.titles))
    ):
        raise NotQualified(
            f"The voucher is for registered enterprises of {budget.authority} that hold one of:"
            f" {', '.join(budget.titles) or 'any title or none'}.",
            f"该券发放对象为 {budget.authority} 辖内登记企业,称号要求:"
            f"{'、'.join(budget.titles) or '不限'}。",
        )
    if budget.support != "voucher" or budget.ends_on < today:
        raise NotQualified(
            f"This budget issues no vouchers: {budget.support}, ends on {budget.ends_on}.",
            f"该预算不发放服务券:支持方式 {budget.support},截止日 {budget.ends_on}。",
        )
    return await _issue(session, budget, enterprise, budget.face_cny)


async def grant_support(session: Session, case_id: UUID, budget_id: UUID, by: Subject) -> Voucher:
    """Grant a subsidy for an accepted case: to the provider or the enterprise, as its kind says.

    At most what is left of the case's cost. Raises CaseNotFound, BudgetNotFound, OutsideDatabase,
    VoucherNotRedeemable, NotListed, VoucherExists, BudgetExhausted.
    """
    case = await lock_case(session, case_id)
    budget = await find_budget(session, budget_id)
    _require_payer(by, budget.authority)
    enterprise = await session.get(Enterprise, case.uscc)
    assert enterprise is not None  # a case refers to its enterprise
    covered = authorities.covers(budget.authority, case.region)
    if budget.support == "voucher" or budget.ends_on < clock.today() or not covered:
        raise VoucherNotRedeemable(
            f"This budget ({budget.support}, until {budget.ends_on}) grants nothing here.",
            f"该预算({budget.support},截止 {budget.ends_on})不适用于本案件。",
        )
    granted = await _issue(session, budget, enterprise, budget.face_cny)
    return await _redeem(session, granted, case_id)


async def _issue(
    session: Session, budget: VoucherBudget, enterprise: Enterprise, amount_cny: Decimal
) -> Voucher:
    """Take the amount from the budget; the database refuses what it does not cover."""
    last = clock.today() + timedelta(days=budget.valid_days)
    voucher = Voucher(
        voucher_id=uuid4(),
        budget_id=budget.budget_id,
        uscc=enterprise.uscc,
        region=enterprise.region or "",
        support=budget.support,
        kind=budget.kind,
        period=budget.period,
        state=VoucherState.ISSUED,
        amount_cny=amount_cny,
        issued_at=clock.now(),
        expires_on=min(last, budget.ends_on),
    )
    session.add(voucher)
    exhausted, exists = _refusals(budget, enterprise.uscc)  # a failed flush leaves no row to read
    try:
        await session.flush()
    except IntegrityError as error:
        if "voucher_once" in str(error.orig):
            raise exists from None
        if "voucher_budget_not_overspent" in str(error.orig):
            raise exhausted from None
        raise
    await outbox.add(session, _fact(voucher))
    return voucher


async def redeem_voucher(session: Session, voucher_id: UUID, case_id: UUID, by: Subject) -> Voucher:
    """Use the voucher on an accepted case with a listed provider (兑付). Twice is once.

    It pays at most what is left of the case's cost; the rest falls back to the budget.
    Raises VoucherNotFound, OutOfScope, VoucherNotRedeemable, ProviderNotFound, NotListed.
    """
    voucher = await lock_voucher(session, voucher_id)
    require_scope(by, voucher.uscc, voucher.region)
    if voucher.state == VoucherState.REDEEMED and voucher.case_id == case_id:
        return voucher
    return await _redeem(session, voucher, case_id)


async def _redeem(session: Session, voucher: Voucher, case_id: UUID) -> Voucher:
    case = await session.get(ServiceCase, case_id)
    why = _why_not(voucher, case)
    if case is None or case.provider is None or why is not None:
        raise VoucherNotRedeemable(f"Not redeemable: {why}.", f"服务券不能兑付:{why}。")
    await find_listed(session, case.provider)
    cost_left = await _cost_left(session, case)
    if cost_left <= 0:
        raise VoucherNotRedeemable(
            f"Not redeemable: other support covers the case's cost of {case.settlement_cny} yuan.",
            f"不能兑付:该案件结算金额 {case.settlement_cny} 元已由其他支持全额覆盖。",
        )
    voucher.amount_cny = min(voucher.amount_cny, cost_left)
    voucher.state, voucher.redeemed_at = VoucherState.REDEEMED, clock.now()
    voucher.case_id, voucher.provider = case_id, case.provider
    try:
        await session.flush()
    except IntegrityError:
        raise VoucherNotRedeemable(
            "Not redeemable: the case has used a voucher.", "服务券不能兑付:该案件已使用服务券。"
        ) from None
    await outbox.add(session, _fact(voucher))
    return voucher


async def settle_voucher(
    session: Session, voucher_id: UUID, reference: str, by: Subject
) -> Voucher:
    """Record that a redeemed voucher was paid (结算). Twice is once.

    Raises VoucherNotFound, OutsideDatabase, VoucherNotRedeemable.
    """
    voucher = await lock_voucher(session, voucher_id)
    budget = await find_budget(session, voucher.budget_id)
    _require_payer(by, budget.authority)
    if voucher.state == VoucherState.SETTLED and voucher.settlement_reference == reference:
        return voucher
    if voucher.state != VoucherState.REDEEMED:
        raise VoucherNotRedeemable(
            f"Only a redeemed voucher is settled; this one is {voucher.state}.",
            f"仅已兑付的服务券可以结算,当前状态:{voucher.state}。",
        )
    voucher.state, voucher.settled_at = VoucherState.SETTLED, clock.now()
    voucher.settlement_reference = reference
    await session.flush()
    await outbox.add(session, _fact(voucher))
    return voucher


async def find_expired(session: Session, now: datetime, after: str, limit: int) -> Sequence[str]:
    """Issued vouchers whose last day is over, by id."""
    statement = select(Voucher.voucher_id).where(
        Voucher.state == VoucherState.ISSUED, col(Voucher.expires_on) < now.date()
    )
    if after:
        statement = statement.where(col(Voucher.voucher_id) > UUID(after))
    found = await session.exec(statement.order_by(col(Voucher.voucher_id)).limit(limit))
    return [str(voucher_id) for voucher_id in found]


async def expire_vouchers(session: Session, voucher_ids: Sequence[str], now: datetime) -> None:
    """Let unused vouchers fall back to their budgets; nothing for one that is not due any more."""
    ids = [UUID(voucher_id) for voucher_id in voucher_ids]
    codes = await session.exec(select(Voucher.uscc).where(col(Voucher.voucher_id).in_(ids)))
    await lock_keys(session, codes.all())
    for voucher_id in ids:
        voucher = await lock_voucher(session, voucher_id)
        if voucher.state == VoucherState.ISSUED and voucher.expires_on < now.date():
            voucher.state, voucher.expired_at = VoucherState.EXPIRED, now
            await session.flush()
            await outbox.add(session, _fact(voucher))


async def lock_voucher(session: Session, voucher_id: UUID) -> Voucher:
    """The voucher, its enterprise's key locked before it is read. Raises VoucherNotFound."""
    uscc = await session.scalar(select(Voucher.uscc).where(Voucher.voucher_id == voucher_id))
    if uscc is None:
        raise VoucherNotFound(
            f"There is no voucher {voucher_id}.", f"没有编号为 {voucher_id} 的服务券。"
        )
    await lock_keys(session, [str(uscc)])
    voucher = await session.get(Voucher, voucher_id, populate_existing=True)
    assert voucher is not None  # the database refuses to delete one
    return voucher


async def find_budget(session: Session, budget_id: UUID) -> VoucherBudget:
    """The budget with its sums as they are now. Raises BudgetNotFound."""
    budget = await session.get(VoucherBudget, budget_id, populate_existing=True)
    if budget is None:
        raise BudgetNotFound(f"There is no budget {budget_id}.", f"没有编号为 {budget_id} 的预算。")
    return budget


async def _cost_left(session: Session, case: ServiceCase) -> Decimal:
    """What the case was settled for, less what other support pays of it. Its key is held."""
    statement = select(func.sum(Voucher.amount_cny)).where(Voucher.case_id == case.case_id)
    paid = (await session.exec(statement)).one()
    return (case.settlement_cny or Decimal(0)) - (paid or Decimal(0))


def _why_not(voucher: Voucher, case: ServiceCase | None) -> str | None:
    """Why the voucher cannot be used on this case; None when it can."""
    if voucher.state != VoucherState.ISSUED:
        return f"the voucher is {voucher.state}"
    if voucher.expires_on < clock.today():
        return f"the voucher ended on {voucher.expires_on}"
    if case is None or case.uscc != voucher.uscc:
        return "the enterprise has no such case"
    if case.kind != voucher.kind:
        return f"the voucher is for {voucher.kind}, the case is {case.kind}"
    if case.state not in ACCEPTED:
        return f"the case is {case.state}, not accepted"
    return None


def _refusals(budget: VoucherBudget, uscc: str) -> tuple[BudgetExhausted, VoucherExists]:
    """What the database may refuse, in words."""
    return (
        BudgetExhausted(
            f"What is left of the budget does not cover {budget.face_cny} yuan.",
            f"预算余额不足 {budget.face_cny} 元。",
        ),
        VoucherExists(
            f"{uscc} has its {budget.kind} voucher of {budget.period}; one per enterprise.",
            f"{uscc} 已领取 {budget.period} 期间的该券种,每户每期限领一张。",
        ),
    )


def _require_payer(by: Subject, authority: str) -> None:
    if by.role not in AUTHORITY_ROLES - {Role.AUDITOR} or not authorities.covers(
        by.authority, authority
    ):
        raise OutsideDatabase(
            f"The budget is for {authority} to decide.", f"该预算由 {authority} 管理。"
        )


def _fact(voucher: Voucher) -> VoucherMoved:
    return VoucherMoved(
        uscc=voucher.uscc,
        voucher_id=str(voucher.voucher_id),
        budget_id=str(voucher.budget_id),
        support=voucher.support,
        provider=voucher.provider,
        kind=voucher.kind,
        period=voucher.period,
        state=VoucherState(voucher.state),
        amount_cny=voucher.amount_cny,
        case_id=None if voucher.case_id is None else str(voucher.case_id),
        expires_on=voucher.expires_on,
    )
