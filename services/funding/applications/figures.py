"""Figures of the loan applications per bank, product and tier, for authorities and for a bank."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeAlias

import sqlalchemy
from sqlalchemy import ColumnElement, func
from sqlmodel import col

from services.funding.applications.models import LoanApplication
from services.funding.models import Enterprise
from shared.auth import Role, Subject
from shared.db import Session
from shared.scope import covered_by

RATE_STEP = Decimal("0.0001")
Group: TypeAlias = tuple[str, str | None, str | None]
"""Bank, product, tier."""


@dataclass
class Sums:
    """What the applications of one group add up to."""

    states: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    requested_cny: Decimal = Decimal(0)
    approved_cny: Decimal = Decimal(0)
    drawn_cny: Decimal = Decimal(0)
    repaid_cny: Decimal = Decimal(0)
    interest: Decimal = Decimal(0)
    """Amounts approved times their rates."""

    @property
    def rate_percent(self) -> str | None:
        """The mean rate, weighted by the amounts approved."""
        if not self.approved_cny:
            return None
        return str((self.interest / self.approved_cny).quantize(RATE_STEP, ROUND_HALF_UP))


async def sum_applications(session: Session, by: Subject) -> dict[Group, Sums]:
    """The sums the caller may see: a bank's own, or those of an authority's enterprises."""
    found: dict[Group, Sums] = defaultdict(Sums)
    application = LoanApplication
    approved = func.coalesce(application.approved_cny, 0)
    columns = (
        func.count(),
        func.sum(application.amount_cny),
        func.sum(approved),
        func.sum(application.drawn_cny),
        func.sum(application.repaid_cny),
        func.sum(approved * func.coalesce(application.rate_percent, 0)),
    )
    group = (col(application.bank), col(application.product), col(application.tier))
    connection = await session.connection()
    rows = await connection.execute(
        sqlalchemy.select(*group, col(application.state), *columns)
        .join(Enterprise, col(Enterprise.uscc) == col(application.uscc))
        .where(_visible(by))
        .group_by(*group, col(application.state))
        .order_by(*group)
    )
    for bank, product, tier, state, count, *sums in rows:
        total = found[bank, product, tier]
        total.states[state] += int(count)
        requested, approved_cny, drawn, repaid, interest = map(Decimal, sums)
        total.requested_cny += requested
        total.approved_cny += approved_cny
        total.drawn_cny += drawn
        total.repaid_cny += repaid
        total.interest += interest
    reason = func.jsonb_array_elements(application.refusal_reasons).table_valued("value")
    refused = await connection.execute(
        sqlalchemy.select(*group, reason.c.value.op("->>")("reason"), func.count())
        .select_from(application)
        .join(Enterprise, col(Enterprise.uscc) == col(application.uscc))
        .join(reason, sqlalchemy.true())
        .where(_visible(by))
        .group_by(*group, sqlalchemy.text("4"))
    )
    for bank, product, tier, why, count in refused:
        found[bank, product, tier].refusals[why] += count
    return dict(found)


def _visible(by: Subject) -> ColumnElement[bool]:
    if by.role is Role.BANK:
        return col(LoanApplication.bank) == (by.org or "")
    return covered_by(by.authority, col(Enterprise.region))
