"""Use case of the bank's side: what a bank says of an application, from Kafka or over HTTP."""

from decimal import Decimal
from uuid import UUID

from contracts.events.bank import LoanDecided
from services.funding.applications.consistency import drawn_cny, flaw_of
from services.funding.applications.errors import (
    ApplicationWithdrawn,
    DecisionConflict,
    DecisionInconsistent,
)
from services.funding.applications.models import ApplicationState, LoanApplication, LoanDecision
from services.funding.applications.service import application_not_found, lock_application
from shared import clock
from shared.db import Session


async def take_decision(session: Session, decision: LoanDecided) -> LoanApplication:
    """Take the bank's latest word. A version that is known, or older, changes nothing.

    Raises ApplicationNotFound (also for another bank's), ApplicationWithdrawn, DecisionConflict,
    DecisionInconsistent.
    """
    application = await lock_application(session, UUID(decision.application_id))
    if application.bank != decision.bank:
        raise application_not_found(decision.application_id)
    content = decision.model_dump(mode="json", exclude_none=True)
    if decision.version <= application.decision_version:
        await _require_same(session, decision, content)
        return application
    if application.state == ApplicationState.WITHDRAWN:
        raise ApplicationWithdrawn(
            f"The application {decision.application_id} is withdrawn ({application.withdrawal});"
            " nothing is decided any more.",
            f"申请 {decision.application_id} 已撤回 ({application.withdrawal}),不再审批。",
        )
    now = clock.now()
    flaw = flaw_of(decision, application.filed_at.astimezone(now.tzinfo).date(), now.date())
    if flaw is not None:
        raise DecisionInconsistent(flaw.en, flaw.zh)
    session.add(
        LoanDecision(
            application_id=application.application_id,
            version=decision.version,
            content=content,
            taken_at=now,
        )
    )
    application.changed_at = now
    _apply(application, decision)
    await session.flush()
    return application


def _apply(application: LoanApplication, decision: LoanDecided) -> None:
    """Everything the bank says replaces everything it said before."""
    application.state = ApplicationState(decision.state.value)
    application.decision_version = decision.version
    application.decision_id = decision.decision_id
    application.decided_on = decision.decided_on
    application.approved_cny = decision.amount_cny
    application.rate_percent = None if not decision.rate_percent else Decimal(decision.rate_percent)
    application.approved_months = decision.tenor_months
    application.refusal_reasons = [part.model_dump(mode="json") for part in decision.refusals]
    application.draw_downs = [part.model_dump(mode="json") for part in decision.draw_downs]
    application.drawn_cny = drawn_cny(decision)
    application.repaid_cny = decision.repaid_cny or Decimal(0)


async def _require_same(session: Session, decision: LoanDecided, content: object) -> None:
    """A version that was taken said the same. One that was skipped is late and says nothing."""
    known = await session.get(LoanDecision, (UUID(decision.application_id), decision.version))
    if known is not None and known.content != content:
        raise DecisionConflict(
            f"Version {decision.version} of the decision on {decision.application_id} said"
            " something else before. A correction is the next version.",
            f"申请 {decision.application_id} 的第 {decision.version} 版审批内容与此前不同,"
            "更正请使用下一个版本号。",
        )
