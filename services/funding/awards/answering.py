"""Use case: everything the enterprise is told about its awards (我的奖补), read in one transaction.

The awards say what is due; the payment desk how far it has come; the claims what was asked for.
"""

from collections.abc import Mapping
from uuid import UUID

from sqlmodel import col, select

from services.funding.awards.answer import Facts, answer_for
from services.funding.awards.schemas import AwardAnswer, PaymentBrief
from services.funding.awards.schemes import schemes_for
from services.funding.awards.service import entitlements_of, holder_of
from services.funding.claims.service import claims_of
from services.funding.claims.shares import shares_in_force
from services.funding.enterprises import Standing, find_enterprise
from services.funding.payments.models import PaymentLine, PaymentRun
from services.funding.products.matching import read_standing
from shared import clock
from shared.auth import Subject
from shared.db import Session


async def answer_enterprise(session: Session, uscc: str, by: Subject) -> AwardAnswer:
    """What the enterprise gets and what lacks for the rest. Raises OutOfScope, EnterpriseNotFound.

    Nobody who may not see the enterprise learns of it.
    """
    standing = Standing(await find_enterprise(session, uscc, by), clock.now())
    facts = Facts(
        offered=schemes_for(standing.region),
        holder=holder_of(standing),
        reading=read_standing(standing),
        rows=await entitlements_of(session, uscc),
        claims=await claims_of(session, uscc),
        payments=await _payments_of(session, uscc),
        shares=await shares_in_force(session, standing.on),
    )
    return answer_for(uscc, facts)


async def _payments_of(session: Session, uscc: str) -> Mapping[UUID, PaymentBrief]:
    """The latest payment of each entitlement."""
    statement = (
        select(PaymentLine, PaymentRun)
        .join(PaymentRun, col(PaymentRun.run_id) == col(PaymentLine.run_id))
        .where(PaymentLine.uscc == uscc, PaymentLine.kind == "payment")
        .order_by(col(PaymentRun.made_at), col(PaymentLine.number))
    )
    return {
        line.entitlement_id: PaymentBrief(
            state=line.state,
            amount_cny=line.amount_cny,
            list_no=run.list_no,
            notice_until=run.notice_until,
            settled_on=line.settled_on,
        )
        for line, run in await session.exec(statement)
    }
