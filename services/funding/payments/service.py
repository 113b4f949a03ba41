"""What the end of an entitlement does to its payment; called by the judgement of an enterprise."""

from collections.abc import Sequence

from sqlmodel import col, select

from services.funding.awards.models import Entitlement
from services.funding.ledger import service as ledger
from services.funding.payments.claw_backs import PLATFORM, claw_back_annulled
from services.funding.payments.lines import find_run, withdraw_lines
from services.funding.payments.models import PaymentLine
from shared.db import Session


async def open_claw_backs(session: Session, ended: Sequence[Entitlement]) -> None:
    """Follow entitlements that ended: what is listed and not due any more is taken off its list.

    What is paid is claimed back where the title was void from the start. A list that the bank has
    already stays as it is; its return decides. The payees' keys are held by the caller.
    """
    if not ended:
        return
    by_id = {row.entitlement_id: row for row in ended}
    statement = select(PaymentLine).where(
        col(PaymentLine.entitlement_id).in_(by_id), col(PaymentLine.state).in_(("listed", "paid"))
    )
    for line in (await session.exec(statement.order_by(col(PaymentLine.line_id)))).all():
        run = await find_run(session, line.run_id)
        await ledger.lock_desk(session, run.payer)
        await session.refresh(line)
        await session.refresh(run)
        entitlement = by_id[line.entitlement_id]
        if line.state == "paid":
            await claw_back_annulled(session, run, [line])
        elif entitlement.payable_cny is None and run.state in ("listed", "on_notice", "approved"):
            reason = f"entitlement ended: {entitlement.end_reason}"
            await withdraw_lines(session, run, [line], reason, PLATFORM)
