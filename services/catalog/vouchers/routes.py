"""HTTP of the vouchers: budgets, issue, redemption, settlement."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy import ColumnElement
from sqlmodel import col, select

from contracts.events.catalog import VoucherState
from services.catalog.scope import CaseReader
from services.catalog.vouchers import service
from services.catalog.vouchers.models import Voucher, VoucherBudget
from services.catalog.vouchers.schemas import (
    BENEFICIARY,
    BudgetList,
    BudgetRead,
    BudgetWrite,
    Redemption,
    Settlement,
    SupportGrant,
    SupportKind,
    VoucherIssue,
    VoucherPage,
    VoucherRead,
)
from shared.app import create_router
from shared.auth import Role, Subject, allow, open_to_all
from shared.http import Db, Limit, decode_cursor, encode_cursor, link_next
from shared.scope import covered_by

router = create_router("服务券 Vouchers")

Payer = Annotated[Subject, allow(Role.FINANCE, Role.REGULATOR, Role.OPERATOR)]
Holder = Annotated[Subject, allow(Role.ENTERPRISE, Role.REGULATOR, Role.OPERATOR)]


@router.post("/v1/voucher-budgets", status_code=201, summary="设立预算 Open a budget")
async def open_voucher_budget(budget: BudgetWrite, session: Db, caller: Payer) -> BudgetRead:
    """Money for one kind of support and one period, with its issue rules."""
    return _budget(await service.open_budget(session, budget, caller))


@router.get("/v1/voucher-budgets", summary="预算列表 Budgets", dependencies=[open_to_all])
async def list_voucher_budgets(
    session: Db,
    authority: Annotated[str, Query(pattern="^[0-9]{6}$", title="主管部门")],
    period: Annotated[str | None, Query(max_length=10, title="期间")] = None,
) -> BudgetList:
    """An authority's budgets with what is left."""
    statement = select(VoucherBudget).where(VoucherBudget.authority == authority)
    if period is not None:
        statement = statement.where(VoucherBudget.period == period)
    order = col(VoucherBudget.period).desc(), col(VoucherBudget.kind)
    rows = await session.exec(statement.order_by(*order).limit(200))
    return BudgetList(budgets=[_budget(row) for row in rows])


@router.post("/v1/vouchers", status_code=201, summary="申领服务券 Issue")
async def issue_voucher(voucher: VoucherIssue, session: Db, caller: Holder) -> VoucherRead:
    """One per enterprise, kind and period, while the budget covers it."""
    return _voucher(await service.issue_voucher(session, voucher, caller))


@router.get("/v1/vouchers", summary="服务券列表 List vouchers")
async def list_vouchers(
    request: Request,
    response: Response,
    session: Db,
    caller: CaseReader,
    state: VoucherState | None = None,
    limit: Limit = 50,
    cursor: str | None = None,
) -> VoucherPage:
    """Vouchers and subsidies by id: an enterprise's own, those used on a provider's cases, those
    of an authority's region."""
    after = decode_cursor(cursor, [str])
    statement = select(Voucher).where(_mine(caller))
    if state is not None:
        statement = statement.where(Voucher.state == state)
    if after is not None:
        statement = statement.where(col(Voucher.voucher_id) > _uuid(after[0]))
    rows = (await session.exec(statement.order_by(col(Voucher.voucher_id)).limit(limit + 1))).all()
    if len(rows) > limit:
        link_next(request, response, encode_cursor(str(rows[limit - 1].voucher_id)))
    return VoucherPage(vouchers=[_voucher(row) for row in rows[:limit]])


@router.post("/v1/vouchers/{voucher_id}/redemption", summary="兑付 Redeem")
async def redeem_voucher(
    voucher_id: UUID, redemption: Redemption, session: Db, caller: Holder
) -> VoucherRead:
    """Use the voucher on an accepted case of its kind, with a listed provider."""
    return _voucher(await service.redeem_voucher(session, voucher_id, redemption.case_id, caller))


@router.post(
    "/v1/service-cases/{case_id}/support", status_code=201, summary="补贴、补助 Grant a subsidy"
)
async def grant_support(
    case_id: UUID, grant: SupportGrant, session: Db, caller: Payer
) -> VoucherRead:
    """A subsidy for an accepted case; it is then settled like a redeemed voucher."""
    return _voucher(await service.grant_support(session, case_id, grant.budget_id, caller))


@router.post("/v1/vouchers/{voucher_id}/settlement", summary="结算 Settle")
async def settle_voucher(
    voucher_id: UUID, settlement: Settlement, session: Db, caller: Payer
) -> VoucherRead:
    """Record that finance has paid a redeemed voucher."""
    return _voucher(await service.settle_voucher(session, voucher_id, settlement.reference, caller))


def _budget(row: VoucherBudget) -> BudgetRead:
    spent = row.issued_cny + row.redeemed_cny + row.settled_cny
    return BudgetRead.model_validate(
        {
            **row.model_dump(exclude={"opened_by", "opened_at"}),
            "beneficiary": BENEFICIARY[SupportKind(row.support)],
            "left_cny": row.total_cny - spent,
        }
    )


def _voucher(row: Voucher) -> VoucherRead:
    return VoucherRead.model_validate(
        {
            **row.model_dump(exclude={"region"}),
            "beneficiary": BENEFICIARY[SupportKind(row.support)],
        }
    )


def _mine(by: Subject) -> ColumnElement[bool]:
    if by.role is Role.ENTERPRISE:
        return col(Voucher.uscc) == (by.uscc or "")
    if by.role is Role.PROVIDER:
        return col(Voucher.provider) == (by.org or "")
    return covered_by(by.authority, col(Voucher.region))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)
