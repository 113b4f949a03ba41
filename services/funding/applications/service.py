"""Use cases of the loan applications on the enterprise's side: file one, take one back.

Whoever changes an application holds its id as the key.
"""

from uuid import UUID

from sqlmodel import col, select

from contracts.events.bank import ApplicationWithdrawal
from contracts.events.enterprise import Consent, ConsentedField
from contracts.values import Tier
from services.funding.applications.disclosing import close_to_bank, tell_bank
from services.funding.applications.errors import (
    ApplicationNotFound,
    ApplicationOpen,
    ApplicationUnfit,
    ConsentMissing,
    NoBankForIt,
    NotWithdrawable,
)
from services.funding.applications.models import (
    UNDECIDED,
    ApplicationState,
    Disclosed,
    LoanApplication,
)
from services.funding.applications.schemas import ApplicationCreate
from services.funding.enterprises import Standing, find_enterprise
from services.funding.products.matching import fit_of, read_standing
from services.funding.products.service import find_product
from shared import clock
from shared.auth import Role, Subject
from shared.banks import banks
from shared.bus.cloud_events import new_event_id
from shared.db import Session, lock_keys
from shared.titles import effective_titles

PURPOSE = "贷款申请"
"""What the purpose of a consent says that covers an application."""
_WITHDRAWABLE = UNDECIDED | {ApplicationState.APPROVED}


async def file_application(
    session: Session, uscc: str, wanted: ApplicationCreate, by: Subject
) -> LoanApplication:
    """Apply to a bank for a product the enterprise fits, or with a wish of its own.

    Raises OutOfScope, EnterpriseNotFound, LoanProductNotFound, ApplicationUnfit, NoBankForIt,
    ConsentMissing, ApplicationOpen.
    """
    application_id = new_event_id()
    await lock_keys(session, [uscc, str(application_id)])
    standing = Standing(await find_enterprise(session, uscc, by), clock.now())
    bank = await _bank_of(session, standing, wanted, by)
    consent = _consent(standing, wanted.consent_id, bank)
    await _require_none_open(session, uscc, bank, wanted.product)
    application = LoanApplication(
        application_id=application_id,
        uscc=uscc,
        bank=bank,
        product=wanted.product,
        tier=_tier(standing),
        amount_cny=wanted.amount_cny,
        tenor_months=wanted.tenor_months,
        purpose=wanted.purpose,
        note=wanted.note,
        name=standing.name if ConsentedField.NAME in consent.fields else None,
        consent_id=consent.consent_id,
        consent_until=consent.expires_on,
        state=ApplicationState.FILED,
        filed_at=standing.at,
        filed_by=by.sub,
        changed_at=standing.at,
        disclosed=Disclosed.OPEN,
    )
    session.add(application)
    await session.flush()
    await tell_bank(session, application)
    return application


async def withdraw_application(
    session: Session, application_id: UUID, by: Subject
) -> LoanApplication:
    """Take the application back, before money flows. Twice is once.

    Raises ApplicationNotFound, NotWithdrawable.
    """
    application = await lock_application(session, application_id)
    await require_reader(session, application, by)
    if application.state == ApplicationState.WITHDRAWN:
        return application
    if application.state not in _WITHDRAWABLE:
        raise NotWithdrawable(
            f"The application is {application.state}; it can be taken back before the bank refuses,"
            " pays out or closes it.",
            f"申请当前状态为 {application.state},仅在银行拒绝、放款或结清之前可以撤回。",
        )
    application.state = ApplicationState.WITHDRAWN
    await close_to_bank(session, application, ApplicationWithdrawal.BY_ENTERPRISE, clock.now())
    return application


async def find_application(session: Session, application_id: UUID, by: Subject) -> LoanApplication:
    """The application, when this caller may see it. Raises ApplicationNotFound."""
    application = await session.get(LoanApplication, application_id)
    if application is None:
        raise application_not_found(application_id)
    await require_reader(session, application, by)
    return application


async def require_reader(session: Session, application: LoanApplication, by: Subject) -> None:
    """The enterprise, its authorities and the bank may read it. Raises ApplicationNotFound."""
    if by.role is Role.BANK:
        allowed = by.org == application.bank
    elif by.role is Role.ENTERPRISE:
        allowed = by.uscc == application.uscc
    else:
        await find_enterprise(session, application.uscc, by)
        allowed = True
    if not allowed:
        raise application_not_found(application.application_id)


async def lock_application(session: Session, application_id: UUID) -> LoanApplication:
    """The application, its key locked before it is read. Raises ApplicationNotFound."""
    await lock_keys(session, [str(application_id)])
    application = await session.get(LoanApplication, application_id, populate_existing=True)
    if application is None:
        raise application_not_found(application_id)
    return application


def application_not_found(application_id: object) -> ApplicationNotFound:
    """No such application, or another's: the answer does not say which."""
    return ApplicationNotFound(
        f"There is no loan application {application_id} for you.",
        f"没有编号为 {application_id} 的贷款申请,或不属于您。",
    )


async def _bank_of(
    session: Session, standing: Standing, wanted: ApplicationCreate, by: Subject
) -> str:
    """The bank that is applied to, once it is sure that the enterprise fits the product."""
    if wanted.product is None:
        if wanted.bank not in banks():
            raise NoBankForIt(
                f"The platform knows no bank {wanted.bank}; see GET /v1/banks.",
                f"没有代码为 {wanted.bank} 的银行,请查看 GET /v1/banks。",
            )
        return wanted.bank
    product = await find_product(session, wanted.product, by)
    if not product.owner.is_bank:
        raise NoBankForIt(
            f"{product.id} is offered by {product.owner.name.en}, which takes no applications here."
            f" Contact: {product.terms.contact.en}.",
            f"产品 {product.id} 由{product.owner.name.zh}提供,不在平台受理,"
            f"请联系:{product.terms.contact.zh}。",
        )
    if not standing.registered or not product.terms.in_force(standing.on):
        raise ApplicationUnfit(
            f"{product.id} is not offered to {standing.uscc} now.",
            f"产品 {product.id} 当前不向 {standing.uscc} 提供。",
        )
    fit = fit_of(product, standing, read_standing(standing))
    if not fit.eligible:
        raise ApplicationUnfit(
            f"{standing.uscc} does not fit {product.id}: "
            + "; ".join(f"{found.text_en}: {found.needed}" for found in fit.obstacles)
            + ". GET /v1/enterprises/{uscc}/loan-products says more; or apply with a wish.",
            f"{standing.uscc} 不符合产品 {product.id} 的条件:"
            + ";".join(f"{found.text_zh}:{found.needed_zh}" for found in fit.obstacles)
            + "。可查看企业融资匹配,或不选产品、以融资意愿提出申请。",
        )
    return product.terms.owner


def _consent(standing: Standing, consent_id: UUID, bank: str) -> Consent:
    for consent in standing.consents:
        if (
            consent.consent_id == str(consent_id)
            and consent.bank == bank
            and PURPOSE in consent.purpose
            and consent.withdrawn_at is None
            and standing.on <= consent.expires_on
        ):
            return consent
    raise ConsentMissing(
        f"{consent_id} is no valid consent of {standing.uscc} to {bank} whose purpose names"
        f" {PURPOSE} (loan application). Give one with POST"
        f" /v1/enterprises/{standing.uscc}/consents; it is known here a moment later.",
        f"{consent_id} 不是 {standing.uscc} 给 {bank} 的、用途含“{PURPOSE}”的有效授权,"
        f"请先通过 POST /v1/enterprises/{standing.uscc}/consents 授权,稍后即可使用。",
    )


async def _require_none_open(session: Session, uscc: str, bank: str, product: str | None) -> None:
    statement = select(LoanApplication.application_id).where(
        LoanApplication.uscc == uscc,
        LoanApplication.bank == bank,
        col(LoanApplication.product).is_not_distinct_from(product),
        col(LoanApplication.state).in_(UNDECIDED),
    )
    earlier = (await session.exec(statement)).first()
    if earlier is not None:
        raise ApplicationOpen(
            f"The application {earlier} to {bank} is still open. Wait for the bank's decision, or"
            f" withdraw it with POST /v1/loan-applications/{earlier}/withdrawal.",
            f"给 {bank} 的申请 {earlier} 尚未审批,请等待银行审批,或先撤回该申请。",
        )


def _tier(standing: Standing) -> str | None:
    """The highest tier that a title of the day gives."""
    held = {title.tier for title in effective_titles(standing.titles, standing.on)}
    return next((tier.value for tier in reversed(Tier) if tier in held), None)
