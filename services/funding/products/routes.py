"""HTTP of the loan products: what banks offer, and what one enterprise fits."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

from contracts.events.funding import LOAN_ELIGIBILITY
from services.funding.enterprises import Standing, find_enterprise
from services.funding.products.catalogue import LoanProduct, leaves_of, products, products_of
from services.funding.products.matching import Fit, match, read_standing, valid_consent
from services.funding.products.models import LoanSnapshot, SnapshotStatus
from services.funding.products.schemas import (
    BankList,
    BankRead,
    ConditionRead,
    CriterionRead,
    FittingProduct,
    LimitRead,
    LoanMatch,
    LoanProductList,
    LoanProductRead,
    MissedProduct,
)
from services.funding.products.service import find_product, may_list, snapshots_of
from services.funding.rule_files import Texts
from shared import clock
from shared.app import create_router
from shared.auth import Role, Subject, allow, open_to_all
from shared.banks import banks
from shared.http import Db
from shared.rules.evaluate import Criterion
from shared.rules.model import Condition, Test
from shared.scope import Reader
from shared.uscc import CheckedUscc

router = create_router("贷款产品 Loan products")

Anyone = Annotated[Subject, allow(*Role)]


@router.get("/v1/banks", summary="银行列表", dependencies=[open_to_all])
async def list_banks() -> BankList:
    """Banks, their products and the topic each may read."""
    return BankList(
        banks=[
            BankRead(
                code=bank.code,
                name=Texts(zh=bank.zh, en=bank.en),
                topic=LOAN_ELIGIBILITY.name.format(bank=bank.code),
                products=[product.id for product in products_of(bank.code)],
            )
            for bank in banks().values()
        ]
    )


@router.get("/v1/loan-products", summary="贷款产品列表")
async def list_loan_products(caller: Anyone, bank: str | None = None) -> LoanProductList:
    """Products of all banks, or of one; a bank's own token lists its own only."""
    return LoanProductList(
        products=[
            _read(product)
            for product in products().values()
            if bank in (None, product.terms.bank) and may_list(product, caller)
        ]
    )


@router.get("/v1/loan-products/{product_id}", summary="贷款产品")
async def read_loan_product(product_id: str, caller: Anyone) -> LoanProductRead:
    """One product with its conditions and limits."""
    return _read(find_product(product_id, caller))


@router.get("/v1/enterprises/{uscc}/loan-products", summary="企业融资匹配")
async def match_loan_products(uscc: CheckedUscc, session: Db, caller: Reader) -> LoanMatch:
    """Products the enterprise fits today, largest limit first, and those it misses, with why.

    No consent is needed for this answer; no bank sees it.
    """
    standing = Standing(await find_enterprise(session, uscc, caller), clock.now())
    told = {row.bank: row for row in await snapshots_of(session, uscc)}
    fits = match(standing, read_standing(standing)) if standing.registered else []
    eligible = sorted((fit for fit in fits if fit.eligible), key=_by_limit)
    missed = sorted((fit for fit in fits if not fit.eligible), key=_by_distance)
    return LoanMatch(
        uscc=uscc,
        judged_on=standing.on,
        eligible=[_fitting(fit, standing, told) for fit in eligible],
        not_eligible=[_missed(fit) for fit in missed],
    )


def _by_limit(fit: Fit) -> tuple[Decimal, str]:
    limit = fit.limit
    most = max(limit.value or 0, limit.secured or 0) if limit else 0
    return Decimal(-most), fit.product.id


def _by_distance(fit: Fit) -> tuple[int, str]:
    return len(fit.obstacles), fit.product.id


def _fitting(fit: Fit, standing: Standing, told: Mapping[str, LoanSnapshot]) -> FittingProduct:
    bank = fit.product.terms.bank
    consent = valid_consent(standing.consents, bank, standing.on)
    snapshot = told.get(bank)
    return FittingProduct(
        **_brief(fit.product),
        limit_cny=None if fit.limit is None else fit.limit.value_cny,
        limit_secured_cny=None if fit.limit is None else fit.limit.secured_cny,
        reasons=[_criterion(found) for found in fit.reasons],
        valid_until=fit.valid_until,
        bank_told=snapshot is not None
        and snapshot.status == SnapshotStatus.ELIGIBLE
        and any(row["product"] == fit.product.id for row in snapshot.content["products"]),
        consent_until=None if consent is None else consent.expires_on,
    )


def _missed(fit: Fit) -> MissedProduct:
    return MissedProduct(
        **_brief(fit.product),
        unmet=[_criterion(found) for found in fit.obstacles],
        missing=sorted({name for found in fit.obstacles for name in found.missing}),
    )


def _criterion(found: Criterion) -> CriterionRead:
    return CriterionRead(
        id=found.id,
        met=found.met,
        text=Texts(zh=found.text_zh, en=found.text_en),
        seen=None
        if found.seen is None or found.seen_zh is None
        else Texts(zh=found.seen_zh, en=found.seen),
        needed=Texts(zh=found.needed_zh, en=found.needed),
        missing=list(found.missing),
        source=found.source,
        verification=found.verification,
    )


def _read(product: LoanProduct) -> LoanProductRead:
    return LoanProductRead(
        **_brief(product),
        offered_from=product.terms.since,
        offered_until=product.terms.until,
        limits=[
            LimitRead(
                when=None if when is None else _when(when),
                limit_cny=limit.value_cny,
                limit_secured_cny=limit.secured_cny,
                source=limit.source,
                verification=limit.verification,
            )
            for when, limit in product.limits
        ],
        conditions=[_condition(test) for test in leaves_of(product.conditions)],
    )


def _condition(test: Test) -> ConditionRead:
    return ConditionRead(
        id=test.id,
        text=Texts(zh=test.zh, en=test.en),
        needed=Texts(zh=test.needed_zh, en=test.needed_en),
        source=test.provenance.source,
        verification=test.provenance.verification,
    )


def _when(condition: Condition) -> Texts:
    found = list(leaves_of(condition))
    return Texts(
        zh=";".join(f"{test.zh} {test.needed_zh}" for test in found),
        en="; ".join(f"{test.en}: {test.needed_en}" for test in found),
    )


def _brief(product: LoanProduct) -> dict[str, Any]:
    terms = product.terms
    return {
        "product_id": terms.id,
        "name": Texts(zh=terms.zh, en=terms.en),
        "bank": terms.bank,
        "bank_name": Texts(zh=product.bank.zh, en=product.bank.en),
        "rate": terms.rate,
        "tenor": terms.tenor,
        "guarantee": terms.guarantee,
        "also_checked": list(terms.also_checked),
        "contact": terms.contact,
        "source": terms.source,
        "verification": terms.verification,
    }
