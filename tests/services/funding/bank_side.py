"""Applications and decisions for tests: who applies, and what a bank says."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from contracts.events.bank import LoanDecided
from contracts.events.enterprise import Consent, ConsentedField
from services.funding.applications.decisions import take_decision
from services.funding.applications.models import LoanApplication
from services.funding.applications.schemas import ApplicationCreate
from services.funding.applications.service import file_application
from shared.auth import Role, Subject
from shared.db import Database
from tests.factories import make_uscc
from tests.services.funding.makers import (
    CREDIT,
    consent,
    consents_changed,
    dossier_changed,
    take,
    title,
    titles_changed,
)

CONSENT_ID = "5a1d8f70-3b7c-4b53-9f1e-6f2a9f0c1d22"
PRODUCT = "icbc-little-giant-loan"
WISH: dict[str, Any] = {
    "amount_cny": "5000000.00",
    "tenor_months": 12,
    "purpose": "采购伺服电机原材料",
    "consent_id": CONSENT_ID,
}
APPROVAL: dict[str, Any] = {
    "state": "approved",
    "amount_cny": "4000000.00",
    "rate_percent": "3.45",
    "tenor_months": 12,
}


def applying_consent(bank: str = "icbc", **changes: Any) -> Consent:
    """A consent whose purpose covers an application."""
    values = {
        "consent_id": CONSENT_ID,
        "purpose": "贷款申请及审批",
        "fields": (ConsentedField.NAME,),
    }
    return consent(bank, **{**values, **changes})


def enterprise_itself(uscc: str) -> Subject:
    return Subject(sub="enterprise-1", role=Role.ENTERPRISE, uscc=uscc)


async def make_applicant(database: Database, bank: str = "icbc") -> str:
    """A little giant of Guangzhou that consented to an application at the bank."""
    uscc = make_uscc()
    await take(
        database,
        dossier_changed(uscc, credit=CREDIT),
        titles_changed(uscc, title(), title("little_giant")),
        consents_changed(uscc, applying_consent(bank)),
    )
    return uscc


async def file(
    database: Database, uscc: str, product: str | None = PRODUCT, **changes: Any
) -> LoanApplication:
    """File an application for a product, or with a wish to a bank."""
    wanted = ApplicationCreate.model_validate({**WISH, "product": product, **changes})
    async with database.transaction() as session:
        return await file_application(session, uscc, wanted, enterprise_itself(uscc))


def decided(application_id: UUID | str, version: int, **changes: Any) -> LoanDecided:
    """What ICBC says of the application, unless changes say otherwise: an approval."""
    values = {
        "bank": "icbc",
        "application_id": str(application_id),
        "decision_id": "GZ-2022-1",
        "version": version,
        "decided_on": date(2022, 9, 30),
    }
    return LoanDecided.model_validate({**values, **APPROVAL, **changes})


def without_approval(state: str, **changes: Any) -> dict[str, Any]:
    """The changes that make a decision one without an approval."""
    nothing = {"amount_cny": None, "rate_percent": None, "tenor_months": None}
    return {"state": state, **nothing, **changes}


def refusal(text: str = "近两年存在逾期记录") -> dict[str, Any]:
    return without_approval("refused", refusals=[{"reason": "credit_record", "text": text}])


def drawn(*amounts: str, **changes: Any) -> dict[str, Any]:
    """The changes that make a decision one with draw-downs."""
    parts = [
        {"number": number, "drawn_on": "2022-09-30", "amount_cny": amount}
        for number, amount in enumerate(amounts, 1)
    ]
    return {"state": "drawn_down", "draw_downs": parts, **changes}


async def say(database: Database, *decisions: LoanDecided) -> LoanApplication:
    """Take the decisions, each in its own transaction; the application as it stands then."""
    for decision in decisions:
        async with database.transaction() as session:
            application = await take_decision(session, decision)
    return application


def anew() -> str:
    return str(uuid4())
